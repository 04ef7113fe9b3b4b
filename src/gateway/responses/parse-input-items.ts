import type { JsonValue } from '../../base/canonical-json.ts'
import type { ChatMessage, ContentPart, ToolCall } from '../../ports/language-model.ts'
import { invalidRequest } from '../invalid-request.ts'
import { isJsonArray, type JsonObject } from '../listener/parse-json-body.ts'
import { readList, readText, requireObject, requireText } from '../openai/read-members.ts'
import { CalledTools } from '../tasks/called-tools.ts'
import { readImageUrl } from '../tasks/read-image-url.ts'

export type InputItemsInit = {
  readonly messagesMax: number
  /** The conversation before. */
  readonly before: readonly ChatMessage[]
}

/**
 * Reads the items of a request for a response, and gives the whole conversation. Calls that follow each other, or what the model said
 * before them, are one message.
 *
 * Throws `REQUEST_INVALID` naming the item, for results of calls that nobody made, and for items and contents that no adapter can carry.
 */
export function parseInputItems(input: JsonValue | undefined, init: InputItemsInit): readonly ChatMessage[] {
  const messages: ChatMessage[] = [...init.before]
  const called = new CalledTools()
  for (const message of messages) called.add(message, 'input')
  if (typeof input === 'string') messages.push({ role: 'user', content: input })
  else {
    const items = readList(input, 'input')
    if (items === undefined || items.length === 0)
      throw invalidRequest('input', 'input must be a string, or a list with at least one item')
    for (const [index, value] of items.entries()) {
      const param = `input[${index}]`
      const message = parseItem(requireObject(value, param), param)
      if (message === undefined) continue
      called.add(message, `${param}.call_id`)
      addMessage(messages, message)
    }
  }
  if (messages.length > init.messagesMax)
    throw invalidRequest('input', `The conversation holds more than ${init.messagesMax} messages`)
  if (messages.length === 0) throw invalidRequest('input', 'input must hold at least one message')
  return messages
}

/** One turn of a model is one message to the providers, in as many items as it was said. */
function addMessage(messages: ChatMessage[], message: ChatMessage): void {
  const last = messages.at(-1)
  const isCall = message.role === 'assistant' && message.content === null
  if (last?.role !== 'assistant' || !isCall) messages.push(message)
  else messages[messages.length - 1] = { ...last, toolCalls: [...(last.toolCalls ?? []), ...(message.toolCalls ?? [])] }
}

/** `undefined` for what a model thought: nobody but the one that did can read it. */
function parseItem(item: JsonObject, param: string): ChatMessage | undefined {
  switch (item['type']) {
    case undefined:
    case null:
    case 'message':
      return parseMessage(item, param)
    case 'function_call':
      return { role: 'assistant', content: null, toolCalls: [parseCall(item, param)] }
    case 'function_call_output':
      return {
        role: 'tool',
        toolCallId: requireText(item['call_id'], `${param}.call_id`),
        content: textOf(item['output'], `${param}.output`),
      }
    case 'reasoning':
      return undefined
    case 'item_reference':
      throw invalidRequest(`${param}.type`, 'Items are not kept one by one; send the item, or previous_response_id')
    default:
      throw invalidRequest(
        `${param}.type`,
        `${param}.type must be message, function_call, function_call_output or reasoning`,
      )
  }
}

function parseCall(item: JsonObject, param: string): ToolCall {
  return {
    id: requireText(item['call_id'], `${param}.call_id`),
    name: requireText(item['name'], `${param}.name`),
    arguments: readText(item['arguments'], `${param}.arguments`) ?? '',
  }
}

function parseMessage(item: JsonObject, param: string): ChatMessage {
  const content = item['content']
  switch (item['role']) {
    case 'system':
    case 'developer':
    case 'assistant':
      return { role: item['role'], content: textOf(content, `${param}.content`) }
    case 'user': {
      if (typeof content === 'string') return { role: 'user', content }
      const list = readList(content, `${param}.content`)
      if (list === undefined || list.length === 0)
        throw invalidRequest(`${param}.content`, `${param}.content must be a string or a non-empty array of parts`)
      return { role: 'user', content: list.map((part, index) => parsePart(part, `${param}.content[${index}]`)) }
    }
    default:
      throw invalidRequest(`${param}.role`, `${param}.role must be system, developer, user or assistant`)
  }
}

function parsePart(value: JsonValue, param: string): ContentPart {
  const part = requireObject(value, param)
  if (part['type'] === 'input_text') return { type: 'text', text: requirePartText(part['text'], `${param}.text`) }
  if (part['type'] !== 'input_image')
    throw invalidRequest(
      `${param}.type`,
      `${param}.type must be input_text or input_image; other kinds of content are not passed on`,
    )
  const url = readImageUrl(part['image_url'], `${param}.image_url`)
  const detail = readText(part['detail'], `${param}.detail`)
  if (detail === undefined) return { type: 'image', url }
  if (detail !== 'auto' && detail !== 'low' && detail !== 'high')
    throw invalidRequest(`${param}.detail`, `${param}.detail must be auto, low or high`)
  return { type: 'image', url, detail }
}

/** Content that can only be text: a string, or parts of it, which are joined without a separator. */
function textOf(value: JsonValue | undefined, param: string): string {
  if (typeof value === 'string') return value
  if (!isJsonArray(value)) throw invalidRequest(param, `${param} must be a string or an array of text parts`)
  let text = ''
  for (const [index, item] of value.entries()) {
    const part = requireObject(item, `${param}[${index}]`)
    if (part['type'] === 'refusal') text += requirePartText(part['refusal'], `${param}[${index}].refusal`)
    else if (part['type'] === 'input_text' || part['type'] === 'output_text')
      text += requirePartText(part['text'], `${param}[${index}].text`)
    else throw invalidRequest(`${param}[${index}].type`, `${param}[${index}].type must be a kind of text`)
  }
  return text
}

function requirePartText(value: JsonValue | undefined, param: string): string {
  if (typeof value !== 'string') throw invalidRequest(param, `${param} must be a string`)
  return value
}
