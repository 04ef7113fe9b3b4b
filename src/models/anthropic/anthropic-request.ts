import type {
  ChatMessage,
  ContentPart,
  ModelRequest,
  ToolCall,
  ToolChoice,
  ToolDefinition,
} from '../../ports/language-model.ts'
import { asRecord, parseJson } from '../json-access.ts'

/** Members of a caller's request that the Messages interface knows; it refuses unknown ones, so others are dropped, like those that would change the price. */
const KNOWN_MEMBERS = ['metadata', 'thinking', 'top_k', 'context_management'] as const

/** The interface has no JSON mode without a schema. */
const JSON_INSTRUCTION = 'Answer with one JSON object and nothing else: no prose, no code fence.'

export type AnthropicRequestInit = {
  readonly model: string
  /** Sent when the request sets no bound: the interface demands one. */
  readonly defaultMaxOutputTokens: number
  readonly isStreaming: boolean
}

/** The JSON text of a Messages request. */
export function encodeAnthropicRequest(request: ModelRequest, init: AnthropicRequestInit): string {
  const body: Record<string, unknown> = {}
  for (const name of KNOWN_MEMBERS) {
    if (request.passThrough?.[name] !== undefined) body[name] = request.passThrough[name]
  }
  const user = request.passThrough?.['user']
  if (typeof user === 'string' && body['metadata'] === undefined) body['metadata'] = { user_id: user }
  body['model'] = init.model
  body['max_tokens'] = request.maxOutputTokens ?? init.defaultMaxOutputTokens
  const system = systemOf(request)
  if (system !== '') body['system'] = system
  body['messages'] = encodeMessages(request.messages)
  encodeTools(request, body)
  if (request.responseFormat?.type === 'json-schema') {
    body['output_config'] = { format: { type: 'json_schema', schema: request.responseFormat.schema } }
  }
  encodeSampling(request, body)
  if (init.isStreaming) body['stream'] = true
  return JSON.stringify(body)
}

/** System texts stand apart from the conversation here, wherever they stood in it. */
function systemOf(request: ModelRequest): string {
  const texts: string[] = []
  for (const message of request.messages) {
    if (message.role === 'system' || message.role === 'developer') texts.push(message.content)
  }
  if (request.responseFormat?.type === 'json-object') texts.push(JSON_INSTRUCTION)
  return texts.join('\n\n')
}

type EncodedMessage = { readonly role: 'user' | 'assistant'; readonly content: unknown[] }

/** Neighbours of one role become one message: results of parallel tool calls must arrive together. */
function encodeMessages(messages: readonly ChatMessage[]): readonly EncodedMessage[] {
  const encoded: EncodedMessage[] = []
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const blocks = encodeBlocks(message)
    if (blocks.length === 0) continue
    const last = encoded.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else encoded.push({ role, content: blocks })
  }
  return encoded
}

function encodeBlocks(message: ChatMessage): unknown[] {
  switch (message.role) {
    case 'system':
    case 'developer':
      return []
    case 'user':
      return typeof message.content === 'string' ? textBlocks(message.content) : message.content.map(encodePart)
    case 'assistant':
      return [...textBlocks(message.content ?? ''), ...(message.toolCalls ?? []).map(encodeToolCall)]
    case 'tool':
      return [{ type: 'tool_result', tool_use_id: message.toolCallId, content: message.content }]
  }
}

/** The interface refuses empty text blocks. */
function textBlocks(text: string): unknown[] {
  return text === '' ? [] : [{ type: 'text', text }]
}

const DATA_URL = /^data:([a-z]+\/[a-z0-9.+-]+);base64,(.*)$/s

function encodePart(part: ContentPart): unknown {
  if (part.type === 'text') return { type: 'text', text: part.text }
  const data = DATA_URL.exec(part.url)
  if (data === null) return { type: 'image', source: { type: 'url', url: part.url } }
  return { type: 'image', source: { type: 'base64', media_type: data[1], data: data[2] } }
}

/** Arguments are an object here; a text that is none is handed back to the model as it wrote it. */
function encodeToolCall(call: ToolCall): unknown {
  const input = asRecord(parseJson(call.arguments === '' ? '{}' : call.arguments)) ?? { unparsed: call.arguments }
  return { type: 'tool_use', id: call.id, name: call.name, input }
}

function encodeTools(request: ModelRequest, body: Record<string, unknown>): void {
  if (request.tools === undefined || request.tools.length === 0) return
  body['tools'] = request.tools.map(encodeTool)
  const isParallel = request.passThrough?.['parallel_tool_calls'] !== false
  if (request.toolChoice === undefined && isParallel) return
  const choice = encodeToolChoice(request.toolChoice ?? 'auto')
  body['tool_choice'] = isParallel || choice.type === 'none' ? choice : { ...choice, disable_parallel_tool_use: true }
}

function encodeTool(tool: ToolDefinition): unknown {
  const { name, description, parameters, strict } = tool
  return { name, description, input_schema: parameters ?? { type: 'object' }, ...(strict === true && { strict }) }
}

function encodeToolChoice(choice: ToolChoice): { readonly type: string; readonly name?: string } {
  if (choice === 'required') return { type: 'any' }
  return typeof choice === 'string' ? { type: choice } : { type: 'tool', name: choice.name }
}

/** Temperatures end at 1 here, and recent models refuse temperature and top-p together; the temperature is kept. A seed does not exist. */
function encodeSampling(request: ModelRequest, body: Record<string, unknown>): void {
  if (request.temperature !== undefined) body['temperature'] = Math.min(request.temperature, 1)
  else if (request.topP !== undefined) body['top_p'] = request.topP
  if (request.stop !== undefined && request.stop.length > 0) body['stop_sequences'] = request.stop
}
