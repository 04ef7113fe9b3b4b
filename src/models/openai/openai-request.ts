import type { JsonValue } from '../../base/canonical-json.ts'
import type {
  ChatMessage,
  ContentPart,
  ModelRequest,
  ResponseFormat,
  ToolCall,
  ToolChoice,
  ToolDefinition,
} from '../../ports/language-model.ts'
import { reasonToRefuse } from '../../wire/refused-members.ts'

/** How servers that speak the chat completions interface differ. */
export type OpenaiDialect = {
  /** OpenAI's reasoning models accept only the new name, and older servers only the old one. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens'
  /** Whether the `developer` role is known; otherwise such messages are sent as `system`. */
  readonly hasDeveloperRole: boolean
  /** Whether `stream_options.include_usage` may be sent. */
  readonly hasStreamUsage: boolean
}

/** Members of a caller's request that this adapter sets itself; passed through, they would change what is called or how it is read. */
const OWN_MEMBERS = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'response_format',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'logprobs',
  'top_logprobs',
])

export type OpenaiRequestInit = {
  readonly model: string
  readonly dialect: OpenaiDialect
  readonly isStreaming: boolean
}

/**
 * The JSON text of a chat completions request. Members that this adapter sets itself are taken from the request's own fields, and
 * those of `wire/refused-members.ts` are left out: the gateway refuses them by name, and a library call must not send them either.
 */
export function encodeOpenaiRequest(request: ModelRequest, init: OpenaiRequestInit): string {
  const { dialect } = init
  const body: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(request.passThrough ?? {})) {
    if (!OWN_MEMBERS.has(name) && reasonToRefuse(name, value) === undefined) body[name] = value
  }
  body['model'] = init.model
  body['messages'] = request.messages.map((message) => encodeMessage(message, dialect))
  if (request.tools !== undefined && request.tools.length > 0) {
    body['tools'] = request.tools.map((tool) => encodeTool(tool))
    if (request.toolChoice !== undefined) body['tool_choice'] = encodeToolChoice(request.toolChoice)
  }
  if (request.responseFormat !== undefined) body['response_format'] = encodeResponseFormat(request.responseFormat)
  if (request.maxOutputTokens !== undefined) body[dialect.maxTokensField] = request.maxOutputTokens
  if (request.temperature !== undefined) body['temperature'] = request.temperature
  if (request.topP !== undefined) body['top_p'] = request.topP
  if (request.stop !== undefined && request.stop.length > 0) body['stop'] = request.stop
  if (request.seed !== undefined) body['seed'] = request.seed
  if (request.logprobs !== undefined) {
    body['logprobs'] = true
    if (request.logprobs.top > 0) body['top_logprobs'] = request.logprobs.top
  }
  if (init.isStreaming) {
    body['stream'] = true
    if (dialect.hasStreamUsage) body['stream_options'] = { include_usage: true }
  }
  return JSON.stringify(body)
}

function encodeMessage(message: ChatMessage, dialect: OpenaiDialect): unknown {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content }
    case 'developer':
      return { role: dialect.hasDeveloperRole ? 'developer' : 'system', content: message.content }
    case 'user': {
      const content = typeof message.content === 'string' ? message.content : message.content.map(encodePart)
      return message.name === undefined ? { role: 'user', content } : { role: 'user', content, name: message.name }
    }
    case 'assistant':
      return message.toolCalls === undefined || message.toolCalls.length === 0
        ? { role: 'assistant', content: message.content }
        : { role: 'assistant', content: message.content, tool_calls: message.toolCalls.map(encodeToolCall) }
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, content: message.content }
  }
}

function encodePart(part: ContentPart): unknown {
  if (part.type === 'text') return { type: 'text', text: part.text }
  const image = part.detail === undefined ? { url: part.url } : { url: part.url, detail: part.detail }
  return { type: 'image_url', image_url: image }
}

function encodeToolCall(call: ToolCall): unknown {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }
}

function encodeTool(tool: ToolDefinition): unknown {
  const { name, description, parameters, strict } = tool
  return { type: 'function', function: { name, description, parameters, strict } }
}

function encodeToolChoice(choice: ToolChoice): unknown {
  return typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } }
}

function encodeResponseFormat(format: ResponseFormat): JsonValue {
  if (format.type === 'json-object') return { type: 'json_object' }
  const { name, schema, strict } = format
  return { type: 'json_schema', json_schema: { name, schema, strict } }
}
