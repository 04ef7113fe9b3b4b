import { createHash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CodedError } from '../../base/errors.ts'
import { formatTelemetryEvent, type TelemetryEvent } from '../../wire/telemetry-event.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, requiredFlag, usageError } from '../flags.ts'
import { RECORD_FLAGS, recordFilterOf } from '../record-flags.ts'
import { useRecords, type KeptRecords } from '../running-control.ts'

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
  details: [
    'Each record comes with its feedback and shadow runs. The file appears whole or not at all, and only its owner can read it. The node remembers where it is: `kernell data purge` names it when records in it are deleted.',
  ],
  examples: [
    'kernell data export --output records.jsonl',
    'kernell data export --tenant default --output default.jsonl',
  ],
  async run(context) {
    const { flags, terminal, isJson, workingDir, signal } = context
    const output = resolve(workingDir, requiredFlag(flags, 'output'))
    if (existsSync(output) && !isFlagSet(flags, 'force'))
      throw usageError(`The file ${output} is there already`, {
        file: output,
        remedy: 'Name another, or add --force to replace it.',
      })
    const filter = recordFilterOf(flags)
    const records = await useRecords(context, async (kept) => {
      const written = await writeRecords(kept.list(filter, { signal }), output, {
        signal,
        onWritten: rememberIn(kept, output),
      })
      return written.rows
    })
    if (isJson) terminal.printJson({ output, records })
    else terminal.print(`Wrote ${records} records to ${output}`)
    return EXIT_CODES.done
  },
}

type Written = {
  readonly rows: number
  readonly hash: string
  readonly from: string | null
  readonly to: string | null
  readonly tenants: readonly string[]
}

type Writing = {
  readonly signal: AbortSignal
  /** Called when everything is written and the file is about to appear: what it throws keeps it from appearing. */
  readonly onWritten: (written: Written) => Promise<void>
}

/** The node knows of the file before anybody can see it. */
function rememberIn(kept: KeptRecords, path: string): Writing['onWritten'] {
  return async (written) => {
    if (written.rows > 0) await kept.recordDerivation({ kind: 'export', path, version: null, ...written })
  }
}

/** Writes beside the file and renames, so that a broken export never looks like a whole one. Throws `STORE_WRITE_FAILED`. */
async function writeRecords(
  records: AsyncIterable<TelemetryEvent>,
  file: string,
  { signal, onWritten }: Writing,
): Promise<Written> {
  const draft = `${file}.partial`
  const summary = summarise()
  const lines = async function* (): AsyncGenerator<string, void, undefined> {
    for await (const record of records) {
      const line = `${formatTelemetryEvent(record)}\n`
      summary.add(record, line)
      yield line
    }
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(draft, { mode: 0o600 }), { signal })
    const written = summary.end()
    await onWritten(written)
    await rename(draft, file)
    return written
  } catch (cause: unknown) {
    await rm(draft, { force: true })
    signal.throwIfAborted()
    if (CodedError.is(cause)) throw cause
    throw new CodedError('STORE_WRITE_FAILED', { message: `${file} cannot be written`, cause, details: { file } })
  }
}

type Summary = { add(record: TelemetryEvent, line: string): void; end(): Written }

/** Records come in the order of time. */
function summarise(): Summary {
  const digest = createHash('sha256')
  const tenants = new Set<string>()
  let rows = 0
  let from: string | null = null
  let to: string | null = null
  return {
    add({ tenant, timestamp }, line) {
      digest.update(line)
      tenants.add(tenant ?? '')
      rows += 1
      from ??= timestamp
      to = timestamp
    },
    end: () => ({ rows, hash: digest.digest('hex'), from, to, tenants: [...tenants] }),
  }
}
