import { CodedError } from '../../base/errors.ts'
import type { Hash } from '../../core/evidence/names.ts'
import type { NotaryAnswer, NotaryClient } from '../../ports/notary-client.ts'
import type { Timers } from '../../ports/timers.ts'
import { pause } from './contracts/contract-follower.ts'
import type { PartyJournal } from './journal/party-journal.ts'
import type { KeptEnvelope } from './journal/party-record.ts'

export type OutboxComponents = {
  readonly journal: PartyJournal
  readonly notary: Pick<NotaryClient, 'submit'>
  readonly timers: Timers
}

/** What the set answered, as it is kept: the receipt is canonical JSON of the set. */
export type KeptAnswer = Pick<NotaryAnswer, 'effect' | 'code'>

/** Topic of notes on answers, by `CONTRACT/HASH` of the envelope. */
export const ANSWERS = 'answer'
/** Pauses between tries: they double from the first to the last. */
export const RETRY_FIRST_MS = 250
export const RETRY_LAST_MS = 30_000
/** Envelopes that wait for an answer at once. */
const WAITING_MAX = 1_024

/**
 * Sends what a party said to the notary set again and again until its receipt is there. What was answered is in the journal as long as the message is, so that nothing
 * is sent for ever; what was not answered is sent again after a restart by whoever goes on with the contract.
 */
export class PartyOutbox {
  private readonly components: OutboxComponents
  private readonly sending = new Map<Hash, Promise<KeptAnswer>>()
  private readonly stopping = new AbortController()

  constructor(components: OutboxComponents) {
    this.components = components
  }

  /**
   * The set's answer to an envelope. Rejects with `NETWORK_OVERLOADED` when too many wait, and with the reason of the stop. What cannot be reached is tried again,
   * with growing pauses, for as long as the envelope is valid or the outbox runs.
   */
  async submit(kept: KeptEnvelope): Promise<KeptAnswer> {
    const { hash } = kept.envelope
    const known = this.answerOf(kept) ?? this.sending.get(hash)
    if (known !== undefined) return await known
    if (this.sending.size >= WAITING_MAX)
      throw new CodedError('NETWORK_OVERLOADED', { message: `${WAITING_MAX} messages wait for the notary set` })
    const sending = this.sendUntilAnswered(kept)
    this.sending.set(hash, sending)
    try {
      return await sending
    } finally {
      this.sending.delete(hash)
    }
  }

  /** What was answered before; `undefined` when nothing was. */
  answerOf({ envelope }: KeptEnvelope): KeptAnswer | undefined {
    const note = this.components.journal.note(ANSWERS, keyOf(envelope))
    if (typeof note !== 'object' || note === null || Array.isArray(note)) return undefined
    const { effect, code } = note as { readonly effect: NotaryAnswer['effect']; readonly code?: string }
    return { effect, code }
  }

  /** Nothing is sent any more. Idempotent. */
  stop(): void {
    this.stopping.abort(new CodedError('NETWORK_CLOSED', { message: 'The outbox has stopped' }))
  }

  private async sendUntilAnswered(kept: KeptEnvelope): Promise<KeptAnswer> {
    const { notary, journal } = this.components
    const { signal } = this.stopping
    for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, RETRY_LAST_MS)) {
      signal.throwIfAborted()
      try {
        const answer = await notary.submit(kept.bytes, { signal })
        await this.keep(kept, answer)
        return { effect: answer.effect, code: answer.code }
      } catch (error: unknown) {
        // A journal that failed takes nothing any more, and is what has to be mended; the set may be reached later.
        journal.throwFailure()
        if (!CodedError.is(error) || !error.isRetryable) throw error
      }
      await pause(this.components.timers, pauseMs, signal)
    }
  }

  /** Keeps an answer for as long as its message. One that there is no room for is only told: the set says the same again. */
  private async keep({ envelope }: KeptEnvelope, { effect, code, receipt }: NotaryAnswer): Promise<void> {
    const { journal } = this.components
    const key = keyOf(envelope)
    const place = envelope.head.contract ?? key
    if (journal.envelope(envelope.hash) === undefined) return
    try {
      await journal.keepFile(place, receipt)
      await journal.keepNote(ANSWERS, key, { effect, ...(code !== undefined && { code }) })
    } catch (error: unknown) {
      if (!CodedError.is(error) || error.code !== 'EVIDENCE_FULL') throw error
    }
    if (journal.envelope(envelope.hash) !== undefined) return
    // Its message has gone meanwhile.
    await journal.dropFiles(place)
    await journal.keepNote(ANSWERS, key, null)
  }
}

function keyOf({ head, hash }: KeptEnvelope['envelope']): string {
  return `${head.contract ?? head.type}/${hash}`
}
