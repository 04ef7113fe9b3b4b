import type { JsonValue } from '../base/canonical-json.ts'
import { DEFAULT_TENANT } from '../base/identifiers.ts'
import { amountToUsd } from '../base/money.ts'
import { civilDateOfInstant } from '../core/models/civil-date.ts'
import { estimateTokens } from '../core/models/estimate-tokens.ts'
import { formatPolicyDecision, policyDecisionOf } from '../core/policy/policy-decision.ts'
import type { DecisionRecord } from '../core/routing/decision-record.ts'
import type { Clock } from '../ports/clock.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { PolicyInput } from '../ports/policy.ts'
import type { Random } from '../ports/random.ts'
import { conversationOf } from '../router/failure-memory.ts'
import type { JudgedTask, PolicyService, PromptScores } from '../router/policy-service.ts'
import type { ServedPolicy } from '../router/served-policy.ts'
import type { PolicyAnswer, PolicyAnswers } from './kernell-node.ts'
import { parsePolicyQuestion, type PolicyQuestion } from './policy-question.ts'

export type PolicyAnswerComponents = {
  readonly catalog: ModelCatalog
  readonly clock: Clock
  readonly random: Random
}

/** Answers `POST /v1/policy/decide`: one prompt, or many that are scored together. Throws `REQUEST_INVALID`. */
export function answerPolicyQuestion(
  policy: Pick<ServedPolicy, 'judgeAll'>,
  components: PolicyAnswerComponents,
  asked: { readonly body: JsonValue; readonly signal: AbortSignal | undefined },
): PolicyAnswer | PolicyAnswers {
  asked.signal?.throwIfAborted()
  const question = parsePolicyQuestion(asked.body)
  const inputs = question.prompts.map((prompt) => inputOf(prompt, question, components))
  const judged = policy.judgeAll(inputs)
  const answers = judged.map((task, index) =>
    answerOf(task.service, task, { ...question, prompt: inputs[index]?.prompt ?? '' }),
  )
  const [first] = answers
  return question.isMany || first === undefined ? { answers } : first
}

function inputOf(
  prompt: string,
  question: PolicyQuestion,
  { catalog, clock, random }: PolicyAnswerComponents,
): PolicyInput {
  return {
    prompt,
    candidates: catalog.available,
    excluded: [],
    fixedRoute: 'auto',
    tokensIn: estimateTokens(prompt),
    ...(question.quality !== undefined && { quality: question.quality }),
    ...(question.maxBudgetNanos !== undefined && { maxBudgetNanos: question.maxBudgetNanos }),
    today: civilDateOfInstant(clock.now()),
    priceVersion: catalog.priceVersion,
    draw: random.fraction(),
    isCascadeAllowed: true,
    recentFailures: 0,
    tenant: DEFAULT_TENANT,
    conversation: conversationOf(prompt),
  }
}

type Asked = { readonly prompt: string; readonly weakResponse?: string }

function answerOf(policy: PolicyService, { record, scores }: JudgedTask, asked: Asked): PolicyAnswer {
  return {
    decision: formatPolicyDecision(policyDecisionOf(record)),
    ...scoresOf(policy, scores, asked),
    explanation: explainDecision(record),
  }
}

/** Scores of the artefact's candidates and the router's score: the same function, and so the same bits, as in the evaluation. */
function scoresOf(
  { scorer }: PolicyService,
  scored: PromptScores | undefined,
  { prompt, weakResponse }: Asked,
): Pick<PolicyAnswer, 'scores' | 'score'> {
  if (scorer === undefined || scored === undefined) return { scores: {} }
  const { success: scores, gain } = scored
  if (weakResponse !== undefined && scorer.artefact.cascade !== undefined) {
    return { scores, score: scorer.scoreGainAfter(prompt, weakResponse) }
  }
  return gain === undefined ? { scores } : { scores, score: gain }
}

/** A decision for people and programs: money as dollars, as in every JSON of the contract. */
export function explainDecision(record: DecisionRecord): JsonValue {
  const {
    candidates,
    expectedCostNanos,
    maxBudgetNanos,
    rule,
    featureHash,
    features: _features,
    served,
    ...rest
  } = record
  return {
    ...rest,
    feature_hash: featureHash ?? null,
    expected_cost_usd: expectedCostNanos === undefined ? null : amountToUsd(expectedCostNanos),
    max_budget_usd: maxBudgetNanos === undefined ? null : amountToUsd(maxBudgetNanos),
    rule: rule === undefined ? null : { ...rule },
    served: served === undefined ? null : { ...served },
    candidates: candidates.map(({ expectedCostNanos: cost, ...candidate }) => ({
      ...candidate,
      expected_cost_usd: cost === undefined ? null : amountToUsd(cost),
    })),
    plan: record.plan.map((step) => ({ ...step })),
  }
}
