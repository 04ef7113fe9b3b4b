import type { JsonValue } from '../../base/canonical-json.ts'
import type { ModelRequest, ResponseFormat, ToolChoice, ToolDefinition } from '../../ports/language-model.ts'
import type { RouteTarget } from '../../ports/router.ts'
import { invalidRequest } from '../invalid-request.ts'
import { checkJsonTree, isJsonObject, type JsonObject } from '../listener/parse-json-body.ts'
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
import {
  readChosenFunction,
  readFunction,
  readSampling,
  readSchemaFormat,
  readTopLogprobs,
  TOKENS,
} from '../tasks/read-function.ts'
import { readTarget } from '../tasks/read-target.ts'

/** A request for a response, but for the conversation. */
export type ResponseRequest = {
  readonly target: RouteTarget
  readonly request: Omit<ModelRequest, 'messages'>
  /** Stands before the conversation, and is not handed on with it. */
  readonly instructions: string | undefined
  /** As it was sent. */
  readonly input: JsonValue | undefined
  readonly previousResponseId: string | undefined
  readonly isStreamed: boolean
  readonly isBackground: boolean
  /** Absent: the caller does not say. */
  readonly isStored: boolean | undefined
  /** What the response repeats of the request, as the interface does. */
  readonly echo: JsonObject
}

/** Members that become members of `ModelRequest` or of the response; every other one is passed through. */
const UNDERSTOOD: ReadonlySet<string> = new Set(
  (
    'model input instructions stream stream_options store background previous_response_id conversation prompt include tools tool_choice text ' +
    'max_output_tokens max_tool_calls temperature top_p top_logprobs parallel_tool_calls metadata reasoning truncation service_tier n stop'
  ).split(' '),
)

/** What may be asked to be included: what there is none of costs nothing to ask for. */
const INCLUDABLE: readonly JsonValue[] = ['reasoning.encrypted_content', 'message.output_text.logprobs']

/**
 * Reads the body of `POST /v1/responses`, but for its items.
 *
 * Throws `REQUEST_INVALID` naming the member, also for what this node has not: tools besides functions, prompts and conversations that are kept
 * elsewhere, and what would choose another model or price behind the node's back (`wire/refused-members.ts`).
 */
export function parseResponseRequest(body: JsonObject): ResponseRequest {
  refuseUnsupported(body)
  const isStreamed = readBoolean(body['stream'], 'stream') ?? false
  const isBackground = readBoolean(body['background'], 'background') ?? false
  const isStored = readBoolean(body['store'], 'store')
  if (isBackground && isStreamed) throw invalidRequest('stream', 'stream and background do not go together here')
  if (isBackground && isStored === false)
    throw invalidRequest('background', 'background needs store: it is asked for later')
  return {
    target: readTarget(requireText(body['model'], 'model')),
    request: parseModelRequest(body),
    instructions: readText(body['instructions'], 'instructions'),
    input: body['input'],
    previousResponseId: readText(body['previous_response_id'], 'previous_response_id'),
    isStreamed,
    isBackground,
    isStored,
    echo: echoOf(body, isBackground),
  }
}

function refuseUnsupported(body: JsonObject): void {
  const refuse = (name: string, why: string): void => {
    if (body[name] !== undefined && body[name] !== null) throw invalidRequest(name, why)
  }
  refuse('conversation', 'Conversations are not kept here; go on from a response by previous_response_id')
  refuse('prompt', 'Prompts are not kept here; send instructions and input')
  refuse('n', 'There is one response to a request')
  refuse('stop', 'This interface has no stop; send the request to /v1/chat/completions')
  const tier = readText(body['service_tier'], 'service_tier')
  if (tier !== undefined && tier !== 'auto' && tier !== 'default')
    throw invalidRequest('service_tier', 'service_tier must be auto or default')
  const truncation = readText(body['truncation'], 'truncation')
  if (truncation !== undefined && truncation !== 'disabled')
    throw invalidRequest('truncation', 'truncation must be disabled: nothing of a conversation is left out in silence')
  for (const [index, item] of (readList(body['include'], 'include') ?? []).entries())
    if (!INCLUDABLE.includes(item))
      throw invalidRequest(`include[${index}]`, `include may hold ${JSON.stringify(INCLUDABLE)}`)
}

function parseModelRequest(body: JsonObject): ResponseRequest['request'] {
  const tools = parseTools(body['tools'])
  const toolChoice = parseToolChoice(body['tool_choice'], tools)
  const text = readObject(body['text'], 'text')
  const responseFormat = parseFormat(text?.['format'])
  const maxOutputTokens = readNumber(body['max_output_tokens'], 'max_output_tokens', TOKENS)
  const logprobs = parseLogprobs(body)
  const passThrough = { ...collectPassThrough(body, UNDERSTOOD), ...passedOn(body, text) }
  return {
    ...(tools !== undefined && { tools }),
    ...(toolChoice !== undefined && { toolChoice }),
    ...(responseFormat !== undefined && { responseFormat }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...readSampling(body),
    ...(logprobs !== undefined && { logprobs }),
    ...(Object.keys(passThrough).length > 0 && { passThrough }),
  }
}

/** What the interface of providers calls otherwise. */
function passedOn(body: JsonObject, text: JsonObject | undefined): JsonObject {
  const effort = readText(readObject(body['reasoning'], 'reasoning')?.['effort'], 'reasoning.effort')
  const verbosity = readText(text?.['verbosity'], 'text.verbosity')
  const isParallel = readBoolean(body['parallel_tool_calls'], 'parallel_tool_calls')
  const hasTools = (readList(body['tools'], 'tools') ?? []).length > 0
  return {
    ...(effort !== undefined && { reasoning_effort: effort }),
    ...(verbosity !== undefined && { verbosity }),
    // Providers refuse it where there is nothing to call.
    ...(isParallel !== undefined && hasTools && { parallel_tool_calls: isParallel }),
  }
}

function parseLogprobs(body: JsonObject): ModelRequest['logprobs'] {
  const top = readTopLogprobs(body)
  const isIncluded = readList(body['include'], 'include')?.includes('message.output_text.logprobs') === true
  return top === undefined && !isIncluded ? undefined : { top: top ?? 0 }
}

function parseTools(value: JsonValue | undefined): readonly ToolDefinition[] | undefined {
  const list = readList(value, 'tools')
  if (list === undefined || list.length === 0) return undefined
  return list.map((item, index) => {
    const param = `tools[${index}]`
    const tool = requireObject(item, param)
    if (tool['type'] !== 'function')
      throw invalidRequest(
        `${param}.type`,
        `${param}.type must be function; other tools run at the provider and are not passed on`,
      )
    return readFunction(tool, param)
  })
}

function parseToolChoice(
  value: JsonValue | undefined,
  tools: readonly ToolDefinition[] | undefined,
): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined
  // Clients send their default without tools, too.
  if (value === 'none' || value === 'auto') return tools === undefined ? undefined : value
  if (tools === undefined) throw invalidRequest('tool_choice', 'tool_choice needs tools')
  if (value === 'required') return value
  if (!isJsonObject(value) || value['type'] !== 'function')
    throw invalidRequest('tool_choice', 'tool_choice must be none, auto, required, or an object that names a function')
  return readChosenFunction(value['name'], tools, 'tool_choice.name')
}

function parseFormat(value: JsonValue | undefined): ResponseFormat | undefined {
  const format = readObject(value, 'text.format')
  if (format === undefined) return undefined
  switch (format['type']) {
    case 'text':
      return undefined
    case 'json_object':
      return { type: 'json-object' }
    case 'json_schema':
      return readSchemaFormat(format, 'text.format')
    default:
      throw invalidRequest('text.format.type', 'text.format.type must be text, json_object or json_schema')
  }
}

/** Members that a response repeats, with what they are when the request does not say. */
function echoOf(body: JsonObject, isBackground: boolean): JsonObject {
  const metadata = readObject(body['metadata'], 'metadata')
  if (metadata !== undefined) checkMetadata(metadata)
  const text = readObject(body['text'], 'text')
  for (const name of ['tools', 'reasoning', 'text', 'tool_choice'] as const) {
    const value = body[name]
    if (value !== undefined) checkJsonTree(value, name)
  }
  return {
    background: isBackground,
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    max_tool_calls: body['max_tool_calls'] ?? null,
    metadata: metadata ?? {},
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    previous_response_id: body['previous_response_id'] ?? null,
    reasoning: { effort: null, summary: null, ...readObject(body['reasoning'], 'reasoning') },
    service_tier: 'default',
    temperature: body['temperature'] ?? null,
    text: { ...text, format: text?.['format'] ?? { type: 'text' } },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_logprobs: body['top_logprobs'] ?? null,
    top_p: body['top_p'] ?? null,
    truncation: 'disabled',
    user: body['user'] ?? null,
  }
}

const METADATA_MAX = 16

/** Pairs of short texts, as the interface has them. Throws `REQUEST_INVALID`. */
export function checkMetadata(metadata: JsonObject): void {
  const entries = Object.entries(metadata)
  const isSound = entries.every(
    ([name, value]) => name !== '__proto__' && name.length <= 64 && typeof value === 'string' && value.length <= 512,
  )
  if (!isSound || entries.length > METADATA_MAX)
    throw invalidRequest('metadata', `metadata may hold ${METADATA_MAX} texts of 512 characters under names of 64`)
}
