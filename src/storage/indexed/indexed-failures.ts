import { CodedError } from '../../base/errors.ts'

/** Why a write was refused; where the site has used its room, how it gets more. Nothing of the write is there. */
export function writeFailure(cause: unknown): CodedError {
  const isFull = cause instanceof Error && cause.name === 'QuotaExceededError'
  return new CodedError('STORE_WRITE_FAILED', {
    message: isFull ? 'The browser gives this site no more room' : 'The browser refused a write',
    cause,
    ...(isFull && {
      details: {
        isQuotaExceeded: true,
        remedy:
          'Free room on the machine or in the data of this site, then open the page again: nothing of the refused write was kept.',
      },
    }),
  })
}
