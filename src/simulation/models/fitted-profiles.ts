import type { KindFacts, KindProfile, LatencyProfile, ModelProfile, TaskKind } from './model-profile.ts'

/**
 * Where the figures of the fitted models come from; part of every report that was played with them.
 *
 * Quality: shares of right answers on 1,600 zero-shot rows of RouterBench (Hu et al. 2024, withmartian/routerbench, by way of RouterDC @ 0e63989c:
 * ARC-challenge 739, WinoGrande 640, MBPP 221). Prices: the providers' lists of that time (LiteLLM and Portkey of 2026-08). Lengths: of MBPP the
 * log-normal that what was charged leaves for the answer, less the prompt at a quarter token a character; of the two others a letter or a digit, which
 * what was charged cannot tell from nothing. How far models fail together: the mean of phi over its largest possible value, over all pairs of models.
 */
export const FITTED_SOURCE = {
  quality: 'measured: RouterBench zero-shot rows (ARC-challenge 739, WinoGrande 640, MBPP 221), arXiv:2403.12031',
  cost: 'measured: what RouterBench was charged, as prices per token and lengths of answers',
  latency: 'assumed: the recorded data has none; medians and spread were set by hand',
  caught: 'assumed: half of the wrong answers have a defect that a check can see, as policies assume',
} as const

/** Share of wrong answers that show a defect of form. The recorded data does not tell; the same that policies count with. */
export const DEFECT_SHARE = 0.5

export const KIND_FACTS: Readonly<Record<TaskKind, KindFacts>> = {
  choice: { shared: 0.769, weight: 0.462 },
  commonsense: { shared: 0.565, weight: 0.4 },
  code: { shared: 0.784, weight: 0.138 },
}

/** Assumed, like all of them: what such services answer within by order of magnitude. */
const LARGE: LatencyProfile = { firstMs: 700, tokenMs: 30, deviation: 0.35 }
const MIDDLE: LatencyProfile = { firstMs: 400, tokenMs: 15, deviation: 0.35 }
const SMALL: LatencyProfile = { firstMs: 250, tokenMs: 10, deviation: 0.35 }

/** A letter or a digit with what stands around it. */
const CHOICE_TOKENS = { mean: 1.1, deviation: 0.2 } as const

/**
 * Models whose quality, prices and lengths of answers were fitted to recorded outcomes, the premium one first; scenarios with models
 * take them. `FITTED_SOURCE` says which figures were measured and which are assumed.
 */
export const FITTED_MODELS: readonly ModelProfile[] = [
  {
    id: 'openai/gpt-4-1106-preview',
    tier: 'premium_api',
    usdIn: 10,
    usdOut: 30,
    kinds: kinds([0.95, 0.852, 0.729], { mean: 5.65, deviation: 0.39 }),
    latency: LARGE,
  },
  {
    id: 'openai/gpt-3.5-turbo-1106',
    tier: 'cheap_api',
    usdIn: 1,
    usdOut: 2,
    kinds: kinds([0.82, 0.645, 0.688], { mean: 4.98, deviation: 0.4 }),
    latency: MIDDLE,
  },
  {
    id: 'anthropic/claude-instant-v1',
    tier: 'cheap_api',
    usdIn: 0.8,
    usdOut: 2.4,
    kinds: kinds([0.839, 0.509, 0.62], { mean: 5.22, deviation: 0.34 }),
    latency: MIDDLE,
  },
  {
    id: 'together/mixtral-8x7b-chat',
    tier: 'cheap_api',
    usdIn: 0.6,
    usdOut: 0.6,
    kinds: kinds([0.844, 0.681, 0.561], { mean: 5.51, deviation: 0.46 }),
    latency: MIDDLE,
  },
  {
    id: 'together/mistral-7b-chat',
    tier: 'cheap_api',
    usdIn: 0.2,
    usdOut: 0.2,
    kinds: kinds([0.679, 0.553, 0.339], { mean: 5.27, deviation: 0.41 }),
    latency: SMALL,
  },
]

function kinds(
  [choice, commonsense, code]: readonly [number, number, number],
  codeTokens: KindProfile['tokensOut'],
): ModelProfile['kinds'] {
  return {
    choice: { right: choice, tokensOut: CHOICE_TOKENS },
    commonsense: { right: commonsense, tokensOut: CHOICE_TOKENS },
    code: { right: code, tokensOut: codeTokens },
  }
}
