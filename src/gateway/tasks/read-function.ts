import type { JsonValue } from '../../base/canonical-json.ts'
import type { ResponseFormat, ToolChoice, ToolDefinition } from '../../ports/language-model.ts'
import { invalidRequest } from '../invalid-request.ts'
import { checkJsonTree, type JsonObject } from '../listener/parse-json-body.ts'
import { readBoolean, readNumber, readObject, readText, requireObject, requireText } from '../openai/read-members.ts'

/** A function that the model may call. */
export function readFunction(target: JsonObject, param: string): ToolDefinition {
  const name = requireText(target['name'], `${param}.name`)
  const description = readText(target['description'], `${param}.description`)
  const strict = readBoolean(target['strict'], `${param}.strict`)
  const parameters = readObject(target['parameters'], `${param}.parameters`)
  if (parameters !== undefined) checkJsonTree(parameters, `${param}.parameters`)
  return {
    name,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters }),
    ...(strict !== undefined && { strict }),
  }
}

/** The function that a caller's choice names. */
export function readChosenFunction(
  value: JsonValue | undefined,
  tools: readonly ToolDefinition[],
  param: string,
): ToolChoice {
  const name = requireText(value, param)
  if (!tools.some((tool) => tool.name === name))
    throw invalidRequest(param, 'tool_choice names a function that tools does not hold')
  return { name }
}

/** A schema that the answer has to keep. */
export function readSchemaFormat(named: JsonObject, param: string): ResponseFormat {
  const schema = requireObject(named['schema'], `${param}.schema`)
  checkJsonTree(schema, `${param}.schema`)
  const strict = readBoolean(named['strict'], `${param}.strict`)
  const name = requireText(named['name'], `${param}.name`)
  return { type: 'json-schema', name, schema, ...(strict !== undefined && { strict }) }
}

export type Sampling = { readonly temperature?: number; readonly topP?: number }

/** How freely tokens are drawn. */
export function readSampling(body: JsonObject): Sampling {
  const temperature = readNumber(body['temperature'], 'temperature', { least: 0, most: 2 })
  const topP = readNumber(body['top_p'], 'top_p', { least: 0, most: 1 })
  return { ...(temperature !== undefined && { temperature }), ...(topP !== undefined && { topP }) }
}

/** How many of the likeliest tokens the interfaces let a caller ask for. */
const TOP_LOGPROBS = { least: 0, most: 20, isInteger: true }

export function readTopLogprobs(body: JsonObject): number | undefined {
  return readNumber(body['top_logprobs'], 'top_logprobs', TOP_LOGPROBS)
}

/** Bounds of a number of tokens. */
export const TOKENS = { least: 1, most: 100_000_000, isInteger: true }
