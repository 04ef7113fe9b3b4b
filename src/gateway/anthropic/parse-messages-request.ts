import type { JsonValue } from '../../base/canonical-json.ts'
import type { ModelRequest, ResponseFormat, ToolChoice, ToolDefinition } from '../../ports/language-model.ts'
import type { RouteTarget } from '../../ports/router.ts'
import { invalidRequest } from '../invalid-request.ts'
import { checkJsonTree, isJsonArray, type JsonObject } from '../listener/parse-json-body.ts'
import {
  readBoolean,
  readList,
  readNumber,
  readObject,
  readText,
  requireObject,
  requireText,
} from '../openai/read-members.ts'
import { collectPassThrough } from '../tasks/collect-pass-through.ts'
import { readTarget } from '../tasks/read-target.ts'
import { parseMessageTurns, readTextBlocks } from './parse-message-turns.ts'

/** A request of the Messages interface as the router takes it. */
export type MessagesRequest = {
  readonly target: RouteTarget
  readonly request: ModelRequest
  readonly isStreamed: boolean
}

export type MessagesLimits = {
  readonly messagesMax: number
  /** A request whose tokens are counted bounds no answer. */
  readonly isTokenCount: boolean
}

/** Members that become members of `ModelRequest` or of the answer's form; every other one is passed through. */
const UNDERSTOOD: ReadonlySet<string> = new Set(
  (
    'model messages system max_tokens stream stop_sequences temperature top_p tools tool_choice metadata service_tier ' +
    'output_config output_format'
  ).split(' '),
)

/**
 * Reads the body of `POST /v1/messages`. Marks for the provider's cache (`cache_control` of a block) are taken and not passed on, and blocks of
 * thinking are left out.
 *
 * Throws `REQUEST_INVALID` naming the member, also for what cannot be carried: documents, tools that run at Anthropic's, and what would
 * choose another model or price behind the node's back (`wire/refused-members.ts`).
 */
export function parseMessagesRequest(body: JsonObject, limits: MessagesLimits): MessagesRequest {
  const target = readTarget(requireText(body['model'], 'model'))
  const isStreamed = readBoolean(body['stream'], 'stream') ?? false
  const tier = readText(body['service_tier'], 'service_tier')
  if (tier !== undefined && tier !== 'auto' && tier !== 'standard_only')
    throw invalidRequest('service_tier', 'service_tier must be auto or standard_only')
  return { target, request: parseModelRequest(body, limits), isStreamed }
}

function parseModelRequest(body: JsonObject, { messagesMax, isTokenCount }: MessagesLimits): ModelRequest {
  const system = parseSystem(body['system'])
  const turns = parseMessageTurns(body['messages'], messagesMax)
  const tools = parseTools(body['tools'])
  const choice = parseToolChoice(body['tool_choice'], tools)
  const responseFormat = parseOutputFormat(body)
  const tokens = { least: 1, most: 100_000_000, isInteger: true }
  const maxOutputTokens = readNumber(body['max_tokens'], 'max_tokens', tokens)
  if (maxOutputTokens === undefined && !isTokenCount)
    throw invalidRequest('max_tokens', 'max_tokens must be an integer from 1 on')
  const temperature = readNumber(body['temperature'], 'temperature', { least: 0, most: 1 })
  const topP = readNumber(body['top_p'], 'top_p', { least: 0, most: 1 })
  const stop = parseStopSequences(body['stop_sequences'])
  const passThrough = {
    ...collectPassThrough(body, UNDERSTOOD),
    ...parseUser(body),
    ...parseEffort(body),
    ...choice?.more,
  }
  return {
    messages: system === '' ? turns : [{ role: 'system', content: system }, ...turns],
    ...(tools !== undefined && { tools }),
    ...(choice !== undefined && { toolChoice: choice.toolChoice }),
    ...(responseFormat !== undefined && { responseFormat }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(stop !== undefined && { stop }),
    ...(Object.keys(passThrough).length > 0 && { passThrough }),
  }
}

function parseSystem(value: JsonValue | undefined): string {
  return isJsonArray(value) ? readTextBlocks(value, 'system') : (readText(value, 'system') ?? '')
}

function parseTools(value: JsonValue | undefined): readonly ToolDefinition[] | undefined {
  const list = readList(value, 'tools')
  if (list === undefined || list.length === 0) return undefined
  return list.map((item, index) => parseTool(requireObject(item, `tools[${index}]`), `tools[${index}]`))
}

function parseTool(tool: JsonObject, param: string): ToolDefinition {
  const type = readText(tool['type'], `${param}.type`)
  if (type !== undefined && type !== 'custom')
    throw invalidRequest(
      `${param}.type`,
      `${param}.type must be custom; tools that run at the provider are not passed on`,
    )
  const description = readText(tool['description'], `${param}.description`)
  const parameters = requireObject(tool['input_schema'], `${param}.input_schema`)
  checkJsonTree(parameters, `${param}.input_schema`)
  const strict = readBoolean(tool['strict'], `${param}.strict`)
  return {
    name: requireText(tool['name'], `${param}.name`),
    ...(description !== undefined && { description }),
    parameters,
    ...(strict !== undefined && { strict }),
  }
}

type ParsedChoice = { readonly toolChoice: ToolChoice; readonly more: JsonObject }

function parseToolChoice(
  value: JsonValue | undefined,
  tools: readonly ToolDefinition[] | undefined,
): ParsedChoice | undefined {
  const choice = readObject(value, 'tool_choice')
  if (choice === undefined) return undefined
  const isAlone = readBoolean(choice['disable_parallel_tool_use'], 'tool_choice.disable_parallel_tool_use') === true
  const more = isAlone ? { parallel_tool_calls: false } : {}
  const { type } = choice
  if (type === 'auto' || type === 'none') return { toolChoice: type, more }
  if (tools === undefined) throw invalidRequest('tool_choice', 'tool_choice needs tools')
  if (type === 'any') return { toolChoice: 'required', more }
  if (type !== 'tool') throw invalidRequest('tool_choice.type', 'tool_choice.type must be auto, any, tool or none')
  const name = requireText(choice['name'], 'tool_choice.name')
  if (!tools.some((tool) => tool.name === name))
    throw invalidRequest('tool_choice.name', 'tool_choice names a tool that tools does not hold')
  return { toolChoice: { name }, more }
}

/** `output_config.format`, and the older name of the same. */
function parseOutputFormat(body: JsonObject): ResponseFormat | undefined {
  const config = readObject(body['output_config'], 'output_config')
  const [format, param] =
    config?.['format'] === undefined
      ? [readObject(body['output_format'], 'output_format'), 'output_format']
      : [readObject(config['format'], 'output_config.format'), 'output_config.format']
  if (format === undefined) return undefined
  if (format['type'] !== 'json_schema') throw invalidRequest(`${param}.type`, `${param}.type must be json_schema`)
  const schema = requireObject(format['schema'], `${param}.schema`)
  checkJsonTree(schema, `${param}.schema`)
  return { type: 'json-schema', name: 'answer', schema, strict: true }
}

function parseStopSequences(value: JsonValue | undefined): readonly string[] | undefined {
  const list = readList(value, 'stop_sequences')
  if (list === undefined || list.length === 0) return undefined
  if (list.length > 16) throw invalidRequest('stop_sequences', 'stop_sequences may hold at most 16 strings')
  return list.map((item, index) => requireText(item, `stop_sequences[${index}]`))
}

/** How much thinking is wanted, by the name that most providers know it under. */
function parseEffort(body: JsonObject): JsonObject {
  const effort = readText(readObject(body['output_config'], 'output_config')?.['effort'], 'output_config.effort')
  return effort === undefined ? {} : { reasoning_effort: effort }
}

/** Whom the caller works for, by the name that all providers know it under. */
function parseUser(body: JsonObject): JsonObject {
  const user = readText(readObject(body['metadata'], 'metadata')?.['user_id'], 'metadata.user_id')
  return user === undefined ? {} : { user }
}
