import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'

/** What the command line asks of a node that has the data directory open: an object with `op` and what goes with it. */
export type ControlRequest = { readonly [name: string]: JsonValue | undefined }

/** One JSON value, or JSON lines as they come. */
export type ControlAnswer =
  | { readonly kind: 'json'; readonly body: JsonValue }
  | { readonly kind: 'lines'; readonly lines: AsyncIterable<string> }

/** Parts of a node that are asked apart; each is a path below `/control/`. */
export const CONTROL_AREAS = [
  'policies',
  'backup',
  'market',
  'decisions',
  'rights',
  'firewall',
  'tools',
  'access',
  'agents',
] as const
export type ControlArea = (typeof CONTROL_AREAS)[number]

/** `REQUEST_INVALID` about the member `param`. */
export function invalidRequest(param: string, message: string): CodedError {
  return new CodedError('REQUEST_INVALID', { message, details: { param } })
}

/** Throws `REQUEST_INVALID` unless the member is text that is not empty. */
export function requiredText(request: ControlRequest, name: string): string {
  const text = optionalText(request, name)
  if (text === undefined || text === '') throw invalidRequest(name, `${name} must be a text`)
  return text
}

/** Throws `REQUEST_INVALID` for what is there and no text. */
export function optionalText(request: ControlRequest, name: string): string | undefined {
  const value = request[name] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw invalidRequest(name, `${name} must be a text`)
}

/** Throws `REQUEST_INVALID` for what is there and no finite number. */
export function optionalNumber(request: ControlRequest, name: string): number | undefined {
  const value = request[name] ?? undefined
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
  throw invalidRequest(name, `${name} must be a number`)
}

/** Throws `REQUEST_INVALID` for what is there and none of `choices`. */
export function choiceOf<Choice extends string>(
  request: ControlRequest,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const text = optionalText(request, name)
  const choice = choices.find((known) => known === text)
  if (text !== undefined && choice === undefined)
    throw invalidRequest(name, `${name} must be one of ${choices.join(', ')}`)
  return choice
}
