/** One row of the table: what the code means, what to do, what HTTP says, whether the same call may succeed later. */
export type ErrorCodeEntry = {
  readonly cause: string
  readonly remedy: string
  readonly httpStatus: number
  readonly isRetryable: boolean
}
