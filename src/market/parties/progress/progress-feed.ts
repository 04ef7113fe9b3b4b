import { CodedError } from '../../../base/errors.ts'
import type { ContractId, Did } from '../../../core/evidence/names.ts'
import { PROGRESS_BYTES_MAX, PROGRESS_TEXT_MAX } from '../../../wire/v1/market-frames.ts'
import { pause } from '../contracts/contract-follower.ts'
import type { Party } from '../party.ts'
import type { WorkProgress } from './progress-board.ts'

/** Pause between two words to a payer: what is said meanwhile is told as one. */
export const PROGRESS_PAUSE_MS = 500

export type ProgressFeedInit = {
  readonly contract: ContractId
  /** The node of the payer. */
  readonly payer: Did
  /** Ends it with the task. */
  readonly signal: AbortSignal
}

/**
 * Tells a payer how far the work on its contract is. A worker may say as much as it likes: one word is on its way at a time, the newest, and of the result what fits it. Whoever
 * does not answer hears less, and loses nothing: the delivery has it all.
 */
export class ProgressFeed {
  private readonly party: Party
  private readonly init: ProgressFeedInit
  private step: number
  private waiting: WorkProgress | undefined
  private isTelling = false

  constructor(party: Party, init: ProgressFeedInit) {
    this.party = party
    this.init = init
    // Steps rise over restarts as well.
    this.step = party.components.clock.now()
  }

  say({ donePpm, text, partial }: WorkProgress): void {
    const { waiting } = this
    const made = {
      ...waiting,
      ...(donePpm !== undefined && Number.isFinite(donePpm) && { donePpm: partsOf(donePpm) }),
      ...(text !== undefined && { text: shortened(text) }),
      ...(partial !== undefined && { partial: join(waiting?.partial, partial) }),
    }
    this.waiting = made
    if (this.isTelling || this.init.signal.aborted) return
    this.isTelling = true
    this.party.begin(async () => await this.tell())
  }

  private async tell(): Promise<void> {
    const { party, init } = this
    try {
      while (this.waiting !== undefined && !init.signal.aborted) {
        const { partial, ...made } = this.waiting
        this.waiting = undefined
        this.step += 1
        const frame = { type: 'progress', contract: init.contract, step: this.step, ...made } as const
        await this.ask({ frame, ...(partial && { bytes: partial }) })
        await pause(party.components.timers, PROGRESS_PAUSE_MS, init.signal)
      }
    } finally {
      this.isTelling = false
    }
  }

  private async ask(question: Parameters<Party['components']['door']['ask']>[1]): Promise<void> {
    try {
      await this.party.components.door.ask(this.init.payer, question, { signal: this.init.signal })
    } catch (error: unknown) {
      if (!CodedError.is(error) && !this.init.signal.aborted) throw error
    }
  }
}

/** Never `-0`, which no canonical text has. */
function partsOf(donePpm: number): number {
  return Math.max(0, Math.min(1_000_000, Math.round(donePpm))) + 0
}

/** At most `PROGRESS_TEXT_MAX` UTF-16 units, no letter cut in two; half of one is no text that can be sent. */
function shortened(text: string): string {
  const last = text.codePointAt(PROGRESS_TEXT_MAX - 1) ?? 0
  const isCut = text.length > PROGRESS_TEXT_MAX && last > 0xff_ff
  return text.slice(0, isCut ? PROGRESS_TEXT_MAX - 1 : PROGRESS_TEXT_MAX).toWellFormed()
}

/** What is too much for one word is left out. */
function join(before: Uint8Array | undefined, next: Uint8Array): Uint8Array {
  const room = PROGRESS_BYTES_MAX - (before?.byteLength ?? 0)
  const bytes = new Uint8Array((before?.byteLength ?? 0) + Math.min(room, next.byteLength))
  if (before !== undefined) bytes.set(before)
  bytes.set(next.subarray(0, room), before?.byteLength ?? 0)
  return bytes
}
