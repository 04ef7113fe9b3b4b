import { IpldLink, isIpldList, isIpldMap, type IpldValue, memberOf } from './ipld-value.ts'

/** A selector has at most this many UTF-16 units. */
export const SELECTOR_LENGTH_MAX = 256
/** And this many segments. */
export const SELECTOR_SEGMENTS_MAX = 32

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly at: number }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: 'values' }

export type Segment = Step & { readonly isOptional: boolean }

/** A path into arguments; empty for the whole. */
export type Selector = readonly Segment[]

const FIELD = /\.([A-Za-z_][A-Za-z0-9_]*)/y
const QUOTED = /\.?\[("(?:[^"\\\p{Cc}]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*")\]/uy
const INDEX = /\.?\[(0|-?[1-9][0-9]{0,8})\]/y
const SLICE = /\.?\[(0|-?[1-9][0-9]{0,8})?:(0|-?[1-9][0-9]{0,8})?\]/y
const VALUES = /\.?\[\]/y
const OPTIONAL = /\?*/y

/** Reads `.`, `.name`, `.["name"]`, `[0]`, `[-1]`, `[1:2]`, `[]`, each with `?`; `undefined` for anything else. */
export function parseSelector(text: string): Selector | undefined {
  if (text.length > SELECTOR_LENGTH_MAX || !text.startsWith('.')) return undefined
  if (text === '.') return []
  const segments: Segment[] = []
  let at = 0
  while (at < text.length) {
    const read = readStep(text, at)
    if (read === undefined || segments.length === SELECTOR_SEGMENTS_MAX) return undefined
    // A dot stands before the brackets of the first segment only.
    if (at > 0 && text.startsWith('.[', at)) return undefined
    const optional = matchAt(OPTIONAL, text, read.end)?.[0] ?? ''
    segments.push({ ...read.step, isOptional: optional !== '' })
    at = read.end + optional.length
  }
  return segments
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}

function readStep(text: string, at: number): { readonly step: Step; readonly end: number } | undefined {
  const field = matchAt(FIELD, text, at)
  if (field !== undefined) return { step: { kind: 'field', name: field[1] ?? '' }, end: at + field[0].length }
  const quoted = matchAt(QUOTED, text, at)
  if (quoted !== undefined) {
    const name: unknown = JSON.parse(quoted[1] ?? '""')
    return typeof name === 'string' ? { step: { kind: 'field', name }, end: at + quoted[0].length } : undefined
  }
  const index = matchAt(INDEX, text, at)
  if (index !== undefined) return { step: { kind: 'index', at: Number(index[1]) }, end: at + index[0].length }
  const values = matchAt(VALUES, text, at)
  if (values !== undefined) return { step: { kind: 'values' }, end: at + values[0].length }
  const slice = matchAt(SLICE, text, at)
  if (slice === undefined) return undefined
  const [whole, from, to] = slice
  const step: Step = {
    kind: 'slice',
    from: from === undefined ? undefined : Number(from),
    to: to === undefined ? undefined : Number(to),
  }
  return { step, end: at + whole.length }
}

/**
 * The value at a path, left to right. A key that a map lacks is null; a segment that cannot be resolved ends in `undefined`, or in null where it is optional.
 *
 * @param spend  Told the number of values that each segment touches.
 */
export function resolveSelector(
  selector: Selector,
  whole: IpldValue,
  spend: (steps: number) => void,
): IpldValue | undefined {
  let value = whole
  for (const segment of selector) {
    const next = resolveStep(segment, value)
    if (next === undefined && !segment.isOptional) return undefined
    value = next ?? null
    spend(segment.kind === 'field' || segment.kind === 'index' ? 1 : 1 + sizeOf(value))
  }
  return value
}

/** Elements of a list, or of a map without its keys; `undefined` for anything else. */
export function valuesOf(value: IpldValue): readonly IpldValue[] | undefined {
  if (isIpldList(value)) return value
  return isIpldMap(value) ? Object.values(value) : undefined
}

function sizeOf(value: IpldValue): number {
  return isIpldList(value) || value instanceof Uint8Array ? value.length : 0
}

function resolveStep(step: Step, value: IpldValue): IpldValue | undefined {
  if (value instanceof IpldLink) return undefined
  if (step.kind === 'field') return isIpldMap(value) ? (memberOf(value, step.name) ?? null) : undefined
  if (step.kind === 'values') return valuesOf(value)
  if (!isIpldList(value) && !(value instanceof Uint8Array)) return undefined
  if (step.kind === 'index') return value[step.at < 0 ? value.length + step.at : step.at]
  return value.slice(step.from ?? 0, step.to ?? value.length)
}
