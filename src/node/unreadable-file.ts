import { CodedError, type ErrorCode } from '../base/errors.ts'

export type UnreadableFile = {
  /** As a sentence begins with it: `The file set.json`. */
  readonly named: string
  /** As it was given, for the details. */
  readonly file: string
  /** What the operating system said. */
  readonly cause: unknown
}

/** Why a file that somebody named was not read, and what to do about it: nobody who mistyped a path needs the help of the command. */
export function unreadableFile(code: ErrorCode, { named, file, cause }: UnreadableFile): CodedError {
  const { why, remedy } = FAULTS[systemCodeOf(cause)] ?? UNKNOWN
  return new CodedError(code, { message: `${named} ${why}`, cause, details: { file, remedy } })
}

type Fault = { readonly why: string; readonly remedy: string }

const MISSING: Fault = { why: 'is not there', remedy: 'Check the path.' }
const FORBIDDEN: Fault = { why: 'may not be read by this user', remedy: 'Check its permissions.' }
const UNKNOWN: Fault = { why: 'cannot be read', remedy: 'Check the path and its permissions.' }
const FAULTS: Readonly<Record<string, Fault>> = {
  ENOENT: MISSING,
  ENOTDIR: MISSING,
  EISDIR: { why: 'is a folder', remedy: 'Name a file in it.' },
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
}

function systemCodeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
}
