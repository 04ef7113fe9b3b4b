import { CodedError } from '../../base/errors.ts'
import type { ScopedRates } from '../../core/access/effective-access.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RateKind, RateStore } from '../../ports/rate-store.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'
import { type RateLeft, rateHeaders, rateLimited } from './rate-headers.ts'
import type { RateHold, Rates, TokenHold } from './rate-meter.ts'
import { RateShare } from './rate-share.ts'

export type SharedRateMeterComponents = {
  readonly store: RateStore
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly timers: Timers
}

/** How often gateways say what they used and give back what they do not. */
const BEAT_MS = 500
/** Rates of one exchange. */
const REPORTS_MAX = 256
const WAITING_MAX = 4_096
/** How often who waits asks again where others took what he was to get. */
const ROUNDS_MAX = 3
/** A store that failed is not asked again for so long. */
const AWAY_MS = 1_000

/** So much of a share has to be there, and so much of it is taken. */
type Need = { readonly share: RateShare; readonly least: number; readonly amount: number }

const FREE: RateHold = Object.freeze({ headers: [], end: () => undefined })
const NO_TOKENS: TokenHold = Object.freeze({ settle: () => undefined })

/**
 * Rates of all gateways on one store. Each takes slices of them ahead of need and counts against those, so that most requests ask nobody; one that finds its slice used up waits
 * for the store. What is not used is given back with the second beat. While the store is away whoever has a rate is refused once the slice is used: nobody knows what the others allow.
 */
export class SharedRateMeter implements Rates {
  private readonly components: SharedRateMeterComponents
  private readonly shares = new Map<string, RateShare>()
  private timer: ScheduledTimer | undefined
  private last: Promise<unknown> = Promise.resolve()
  private queued: Promise<void> | undefined
  private waiting = 0
  private away: { readonly untilMs: number; readonly error: unknown } | undefined
  private isOpen = true

  constructor(components: SharedRateMeterComponents) {
    this.components = components
  }

  begin(levels: readonly ScopedRates[], count = 1): RateHold | Promise<RateHold> {
    if (levels.length === 0) return FREE
    const needs: Need[] = []
    for (const { scope, rates } of levels) {
      const { requestsPerMinute, concurrentRequests, tokensPerMinute } = rates
      if (concurrentRequests !== undefined)
        needs.push({ share: this.shareOf(scope, 'running', concurrentRequests), least: count, amount: count })
      if (requestsPerMinute !== undefined)
        needs.push({ share: this.shareOf(scope, 'requests', requestsPerMinute), least: count, amount: count })
      if (tokensPerMinute !== undefined)
        needs.push({ share: this.shareOf(scope, 'tokens', tokensPerMinute), least: 1, amount: 0 })
    }
    if (needs.length === 0) return FREE
    return this.take(needs, () => holdOf(needs))
  }

  takeTokens(levels: readonly ScopedRates[], tokens: number): TokenHold | Promise<TokenHold> {
    const needs: Need[] = []
    for (const { scope, rates } of levels) {
      const { tokensPerMinute: limit } = rates
      if (limit === undefined) continue
      // One request for more than a minute's worth is let through when nothing else was taken: it would never fit.
      needs.push({ share: this.shareOf(scope, 'tokens', limit), least: Math.min(tokens, limit), amount: tokens })
    }
    if (needs.length === 0) return NO_TOKENS
    return this.take(needs, () => {
      let isEnded = false
      return {
        settle: (used) => {
          if (isEnded) return
          isEnded = true
          this.chargeTokens(levels, used - tokens)
        },
      }
    })
  }

  private chargeTokens(levels: readonly ScopedRates[], tokens: number): void {
    for (const { scope, rates } of levels)
      if (rates.tokensPerMinute !== undefined) this.shareOf(scope, 'tokens', rates.tokensPerMinute).take(tokens)
  }

  /** Gives back what is not used. Idempotent; a store that is away learns it when the lease ends. */
  async stop(): Promise<void> {
    if (!this.isOpen) return
    this.isOpen = false
    this.timer?.cancel()
    this.timer = undefined
    for (const share of this.shares.values()) {
      share.beat()
      share.beat()
    }
    if (this.shares.size > 0) await this.exchange().catch(() => undefined)
  }

  private shareOf(scope: string, kind: RateKind, limit: number): RateShare {
    const name = `${kind} ${scope}`
    let share = this.shares.get(name)
    if (share === undefined) {
      share = new RateShare(scope, kind, limit)
      this.shares.set(name, share)
      this.beatLater()
    }
    share.limit = limit
    return share
  }

  /** At once where all is there; else after asking, unless it is known that there is nothing. */
  private take<Hold>(needs: readonly Need[], hold: () => Hold): Hold | Promise<Hold> {
    const lacking = this.tryToTake(needs)
    if (lacking === undefined) {
      this.takeAhead(needs)
      return hold()
    }
    const nowMs = this.components.clock.monotonicMs()
    if (lacking.share.emptyUntilMs > nowMs) throw refusal(lacking, needs)
    if (this.away !== undefined && this.away.untilMs > nowMs) throw this.away.error
    if (this.waiting >= WAITING_MAX)
      throw new CodedError('GATEWAY_OVERLOADED', { message: `${this.waiting} requests wait for their rates` })
    return this.wait(needs).then(hold)
  }

  /** @returns What is lacking; `undefined` once everything is taken. */
  private tryToTake(needs: readonly Need[]): Need | undefined {
    const nowMs = this.components.clock.monotonicMs()
    for (const need of needs) if (need.share.availableAt(nowMs) < need.least) return need
    for (const { share, amount } of needs) share.take(amount)
    return undefined
  }

  private async wait(needs: readonly Need[]): Promise<void> {
    this.waiting += 1
    try {
      for (let round = 0; ; round += 1) {
        const nowMs = this.components.clock.monotonicMs()
        const wanted = needs.filter(({ share, least }) => share.availableAt(nowMs) < least)
        for (const { share, least } of wanted) share.needs += least
        try {
          await this.exchange()
        } finally {
          for (const { share, least } of wanted) share.needs -= least
        }
        const lacking = this.tryToTake(needs)
        if (lacking === undefined) return
        const isEmpty = lacking.share.emptyUntilMs > this.components.clock.monotonicMs()
        if (isEmpty || round === ROUNDS_MAX) throw refusal(lacking, needs)
      }
    } finally {
      this.waiting -= 1
    }
  }

  /** What will be needed soon is asked for before it is. */
  private takeAhead(needs: readonly Need[]): void {
    const nowMs = this.components.clock.monotonicMs()
    if (this.queued !== undefined || (this.away !== undefined && this.away.untilMs > nowMs)) return
    if (needs.some(({ share }) => share.isLowAt(nowMs))) this.exchange().catch(() => undefined)
  }

  /** Resolves once the store has answered what is so now. One exchange at a time; whoever comes while one is under way is part of the next. */
  private async exchange(): Promise<void> {
    this.queued ??= this.last.then(async () => {
      this.queued = undefined
      const exchange = this.exchangeNow()
      this.last = exchange.catch(() => undefined)
      await exchange
    })
    await this.queued
  }

  private async exchangeNow(): Promise<void> {
    const { store, clock } = this.components
    const due = [...this.shares].filter(([, share]) => share.isDueAt(clock.monotonicMs(), store.leaseMs))
    for (let first = 0; first < due.length; first += REPORTS_MAX) {
      const part = due.slice(first, first + REPORTS_MAX)
      const reports = part.map(([, share]) => share.report(clock.monotonicMs()))
      try {
        const slices = await store.exchange(reports)
        this.away = undefined
        for (const [place, [name, share]] of part.entries()) {
          const [report, slice] = [reports[place], slices[place]]
          if (report === undefined || slice === undefined) continue
          if (share.answered(report, slice, { nowMs: clock.monotonicMs(), leaseMs: store.leaseMs }))
            this.shares.delete(name)
        }
      } catch (error: unknown) {
        this.away = { untilMs: clock.monotonicMs() + AWAY_MS, error }
        throw error
      }
    }
  }

  private beatLater(): void {
    if (!this.isOpen || this.timer !== undefined) return
    this.timer = this.components.timers.schedule(BEAT_MS, () => {
      this.timer = undefined
      for (const share of this.shares.values()) share.beat()
      this.exchange()
        .catch(() => undefined)
        .finally(() => {
          if (this.shares.size > 0) this.beatLater()
        })
        .catch(() => undefined)
    })
  }
}

function holdOf(needs: readonly Need[]): RateHold {
  let isEnded = false
  return {
    headers: headersOf(needs),
    end: () => {
      if (isEnded) return
      isEnded = true
      for (const { share, amount } of needs) if (share.kind === 'running') share.end(amount)
    },
  }
}

function headersOf(needs: readonly Need[]): readonly string[] {
  const levels: RateLeft[] = []
  for (const { share } of needs) {
    const { kind, limit, leftToAll } = share
    if (kind !== 'running') levels.push({ kind, perMinute: limit, left: leftToAll, resetMs: share.waitMs(limit) })
  }
  return rateHeaders(levels)
}

const WORDS: Readonly<Record<RateKind, string>> = {
  running: 'requests at a time',
  requests: 'requests a minute',
  tokens: 'tokens a minute',
}

function refusal({ share, least }: Need, needs: readonly Need[]): CodedError {
  const { scope, kind, limit } = share
  return rateLimited({ scope, what: WORDS[kind], limit, waitMs: share.waitMs(least) }, headersOf(needs))
}
