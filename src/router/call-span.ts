import { GEN_AI, genAiProviderOf } from '../base/gen-ai-conventions.ts'
import { amountToUsd, type Amount } from '../base/money.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { ChatMessage, FinishReason, ModelAnswer, ModelRequest, ModelUsage } from '../ports/language-model.ts'
import type { Span, TraceParent, Tracer } from '../ports/tracer.ts'
import type { TaskRun } from './task-run.ts'

export type CallTracing = {
  readonly tracer: Tracer
  /** Whether spans of calls carry what was asked and answered, as far as it is no secret. Absent: they do not. */
  readonly tracesContent?: boolean | undefined
}

type TracedCall = { readonly entry: ModelEntry; readonly request: ModelRequest }

/** Characters of one message list in a span; the rest is cut. */
const CONTENT_CHARACTERS_MAX = 32_768

/** Begins the span of one call of a model, below that of the task or of the check that asks. */
export function startCallSpan(
  { tracer, tracesContent }: CallTracing,
  run: TaskRun,
  call: TracedCall & { readonly isStreaming: boolean },
): Span {
  if (!tracer.isRecording) return tracer.startSpan('chat')
  const { entry, request, isStreaming } = call
  const span = tracer.startSpan(`chat ${entry.model}`, run.span, 'client')
  if (!span.isRecording) return span
  span.setAttribute(GEN_AI.operationName, 'chat')
  span.setAttribute(GEN_AI.providerName, genAiProviderOf(entry.provider))
  span.setAttribute(GEN_AI.requestModel, entry.model)
  if (isStreaming) span.setAttribute(GEN_AI.requestStream, true)
  const { conversation } = run.route.controls
  if (conversation !== undefined) span.setAttribute(GEN_AI.conversationId, conversation)
  describeSettings(span, request)
  span.setAttribute('kernell.tier', entry.tier)
  if (run.stepId !== undefined) span.setAttribute('kernell.step.id', run.stepId)
  if (tracesContent === true) span.setAttribute(GEN_AI.inputMessages, contentOf(request.messages.map(inputMessageOf)))
  return span
}

/** The trace that a call is part of, for a provider that is told; `undefined` where there is none. */
export function traceOfCall(span: Span, run: TaskRun): TraceParent | undefined {
  if (span.isRecording) return span.context
  const { traceparent, tracestate } = run.route
  if (traceparent === undefined) return undefined
  // Nothing is recorded here: the caller's own trace goes on as it came.
  return { traceparent, ...(tracestate !== undefined && { tracestate }) }
}

function describeSettings(span: Span, request: ModelRequest): void {
  const { maxOutputTokens, temperature, topP, seed, responseFormat } = request
  if (maxOutputTokens !== undefined) span.setAttribute(GEN_AI.requestMaxTokens, maxOutputTokens)
  if (temperature !== undefined) span.setAttribute(GEN_AI.requestTemperature, temperature)
  if (topP !== undefined) span.setAttribute(GEN_AI.requestTopP, topP)
  if (seed !== undefined) span.setAttribute(GEN_AI.requestSeed, seed)
  if (responseFormat !== undefined) span.setAttribute(GEN_AI.outputType, 'json')
}

export type TracedAnswer = {
  readonly answer: ModelAnswer
  /** `undefined` when the price is unknown. */
  readonly costNanos: Amount | undefined
  /** Of a stream, milliseconds from the call to its first content. */
  readonly firstPartMs?: number | undefined
}

/** Says of a call how it was answered. */
export function describeAnswer(
  span: Span,
  { tracesContent }: CallTracing,
  { answer, costNanos, firstPartMs }: TracedAnswer,
): void {
  if (!span.isRecording) return
  describeUsage(span, answer.usage)
  span.setAttribute(GEN_AI.responseFinishReasons, [finishReasonOf(answer.finishReason)])
  if (answer.servedModel !== undefined) span.setAttribute(GEN_AI.responseModel, answer.servedModel)
  if (firstPartMs !== undefined) span.setAttribute(GEN_AI.responseTimeToFirstChunk, firstPartMs / 1000)
  if (costNanos !== undefined) span.setAttribute('kernell.cost_usd', amountToUsd(costNanos))
  if (tracesContent === true) span.setAttribute(GEN_AI.outputMessages, contentOf([outputMessageOf(answer)]))
}

function describeUsage(span: Span, usage: ModelUsage): void {
  const { tokensIn, tokensOut, cachedTokensIn, cacheWriteTokensIn, isEstimated } = usage
  span.setAttribute(GEN_AI.inputTokens, tokensIn)
  span.setAttribute(GEN_AI.outputTokens, tokensOut)
  if (cachedTokensIn > 0) span.setAttribute(GEN_AI.cacheReadTokens, cachedTokensIn)
  if (cacheWriteTokensIn !== undefined) span.setAttribute(GEN_AI.cacheWriteTokens, cacheWriteTokensIn)
  if (isEstimated) span.setAttribute('kernell.usage.is_estimated', true)
}

/** The conventions spell it as providers of the interface do. */
function finishReasonOf(reason: FinishReason): string {
  return reason.replace('-', '_')
}

function contentOf(messages: readonly unknown[]): string {
  const text = JSON.stringify(messages)
  return text.length > CONTENT_CHARACTERS_MAX ? `${text.slice(0, CONTENT_CHARACTERS_MAX)}…` : text
}

function inputMessageOf(message: ChatMessage): unknown {
  const { role, content } = message
  if (message.role === 'tool')
    return { role, parts: [{ type: 'tool_call_response', id: message.toolCallId, response: content }] }
  const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : []
  return { role, parts: [...textPartsOf(content), ...calls.map(toolCallPartOf)] }
}

function textPartsOf(content: ChatMessage['content']): readonly unknown[] {
  if (content === null) return []
  if (typeof content === 'string') return [{ type: 'text', content }]
  // Images are not copied into spans.
  return content.map((part) =>
    part.type === 'text' ? { type: 'text', content: part.text } : { type: 'uri', modality: 'image' },
  )
}

function toolCallPartOf(call: { readonly id: string; readonly name: string; readonly arguments: string }): unknown {
  return { type: 'tool_call', id: call.id, name: call.name, arguments: call.arguments }
}

function outputMessageOf({ text, toolCalls, refusal, finishReason }: ModelAnswer): unknown {
  return {
    role: 'assistant',
    parts: [...textPartsOf(text === '' ? (refusal ?? null) : text), ...toolCalls.map(toolCallPartOf)],
    finish_reason: finishReasonOf(finishReason),
  }
}
