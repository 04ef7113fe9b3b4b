import type { FinishReason, ModelAnswer, ModelStreamPart, ModelUsage, ToolCall } from '../ports/language-model.ts'

/** The parts in which a provider could have streamed an answer: its text in `textPieceCount` pieces, then refusal, calls and the finish. */
export function partsOfAnswer(answer: ModelAnswer, textPieceCount = 1): readonly ModelStreamPart[] {
  const parts: ModelStreamPart[] = []
  const size = Math.max(1, Math.ceil(answer.text.length / textPieceCount))
  for (let start = 0; start < answer.text.length; start += size) {
    parts.push({ type: 'text-delta', text: answer.text.slice(start, start + size) })
  }
  if (answer.refusal !== undefined) parts.push({ type: 'refusal-delta', text: answer.refusal })
  for (const [index, call] of answer.toolCalls.entries()) {
    parts.push({ type: 'tool-call-delta', index, id: call.id, name: call.name, argumentsText: call.arguments })
  }
  const { finishReason, usage, servedModel } = answer
  parts.push({ type: 'finish', finishReason, usage, ...(servedModel !== undefined && { servedModel }) })
  return parts
}

/** The whole answer that streamed parts add up to. Throws `TypeError` when they do not end with a finish. */
export function answerOfParts(parts: Iterable<ModelStreamPart>): ModelAnswer {
  let text = ''
  let refusal: string | undefined
  let finish:
    | { readonly finishReason: FinishReason; readonly usage: ModelUsage; readonly servedModel?: string }
    | undefined
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const part of parts) {
    if (part.type === 'text-delta') text += part.text
    else if (part.type === 'refusal-delta') refusal = (refusal ?? '') + part.text
    else if (part.type === 'finish') finish = part
    else {
      const call = (calls[part.index] ??= { id: '', name: '', arguments: '' })
      call.id ||= part.id ?? ''
      call.name ||= part.name ?? ''
      call.arguments += part.argumentsText
    }
  }
  if (finish === undefined) throw new TypeError('The parts of an answer end with a finish')
  const { finishReason, usage, servedModel } = finish
  const toolCalls: readonly ToolCall[] = calls
  return {
    text,
    toolCalls,
    finishReason,
    usage,
    ...(refusal !== undefined && { refusal }),
    ...(servedModel !== undefined && { servedModel }),
  }
}
