import { sha256HexOfBytes, type Sha256HexOfBytes } from '../base/sha256.ts'
import { createRiskDetector } from '../core/policy/risk-detection.ts'
import { chooseRoute } from '../core/policy/choose-route.ts'
import { expectedTokensOut } from '../core/policy/expected-outcome.ts'
import { floatBytes } from '../core/policy/float-text.ts'
import { policyVersionOf, type PolicyArtefact } from '../core/policy/policy-artefact.ts'
import { createPolicyScorer, type PolicyScorer, type PolicyScores } from '../core/policy/policy-scorer.ts'
import { createFeatureExtractor } from '../core/policy/prompt-features.ts'
import { profileTask, type TaskProfile } from '../core/policy/task-profile.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { ExplorationRule } from '../core/policy/exploration/exploration-rule.ts'
import {
  createRegretLedger,
  REGRET_LIMITS_DEFAULT,
  type RegretLedger,
  type RegretLimits,
} from '../core/policy/exploration/regret-account.ts'
import type { DecisionRecord, DecisionRule } from '../core/routing/decision-record.ts'
import type { Policy, PolicyInput } from '../ports/policy.ts'
import type { PolicyKernel } from '../ports/policy-kernel.ts'
import { createBatchScorer } from './batch-scorer.ts'
import { candidatesOf, createJudge, type Prescored } from './judge-candidates.ts'

export type PolicyServiceInit = {
  /** A trained policy; absent: the documented priors. */
  readonly artefact?: PolicyArtefact
  /** Least predicted chance of an accepted answer where the caller does not say, 0 to 1. */
  readonly quality: number
  /** Share of the best single model's quality to trade for, where the artefact has such a point and the caller sets no bound. */
  readonly qualityShare?: number
  /** Share of decisions that try another candidate, 0 to 1, within `REGRET_LIMITS_DEFAULT` a day; not read where `explore` says more. */
  readonly explorationRate: number
  /** How others than the best candidate are tried, and what that may cost a day. */
  readonly explore?: Omit<ExplorationRule, 'regretLeft'> & RegretLimits
}

/** Version that decisions carry when nothing was trained. */
export const PRIORS_VERSION = 'priors-1'

/** The policy of a node: pure decisions at once, the same for the same input. One call at a time. */
export type PolicyService = Omit<Policy, 'decide'> & {
  /** Scores of the artefact; `undefined` on priors. */
  readonly scorer: PolicyScorer | undefined
  decide(input: PolicyInput): DecisionRecord
  /** The decision that `decide` would make, for nobody's answer: nothing is given up by it, so nothing of the day's limits is used up. */
  decideUnserved(input: PolicyInput): DecisionRecord
  /** Decisions for many tasks at once with what they were made from: scored together, the same as one by one. */
  judgeAll(inputs: readonly PolicyInput[]): readonly JudgedTask[]
  /** What the artefact says of a prompt, by its own candidate names; `undefined` on priors. */
  scorePrompt(prompt: string): PromptScores | undefined
  /** P(right) of an answer that a model gave, where the artefact has learned to read that model's answers; else `undefined`. */
  answerSuccess(entry: ModelEntry, answered: { readonly prompt: string; readonly answer: string }): number | undefined
}

export type JudgedTask = {
  readonly record: DecisionRecord
  /** `undefined` on priors. */
  readonly scores: PromptScores | undefined
}

export type PromptScores = {
  /** P(right answer) by candidate name. */
  readonly success: Readonly<Record<string, number>>
  /** What the strong candidate is expected to gain over the weak one; `undefined` where the artefact has no pair. */
  readonly gain: number | undefined
}

/** A native hash where the platform has one; it gives what `sha256HexOfBytes` gives. */
export type PolicyServiceComponents = {
  readonly hashBytes: Sha256HexOfBytes
  /** Scores batches; absent: the TypeScript twin does. */
  readonly kernel?: PolicyKernel
  /** What exploration gave up today, shared by the policies of a node; absent: the service's own. */
  readonly regrets?: RegretLedger
}

export function createPolicyService(
  init: PolicyServiceInit,
  components: PolicyServiceComponents = { hashBytes: sha256HexOfBytes },
): PolicyService {
  const extractor = createFeatureExtractor()
  const risks = createRiskDetector()
  const { artefact } = init
  const scorer = artefact === undefined ? undefined : createPolicyScorer({ artefact, extractor })
  const places = new Map(artefact?.candidates.map((name, place) => [name, place]))
  const version = artefact === undefined ? PRIORS_VERSION : policyVersionOf(artefact)
  const batches = scorer === undefined ? undefined : createBatchScorer(scorer, components.kernel)
  const namedScores = ({ success, gain }: PolicyScores): PromptScores => ({
    success: Object.fromEntries((artefact?.candidates ?? []).map((name, place) => [name, success[place] ?? 0])),
    gain,
  })
  const isUnsure = init.explore !== undefined && init.explore.method !== 'epsilon'
  const judge = createJudge(scorer, isUnsure)
  const { regrets = createRegretLedger() } = components
  const decideWith = (input: PolicyInput, scored?: Prescored): DecisionRecord => {
    const features = extractor.extract(input.prompt)
    const profile = profileTask(features.scan)
    const featureHash = components.hashBytes(floatBytes(features.dense))
    const judged = judge(features, scored)
    const risk = risks.assess(input.prompt)
    const tokensOut = expectedTokensOut(profile.difficulty, input.maxOutputTokens)
    return chooseRoute({
      risk: risk.risk,
      riskReasons: risk.findings.map(({ area, words }) => `${area}: ${words}`),
      difficulty: profile.difficulty,
      domain: profile.domain,
      candidates: candidatesOf({ input, profile, tokensOut, judged, isUnsure }, (entry) => placeOf(places, entry)),
      expectedTokensOut: tokensOut,
      maxBudgetNanos: input.maxBudgetNanos,
      policyVersion: version,
      priceVersion: input.priceVersion,
      scorer: input.candidates.some((entry) => placeOf(places, entry) !== undefined)
        ? (scored?.implementation ?? 'typescript')
        : 'priors',
      featureHash,
      // The extractor overwrites its own at the next prompt.
      features: features.dense.slice(),
      draw: input.draw,
      rule: ruleOf(init, input, { profile, regrets }),
    })
  }
  return {
    version,
    scorer,
    decide(input) {
      const record = decideWith(input)
      if (record.exploration !== undefined) regrets.book(record.exploration, input.today)
      return record
    },
    decideUnserved: (input) => decideWith(input),
    judgeAll(inputs) {
      const scored = batches?.score(inputs.map(({ prompt }) => prompt))
      return inputs.map((input, index) => {
        const scores = scored?.scores[index]
        if (scored === undefined || scores === undefined) return { record: decideWith(input), scores: undefined }
        const { implementation } = scored
        return { record: decideWith(input, { success: scores.success, implementation }), scores: namedScores(scores) }
      })
    },
    answerSuccess(entry, { prompt, answer }) {
      const of = artefact?.cascade?.of
      return of === undefined || placeOf(places, entry) !== of ? undefined : scorer?.answerSuccess(prompt, answer)
    },
    scorePrompt: (prompt) => (scorer === undefined ? undefined : namedScores(scorer.score(prompt))),
  }
}

/** The artefact's candidate that a registry entry is: by `policyAs`, else by model name or id. */
function placeOf(places: ReadonlyMap<string, number>, entry: ModelEntry): number | undefined {
  if (entry.policyAs !== undefined) return places.get(entry.policyAs)
  return places.get(entry.model) ?? places.get(entry.id)
}

type Facts = { readonly profile: TaskProfile; readonly regrets: RegretLedger }

function ruleOf(init: PolicyServiceInit, input: PolicyInput, { profile, regrets }: Facts): DecisionRule {
  const point = input.quality === undefined ? operatingPoint(init) : undefined
  const explore = explorationOf(init)
  return {
    fixedRoute: input.fixedRoute,
    quality: input.quality ?? init.quality,
    ...(input.quality !== undefined && { isQualityAsked: true }),
    ...(point !== undefined && { successPerUsd: point }),
    isCascadeAllowed: input.isCascadeAllowed,
    recentFailures: input.recentFailures,
    explorationRate: init.explorationRate,
    ...(input.peers !== undefined && { peers: input.peers }),
    ...(explore !== undefined && { explore: exploreRule(explore, regrets, input) }),
    isCompound: profile.isCompound,
  }
}

/** A share alone is a floor: whoever names no limit has the default ones. */
function explorationOf({ explore, explorationRate: floor }: PolicyServiceInit): PolicyServiceInit['explore'] {
  if (explore !== undefined || floor <= 0) return explore
  return { method: 'epsilon', floor, contenders: 0, width: 0, ...REGRET_LIMITS_DEFAULT }
}

function exploreRule(
  { method, floor, contenders, width, ...limits }: NonNullable<PolicyServiceInit['explore']>,
  regrets: RegretLedger,
  { today }: PolicyInput,
): ExplorationRule {
  return { method, floor, contenders, width, regretLeft: regrets.left(limits, today) }
}

function operatingPoint({ artefact, qualityShare }: PolicyServiceInit): number | undefined {
  if (qualityShare === undefined) return undefined
  return artefact?.operatingPoints.find((point) => point.qualityShare === qualityShare)?.successPerUsd
}
