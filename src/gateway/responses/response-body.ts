import type {
  ChatMessage,
  FinishReason,
  ModelAnswer,
  ModelUsage,
  TokenLogprob,
  ToolCall,
} from '../../ports/language-model.ts'
import type { FailureDescription } from '../describe-failure.ts'
import type { JsonObject } from '../listener/parse-json-body.ts'
import { formatLogprob } from '../openai/format-logprobs.ts'

export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'

/** What of a response is known from its beginning. */
export type ResponseHead = {
  readonly id: string
  readonly taskId: string
  /** Seconds since 1970. */
  readonly createdS: number
  readonly modelId: string
  readonly isStored: boolean
  readonly echo: JsonObject
}

export type ResponseBody = JsonObject & {
  readonly id: string
  readonly object: 'response'
  readonly status: ResponseStatus
  readonly output: readonly JsonObject[]
}

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

/** A response that goes on, or never came to an answer. */
export function openResponse(head: ResponseHead, status: ResponseStatus): ResponseBody {
  return {
    id: head.id,
    object: 'response',
    created_at: head.createdS,
    status,
    completed_at: null,
    error: null,
    incomplete_details: null,
    model: head.modelId,
    output: [],
    usage: null,
    store: head.isStored,
    ...head.echo,
  }
}

/** A response that ended without an answer. */
export function failedResponse(open: ResponseBody, { error }: FailureDescription): ResponseBody {
  const code = error.type === 'rate_limit_error' ? 'rate_limit_exceeded' : 'server_error'
  return { ...open, status: 'failed', error: { code, message: error.message, kernell_code: error.code } }
}

export type Ending = {
  readonly finishReason: FinishReason
  readonly usage: ModelUsage
  readonly servedModel?: string | undefined
  readonly output: readonly JsonObject[]
  /** Seconds since 1970. */
  readonly endedS: number
}

/** A response that has its answer. */
export function endedResponse(
  open: ResponseBody,
  { finishReason, usage, servedModel, output, endedS }: Ending,
): ResponseBody {
  const reason = reasonOfIncompleteness(finishReason)
  return {
    ...open,
    status: reason === undefined ? 'completed' : 'incomplete',
    completed_at: reason === undefined ? endedS : null,
    incomplete_details: reason === undefined ? null : { reason },
    model: servedModel ?? open['model'],
    output,
    usage: formatResponseUsage(usage),
  }
}

/** Why an answer is not whole, in the interface's words; `undefined` where it is. */
export function reasonOfIncompleteness(finishReason: FinishReason): string | undefined {
  if (finishReason === 'length') return 'max_output_tokens'
  return finishReason === 'content-filter' ? 'content_filter' : undefined
}

export function formatResponseUsage(usage: ModelUsage): JsonObject {
  return {
    input_tokens: usage.tokensIn,
    input_tokens_details: { cached_tokens: usage.cachedTokensIn, cache_write_tokens: usage.cacheWriteTokensIn ?? 0 },
    output_tokens: usage.tokensOut,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokensOut ?? 0 },
    total_tokens: usage.tokensIn + usage.tokensOut,
  }
}

/** Items of a whole answer: what was said, and what is to be called. */
export function formatOutput(answer: ModelAnswer, taskId: string): readonly JsonObject[] {
  const status = reasonOfIncompleteness(answer.finishReason) === undefined ? 'completed' : 'incomplete'
  const parts = [
    ...(answer.text === '' ? [] : [textPart(answer.text, answer.logprobs?.text)]),
    ...(answer.refusal === undefined ? [] : [refusalPart(answer.refusal)]),
  ]
  const said = parts.length === 0 ? [] : [messageItem(`msg_${taskId}_0`, status, parts)]
  const calls = answer.toolCalls.map((call, index) => callItem(`fc_${taskId}_${said.length + index}`, status, call))
  return [...said, ...calls]
}

/** What the model said in a response, as the conversation goes on with it. */
export function messagesOfOutput({ output }: ResponseBody): readonly ChatMessage[] {
  let text = ''
  const toolCalls: ToolCall[] = []
  for (const item of output) {
    if (item['type'] === 'function_call')
      toolCalls.push({ id: textIn(item, 'call_id'), name: textIn(item, 'name'), arguments: textIn(item, 'arguments') })
    else
      for (const part of (item['content'] ?? []) as readonly JsonObject[])
        text += part['type'] === 'refusal' ? textIn(part, 'refusal') : textIn(part, 'text')
  }
  if (text === '' && toolCalls.length === 0) return []
  const content = text === '' ? null : text
  return [{ role: 'assistant', content, ...(toolCalls.length > 0 && { toolCalls }) }]
}

function textIn(item: JsonObject, name: string): string {
  const value = item[name]
  return typeof value === 'string' ? value : ''
}

export function messageItem(id: string, status: ItemStatus, content: readonly JsonObject[]): JsonObject {
  return { id, type: 'message', role: 'assistant', status, content }
}

export function callItem(id: string, status: ItemStatus, call: ToolCall): JsonObject {
  return { id, type: 'function_call', status, call_id: call.id, name: call.name, arguments: call.arguments }
}

export function textPart(text: string, logprobs: readonly TokenLogprob[] = []): JsonObject {
  return { type: 'output_text', text, annotations: [], logprobs: listLogprobs(logprobs) }
}

export function refusalPart(refusal: string): JsonObject {
  return { type: 'refusal', refusal }
}

/** This interface has bytes for every token. */
export function listLogprobs(logprobs: readonly TokenLogprob[]): readonly JsonObject[] {
  return logprobs.map((logprob) => {
    const { token, bytes, top_logprobs, ...rest } = formatLogprob(logprob)
    const top = top_logprobs.map((other) => ({ ...other, bytes: other.bytes ?? bytesOf(other.token) }))
    return { token, ...rest, bytes: bytes ?? bytesOf(token), top_logprobs: top }
  })
}

function bytesOf(token: string): readonly number[] {
  return [...Buffer.from(token)]
}
