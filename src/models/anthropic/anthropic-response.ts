import type { DecodedAnswer } from '../http-language-model.ts'
import type { FinishReason, ModelUsage, ToolCall } from '../../ports/language-model.ts'
import { asRecord, asString, asTokenCount, type JsonRecord } from '../json-access.ts'

/** Shown as the refusal when the model says nothing else: the interface marks refusals by the stop reason alone. */
export const REFUSAL_WITHOUT_TEXT = 'The model declined to answer.'

/** Reads a message; `undefined` when it is not one. */
export function decodeAnthropicMessage(body: unknown): DecodedAnswer | undefined {
  const record = asRecord(body)
  if (record === undefined || !Array.isArray(record['content'])) return undefined
  let text = ''
  const toolCalls: ToolCall[] = []
  for (const item of record['content']) {
    const block = asRecord(item)
    if (block?.['type'] === 'text') text += asString(block['text']) ?? ''
    if (block?.['type'] !== 'tool_use') continue
    const id = asString(block['id'])
    const name = asString(block['name'])
    if (id === undefined || name === undefined) return undefined
    toolCalls.push({ id, name, arguments: JSON.stringify(block['input'] ?? {}) })
  }
  const servedModel = asString(record['model'])
  const isRefused = record['stop_reason'] === 'refusal'
  const stopSequence = asString(record['stop_sequence'])
  return {
    text: isRefused ? '' : text,
    toolCalls,
    finishReason: decodeStopReason(record['stop_reason']),
    usage: decodeAnthropicUsage(asRecord(record['usage'])),
    ...(isRefused && { refusal: text === '' ? REFUSAL_WITHOUT_TEXT : text }),
    ...(servedModel !== undefined && { servedModel }),
    ...(stopSequence !== undefined && { stopSequence }),
  }
}

export function decodeStopReason(reason: unknown): FinishReason {
  switch (reason) {
    case 'end_turn':
    case 'stop_sequence':
      return 'stop'
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length'
    case 'tool_use':
      return 'tool-calls'
    case 'refusal':
      return 'content-filter'
    default:
      return 'unknown'
  }
}

/** Reads usage. The interface counts cached and written input apart from `input_tokens`; the port counts them in. Counts that cannot be true are no counts. */
export function decodeAnthropicUsage(usage: JsonRecord | undefined): ModelUsage | undefined {
  const plain = asTokenCount(usage?.['input_tokens'])
  const tokensOut = asTokenCount(usage?.['output_tokens'])
  if (usage === undefined || plain === undefined || tokensOut === undefined) return undefined
  const cachedTokensIn = asTokenCount(usage['cache_read_input_tokens']) ?? 0
  const written = asTokenCount(usage['cache_creation_input_tokens']) ?? 0
  return {
    tokensIn: plain + cachedTokensIn + written,
    tokensOut,
    cachedTokensIn,
    ...(written > 0 && { cacheWriteTokensIn: written }),
    isEstimated: false,
  }
}

/** HTTP statuses of the error types that may arrive inside a stream. */
const STATUS_OF_ERROR: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
}

export function statusOfErrorType(type: string): number {
  return STATUS_OF_ERROR[type] ?? 500
}
