import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DataProgress } from '../node/learning/data-progress.ts'
import { isFlagSet, requiredFlag, usageError, type FlagSpec, type Flags } from './flags.ts'
import type { Progress, Terminal } from './terminal.ts'

export const FORCE_FLAG: FlagSpec = { describe: 'replace files that are there' }

/** Path of a file that a command is to write. Throws `COMMAND_INVALID` when it is there already and nobody said `--force`. */
export function outputFlag(flags: Flags, name: string, workingDir: string): string {
  return newFile(flags, requiredFlag(flags, name), workingDir)
}

/** The same for a file that goes with another. */
export function newFile(flags: Flags, file: string, workingDir: string): string {
  const path = resolve(workingDir, file)
  if (existsSync(path) && !isFlagSet(flags, 'force'))
    throw usageError(`The file ${path} is there already`, {
      file: path,
      remedy: 'Name another, or add --force to replace it.',
    })
  return path
}

/** A bar per stage of the work, on a terminal. */
export function followWork(terminal: Terminal): {
  readonly onProgress: (progress: DataProgress) => void
  readonly finish: () => void
} {
  let stage: string | undefined
  let bar: Progress | undefined
  const finish = (): void => bar?.finish()
  return {
    finish,
    onProgress: (progress) => {
      if (progress.stage !== stage) {
        finish()
        stage = progress.stage
        bar = terminal.startProgress(progress.stage, progress.total)
      }
      bar?.advance(progress.done)
    },
  }
}
