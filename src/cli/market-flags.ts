import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseAmount } from '../base/money.ts'
import { readAtMost } from '../node/read-at-most.ts'
import type { CommandContext } from './command.ts'
import { type Flags, requiredFlag, textFlag, usageError } from './flags.ts'
import { unreadableFile } from '../node/unreadable-file.ts'

/** Largest file that goes to a node in one piece, bytes: what a party keeps of a contract. */
const FILE_BYTES_MAX = 1_048_576

/** Decimal text of nano-units of a flag such as `1.5`; `undefined` when it was not given. Throws `COMMAND_INVALID`. */
export function nanosFlag(flags: Flags, name: string): string | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const amount = parseAmount(text)
  if (amount === undefined)
    throw usageError(`--${name} must be an amount such as 1.5, with 9 decimals at most, not ${JSON.stringify(text)}`)
  return amount.toString()
}

/** The same for a flag that must be there. */
export function requiredNanos(flags: Flags, name: string): string {
  requiredFlag(flags, name)
  return nanosFlag(flags, name) ?? ''
}

type Files = Pick<CommandContext, 'flags' | 'workingDir'>

/** Bytes of the file of a flag, as base64url for a control request. Throws `COMMAND_INVALID`. */
export function fileFlag({ flags, workingDir }: Files, name: string): string | undefined {
  const file = textFlag(flags, name)
  return file === undefined ? undefined : readBytes(resolve(workingDir, file), file).toString('base64url')
}

/** JSON of the file of a flag. Throws `COMMAND_INVALID`. */
export function jsonFlag({ flags, workingDir }: Files, name: string): string | undefined {
  const file = textFlag(flags, name)
  if (file === undefined) return undefined
  const text = readBytes(resolve(workingDir, file), file).toString('utf8')
  try {
    JSON.parse(text)
  } catch {
    throw usageError(`The file ${file} is not JSON`, { file })
  }
  return text
}

function readBytes(path: string, file: string): Buffer {
  let bytes: Buffer
  try {
    bytes = Buffer.from(readAtMost(path, FILE_BYTES_MAX + 1))
  } catch (cause: unknown) {
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${file}`, file, cause })
  }
  if (bytes.byteLength <= FILE_BYTES_MAX) return bytes
  const remedy = statSync(path).isFile()
    ? `Name a file of at most ${FILE_BYTES_MAX} bytes.`
    : 'Write it to a file, and name that: what comes through a pipe is taken in one piece, and no larger than this.'
  throw usageError(`The file ${file} has more than ${FILE_BYTES_MAX} bytes`, { file, remedy })
}

/** Milliseconds of a date or an instant such as `2026-11-01` or `2026-11-01T12:00:00Z`; dates are in UTC. Throws `COMMAND_INVALID`. */
export function instantFlag(flags: Flags, name: string): number | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const ms = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(ms)) return ms
  throw usageError(`--${name} must be a date such as 2026-11-01, or an instant such as 2026-11-01T12:00:00Z`)
}
