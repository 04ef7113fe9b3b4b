import { canonicalJson } from '../base/canonical-json.ts'
import { answerDeterministically } from '../core/tools/answer-deterministically.ts'
import type { DeterministicAnswer } from '../core/tools/deterministic-answer.ts'
import type { ModelAnswer } from '../ports/language-model.ts'
import type { RouteRequest } from '../ports/router.ts'
import type { Tracer } from '../ports/tracer.ts'
import { isConfined } from './candidates.ts'
import type { PlanResult } from './execute-plan.ts'
import { cacheStateOf, type StandingAnswer } from './route-result.ts'
import type { CacheQuery, SemanticCache } from './semantic-cache.ts'
import { recordCache, type TaskRun } from './task-run.ts'

export type ShortcutComponents = {
  /** `undefined` when the operator switched the cache off. */
  readonly cache: SemanticCache | undefined
  readonly tracer: Tracer
}

/** Tokens of an answer that no model wrote. */
const NO_USAGE = { tokensIn: 0, tokensOut: 0, cachedTokensIn: 0, isEstimated: false } as const

/** An exact tool's answer, or a stored one; `undefined` when a model has to be asked. */
export async function answerWithoutModel(
  { cache, tracer }: ShortcutComponents,
  run: TaskRun,
): Promise<StandingAnswer | undefined> {
  const exact = toolAnswerOf(run)
  if (exact !== undefined) return toolStanding(exact)
  if (cache === undefined || run.route.controls.cache === 'off') return undefined
  if (!allowsTier(run.route, 'cache')) return undefined
  const span = tracer.startSpan('cache', run.span)
  try {
    const looked = cache.lookup(cacheQueryOf(run.route), { signal: run.signal })
    recordCache(run, looked instanceof Promise ? await looked : looked)
  } catch (error: unknown) {
    span.recordError(error)
    throw error
  } finally {
    if (span.isRecording) span.setAttribute('kernell.cache', cacheStateOf(run))
    span.end()
  }
  const found = run.cache
  if (found?.kind !== 'hit') return undefined
  const { entry } = found
  return {
    tier: 'cache',
    modelId: entry.modelId,
    provider: entry.provider,
    answer: { ...entry.answer, usage: NO_USAGE },
    verification: { isAccepted: true, confidence: entry.confidence },
  }
}

/** Stores an accepted answer for the next who asks. The cache itself refuses what it must not keep. */
export function rememberAnswer(
  { cache }: Pick<ShortcutComponents, 'cache'>,
  run: TaskRun,
  { entry, answer, isAccepted, verdict }: PlanResult,
): void {
  if (cache === undefined || run.cache === undefined) return
  cache.admit(run.cache.ticket, {
    answer,
    modelId: entry.id,
    provider: entry.provider,
    isAccepted,
    confidence: verdict.confidence,
  })
}

/**
 * The answer of an exact tool. Only for a bare prompt whose route nobody fixed: a system text may ask for another form, and premium means premium.
 */
export function toolAnswerOf(run: TaskRun): DeterministicAnswer | undefined {
  const { route, facts } = run
  if (!facts.isBarePrompt || route.target.kind !== 'auto' || !allowsTier(route, 'deterministic')) return undefined
  return answerDeterministically(facts.prompt, { now: run.startedAt })
}

function toolStanding({ tool, answer }: DeterministicAnswer): StandingAnswer {
  const modelAnswer: ModelAnswer = { text: answer, toolCalls: [], finishReason: 'stop', usage: NO_USAGE }
  return {
    tier: 'deterministic',
    modelId: `tool/${tool}`,
    provider: 'kernell',
    answer: modelAnswer,
    verification: { isAccepted: true, confidence: 1 },
  }
}

function allowsTier({ controls }: RouteRequest, tier: 'cache' | 'deterministic'): boolean {
  return controls.tiers === undefined || controls.tiers.includes(tier)
}

function cacheQueryOf({ caller, target, request, controls }: RouteRequest): CacheQuery {
  const { quality, tiers, providers, models, isLocalOnly } = controls
  const named = [quality, tiers, providers, models]
  const hasConditions = isLocalOnly === true || named.some((condition) => condition !== undefined)
  return {
    tenant: caller.tenant,
    modelClass: modelClassOf(target),
    request,
    mode: controls.cache ?? 'default',
    isConfined: isConfined({ controls, target }),
    ...(hasConditions && { conditions: canonicalJson({ quality, tiers, providers, models, isLocalOnly }) }),
  }
}

function modelClassOf(target: RouteRequest['target']): string {
  if (target.kind === 'model') return target.modelId
  return target.kind === 'auto' ? 'kernell' : `kernell-${target.route}`
}
