import { CodedError } from '../../base/errors.ts'
import type { NotaryAnswer } from '../../ports/notary-client.ts'
import type { Waiter } from './admission.ts'

export type SubmissionsInit = {
  /** Envelopes that wait at most. */
  readonly waitingMax: number
  /** Why nothing is answered any more. */
  readonly closed: () => CodedError
}

/** Counts the envelopes that wait for their answer, and refuses more of them than there is room for. */
export class Submissions {
  private readonly init: SubmissionsInit
  private waiting = 0

  constructor(init: SubmissionsInit) {
    this.init = init
  }

  /** Rejects with `NOTARY_OVERLOADED`, `NOTARY_CLOSED`, and what aborts `signal`: the envelope itself goes its way. */
  async wait(send: (waiter: Waiter) => void, signal: AbortSignal | undefined): Promise<NotaryAnswer> {
    const { waitingMax, closed } = this.init
    if (this.waiting >= waitingMax)
      throw new CodedError('NOTARY_OVERLOADED', { message: `${this.waiting} envelopes wait`, details: { waitingMax } })
    this.waiting += 1
    return await new Promise<NotaryAnswer>((resolve, reject) => {
      const onAbort = (): void => reject(signal?.reason instanceof Error ? signal.reason : closed())
      let isWaiting = true
      const finish = (): void => {
        if (isWaiting) this.waiting -= 1
        isWaiting = false
        signal?.removeEventListener('abort', onAbort)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      send({
        resolve: (answer) => {
          finish()
          resolve(answer)
        },
        reject: (cause) => {
          finish()
          reject(CodedError.is(cause) ? cause : closed())
        },
      })
    })
  }
}
