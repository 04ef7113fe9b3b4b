import { amountFromUsd, type Amount } from '../base/money.ts'
import type { LoggedCandidate, LoggedTask } from '../core/learning/logged-task.ts'
import { civilDateOfInstant, type CivilDate } from '../core/models/civil-date.ts'
import { estimateTokens } from '../core/models/estimate-tokens.ts'
import { priceOnDate } from '../core/models/model-cost.ts'
import { type CandidateTier, MODEL_TIERS, type ModelEntry } from '../core/models/model-entry.ts'
import { chooseRoute } from '../core/policy/choose-route.ts'
import { policyVersionOf, type PolicyArtefact } from '../core/policy/policy-artefact.ts'
import type { DecisionCandidate, DecisionRecord } from '../core/routing/decision-record.ts'
import type { PolicyInput } from '../ports/policy.ts'
import { createPolicyService, PRIORS_VERSION, type PolicyService } from './policy-service.ts'

/** What a policy does with one task, in the places of the task's candidates. */
export type ServedChoice = {
  /** P(plan begins with the candidate). */
  readonly probabilities: Float64Array
  /** P(right) that the policy predicts. */
  readonly predicted: Float64Array
  readonly domain: string | undefined
  /** Models that are asked one after another until an answer is accepted; only one: what it says stands. */
  readonly plan: readonly string[]
}

export type ServedChoicesInit = {
  /** `undefined`: the documented priors. */
  readonly artefact: PolicyArtefact | undefined
  /** Bound that the policy keeps where the caller sets none, as configured. */
  readonly quality: number
  readonly qualityShare?: number | undefined
  /** Day whose prices count for models of which the row names no cost; absent: none of them has a price. */
  readonly today?: CivilDate
  /** What the node knows of a model by its id; absent members of the log are filled from it. */
  readonly findEntry: (modelId: string) => ModelEntry | undefined
}

export type ServedChoices = {
  readonly version: string
  /** `undefined` for a task that cannot be decided as it would be served: its text was not kept, and the policy needs it. */
  choose(task: LoggedTask, quality?: number): ServedChoice | undefined
}

/** Decisions are the same on any day: prices come with the candidates. */
const ANY_DAY = civilDateOfInstant(0)
/** With this many input tokens, a price per million tokens is the price of the call. */
const TOKENS_OF_A_CALL = 1_000_000

/**
 * Decides logged tasks as they would be served now: by the node's policy service over the candidates of the log row, with the costs and times that were
 * expected then. Nothing is explored: what is judged is what the policy would do by itself.
 */
export function createServedChoices(init: ServedChoicesInit): ServedChoices {
  const service = createPolicyService({
    quality: init.quality,
    explorationRate: 0,
    ...(init.artefact !== undefined && { artefact: init.artefact }),
    ...(init.qualityShare !== undefined && { qualityShare: init.qualityShare }),
  })
  const denseScorer = init.artefact === undefined || readsWords(init.artefact) ? undefined : service.scorer
  return {
    version: init.artefact === undefined ? PRIORS_VERSION : policyVersionOf(init.artefact),
    choose(task, quality) {
      const record =
        task.prompt === undefined
          ? decideWithoutText(init, { service, denseScorer }, task)
          : service.decide(inputOf(init, task, quality))
      return record === undefined ? undefined : choiceOf(task, record)
    },
  }
}

function inputOf(
  { findEntry, today = ANY_DAY }: ServedChoicesInit,
  task: LoggedTask,
  quality: number | undefined,
): PolicyInput {
  const prompt = task.prompt ?? ''
  const known = task.candidates.map(({ model }) => findEntry(model))
  const isPriced = task.candidates.some((logged, at) => isPricedBy(logged, known[at], today))
  const tokensIn = isPriced ? Math.max(1, estimateTokens(prompt)) : TOKENS_OF_A_CALL
  return {
    prompt,
    candidates: task.candidates.map((logged, at) =>
      isPricedBy(logged, known[at], today)
        ? { ...entryOf(logged, known[at], tokensIn), prices: known[at]?.prices ?? [] }
        : entryOf(logged, known[at], tokensIn),
    ),
    excluded: [],
    fixedRoute: 'auto',
    tokensIn,
    ...(quality !== undefined && { quality }),
    today,
    priceVersion: 'logged',
    draw: 0.5,
    isCascadeAllowed: true,
    recentFailures: 0,
  }
}

/** Whether the registry says what a call costs, where the row does not. */
function isPricedBy({ expectedCostUsd }: LoggedCandidate, known: ModelEntry | undefined, today: CivilDate): boolean {
  return expectedCostUsd === undefined && known !== undefined && priceOnDate(known, today) !== undefined
}

/** A registry entry that gives the policy what the log says of a model: its price for this call, its time, its tier. */
function entryOf(
  logged: LoggedCandidate,
  known: ModelEntry | undefined,
  tokensIn: number = TOKENS_OF_A_CALL,
): ModelEntry {
  const cost = costOf(logged)
  const quality = known?.measured?.quality
  return {
    id: logged.model,
    provider: known?.provider ?? 'logged',
    model: known?.model ?? modelNameOf(logged.model),
    tier: tierOf(logged, known),
    difficultyMax: known?.difficultyMax ?? 5,
    specialties: known?.specialties ?? [],
    prices:
      cost === undefined
        ? []
        : [
            {
              inputNanosPerMillion: (cost * BigInt(TOKENS_OF_A_CALL)) / BigInt(tokensIn),
              outputNanosPerMillion: 0n,
              contextTiers: [],
              source: 'logged',
              checkedOn: ANY_DAY,
            },
          ],
    capabilities: { tools: true, vision: true, jsonSchema: true, logprobs: true, streaming: true },
    measured: { latencyMs: logged.expectedLatencyS * 1000, ...(quality !== undefined && { quality }) },
    aliases: [],
    ...(known?.policyAs !== undefined && { policyAs: known.policyAs }),
  }
}

/** Names of a registry are `provider/model`; a policy knows the model. */
function modelNameOf(modelId: string): string {
  return modelId.slice(modelId.indexOf('/') + 1)
}

function costOf({ expectedCostUsd }: LoggedCandidate): Amount | undefined {
  return expectedCostUsd === undefined ? undefined : amountFromUsd(expectedCostUsd)
}

function tierOf({ tier }: LoggedCandidate, known: ModelEntry | undefined): CandidateTier {
  if (tier === 'peer') return tier
  return MODEL_TIERS.find((name) => name === tier) ?? known?.tier ?? 'cheap_api'
}

/**
 * A task whose text was not kept. A policy of dense features decides it from the features that were kept, in 32 bits; and what this very policy predicted
 * when it was logged, it predicts now. A policy that reads words cannot be judged on it.
 */
function decideWithoutText(
  init: ServedChoicesInit,
  { service: { scorer, version }, denseScorer }: TextlessParts,
  task: LoggedTask,
): DecisionRecord | undefined {
  const judged = task.policyVersion === version ? undefined : judgeFeatures(denseScorer, task)
  if (judged === undefined && task.policyVersion !== version) return undefined
  const places = new Map(scorer?.artefact.candidates.map((name, place) => [name, place]))
  const candidates = task.candidates.map((candidate): DecisionCandidate => {
    const { id, model, tier, policyAs } = entryOf(candidate, init.findEntry(candidate.model))
    const place = policyAs === undefined ? (places.get(model) ?? places.get(id)) : places.get(policyAs)
    return {
      modelId: id,
      tier,
      predictedSuccess: judged?.success[place ?? -1] ?? candidate.predictedSuccess,
      expectedCostNanos: learnedCost(judged?.usd?.[place ?? -1]) ?? costOf(candidate),
      expectedLatencyS: candidate.expectedLatencyS,
    }
  })
  const point = scorer?.artefact.operatingPoints.find(({ qualityShare }) => qualityShare === init.qualityShare)
  return chooseRoute({
    risk: task.risk,
    riskReasons: [],
    difficulty: 3,
    domain: 'general',
    candidates,
    expectedTokensOut: 0,
    maxBudgetNanos: undefined,
    policyVersion: version,
    priceVersion: 'logged',
    scorer: 'typescript',
    featureHash: undefined,
    draw: 0.5,
    rule: {
      fixedRoute: 'auto',
      quality: init.quality,
      ...(point !== undefined && { successPerUsd: point.successPerUsd }),
      isCascadeAllowed: true,
      recentFailures: 0,
      explorationRate: 0,
      isCompound: false,
    },
  })
}

type TextlessParts = {
  readonly service: PolicyService
  /** Of a policy that reads no words. */
  readonly denseScorer: PolicyService['scorer']
}

type Judged = { readonly success: Float64Array; readonly usd: Float64Array | undefined }

function judgeFeatures(scorer: PolicyService['scorer'], { features }: LoggedTask): Judged | undefined {
  if (scorer === undefined || features === undefined) return undefined
  const encoded = scorer.encodeRaw(features)
  return { success: scorer.scoreEncoded(encoded).success, usd: scorer.expectedUsdOf(encoded) }
}

/** Whether a policy decides by more than the dense features. One that was trained on tasks without text has buckets for words and no weight in them. */
function readsWords(artefact: PolicyArtefact): boolean {
  const { family, success, usd } = artefact
  return (
    family !== 'linear' ||
    success.sparse.some((weight) => weight !== 0) ||
    usd?.sparse.some((weight) => weight !== 0) === true
  )
}

/** As the policy service takes it: what was learned, where that is more than nothing. */
function learnedCost(usd: number | undefined): Amount | undefined {
  return usd !== undefined && usd > 0 ? amountFromUsd(usd) : undefined
}

function choiceOf(task: LoggedTask, { candidates, plan, domain, route }: DecisionRecord): ServedChoice | undefined {
  const byModel = new Map(candidates.map((candidate) => [candidate.modelId, candidate]))
  const first = plan[0]?.modelId
  if (first === undefined) return undefined
  const planned = task.candidates.map(({ model }) => Number(model === first))
  const drawn = task.candidates.map(({ model }) => byModel.get(model)?.propensity ?? 0)
  const isDistribution = Math.abs(drawn.reduce((sum, value) => sum + value, 0) - 1) < 1e-6
  return {
    probabilities: Float64Array.from(isDistribution ? drawn : planned),
    predicted: Float64Array.from(task.candidates, ({ model }) => byModel.get(model)?.predictedSuccess ?? 0),
    domain: task.prompt === undefined ? undefined : domain,
    // An answer is held back until it is accepted on this route alone; on others it stands, and the rest of the plan is for calls that fail.
    plan: route === 'hybrid' ? plan.map(({ modelId }) => modelId) : [first],
  }
}
