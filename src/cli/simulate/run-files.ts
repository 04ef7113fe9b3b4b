import { closeSync, existsSync, openSync, realpathSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { writePlotPanels } from '../../node/learning/evaluation/write-plot.ts'
import type { Terminal } from '../terminal.ts'
import { printFailure } from '../print-failure.ts'
import { saveArtefact } from '../read-data-files.ts'
import { usageError } from '../flags.ts'

/** For a file of a run that is there but for it. */
export const REMEDY_PRINTED = 'Everything else was printed; play it again for the file.'

/** Absolute paths of what a run is to write. */
export type RunFiles = {
  readonly plots: readonly string[]
  readonly report: string | undefined
  readonly trace: string | undefined
}

/**
 * Looks before anything is played whether the files can be written, and leaves nothing behind. `others`: files of the run that none of them may be.
 *
 * @throws `STORE_WRITE_FAILED`; `COMMAND_INVALID` for a file that is named twice.
 */
export function checkFiles({ plots, report, trace }: RunFiles, others: readonly (string | undefined)[] = []): void {
  const files = [...plots, report, trace].filter((file) => file !== undefined)
  const all = [...files, ...others.filter((file) => file !== undefined)].map(realPath)
  const twice = all.find((file, place) => all.indexOf(file) !== place)
  if (twice !== undefined) throw usageError(`The file ${twice} is named twice`)
  for (const file of files) checkFile(file)
}

/** Where a link leads to, as far as there is a file. */
function realPath(file: string): string {
  return existsSync(file) ? realpathSync(file) : file
}

function checkFile(file: string): void {
  const wasThere = existsSync(file)
  try {
    closeSync(openSync(file, 'a'))
    if (!wasThere) rmSync(file)
  } catch (cause: unknown) {
    const isMissing = !existsSync(dirname(file))
    throw new CodedError('STORE_WRITE_FAILED', {
      message: `${file} cannot be written${isMissing ? ': its folder is not there' : ''}`,
      cause,
      details: { file, ...(isMissing && { remedy: 'Make the folder, or name a file in one that is there.' }) },
    })
  }
}

export type RunPictures = {
  readonly title: string
  readonly plots: Parameters<typeof writePlotPanels>[2]
  readonly page: () => string
}

/**
 * Writes pictures and page, behind what was printed: a run of hours is not lost for a disk that is full by now.
 *
 * @returns False where a file could not be written, which is told.
 */
export async function writeFiles(
  { plots: files, report }: RunFiles,
  { title, plots, page }: RunPictures,
  terminal: Terminal,
): Promise<boolean> {
  let isWritten = true
  const write = async (file: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work()
    } catch (error: unknown) {
      isWritten = false
      printFailure(
        new CodedError('STORE_WRITE_FAILED', {
          message: `${file} cannot be written: ${reasonOf(error)}`,
          details: { remedy: REMEDY_PRINTED },
        }),
        terminal,
        false,
      )
    }
  }
  if (files.length > 0 && plots.length === 0)
    terminal.note('There is nothing to draw: the scenario gives no series, or fewer than two seeds were played')
  else for (const file of files) await write(file, () => writePlotPanels(file, title, plots))
  if (report !== undefined) await write(report, () => saveArtefact(report, page(), '/'))
  return isWritten
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
