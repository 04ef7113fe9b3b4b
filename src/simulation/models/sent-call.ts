import { CodedError } from '../../base/errors.ts'
import type { Amount } from '../../base/money.ts'
import { civilDateOfInstant } from '../../core/models/civil-date.ts'
import { costOnDate } from '../../core/models/model-cost.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import type { World } from '../world/world.ts'
import type { ServedOutcome } from './outcome-source.ts'
import type { PriceBook } from './price-book.ts'
import type { ProviderBill } from './provider-bill.ts'

/** Milliseconds that a call is on its way, where its answer takes longer than twice as long. */
export const ARRIVAL_MS = 20

export type SentCallInit = {
  readonly world: World
  readonly prices: PriceBook
  readonly bill: ProviderBill
  /** The model at the prices that the caller knew. */
  readonly entry: ModelEntry
  readonly user: string | undefined
  readonly prompt: string
  readonly outcome: ServedOutcome
}

export type Charged = {
  readonly isAnswered: boolean
  /** Part of the answer that was made, 0 to 1. Default all of it. */
  readonly share?: number
}

/** A call from its sending on. It goes its way whatever becomes of the caller, and is charged at the prices of the moment in which it arrives. */
export class SentCall {
  readonly outcome: ServedOutcome
  readonly startedMs: number
  private readonly init: SentCallInit
  /** At the prices of its arrival; `undefined`: on its way. */
  private arrived: { readonly entry: ModelEntry; readonly atMs: number } | undefined
  /** What is charged as soon as it arrives. */
  private awaited: Charged | undefined

  constructor(init: SentCallInit) {
    const { world, entry, outcome } = init
    this.init = init
    this.outcome = outcome
    this.startedMs = world.nowMs()
    world.schedule(Math.min(ARRIVAL_MS, outcome.firstMs / 2), {
      kind: `call arrives ${entry.id}`,
      isSync: true,
      run: () => this.arrive(),
    })
  }

  charge(charged: Charged): void {
    if (this.arrived === undefined) {
      this.awaited = charged
      return
    }
    const { entry, user, prompt, outcome, bill } = this.init
    const { tokensIn } = outcome
    const tokensOut = Math.floor(outcome.tokensOut * (charged.share ?? 1))
    const tokens = { tokensIn, tokensOut }
    bill.add({
      modelId: entry.id,
      user,
      prompt,
      ...tokens,
      costNanos: this.costOf(this.arrived.entry, tokens, this.arrived.atMs),
      listedNanos: this.costOf(entry, tokens, this.startedMs),
      isAnswered: charged.isAnswered,
    })
  }

  private arrive(): void {
    const { world, prices, entry } = this.init
    this.arrived = { entry: prices.entryOf(entry.id), atMs: world.nowMs() }
    if (this.awaited !== undefined) this.charge(this.awaited)
  }

  private costOf(
    entry: ModelEntry,
    { tokensIn, tokensOut }: { readonly tokensIn: number; readonly tokensOut: number },
    atMs: number,
  ): Amount {
    const today = civilDateOfInstant(this.init.world.startAt + atMs)
    const nanos = costOnDate(entry, { inputTokens: tokensIn, outputTokens: tokensOut }, today)
    if (nanos === undefined) throw new CodedError('ROUTER_PRICE_UNKNOWN', { message: `${entry.id} has no price` })
    return nanos
  }
}
