import { createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CodedError } from '../../base/errors.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, requiredFlag, usageError } from '../flags.ts'
import { RECORD_FLAGS, recordFilterOf, WITHOUT_SERVERS } from '../record-flags.ts'

/** Takes the records out, one per line, oldest first. */
export const dataExportCommand: Command = {
  name: 'data export',
  summary: 'write the records to a file of JSON Lines',
  synopsis: '--output F.jsonl',
  flags: {
    output: { value: 'F', describe: 'file to write' },
    force: { describe: 'replace a file that is there' },
    ...RECORD_FLAGS,
  },
  details: ['The file appears whole or not at all, and only its owner can read it.'],
  examples: [
    'kernell data export --output records.jsonl',
    'kernell data export --tenant default --output default.jsonl',
  ],
  async run({ flags, terminal, isJson, workingDir, signal, useNode }) {
    const output = resolve(workingDir, requiredFlag(flags, 'output'))
    if (existsSync(output) && !isFlagSet(flags, 'force'))
      throw usageError(`The file ${output} is there already`, {
        file: output,
        remedy: 'Name another, or add --force to replace it.',
      })
    const filter = recordFilterOf(flags)
    const records = await useNode(
      async (node) => await writeLines(node.records.exportLines(filter, { signal }), output, signal),
      WITHOUT_SERVERS,
    )
    if (isJson) terminal.printJson({ output, records })
    else terminal.print(`Wrote ${records} records to ${output}`)
    return EXIT_CODES.done
  },
}

/** Writes beside the file and renames, so that a broken export never looks like a whole one. Throws `STORE_WRITE_FAILED`. */
async function writeLines(lines: AsyncIterable<string>, file: string, signal: AbortSignal): Promise<number> {
  const draft = `${file}.partial`
  let written = 0
  const counted = async function* (): AsyncGenerator<string, void, undefined> {
    for await (const line of lines) {
      written += 1
      yield line
    }
  }
  try {
    await pipeline(Readable.from(counted()), createWriteStream(draft, { mode: 0o600 }), { signal })
    await rename(draft, file)
  } catch (cause: unknown) {
    await rm(draft, { force: true })
    signal.throwIfAborted()
    if (CodedError.is(cause)) throw cause
    throw new CodedError('STORE_WRITE_FAILED', { message: `${file} cannot be written`, cause, details: { file } })
  }
  return written
}
