import type { JsonValue } from '../../base/canonical-json.ts'
import type { ChatMessage, ContentPart, ToolCall } from '../../ports/language-model.ts'
import { invalidRequest } from '../invalid-request.ts'
import { isJsonArray, type JsonObject } from '../listener/parse-json-body.ts'
import { CalledTools } from '../tasks/called-tools.ts'
import { readImageUrl } from '../tasks/read-image-url.ts'
import { readList, readObject, readText, requireObject, requireText } from './read-members.ts'

/**
 * Reads the conversation of a chat request.
 *
 * @param messagesMax  More messages are refused.
 *
 * Throws `REQUEST_INVALID` naming the message and the member, for the result of a tool that no message before it called, and for what no adapter can carry: audio, files, and the roles and calls of
 * the interface before tools (`function`, `function_call`).
 */
export function parseChatMessages(value: JsonValue | undefined, messagesMax: number): readonly ChatMessage[] {
  const list = readList(value, 'messages')
  if (list === undefined || list.length === 0)
    throw invalidRequest('messages', 'messages must hold at least one message')
  if (list.length > messagesMax) throw invalidRequest('messages', `messages holds more than ${messagesMax} messages`)
  const messages: ChatMessage[] = []
  const called = new CalledTools()
  for (let index = 0; index < list.length; index += 1) {
    const message = parseMessage(list[index], `messages[${index}]`)
    called.add(message, `messages[${index}].tool_call_id`)
    messages.push(message)
  }
  return messages
}

function parseMessage(value: JsonValue | undefined, param: string): ChatMessage {
  const message = requireObject(value, param)
  switch (message['role']) {
    case 'system':
    case 'developer':
      return { role: message['role'], content: parsePlainContent(message['content'], `${param}.content`) }
    case 'user':
      return parseUserMessage(message, param)
    case 'assistant':
      return parseAssistantMessage(message, param)
    case 'tool':
      return {
        role: 'tool',
        content: parsePlainContent(message['content'], `${param}.content`),
        toolCallId: requireText(message['tool_call_id'], `${param}.tool_call_id`),
      }
    case 'function':
      throw invalidRequest(
        `${param}.role`,
        'The role "function" is no longer taken; send the result with the role "tool" and its tool_call_id',
      )
    default:
      throw invalidRequest(`${param}.role`, `${param}.role must be system, developer, user, assistant or tool`)
  }
}

function parseUserMessage(message: JsonObject, param: string): ChatMessage {
  const content = message['content']
  const name = readText(message['name'], `${param}.name`)
  const named = name === undefined ? {} : { name }
  if (typeof content === 'string') return { role: 'user', content, ...named }
  const list = readList(content, `${param}.content`)
  if (list === undefined || list.length === 0) {
    throw invalidRequest(`${param}.content`, `${param}.content must be a string or a non-empty array of parts`)
  }
  return {
    role: 'user',
    content: list.map((part, index) => parseUserPart(part, `${param}.content[${index}]`)),
    ...named,
  }
}

function parseUserPart(value: JsonValue, param: string): ContentPart {
  const part = requireObject(value, param)
  if (part['type'] === 'text') return { type: 'text', text: requirePartText(part['text'], `${param}.text`) }
  if (part['type'] === 'image_url') return parseImagePart(part, `${param}.image_url`)
  throw invalidRequest(
    `${param}.type`,
    `${param}.type must be text or image_url; other kinds of content are not passed on`,
  )
}

function parseImagePart(part: JsonObject, param: string): ContentPart {
  const image = requireObject(part['image_url'], param)
  const url = readImageUrl(image['url'], `${param}.url`)
  const detail = image['detail']
  if (detail === undefined || detail === null) return { type: 'image', url }
  if (detail !== 'auto' && detail !== 'low' && detail !== 'high') {
    throw invalidRequest(`${param}.detail`, `${param}.detail must be auto, low or high`)
  }
  return { type: 'image', url, detail }
}

function parseAssistantMessage(message: JsonObject, param: string): ChatMessage {
  if (message['function_call'] !== undefined && message['function_call'] !== null) {
    throw invalidRequest(`${param}.function_call`, 'function_call is no longer taken; send tool_calls')
  }
  const toolCalls = parseToolCalls(message['tool_calls'], `${param}.tool_calls`)
  const given = message['content']
  const refusal = readText(message['refusal'], `${param}.refusal`)
  if (given === undefined || given === null) {
    if (toolCalls === undefined && refusal === undefined) {
      throw invalidRequest(`${param}.content`, `${param}.content must be there unless tool_calls is`)
    }
    return { role: 'assistant', content: refusal ?? null, ...(toolCalls && { toolCalls }) }
  }
  return { role: 'assistant', content: parsePlainContent(given, `${param}.content`), ...(toolCalls && { toolCalls }) }
}

function parseToolCalls(value: JsonValue | undefined, param: string): readonly ToolCall[] | undefined {
  const list = readList(value, param)
  if (list === undefined || list.length === 0) return undefined
  return list.map((item, index) => {
    const call = requireObject(item, `${param}[${index}]`)
    if (call['type'] !== undefined && call['type'] !== 'function') {
      throw invalidRequest(`${param}[${index}].type`, `${param}[${index}].type must be function`)
    }
    const target = requireObject(call['function'], `${param}[${index}].function`)
    return {
      id: requireText(call['id'], `${param}[${index}].id`),
      name: requireText(target['name'], `${param}[${index}].function.name`),
      arguments: readText(target['arguments'], `${param}[${index}].function.arguments`) ?? '',
    }
  })
}

/** Content that can only be text: a string, or parts of type `text` (an assistant's may be `refusal`), which are joined without a separator. */
function parsePlainContent(value: JsonValue | undefined, param: string): string {
  if (typeof value === 'string') return value
  if (!isJsonArray(value)) throw invalidRequest(param, `${param} must be a string or an array of text parts`)
  let text = ''
  for (let index = 0; index < value.length; index += 1) {
    const part = readObject(value[index], `${param}[${index}]`)
    if (part?.['type'] === 'text') text += requirePartText(part['text'], `${param}[${index}].text`)
    else if (part?.['type'] === 'refusal') text += requirePartText(part['refusal'], `${param}[${index}].refusal`)
    else throw invalidRequest(`${param}[${index}].type`, `${param}[${index}].type must be text`)
  }
  return text
}

function requirePartText(value: JsonValue | undefined, param: string): string {
  if (typeof value !== 'string') throw invalidRequest(param, `${param} must be a string`)
  return value
}
