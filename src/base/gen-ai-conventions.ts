/**
 * Names of OpenTelemetry's semantic conventions for generative AI, as far as the project records them. Source: the repository
 * open-telemetry/semantic-conventions-genai at 004902b8cb70aa5ae6ca4ae07132b7daabcd3e10 (`docs/gen-ai/gen-ai-metrics.md`, buckets
 * included) and 002c8a6ea1c8a42b14a4527db83b3cabcded610a (`docs/gen-ai/gen-ai-spans.md`), where their status is development. They
 * are the names of `@opentelemetry/semantic-conventions` 1.45.0 too, which a test holds them to.
 */

export const GEN_AI = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  conversationId: 'gen_ai.conversation.id',
  outputType: 'gen_ai.output.type',
  requestModel: 'gen_ai.request.model',
  requestMaxTokens: 'gen_ai.request.max_tokens',
  requestTemperature: 'gen_ai.request.temperature',
  requestTopP: 'gen_ai.request.top_p',
  requestSeed: 'gen_ai.request.seed',
  requestStream: 'gen_ai.request.stream',
  responseModel: 'gen_ai.response.model',
  responseFinishReasons: 'gen_ai.response.finish_reasons',
  responseTimeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_creation.input_tokens',
  tokenType: 'gen_ai.token.type',
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
} as const

/** `error.type` of the general conventions, which are stable. */
export const ERROR_TYPE = 'error.type'

/** Histograms; durations are in seconds. */
export const GEN_AI_METRICS = {
  clientDuration: 'gen_ai.client.operation.duration',
  clientTokens: 'gen_ai.client.token.usage',
  clientTimeToFirstChunk: 'gen_ai.client.operation.time_to_first_chunk',
  serverDuration: 'gen_ai.server.request.duration',
  serverTimeToFirstToken: 'gen_ai.server.time_to_first_token',
} as const

/** Bucket boundaries that the conventions ask for. */
export const GEN_AI_BUCKETS = {
  durationS: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
  timeToFirstTokenS: [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  tokens: [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864],
} as const

/** The conventions' own names of providers that the project calls otherwise. */
const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['google', 'gcp.gemini'],
  ['gemini', 'gcp.gemini'],
  ['mistral', 'mistral_ai'],
  ['xai', 'x_ai'],
  ['azure', 'azure.ai.openai'],
  ['bedrock', 'aws.bedrock'],
])

/** `gen_ai.provider.name` of a provider: the conventions' name where they have one, else its own. */
export function genAiProviderOf(provider: string): string {
  return PROVIDERS.get(provider) ?? provider
}
