import { parseJson } from '../text/extract-json.ts'
import type { SchemaCheck } from './check-format.ts'
import { checkJsonSchema } from './json-schema.ts'
import type { Check } from './verdict.ts'

/** A call as the model wrote it; the port's `ToolCall` fits. */
export type CheckedToolCall = { readonly name: string; readonly arguments: string }

/** A tool as the request describes it; the port's `ToolDefinition` fits. */
export type OfferedTool = { readonly name: string; readonly parameters?: unknown }

export type ToolCallCheckInput = {
  /** The calls of the answer. */
  readonly toolCalls?: readonly CheckedToolCall[]
  /** What the request offered; absent: not known, and nothing is checked. */
  readonly tools?: readonly OfferedTool[]
  readonly schemaCheck?: SchemaCheck
}

/**
 * Whether a caller can execute the calls of an answer: each names a tool that was offered, and its arguments are JSON that meets the tool's
 * `parameters`. Parameters with keywords that cannot be judged refuse nothing. No arguments at all are taken as `{}`, as providers send them
 * for tools without parameters.
 *
 * @returns `undefined` when there is nothing to check.
 */
export function checkToolCalls({
  toolCalls = [],
  tools,
  schemaCheck = checkJsonSchema,
}: ToolCallCheckInput): Check | undefined {
  if (tools === undefined || toolCalls.length === 0) return undefined
  for (const [index, call] of toolCalls.entries()) {
    const problem = problemOf(call, tools, schemaCheck)
    if (problem !== undefined) return { name: 'tool-calls', passed: false, detail: `call ${index}: ${problem}` }
  }
  return { name: 'tool-calls', passed: true, detail: 'every call fits a tool of the request' }
}

/** Names and arguments are text of the model and stay out of what is found. */
function problemOf(call: CheckedToolCall, tools: readonly OfferedTool[], schemaCheck: SchemaCheck): string | undefined {
  const tool = tools.find(({ name }) => name === call.name)
  if (tool === undefined) return 'the request has no such tool'
  const parsed = parseJson(call.arguments.trim() === '' ? '{}' : call.arguments)
  if (parsed === undefined) return 'the arguments are not JSON'
  if (tool.parameters === undefined) return undefined
  const outcome = schemaCheck(tool.parameters, parsed.value)
  return outcome.kind === 'invalid' ? `at ${outcome.path || 'the root'}: ${outcome.problem}` : undefined
}
