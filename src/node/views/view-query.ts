import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError, remedyOf } from '../../base/errors.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { answerControl } from '../control/answer-control.ts'
import { type ControlArea, type ControlRequest, invalidRequest } from '../control/control-request.ts'
import type { KernellNode } from '../kernell-node.ts'
import { plain } from '../market/desks/plain-json.ts'

/** What a view is asked: texts by name, as they stand in a query. */
export type ViewQuery = { readonly [name: string]: string | undefined }

export type ViewObject = { readonly [name: string]: JsonValue | undefined }

/** A part of a view that this node may not have. What it lacks, and what to do about it, is said in its place. */
export type ViewPart =
  | { readonly is_there: true; readonly value: JsonValue }
  | { readonly is_there: false; readonly code: string; readonly message: string; readonly remedy: string }

/** Throws `REQUEST_INVALID` for what is no whole number from `least` to `most`. */
export function wholeNumberOf(
  query: ViewQuery,
  name: string,
  { least, most, usual }: { readonly least: number; readonly most: number; readonly usual: number },
): number {
  const text = query[name]
  if (text === undefined || text === '') return usual
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw invalidRequest(name, `${name} must be a whole number from ${least} to ${most}`)
}

/** Throws `REQUEST_INVALID` for what is none of `choices`. */
export function wordOf<Word extends string>(query: ViewQuery, name: string, choices: readonly [Word, ...Word[]]): Word {
  const text = query[name]
  if (text === undefined || text === '') return choices[0]
  const choice = choices.find((known) => known === text)
  if (choice === undefined) throw invalidRequest(name, `${name} must be one of ${choices.join(', ')}`)
  return choice
}

/** What `read` gives, or why it is not there: a node without that part is no failure of the view. Throws what is no coded error. */
export async function partOf(read: () => Promise<unknown>): Promise<ViewPart> {
  try {
    return { is_there: true, value: plain((await read()) ?? null) }
  } catch (error: unknown) {
    if (!CodedError.is(error) || error.code === 'REQUEST_INVALID') throw error
    const { remedy } = error.details
    return {
      is_there: false,
      code: error.code,
      message: error.message,
      remedy: typeof remedy === 'string' ? remedy : remedyOf(error.code),
    }
  }
}

export type Question = { readonly area: ControlArea; readonly request: ControlRequest }

/** The document with which the node answers a command. Throws as `answerControl`. */
export async function askNode(node: KernellNode, question: Question, options: AbortOptions): Promise<JsonValue> {
  const answer = await answerControl(node, question, options)
  if (answer.kind === 'json') return answer.body
  throw new TypeError('A view is one document')
}
