import type { ModelDifficulty, ModelSpecialty, ModelTier } from './model-entry.ts'

/**
 * The facts behind `builtinModels`, read from public price lists on this day; where lists disagree the model is left out.
 */
export const LISTS_READ_ON = '2026-08-01'
export const TWO_LISTS = `LiteLLM and genai-prices lists of ${LISTS_READ_ON}`
const ONE_LIST = `genai-prices list of ${LISTS_READ_ON}`

/** A row of the table: prices are dollars per million tokens, as the lists print them. */
export type ApiRow = {
  readonly provider: string
  readonly model: string
  readonly tier: Extract<ModelTier, 'cheap_api' | 'premium_api'>
  readonly prices: readonly RowPrice[]
  readonly contextTokens: number
  readonly outputTokensMax?: number
  readonly isVisual?: boolean
  readonly lacksJsonSchema?: boolean
  readonly hasLogprobs?: boolean
  readonly specialties?: readonly ModelSpecialty[]
  readonly difficultyMax?: ModelDifficulty
  readonly aliases?: readonly string[]
}

export type RowPrice = {
  readonly input: string
  readonly output: string
  readonly cached?: string
  readonly cacheWrite?: string
  readonly above?: { readonly tokens: number; readonly input: string; readonly output: string }
  readonly from?: string
  readonly until?: string
  readonly source?: string
}

export const API_ROWS: readonly ApiRow[] = [
  {
    provider: 'openai',
    model: 'gpt-5.6-sol',
    tier: 'premium_api',
    prices: [
      {
        input: '5',
        output: '30',
        cached: '0.5',
        cacheWrite: '6.25',
        above: { tokens: 272_000, input: '10', output: '45' },
      },
    ],
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    isVisual: true,
    specialties: ['reasoning', 'code', 'math'],
    aliases: ['gpt-5.6'],
  },
  {
    provider: 'openai',
    model: 'gpt-5.4',
    tier: 'premium_api',
    prices: [{ input: '2.5', output: '15', cached: '0.25', above: { tokens: 272_000, input: '5', output: '22.5' } }],
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    isVisual: true,
    specialties: ['reasoning', 'code'],
  },
  {
    provider: 'openai',
    model: 'gpt-5.4-mini',
    tier: 'cheap_api',
    prices: [{ input: '0.75', output: '4.5', cached: '0.075' }],
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    isVisual: true,
  },
  {
    provider: 'openai',
    model: 'gpt-5.4-nano',
    tier: 'cheap_api',
    prices: [{ input: '0.2', output: '1.25', cached: '0.02' }],
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    isVisual: true,
    difficultyMax: 3,
  },
  {
    provider: 'openai',
    model: 'gpt-5-mini',
    tier: 'cheap_api',
    prices: [{ input: '0.25', output: '2', cached: '0.025' }],
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    isVisual: true,
  },
  {
    provider: 'openai',
    model: 'gpt-5-nano',
    tier: 'cheap_api',
    prices: [{ input: '0.05', output: '0.4', cached: '0.005' }],
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    isVisual: true,
    difficultyMax: 3,
  },
  {
    provider: 'openai',
    model: 'gpt-4.1',
    tier: 'premium_api',
    prices: [{ input: '2', output: '8', cached: '0.5' }],
    contextTokens: 1_047_576,
    outputTokensMax: 32_768,
    isVisual: true,
    hasLogprobs: true,
    difficultyMax: 4,
  },
  {
    provider: 'openai',
    model: 'gpt-4.1-mini',
    tier: 'cheap_api',
    prices: [{ input: '0.4', output: '1.6', cached: '0.1' }],
    contextTokens: 1_047_576,
    outputTokensMax: 32_768,
    isVisual: true,
    hasLogprobs: true,
  },
  {
    provider: 'openai',
    model: 'gpt-4o',
    tier: 'premium_api',
    prices: [{ input: '2.5', output: '10', cached: '1.25' }],
    contextTokens: 128_000,
    outputTokensMax: 16_384,
    isVisual: true,
    hasLogprobs: true,
    difficultyMax: 4,
  },
  {
    provider: 'openai',
    model: 'gpt-4o-mini',
    tier: 'cheap_api',
    prices: [{ input: '0.15', output: '0.6', cached: '0.075' }],
    contextTokens: 128_000,
    outputTokensMax: 16_384,
    isVisual: true,
    hasLogprobs: true,
    difficultyMax: 3,
  },
  {
    provider: 'anthropic',
    model: 'claude-opus-5',
    tier: 'premium_api',
    prices: [{ input: '5', output: '25', cached: '0.5', cacheWrite: '6.25' }],
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    isVisual: true,
    specialties: ['reasoning', 'code', 'math'],
  },
  {
    provider: 'anthropic',
    model: 'claude-sonnet-5',
    tier: 'premium_api',
    prices: [
      { input: '2', output: '10', cached: '0.2', cacheWrite: '2.5', until: '2026-09-01' },
      { input: '3', output: '15', from: '2026-09-01', source: ONE_LIST },
    ],
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    isVisual: true,
    specialties: ['reasoning', 'code'],
  },
  {
    provider: 'anthropic',
    model: 'claude-sonnet-4-6',
    tier: 'premium_api',
    prices: [{ input: '3', output: '15', cached: '0.3', cacheWrite: '3.75' }],
    contextTokens: 1_000_000,
    outputTokensMax: 64_000,
    isVisual: true,
    specialties: ['reasoning', 'code'],
  },
  {
    provider: 'anthropic',
    model: 'claude-haiku-4-5',
    tier: 'cheap_api',
    prices: [{ input: '1', output: '5', cached: '0.1', cacheWrite: '1.25' }],
    contextTokens: 200_000,
    outputTokensMax: 64_000,
    isVisual: true,
  },
  {
    provider: 'google',
    model: 'gemini-2.5-pro',
    tier: 'premium_api',
    prices: [{ input: '1.25', output: '10', cached: '0.125', above: { tokens: 200_000, input: '2.5', output: '15' } }],
    contextTokens: 1_048_576,
    outputTokensMax: 65_535,
    isVisual: true,
    specialties: ['reasoning', 'math'],
  },
  {
    provider: 'google',
    model: 'gemini-3.6-flash',
    tier: 'cheap_api',
    prices: [{ input: '1.5', output: '7.5', cached: '0.15' }],
    contextTokens: 1_048_576,
    outputTokensMax: 65_536,
    isVisual: true,
  },
  {
    provider: 'google',
    model: 'gemini-2.5-flash',
    tier: 'cheap_api',
    prices: [{ input: '0.3', output: '2.5', cached: '0.03' }],
    contextTokens: 1_048_576,
    outputTokensMax: 65_535,
    isVisual: true,
  },
  {
    provider: 'google',
    model: 'gemini-2.5-flash-lite',
    tier: 'cheap_api',
    prices: [{ input: '0.1', output: '0.4', cached: '0.01' }],
    contextTokens: 1_048_576,
    outputTokensMax: 65_535,
    isVisual: true,
    difficultyMax: 3,
  },
  {
    provider: 'deepseek',
    model: 'deepseek-v4-flash',
    tier: 'cheap_api',
    prices: [{ input: '0.14', output: '0.28', cached: '0.0028' }],
    contextTokens: 1_000_000,
    lacksJsonSchema: true,
  },
  {
    provider: 'deepseek',
    model: 'deepseek-v4-pro',
    tier: 'cheap_api',
    prices: [{ input: '0.435', output: '0.87', cached: '0.003625' }],
    contextTokens: 1_000_000,
    lacksJsonSchema: true,
    specialties: ['reasoning', 'code', 'math'],
  },
  {
    provider: 'mistral',
    model: 'mistral-large-2512',
    tier: 'cheap_api',
    prices: [{ input: '0.5', output: '1.5' }],
    contextTokens: 262_144,
    isVisual: true,
  },
  {
    provider: 'groq',
    model: 'llama-3.3-70b-versatile',
    tier: 'cheap_api',
    prices: [{ input: '0.59', output: '0.79' }],
    contextTokens: 128_000,
    outputTokensMax: 32_768,
    lacksJsonSchema: true,
    difficultyMax: 3,
  },
  {
    provider: 'groq',
    model: 'openai/gpt-oss-120b',
    tier: 'cheap_api',
    prices: [{ input: '0.15', output: '0.6', cached: '0.075' }],
    contextTokens: 131_072,
    outputTokensMax: 32_766,
    specialties: ['reasoning', 'math'],
  },
  {
    provider: 'xai',
    model: 'grok-4.3',
    tier: 'cheap_api',
    prices: [{ input: '1.25', output: '2.5', cached: '0.2' }],
    contextTokens: 1_000_000,
    isVisual: true,
  },
]

/** A model that Ollama serves, under the name that it has there. */
export type LocalRow = {
  readonly model: string
  readonly parametersBillions: number
  readonly contextTokens: number
  readonly isVisual?: boolean
  readonly hasTools?: boolean
  readonly specialties?: readonly ModelSpecialty[]
}

/** Open weights as Ollama names them, with the parameters their makers publish. They run here and cost nothing per token. */
export const LOCAL_ROWS: readonly LocalRow[] = [
  { model: 'qwen2.5:0.5b', parametersBillions: 0.49, contextTokens: 32_768, hasTools: true },
  { model: 'qwen3:0.6b', parametersBillions: 0.6, contextTokens: 40_960, hasTools: true },
  { model: 'gemma3:1b', parametersBillions: 1, contextTokens: 32_768 },
  { model: 'llama3.2:1b', parametersBillions: 1.24, contextTokens: 131_072, hasTools: true },
  { model: 'qwen2.5:1.5b', parametersBillions: 1.54, contextTokens: 32_768, hasTools: true },
  { model: 'qwen3:1.7b', parametersBillions: 1.7, contextTokens: 40_960, hasTools: true },
  { model: 'llama3.2:3b', parametersBillions: 3.21, contextTokens: 131_072, hasTools: true },
  {
    model: 'phi4-mini',
    parametersBillions: 3.8,
    contextTokens: 131_072,
    hasTools: true,
    specialties: ['reasoning', 'math'],
  },
  {
    model: 'qwen3:4b',
    parametersBillions: 4,
    contextTokens: 262_144,
    hasTools: true,
    specialties: ['reasoning', 'math'],
  },
  { model: 'gemma3:4b', parametersBillions: 4, contextTokens: 131_072, isVisual: true },
  { model: 'mistral:7b', parametersBillions: 7.2, contextTokens: 32_768, hasTools: true },
  { model: 'qwen2.5-coder:7b', parametersBillions: 7.6, contextTokens: 32_768, hasTools: true, specialties: ['code'] },
  { model: 'llama3.1:8b', parametersBillions: 8, contextTokens: 131_072, hasTools: true },
  {
    model: 'qwen3:8b',
    parametersBillions: 8.2,
    contextTokens: 40_960,
    hasTools: true,
    specialties: ['reasoning', 'math'],
  },
  { model: 'gemma3:12b', parametersBillions: 12, contextTokens: 131_072, isVisual: true },
  {
    model: 'qwen3:14b',
    parametersBillions: 14.8,
    contextTokens: 40_960,
    hasTools: true,
    specialties: ['reasoning', 'math'],
  },
]
