import { CodedError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { isUnusablePath, UNUSABLE_PATH_REMEDY } from '../unusable-path.ts'

export type LevelErrorContext = { readonly action: 'open' | 'read' | 'write'; readonly location: string }

/** The coded error for what LevelDB threw. Its own code sits on the error or, when opening, on its cause. */
export function levelErrorOf(error: unknown, context: LevelErrorContext): CodedError {
  if (CodedError.is(error)) return error
  const levelCode = codeOf(error instanceof Error ? error.cause : undefined) ?? codeOf(error)
  const text = messageOf(error)
  const code = errorCodeOf(levelCode, { ...context, text })
  return new CodedError(code, {
    message: `Cannot ${context.action} the store at ${context.location}: ${text}`,
    cause: error,
    details: {
      location: context.location,
      ...(levelCode !== undefined && { levelCode }),
      ...(code === 'STORE_WRITE_FAILED' && isUnusablePath(levelCode, text) && { remedy: UNUSABLE_PATH_REMEDY }),
    },
  })
}

function errorCodeOf(levelCode: string | undefined, context: LevelErrorContext & { readonly text: string }): ErrorCode {
  if (levelCode === 'LEVEL_LOCKED') return 'STORE_LOCKED'
  if (levelCode === 'LEVEL_CORRUPTION' || /corruption/i.test(context.text)) return 'STORE_CORRUPTED'
  if (levelCode === 'LEVEL_DATABASE_NOT_OPEN' || levelCode === 'LEVEL_ITERATOR_NOT_OPEN') return 'STORE_NOT_OPEN'
  if (context.action === 'open' && isUnusablePath(levelCode, context.text)) return 'STORE_WRITE_FAILED'
  if (context.action === 'write') return 'STORE_WRITE_FAILED'
  return context.action === 'read' ? 'STORE_READ_FAILED' : 'STORE_NOT_OPEN'
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
