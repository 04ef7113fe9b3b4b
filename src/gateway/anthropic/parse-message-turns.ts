import type { JsonValue } from '../../base/canonical-json.ts'
import type { ChatMessage, ContentPart, ToolCall } from '../../ports/language-model.ts'
import { invalidRequest } from '../invalid-request.ts'
import { checkJsonTree, isJsonArray, type JsonObject } from '../listener/parse-json-body.ts'
import { readBoolean, readList, readText, requireObject, requireText } from '../openai/read-members.ts'
import { CalledTools } from '../tasks/called-tools.ts'
import { readImageUrl } from '../tasks/read-image-url.ts'

/**
 * Reads the turns of a Messages request. A turn of the user becomes one message for each result of a tool, and one for the rest; images of
 * results stand in the rest.
 *
 * Throws `REQUEST_INVALID` naming the block, for results of tools that no turn before called, and for blocks that no adapter can carry.
 */
export function parseMessageTurns(value: JsonValue | undefined, messagesMax: number): readonly ChatMessage[] {
  const list = readList(value, 'messages')
  if (list === undefined || list.length === 0)
    throw invalidRequest('messages', 'messages must hold at least one message')
  if (list.length > messagesMax) throw invalidRequest('messages', `messages holds more than ${messagesMax} messages`)
  const messages: ChatMessage[] = []
  const called = new CalledTools()
  for (const [index, item] of list.entries()) {
    const param = `messages[${index}]`
    for (const message of parseTurn(requireObject(item, param), param)) {
      called.add(message, `${param}.content[].tool_use_id`)
      messages.push(message)
    }
  }
  return messages
}

/** Blocks that may only be text, joined as servers join them. */
export function readTextBlocks(blocks: readonly JsonValue[], param: string): string {
  const texts = blocks.map((item, index) => {
    const block = requireObject(item, `${param}[${index}]`)
    if (block['type'] !== 'text')
      throw invalidRequest(`${param}[${index}].type`, `${param}[${index}].type must be text`)
    return requireBlockText(block['text'], `${param}[${index}].text`)
  })
  return texts.join('\n\n')
}

function parseTurn(turn: JsonObject, param: string): readonly ChatMessage[] {
  const { role, content } = turn
  if (role !== 'user' && role !== 'assistant' && role !== 'system')
    throw invalidRequest(`${param}.role`, `${param}.role must be user, assistant or system`)
  if (typeof content === 'string') return [{ role, content }]
  const blocks = readList(content, `${param}.content`)
  if (blocks === undefined) throw invalidRequest(`${param}.content`, `${param}.content must be a string or blocks`)
  if (role === 'system') return [{ role, content: readTextBlocks(blocks, `${param}.content`) }]
  const named = blocks.map((item, index) => {
    const name = `${param}.content[${index}]`
    return { block: requireObject(item, name), param: name }
  })
  return role === 'user' ? parseUserBlocks(named) : [parseAssistantBlocks(named)]
}

type NamedBlock = { readonly block: JsonObject; readonly param: string }

function parseUserBlocks(blocks: readonly NamedBlock[]): readonly ChatMessage[] {
  const results: ChatMessage[] = []
  const parts: ContentPart[] = []
  for (const { block, param } of blocks) {
    if (block['type'] === 'tool_result') {
      const { text, images } = parseToolResult(block, param)
      const toolCallId = requireText(block['tool_use_id'], `${param}.tool_use_id`)
      results.push({ role: 'tool', content: text, toolCallId })
      parts.push(...images)
    } else parts.push(parsePart(block, param))
  }
  return parts.length === 0 ? results : [...results, { role: 'user', content: parts }]
}

function parsePart(block: JsonObject, param: string): ContentPart {
  if (block['type'] === 'text') return { type: 'text', text: requireBlockText(block['text'], `${param}.text`) }
  if (block['type'] === 'image') return parseImage(block, `${param}.source`)
  throw invalidRequest(
    `${param}.type`,
    `${param}.type must be text, image or tool_result; other kinds of content are not passed on`,
  )
}

function parseImage(block: JsonObject, param: string): ContentPart {
  const source = requireObject(block['source'], param)
  if (source['type'] === 'url') return { type: 'image', url: readImageUrl(source['url'], `${param}.url`) }
  if (source['type'] !== 'base64') throw invalidRequest(`${param}.type`, `${param}.type must be base64 or url`)
  const mediaType = requireText(source['media_type'], `${param}.media_type`)
  if (!/^image\/[a-z0-9.+-]{1,64}$/.test(mediaType))
    throw invalidRequest(`${param}.media_type`, `${param}.media_type must be the type of an image`)
  return { type: 'image', url: `data:${mediaType};base64,${requireText(source['data'], `${param}.data`)}` }
}

function parseToolResult(block: JsonObject, param: string): { readonly text: string; readonly images: ContentPart[] } {
  const { content } = block
  // The other interfaces have no word for it; what failed has to be told all the same.
  const prefix = readBoolean(block['is_error'], `${param}.is_error`) === true ? 'Error: ' : ''
  if (!isJsonArray(content)) return { text: prefix + (readText(content, `${param}.content`) ?? ''), images: [] }
  const parts = content.map((item, index) => {
    const name = `${param}.content[${index}]`
    return parsePart(requireObject(item, name), name)
  })
  const texts = parts.map((part) => (part.type === 'text' ? part.text : '')).filter((text) => text !== '')
  return { text: prefix + texts.join('\n\n'), images: parts.filter(({ type }) => type === 'image') }
}

/** Thinking is left out: what answered before may have been another model, and nobody but the one that wrote it can read it. */
function parseAssistantBlocks(blocks: readonly NamedBlock[]): ChatMessage {
  const toolCalls: ToolCall[] = []
  let text = ''
  for (const { block, param } of blocks) {
    switch (block['type']) {
      case 'text':
        text += requireBlockText(block['text'], `${param}.text`)
        break
      case 'tool_use':
        toolCalls.push(parseToolUse(block, param))
        break
      case 'thinking':
      case 'redacted_thinking':
        break
      default:
        throw invalidRequest(`${param}.type`, `${param}.type must be text, tool_use or thinking`)
    }
  }
  return { role: 'assistant', content: text === '' ? null : text, ...(toolCalls.length > 0 && { toolCalls }) }
}

function parseToolUse(block: JsonObject, param: string): ToolCall {
  const input = requireObject(block['input'], `${param}.input`)
  checkJsonTree(input, `${param}.input`)
  return {
    id: requireText(block['id'], `${param}.id`),
    name: requireText(block['name'], `${param}.name`),
    arguments: JSON.stringify(input),
  }
}

function requireBlockText(value: JsonValue | undefined, param: string): string {
  if (typeof value !== 'string') throw invalidRequest(param, `${param} must be a string`)
  return value
}
