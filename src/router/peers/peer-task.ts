import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { AcceptancePredicate } from '../../core/acceptance/acceptance-predicate.ts'
import { estimateTokens } from '../../core/models/estimate-tokens.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import type { ModelAnswer, ModelRequest } from '../../ports/language-model.ts'
import { textOf } from '../request-facts.ts'

/**
 * A question as it is sold and bought: the texts of its messages and how long the answer may be, and nothing else of the request. Sellers get no name of the caller, no task id and
 * no member that is meant for a provider.
 */
const FORMAT = 'kernell/chat-task/1'
const RESULT_FORMAT = 'kernell/chat-answer/1'
const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()
/** Longest answer that is taken. */
const RESULT_BYTES_MAX = 262_144
const FINISH_REASONS = ['stop', 'length'] as const

/** What both sides check of an answer: that there is one, in its form. Whether it is right is seen after it is paid for. */
export const ANSWER_PREDICATE: AcceptancePredicate = {
  kind: 'all',
  of: [
    { kind: 'size-within', artifact: 'result', minBytes: 1, maxBytes: RESULT_BYTES_MAX },
    {
      kind: 'json-schema',
      artifact: 'result',
      schema: {
        type: 'object',
        required: ['format', 'text', 'finishReason'],
        properties: {
          format: { const: RESULT_FORMAT },
          text: { type: 'string', minLength: 1 },
          finishReason: { enum: [...FINISH_REASONS] },
        },
      },
    },
  ],
}

export function encodePeerTask({ messages, maxOutputTokens }: ModelRequest): Uint8Array {
  const texts = messages.map((message) => ({ role: message.role, content: textOf(message) }))
  return ENCODER.encode(
    canonicalJson({ format: FORMAT, messages: texts, ...(maxOutputTokens !== undefined && { maxOutputTokens }) }),
  )
}

/** Reads what a buyer sent. Throws `REQUEST_INVALID`. */
export function decodePeerTask(input: Uint8Array): Pick<ModelRequest, 'messages' | 'maxOutputTokens'> {
  const { format, messages, maxOutputTokens } = membersOf(input)
  const isMessage = (
    value: unknown,
  ): value is { readonly role: 'system' | 'user' | 'assistant'; readonly content: string } => {
    const { role, content } = (value ?? {}) as { readonly role?: unknown; readonly content?: unknown }
    return typeof content === 'string' && (role === 'system' || role === 'user' || role === 'assistant')
  }
  const isSound = format === FORMAT && Array.isArray(messages) && messages.length > 0 && messages.every(isMessage)
  if (!isSound) throw new CodedError('REQUEST_INVALID', { message: `The input is no ${FORMAT}` })
  const isBounded = Number.isSafeInteger(maxOutputTokens) && Number(maxOutputTokens) > 0
  return { messages, ...(isBounded && { maxOutputTokens: Number(maxOutputTokens) }) }
}

export function encodePeerAnswer({ text, finishReason }: Pick<ModelAnswer, 'text' | 'finishReason'>): Uint8Array {
  const reason = finishReason === 'length' ? 'length' : 'stop'
  return ENCODER.encode(canonicalJson({ format: RESULT_FORMAT, text, finishReason: reason }))
}

/** Reads what a seller delivered; tokens are counted here, since no seller's count is believed. Throws `MODEL_ANSWER_MALFORMED`. */
export function decodePeerAnswer(result: Uint8Array, request: ModelRequest): Omit<ModelAnswer, 'purchase'> {
  const { format, text, finishReason } = membersOf(result)
  const reason = FINISH_REASONS.find((known) => known === finishReason)
  if (format !== RESULT_FORMAT || typeof text !== 'string' || reason === undefined)
    throw new CodedError('MODEL_ANSWER_MALFORMED', { message: `What the peer delivered is no ${RESULT_FORMAT}` })
  const asked = request.messages.reduce((sum, message) => sum + estimateTokens(textOf(message)), 0)
  return {
    text,
    toolCalls: [],
    finishReason: reason,
    usage: { tokensIn: asked, tokensOut: estimateTokens(text), cachedTokensIn: 0, isEstimated: true },
  }
}

function membersOf(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes) ?? '')
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, JsonValue>>) : {}
  } catch {
    return {}
  }
}
