import { randomBytes } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'
import type { SandboxLimits } from '../../core/sandbox/sandbox-policy.ts'
import type { SandboxFile, SandboxProgram, SandboxRequest } from '../../ports/sandbox-runtime.ts'

export type GuestRequest = {
  readonly program: Extract<SandboxProgram, { kind: 'command' }>
  readonly request: SandboxRequest
  /** All of the program's environment. */
  readonly environment: Readonly<Record<string, string>>
}

const PAGE_BYTES = 4_096
const FILES_LEAST = 256
/** What is beyond a limit has to fit, or nobody would see that there is more. */
const PAGES_BEYOND = 2
const FILES_BEYOND = 16
const RECORD_BYTES_MAX = 0xffff_ffff
const RANDOM_BYTES = 32

/**
 * What a supervisor reads, once: records of a letter, a length and that many bytes; numbers are little-endian. The program's standard input is the last one, so that it can be passed on
 * without being kept. The two sides are built from one commit: there are no versions.
 *
 * Throws `SANDBOX_PROGRAM_INVALID` where something is too large for a record.
 */
export function encodeGuestRequest({ program, request, environment }: GuestRequest, nowMs: number): Uint8Array {
  const { limits } = request.policy
  const room = roomOf(limits, request.files ?? [])
  return Buffer.concat([
    record('T', Buffer.concat([numbers(nowMs), randomBytes(RANDOM_BYTES)])),
    record('L', numbers(limits.memoryBytes, limits.diskBytes, limits.processes, limits.outputBytes)),
    record('W', numbers(room.bytes, room.files)),
    ...program.argv.map((argument) => record('A', Buffer.from(argument))),
    ...Object.entries(environment).map(([name, value]) => record('E', Buffer.from(`${name}=${value}`))),
    ...(request.filesOut ?? []).map((path) => record('O', Buffer.from(path))),
    ...(request.files ?? []).map((file) => record('F', encodeFile(file))),
    record('I', request.stdin ?? new Uint8Array()),
  ])
}

/** Room of the program's own directory: what it may write, and what lies in it before. */
export function roomOf(
  { diskBytes }: Pick<SandboxLimits, 'diskBytes'>,
  files: readonly SandboxFile[],
): { readonly bytes: number; readonly files: number } {
  const given = files.reduce((sum, { bytes }) => sum + pages(bytes.length), 0)
  // Each name of a path may be a directory.
  const names = files.reduce((sum, { path }) => sum + path.split('/').length, 0)
  return {
    bytes: (pages(diskBytes) + given + PAGES_BEYOND) * PAGE_BYTES,
    files: Math.max(FILES_LEAST, pages(diskBytes)) + names + FILES_BEYOND,
  }
}

function pages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES)
}

function record(letter: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length > RECORD_BYTES_MAX)
    throw new CodedError('SANDBOX_PROGRAM_INVALID', { message: 'a file or standard input is too large' })
  const head = Buffer.alloc(5)
  head.write(letter, 0, 'latin1')
  head.writeUInt32LE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

function numbers(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), index * 8)
  return bytes
}

function encodeFile({ path, bytes, isExecutable }: SandboxFile): Uint8Array {
  const name = Buffer.from(path)
  const head = Buffer.alloc(3)
  head.writeUInt8(isExecutable === true ? 1 : 0, 0)
  head.writeUInt16LE(name.length, 1)
  return Buffer.concat([head, name, bytes])
}
