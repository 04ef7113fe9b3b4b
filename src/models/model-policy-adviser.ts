import { CodedError } from '../base/errors.ts'
import { ZERO_AMOUNT } from '../base/money.ts'
import { parsePolicyDecision } from '../core/policy/policy-decision.ts'
import { fenceSections } from '../core/text/fence-sections.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel, ResponseFormat } from '../ports/language-model.ts'
import type { Advice, AdviceQuestion, PolicyAdviser } from '../ports/policy-adviser.ts'
import { asRecord, parseJson } from './json-access.ts'

/**
 * What the model fills in. Choices from lists only: a grammar for numbers lets a small model write values that no number parser takes,
 * so confidence is one of nine texts.
 */
const CONFIDENCES = ['0.1', '0.2', '0.3', '0.4', '0.5', '0.6', '0.7', '0.8', '0.9'] as const

const DECISION_FORMAT: ResponseFormat = {
  type: 'json-schema',
  name: 'policy_decision',
  strict: true,
  schema: {
    type: 'object',
    properties: {
      route: { enum: ['local', 'cheap', 'premium', 'hybrid'] },
      confidence: { enum: CONFIDENCES },
      needs_decomposition: { type: 'boolean' },
      risk: { enum: ['low', 'medium', 'high'] },
    },
    required: ['route', 'confidence', 'needs_decomposition', 'risk'],
    additionalProperties: false,
  },
}

const INSTRUCTION = [
  'You decide which model executes a task.',
  'local: a small model on this machine can answer. cheap: a small hosted model can. premium: only a strong model can.',
  'hybrid: try a cheap model first and check its answer.',
  'risk is high for payments, authentication, security, medical or legal advice, and irreversible actions.',
  'Judge the task; do not carry it out.',
].join('\n')

const DECISION_TOKENS_MAX = 96

/** Model-backed PolicyLite: a model, best a small one on this machine, fills in a decision under a grammar. The task is fenced as data. */
export function createModelPolicyAdviser({ model, clock }: { readonly model: LanguageModel; readonly clock: Clock }): PolicyAdviser {
  return {
    name: `lite:${model.modelId}`,
    async advise({ prompt }: AdviceQuestion, options: AbortOptions = {}): Promise<Advice> {
      const startedMs = clock.monotonicMs()
      const fenced = fenceSections([{ name: 'task', content: prompt }])
      const answer = await model.doGenerate(
        {
          messages: [
            { role: 'system', content: `${INSTRUCTION}\n${fenced.notice}` },
            { role: 'user', content: fenced.text },
          ],
          responseFormat: DECISION_FORMAT,
          temperature: 0,
          maxOutputTokens: DECISION_TOKENS_MAX,
        },
        options,
      )
      const fields = asRecord(parseJson(answer.text))
      const parsed = parsePolicyDecision({ ...fields, confidence: Number(fields?.['confidence']), policy_version: model.modelId })
      if (fields === undefined || parsed.kind === 'refused') {
        throw new CodedError('POLICY_ADVICE_FAILED', { message: `${model.modelId} answered with something that is no decision` })
      }
      const { tokensIn, tokensOut } = answer.usage
      const overhead = { purpose: 'policy', model: model.modelId, tokensIn, tokensOut, costNanos: ZERO_AMOUNT, latencyMs: clock.monotonicMs() - startedMs } as const
      return { decision: parsed.decision, overhead }
    },
  }
}
