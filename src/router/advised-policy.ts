import { CodedError } from '../base/errors.ts'
import { amountToUsd } from '../base/money.ts'
import { sha256Hex } from '../base/sha256.ts'
import { adviceReason } from '../core/policy/advice-reason.ts'
import { adviseDecision } from '../core/policy/replay-decision.ts'
import { overrideUnsafe, type PolicyDecision } from '../core/policy/policy-decision.ts'
import type { DecisionRecord } from '../core/routing/decision-record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Policy, PolicyInput, PolicyOptions } from '../ports/policy.ts'
import type { Advice, AdviceQuestion, PolicyAdviser } from '../ports/policy-adviser.ts'

export type AdvisedPolicyComponents = {
  readonly policy: Policy
  readonly adviser: PolicyAdviser
  readonly clock: Clock
}

export type AdvisedPolicyInit = {
  /** `in-doubt`: only where `adviceReason` finds one. `always`: for every task. */
  readonly ask: 'in-doubt' | 'always'
  /** Longest wait for advice; then the node decides alone. */
  readonly timeoutMs: number
  /** Questions a minute; beyond them the node decides alone. */
  readonly requestsPerMinute: number
  /** Answers remembered. Default 1,000. */
  readonly rememberedMax?: number
  /** How long an answer is remembered. Default 10 minutes. */
  readonly rememberedMs?: number
  /** True when asking shows the task to somebody outside of this node: never done for a task whose caller says who may see it. */
  readonly leavesNode?: boolean
}

const MINUTE_MS = 60_000

/**
 * A policy that asks somebody where it is in doubt. The advice is remembered, rate-limited and bounded in time; without it - refused, late,
 * malformed - the policy's own decision stands and says why.
 */
export function createAdvisedPolicy(
  { policy, adviser, clock }: AdvisedPolicyComponents,
  init: AdvisedPolicyInit,
): Policy {
  const memory = new AdviceMemory(init.rememberedMax ?? 1_000, init.rememberedMs ?? 10 * MINUTE_MS)
  const bucket = new TokenBucket(init.requestsPerMinute, clock.monotonicMs())

  const adopt = (own: DecisionRecord, judged: PolicyDecision, why: string): DecisionRecord =>
    adviseDecision(own, { said: `${adviser.name} was asked (${why}) and said ${judged.route}`, judged })

  const decideAdvised = async (
    asked: { readonly own: DecisionRecord; readonly why: string },
    input: PolicyInput,
    options: PolicyOptions,
  ): Promise<DecisionRecord> => {
    const { own, why } = asked
    const question = questionOf(input)
    const key = sha256Hex(JSON.stringify(question))
    const now = clock.monotonicMs()
    const remembered = memory.get(key, now)
    if (remembered !== undefined) return adopt(own, remembered, why)
    if (!bucket.take(now))
      return adviseDecision(own, {
        said: `${adviser.name} was not asked (${why}): the limit of ${init.requestsPerMinute} questions a minute is reached`,
      })
    const timeout = clock.timeoutSignal(init.timeoutMs)
    const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout])
    let advice: Advice
    try {
      advice = await adviser.advise(question, { signal })
    } catch (error: unknown) {
      options.signal?.throwIfAborted()
      const failure = CodedError.is(error) ? error.code : 'it failed'
      const code = timeout.aborted ? 'it did not answer in time' : failure
      return adviseDecision(own, { said: `${adviser.name} was asked (${why}) and gave no advice: ${code}` })
    }
    if (advice.overhead !== undefined) options.onOverhead?.(advice.overhead)
    const decision = overrideUnsafe(advice.decision)
    memory.set(key, decision, now)
    return adopt(own, decision, why)
  }

  return {
    version: `${policy.version}+${adviser.name}`,
    decide(input, options = {}) {
      const decided = policy.decide(input, options)
      if (options.isAlone === true || input.fixedRoute !== 'auto') return decided
      if (init.leavesNode === true && input.isConfined === true) return decided
      const consider = (own: DecisionRecord): DecisionRecord | Promise<DecisionRecord> => {
        const why = init.ask === 'always' ? 'it decides every task' : adviceReason(own, input.recentFailures)
        return why === undefined ? own : decideAdvised({ own, why }, input, options)
      }
      return decided instanceof Promise ? decided.then(consider) : consider(decided)
    },
  }
}

function questionOf({ prompt, maxBudgetNanos, quality }: PolicyInput): AdviceQuestion {
  return {
    prompt,
    ...(maxBudgetNanos !== undefined && { maxBudgetUsd: amountToUsd(maxBudgetNanos) }),
    ...(quality !== undefined && { quality }),
  }
}

/** Answers by question, the oldest going first. */
class AdviceMemory {
  private readonly entries = new Map<string, { readonly decision: PolicyDecision; readonly atMs: number }>()
  private readonly most: number
  private readonly lifetimeMs: number

  constructor(most: number, lifetimeMs: number) {
    this.most = most
    this.lifetimeMs = lifetimeMs
  }

  get(key: string, nowMs: number): PolicyDecision | undefined {
    const entry = this.entries.get(key)
    if (entry === undefined) return undefined
    if (nowMs - entry.atMs <= this.lifetimeMs) return entry.decision
    this.entries.delete(key)
    return undefined
  }

  set(key: string, decision: PolicyDecision, nowMs: number): void {
    this.entries.delete(key)
    this.entries.set(key, { decision, atMs: nowMs })
    const oldest = this.entries.keys().next()
    if (this.entries.size > this.most && oldest.done !== true) this.entries.delete(oldest.value)
  }
}

/** Allows a burst of a minute's worth, then refills evenly. */
class TokenBucket {
  private readonly perMinute: number
  private tokens: number
  private filledMs: number

  constructor(perMinute: number, nowMs: number) {
    this.perMinute = perMinute
    this.tokens = perMinute
    this.filledMs = nowMs
  }

  take(nowMs: number): boolean {
    this.tokens = Math.min(this.perMinute, this.tokens + ((nowMs - this.filledMs) * this.perMinute) / MINUTE_MS)
    this.filledMs = nowMs
    if (this.tokens < 1) return false
    this.tokens -= 1
    return true
  }
}
