import type { FinishReason, ModelAnswer, ModelUsage, ToolCall } from '../../ports/language-model.ts'
import type { RouteResult } from '../../ports/router.ts'
import { formatLogprobs } from './format-logprobs.ts'

const FINISH_WORDS: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  // The interface has no word for it, and clients take an absent reason for a broken answer.
  unknown: 'stop',
}

/** The interface's word for why an answer ended. */
export function formatFinishReason(reason: FinishReason): string {
  return FINISH_WORDS[reason]
}

export type UsageBody = {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly prompt_tokens_details: { readonly cached_tokens: number }
  readonly completion_tokens_details?: { readonly reasoning_tokens: number }
}

/** Tokens as the interface writes them. */
export function formatUsage(usage: ModelUsage): UsageBody {
  return {
    prompt_tokens: usage.tokensIn,
    completion_tokens: usage.tokensOut,
    total_tokens: usage.tokensIn + usage.tokensOut,
    prompt_tokens_details: { cached_tokens: usage.cachedTokensIn },
    ...(usage.reasoningTokensOut !== undefined && {
      completion_tokens_details: { reasoning_tokens: usage.reasoningTokensOut },
    }),
  }
}

/**
 * Body of a whole answer. `createdS` is in seconds since the epoch.
 *
 * Written as text: the shape never varies, and walking an object of it takes several times as long as filling the gaps.
 */
export function formatChatCompletion(result: RouteResult, createdS: number): string {
  return formatCompletion(result, formatChoice(result.answer, 0), createdS)
}

/** Body of several answers to one request. `sum` is what they were together. */
export function formatChoices(results: readonly RouteResult[], sum: RouteResult, createdS: number): string {
  const choices = results.map(({ answer }, index) => formatChoice(answer, index))
  return formatCompletion(sum, choices.join(','), createdS)
}

function formatChoice(answer: ModelAnswer, index: number): string {
  const hasCalls = answer.toolCalls.length > 0
  const isSilent = answer.text === '' && (hasCalls || answer.refusal !== undefined)
  const content = isSilent ? 'null' : JSON.stringify(answer.text)
  const refusal = answer.refusal === undefined ? 'null' : JSON.stringify(answer.refusal)
  const toolCalls = hasCalls ? `,"tool_calls":${JSON.stringify(answer.toolCalls.map(formatToolCall))}` : ''
  const message = `{"role":"assistant","content":${content},"refusal":${refusal}${toolCalls}}`
  const logprobs = answer.logprobs === undefined ? 'null' : formatLogprobs(answer.logprobs)
  return `{"index":${index},"message":${message},"logprobs":${logprobs},"finish_reason":"${formatFinishReason(answer.finishReason)}"}`
}

function formatCompletion(result: RouteResult, choices: string, createdS: number): string {
  const { answer } = result
  const model = JSON.stringify(answer.servedModel ?? result.modelId)
  const id = JSON.stringify(`chatcmpl-${result.taskId}`)
  const usage = JSON.stringify(formatUsage(answer.usage))
  return `{"id":${id},"object":"chat.completion","created":${createdS},"model":${model},"choices":[${choices}],"usage":${usage},"system_fingerprint":null}`
}

function formatToolCall(call: ToolCall): {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
} {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }
}
