import type { JsonValue } from '../../base/canonical-json.ts'
import type { ModelRequest, ResponseFormat, ToolChoice, ToolDefinition } from '../../ports/language-model.ts'
import type { RouteTarget } from '../../ports/router.ts'
import { invalidRequest } from '../invalid-request.ts'
import { collectPassThrough } from '../tasks/collect-pass-through.ts'
import {
  readChosenFunction,
  readFunction,
  readSampling,
  readSchemaFormat,
  readTopLogprobs,
  TOKENS,
} from '../tasks/read-function.ts'
import { readTarget } from '../tasks/read-target.ts'
import { parseChatMessages } from './parse-chat-messages.ts'
import { isJsonObject, type JsonObject } from '../listener/parse-json-body.ts'
import { readBoolean, readList, readNumber, readObject, requireObject, requireText } from './read-members.ts'

/** A chat request as the router takes it. */
export type ChatRequest = {
  /** The name as the caller wrote it. */
  readonly modelName: string
  readonly target: RouteTarget
  readonly request: ModelRequest
  readonly isStreamed: boolean
  /** Whether a streamed answer ends with a chunk that holds the usage. */
  readonly isUsageWanted: boolean
  /** Answers that are asked for at once, from 1 to `CHOICES_MAX`. */
  readonly choiceCount: number
}

/** Each of them is a task of its own. */
export const CHOICES_MAX = 8

/** Members that become members of `ModelRequest` or of the answer's form; every other one is passed through. */
const UNDERSTOOD: ReadonlySet<string> = new Set(
  (
    'model messages stream stream_options n tools tool_choice response_format max_tokens max_completion_tokens temperature top_p stop seed ' +
    'functions function_call logprobs top_logprobs modalities audio'
  ).split(' '),
)

/**
 * Reads the body of `POST /v1/chat/completions`. Members that the node does not interpret are passed through to the provider.
 *
 * Throws `REQUEST_INVALID` naming the member, also for what would be lost in silence (audio, and the
 * `functions` interface that tools replaced), and for what would choose another model or price behind the node's back (`models`,
 * `provider`, `service_tier`, ...: `wire/refused-members.ts`).
 */
export function parseChatRequest(body: JsonObject, limits: { readonly messagesMax: number }): ChatRequest {
  const modelName = requireText(body['model'], 'model')
  refuseUnsupported(body)
  const isStreamed = readBoolean(body['stream'], 'stream') ?? false
  const streamOptions = readObject(body['stream_options'], 'stream_options')
  return {
    modelName,
    target: readTarget(modelName),
    request: parseModelRequest(body, limits.messagesMax),
    isStreamed,
    isUsageWanted: readBoolean(streamOptions?.['include_usage'], 'stream_options.include_usage') ?? false,
    choiceCount: readNumber(body['n'], 'n', CHOICES) ?? 1,
  }
}

const CHOICES = { least: 1, most: CHOICES_MAX, isInteger: true }

function refuseUnsupported(body: JsonObject): void {
  if (isGiven(body['functions'])) throw invalidRequest('functions', 'functions is no longer taken; send tools')
  if (isGiven(body['function_call']))
    throw invalidRequest('function_call', 'function_call is no longer taken; send tool_choice')
  if (isGiven(body['audio'])) throw invalidRequest('audio', 'Audio answers are not passed on')
  const modalities = readList(body['modalities'], 'modalities')
  if (modalities?.some((modality) => modality !== 'text') === true)
    throw invalidRequest('modalities', 'modalities may only be ["text"]')
}

function parseModelRequest(body: JsonObject, messagesMax: number): ModelRequest {
  const tools = parseTools(body['tools'])
  const toolChoice = parseToolChoice(body['tool_choice'], tools)
  const responseFormat = parseResponseFormat(body['response_format'])
  const maxOutputTokens =
    readNumber(body['max_completion_tokens'], 'max_completion_tokens', TOKENS) ??
    readNumber(body['max_tokens'], 'max_tokens', TOKENS)
  const seed = readNumber(body['seed'], 'seed', {
    least: Number.MIN_SAFE_INTEGER,
    most: Number.MAX_SAFE_INTEGER,
    isInteger: true,
  })
  const stop = parseStop(body['stop'])
  const logprobs = parseLogprobs(body)
  const passThrough = collectPassThrough(body, UNDERSTOOD)
  return {
    messages: parseChatMessages(body['messages'], messagesMax),
    ...(tools !== undefined && { tools }),
    ...(toolChoice !== undefined && { toolChoice }),
    ...(responseFormat !== undefined && { responseFormat }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...readSampling(body),
    ...(stop !== undefined && { stop }),
    ...(seed !== undefined && { seed }),
    ...(logprobs !== undefined && { logprobs }),
    ...(passThrough !== undefined && { passThrough }),
  }
}

function parseLogprobs(body: JsonObject): ModelRequest['logprobs'] {
  const top = readTopLogprobs(body)
  const isWanted = readBoolean(body['logprobs'], 'logprobs') === true
  if (top !== undefined && !isWanted) throw invalidRequest('top_logprobs', 'top_logprobs needs logprobs: true')
  return isWanted ? { top: top ?? 0 } : undefined
}

function parseTools(value: JsonValue | undefined): readonly ToolDefinition[] | undefined {
  const list = readList(value, 'tools')
  if (list === undefined || list.length === 0) return undefined
  return list.map((item, index) => parseTool(item, `tools[${index}]`))
}

function parseTool(value: JsonValue, param: string): ToolDefinition {
  const tool = requireObject(value, param)
  if (tool['type'] !== 'function') throw invalidRequest(`${param}.type`, `${param}.type must be function`)
  return readFunction(requireObject(tool['function'], `${param}.function`), `${param}.function`)
}

function parseToolChoice(
  value: JsonValue | undefined,
  tools: readonly ToolDefinition[] | undefined,
): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined
  if (value === 'none' || value === 'auto') return value
  if (tools === undefined) throw invalidRequest('tool_choice', 'tool_choice needs tools')
  if (value === 'required') return value
  if (!isJsonObject(value) || value['type'] !== 'function') {
    throw invalidRequest('tool_choice', 'tool_choice must be none, auto, required, or an object that names a function')
  }
  const named = requireObject(value['function'], 'tool_choice.function')
  return readChosenFunction(named['name'], tools, 'tool_choice.function.name')
}

function parseResponseFormat(value: JsonValue | undefined): ResponseFormat | undefined {
  const format = readObject(value, 'response_format')
  if (format === undefined) return undefined
  switch (format['type']) {
    case 'text':
      return undefined
    case 'json_object':
      return { type: 'json-object' }
    case 'json_schema': {
      const named = requireObject(format['json_schema'], 'response_format.json_schema')
      return readSchemaFormat(named, 'response_format.json_schema')
    }
    default:
      throw invalidRequest('response_format.type', 'response_format.type must be text, json_object or json_schema')
  }
}

function parseStop(value: JsonValue | undefined): readonly string[] | undefined {
  if (typeof value === 'string') return [requireText(value, 'stop')]
  const list = readList(value, 'stop')
  if (list === undefined || list.length === 0) return undefined
  if (list.length > 16) throw invalidRequest('stop', 'stop may hold at most 16 strings')
  return list.map((item, index) => requireText(item, `stop[${index}]`))
}

function isGiven(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null
}
