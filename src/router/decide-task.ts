import { CodedError } from '../base/errors.ts'
import type { Budgets } from '../ports/budgets.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { Policy, PolicyInput } from '../ports/policy.ts'
import type { Random } from '../ports/random.ts'
import type { Span, Tracer } from '../ports/tracer.ts'
import { type CandidateQuery, isConfined, selectCandidates } from './candidates.ts'
import { type FallbackRules, withFallbacks } from './fallbacks.ts'
import type { PeerTier, PeerQuote } from './peers/peer-tier.ts'
import { quotePeers } from './peers/quote-peers.ts'
import { conversationKey, type FailureMemory } from './failure-memory.ts'
import type { WarmPrompts } from './warm-prompts.ts'
import { chargeTask, recordDecision, recordOverhead, type TaskRun } from './task-run.ts'

export type DecideComponents = {
  readonly catalog: ModelCatalog
  readonly budgets: Budgets
  readonly policy: Policy
  readonly random: Random
  readonly tracer: Tracer
  readonly failures: FailureMemory
  /** What providers are expected to have cached; absent: nothing is expected. */
  readonly warm?: WarmPrompts | undefined
  /** Who stands in for whom; absent: nobody, unless the caller says so. */
  readonly fallbacks?: FallbackRules | undefined
  /** Absent: no peer is asked. */
  readonly peers?: PeerTier | undefined
}

/**
 * Asks the policy how the task is to be executed. Throws as `selectCandidates`, and `ROUTER_QUALITY_BOUND` when the caller set a
 * quality that no plan is expected to reach; the operator's own default refuses nothing.
 *
 * @param isAlone The policy decides without asking anybody: no model is called, and no other node.
 */
export async function decideTask(
  components: DecideComponents,
  run: TaskRun,
  { isAlone = false }: { readonly isAlone?: boolean } = {},
): Promise<void> {
  const span = components.tracer.startSpan('decide', run.span)
  try {
    const input = policyInputOf(components, run)
    const decision = components.policy.decide(input, {
      signal: run.signal,
      isAlone,
      onOverhead: (call) => {
        chargeTask(run, { costNanos: call.costNanos, isEstimated: false })
        recordOverhead(run, call)
      },
    })
    const decided = decision instanceof Promise ? await decision : decision
    recordDecision(run, withFallbacks(decided, queryOf(components, run), components.fallbacks), input)
    if (span.isRecording) describeDecision(span, run)
    assertQuality(run)
  } catch (error: unknown) {
    span.recordError(error)
    throw error
  } finally {
    span.end()
  }
}

function describeDecision(span: Span, { decision }: TaskRun): void {
  span.setAttribute('kernell.route', decision.route)
  span.setAttribute('kernell.policy.version', decision.policyVersion)
  span.setAttribute('kernell.risk', decision.risk)
  span.setAttribute('kernell.difficulty', decision.difficulty)
  span.setAttribute('kernell.confidence', decision.confidence)
  span.setAttribute(
    'kernell.plan',
    decision.plan.map(({ modelId }) => modelId),
  )
}

function assertQuality({ decision, route }: TaskRun): void {
  const { quality } = route.controls
  if (quality === undefined || decision.isQualityMet !== false) return
  // Rounded down, so that the value that is named can be asked for.
  const reachable = Math.floor((decision.reachableQuality ?? decision.confidence) * 1000) / 1000
  throw new CodedError('ROUTER_QUALITY_BOUND', {
    message: `no plan is expected to reach the quality ${quality}; the best that can be reached is ${reachable}`,
  })
}

function policyInputOf(components: DecideComponents, run: TaskRun): PolicyInput {
  const { catalog, random, failures, warm } = components
  const { target, controls, request } = run.route
  const { candidates, excluded } = selectCandidates(queryOf(components, run))
  const cachedTokensIn = warm?.expected(run)
  const quote = quoteOf(components, run, candidates)
  return {
    prompt: run.facts.prompt,
    candidates: [...candidates, ...(quote?.entries ?? [])],
    excluded: [...excluded, ...(quote?.excluded ?? [])],
    ...(quote !== undefined && { peers: quote.rule }),
    fixedRoute: target.kind === 'route' ? target.route : 'auto',
    tokensIn: run.facts.tokensIn,
    ...(cachedTokensIn !== undefined && { cachedTokensIn }),
    ...(request.maxOutputTokens !== undefined && { maxOutputTokens: request.maxOutputTokens }),
    ...(controls.quality !== undefined && { quality: controls.quality }),
    ...(controls.maxCostNanos !== undefined && { maxBudgetNanos: controls.maxCostNanos }),
    today: run.today,
    priceVersion: quote === undefined ? catalog.priceVersion : `${catalog.priceVersion}+${quote.version}`,
    draw: random.fraction(),
    isCascadeAllowed: true,
    recentFailures: failures.recentFailures(run),
    isConfined: isConfined(run.route),
    tenant: run.route.caller.tenant,
    conversation: conversationKey(run),
  }
}

function queryOf({ catalog, budgets }: DecideComponents, run: TaskRun): CandidateQuery {
  const { target, controls, caller } = run.route
  const isBounded = controls.maxCostNanos !== undefined || budgets.isBounded(caller)
  return { catalog, target, controls, facts: run.facts, isBounded, today: run.today }
}

/** What peers ask for the task; `undefined` where nobody is asked. A fixed route or a named model leaves no choice. */
function quoteOf(
  { peers }: DecideComponents,
  run: TaskRun,
  candidates: PolicyInput['candidates'],
): PeerQuote | undefined {
  return peers === undefined || run.route.target.kind !== 'auto' ? undefined : quotePeers(peers, run, candidates)
}
