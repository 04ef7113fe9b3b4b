import { CodedError } from '../base/errors.ts'
import { type Amount, formatAmount } from '../base/money.ts'
import { estimateTokens } from '../core/models/estimate-tokens.ts'
import type { ModelStreamPart } from '../ports/language-model.ts'
import type { AdmittedCall } from './call-model.ts'
import { type BoundedCall, chargeOfEstimate, costOfCall } from './call-cost.ts'
import type { TaskRun } from './task-run.ts'

/** An estimate may be off by so much: a stream is stopped when it is certain that it has passed what was set aside for it. */
const TOLERANCE = { numerator: 5n, denominator: 4n } as const
/** More than any stream has: where the search for the room that is left ends. */
const TOKENS_MAX = 1_099_511_627_776

type WatchedCall = Pick<AdmittedCall, 'entry' | 'costNanosMax' | 'request'>

/**
 * Watches what a stream costs while it runs. Room was reserved for an answer of a bounded length, which the model was told; one that writes on all the same is
 * stopped in the middle: at the first part by which its estimate passes what was set aside by the tolerance.
 */
export class SpendGuard {
  private readonly run: TaskRun
  private readonly call: WatchedCall
  /** Tokens of the parts by themselves, which are never fewer than those of the whole. */
  private tokensMost = 0
  private countAgainAt = 0

  constructor(run: TaskRun, call: WatchedCall) {
    this.run = run
    this.call = call
  }

  /** Counts a part. Throws `ROUTER_SPEND_STOPPED` where the stream has cost more than it may. */
  take(part: ModelStreamPart, written: () => string): void {
    const { request, costNanosMax } = this.call
    // A model that was told no length may write as long as it likes.
    if (part.type === 'finish' || costNanosMax === undefined || request.maxOutputTokens === undefined) return
    this.tokensMost += estimateTokens(part.type === 'tool-call-delta' ? part.argumentsText : part.text)
    if (this.tokensMost < this.countAgainAt || !this.isOver(this.tokensMost)) return
    const tokens = estimateTokens(written())
    if (!this.isOver(tokens)) {
      // The whole grows by no more than its parts do, so nothing is missed until they have used up the room that is left.
      this.countAgainAt = this.tokensMost + this.roomAbove(tokens)
      return
    }
    throw new CodedError('ROUTER_SPEND_STOPPED', {
      message: `The answer of ${this.call.entry.id} was stopped: it had passed the ${formatAmount(costNanosMax)} USD that were set aside for it`,
      details: { model: this.call.entry.id },
    })
  }

  /** Tokens that can still come for certain: at least half of those that can, so that there are few counts; one where there is hardly room. */
  private roomAbove(tokens: number): number {
    let room = 1
    while (room < TOKENS_MAX && !this.isOver(tokens + 2 * room)) room *= 2
    return room
  }

  private isOver(tokensOut: number): boolean {
    const { entry, costNanosMax } = this.call
    const usage = { tokensIn: this.run.facts.tokensIn, tokensOut, cachedTokensIn: 0, isEstimated: true }
    const costNanos = costOfCall(entry, usage, this.run.today)
    if (costNanos === undefined || costNanosMax === undefined) return false
    return costNanos * TOLERANCE.denominator > costNanosMax * TOLERANCE.numerator
  }
}

/** What a stream that broke off is charged. What is stopped at its cap is charged at the cap, of which the estimate may already be past. */
export function chargeOfBroken(
  reason: string | undefined,
  arrived: Amount | undefined,
  call: BoundedCall,
): Amount | undefined {
  const { costNanosMax } = call
  if (reason === 'ROUTER_SPEND_STOPPED') return costNanosMax
  return chargeOfEstimate(reason === 'MODEL_TIMEOUT' ? larger(arrived, costNanosMax) : arrived, call)
}

/** Both are unknown together: they come from one price. */
function larger(left: Amount | undefined, right: Amount | undefined): Amount | undefined {
  if (left === undefined || right === undefined) return undefined
  return left > right ? left : right
}
