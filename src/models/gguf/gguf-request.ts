import type { ChatHistoryItem, Llama, LlamaGrammar } from 'node-llama-cpp'
import { CodedError } from '../../base/errors.ts'
import type { ChatMessage, ModelRequest } from '../../ports/language-model.ts'

/**
 * The conversation as the runtime takes it, with the empty answer that is to be filled.
 *
 * Throws `MODEL_REQUEST_REFUSED` for tools and images, which this adapter does not offer.
 */
export function encodeHistory(request: ModelRequest): ChatHistoryItem[] {
  if (request.tools !== undefined && request.tools.length > 0 && request.toolChoice !== 'none') throw refuse('tools')
  const history: ChatHistoryItem[] = request.messages.map(encodeMessage)
  history.push({ type: 'model', response: [] })
  return history
}

function encodeMessage(message: ChatMessage): ChatHistoryItem {
  switch (message.role) {
    case 'system':
    case 'developer':
      return { type: 'system', text: message.content }
    case 'user':
      return { type: 'user', text: textOf(message.content) }
    case 'assistant':
      if (message.toolCalls !== undefined && message.toolCalls.length > 0) throw refuse('tool calls')
      return { type: 'model', response: [message.content ?? ''] }
    case 'tool':
      throw refuse('tool results')
  }
}

function textOf(content: Extract<ChatMessage, { role: 'user' }>['content']): string {
  if (typeof content === 'string') return content
  let text = ''
  for (const part of content) {
    if (part.type === 'image') throw refuse('images')
    text += part.text
  }
  return text
}

/**
 * The grammar that keeps the answer to the wanted form. Enums, booleans, null, objects and arrays are safe; a number's grammar allows
 * exponents no double holds, so schemas that must be exact use enums.
 *
 * Throws `MODEL_REQUEST_REFUSED` for a schema that has no grammar.
 */
export async function createGrammar(request: ModelRequest, llama: Llama): Promise<LlamaGrammar | undefined> {
  const format = request.responseFormat
  if (format === undefined) return undefined
  if (format.type === 'json-object') return llama.getGrammarFor('json')
  try {
    return await llama.createGrammarForJsonSchema(format.schema as Parameters<Llama['createGrammarForJsonSchema']>[0])
  } catch (cause) {
    throw new CodedError('MODEL_REQUEST_REFUSED', {
      message: 'The JSON schema has no grammar for a local model',
      cause,
    })
  }
}

function refuse(what: string): CodedError {
  return new CodedError('MODEL_REQUEST_REFUSED', {
    message: `A GGUF model takes no ${what} here`,
    details: { missing: what },
  })
}
