import type { FinishReason, ModelAnswer, ModelUsage } from '../../ports/language-model.ts'
import type { RouteResult } from '../../ports/router.ts'

const STOP_WORDS: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  // The interface has no word for it, and clients take an absent reason for an answer that goes on.
  unknown: 'end_turn',
}

export type StopWords = { readonly stop_reason: string; readonly stop_sequence: string | null }

/** The interface's words for why an answer ended. */
export function formatStop({
  finishReason,
  stopSequence,
}: Pick<ModelAnswer, 'finishReason' | 'stopSequence'>): StopWords {
  if (finishReason === 'stop' && stopSequence !== undefined)
    return { stop_reason: 'stop_sequence', stop_sequence: stopSequence }
  return { stop_reason: STOP_WORDS[finishReason], stop_sequence: null }
}

export type MessageUsage = {
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cache_read_input_tokens: number
  readonly cache_creation_input_tokens: number
  readonly output_tokens_details: { readonly thinking_tokens: number } | null
  readonly server_tool_use: null
}

/** The model itself asks for each call. */
export const CALLER = { type: 'direct' } as const

/** What the interface says besides, and no provider tells the node. */
export const UNTOLD = { container: null, diagnostics: null, stop_details: null } as const

/** Tokens as the interface writes them: what was read from the cache, or written to it, is not in `input_tokens`. */
export function formatMessageUsage(usage: ModelUsage): MessageUsage {
  const written = usage.cacheWriteTokensIn ?? 0
  return {
    input_tokens: Math.max(0, usage.tokensIn - usage.cachedTokensIn - written),
    output_tokens: usage.tokensOut,
    cache_read_input_tokens: usage.cachedTokensIn,
    cache_creation_input_tokens: written,
    output_tokens_details:
      usage.reasoningTokensOut === undefined ? null : { thinking_tokens: usage.reasoningTokensOut },
    server_tool_use: null,
  }
}

/** Body of a whole answer. */
export function formatMessage({ answer, taskId, modelId }: RouteResult): string {
  const text = answer.refusal ?? answer.text
  const calls = answer.toolCalls.map(({ id, name, arguments: written }) => ({
    type: 'tool_use',
    id,
    name,
    input: readInput(written),
    caller: CALLER,
  }))
  return JSON.stringify({
    id: `msg_${taskId}`,
    type: 'message',
    role: 'assistant',
    model: answer.servedModel ?? modelId,
    content: [...(text === '' ? [] : [{ type: 'text', text, citations: null }]), ...calls],
    ...formatStop(answer.refusal === undefined ? answer : { finishReason: 'content-filter' }),
    ...UNTOLD,
    usage: formatMessageUsage(answer.usage),
  })
}

/** Arguments are an object here; a text that is none is handed on as the model wrote it. */
function readInput(written: string): unknown {
  try {
    const value: unknown = JSON.parse(written === '' ? '{}' : written)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // As below.
  }
  return { unparsed: written }
}
