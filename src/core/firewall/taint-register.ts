import type { JsonValue } from '../../base/canonical-json.ts'
import { CLEAN_LABEL, CONFIDENTIALITIES, INTEGRITIES, joinLabels, ORIGINS_MAX, type TaintLabel } from './taint-label.ts'

/**
 * What is known of what was stored: by locator of a file or a memory. It outlives the plan that stored it. A label only rises, by `taint`; the one way down
 * is `declassify`, which an approval stands behind.
 */
export type TaintRegister = {
  readonly labels: ReadonlyMap<string, TaintLabel>
  /** Joined into every locator without a label of its own: what was forgotten to stay within `TAINTED_MAX`. */
  readonly floor: TaintLabel
}

/** Locators that are remembered one by one; of more, the oldest raise the floor for all. */
export const TAINTED_MAX = 16_384

export const EMPTY_TAINT_REGISTER: TaintRegister = { labels: new Map(), floor: CLEAN_LABEL }

/** What is known of a place: what was stored there, and whatever was stored somewhere in a folder around it, when nobody knew where. */
export function labelAt({ labels, floor }: TaintRegister, locator: string): TaintLabel {
  let label = labels.get(locator) ?? floor
  for (let end = locator.lastIndexOf('/'); end > 0; end = locator.lastIndexOf('/', end - 1)) {
    const around = labels.get(locator.slice(0, end))
    if (around !== undefined) label = joinLabels(label, around)
  }
  return label
}

/** After something of this label was stored there: what was there before may still be. */
export function taint(register: TaintRegister, locator: string, label: TaintLabel): TaintRegister {
  return withLabel(register, locator, joinLabels(labelAt(register, locator), label))
}

/** After somebody with the right to do so has looked at what is there. Origins stay. */
export function declassify(
  register: TaintRegister,
  locator: string,
  allowed: Pick<TaintLabel, 'confidentiality' | 'integrity'>,
): TaintRegister {
  const { origins } = labelAt(register, locator)
  return withLabel(register, locator, { ...allowed, origins })
}

function withLabel(register: TaintRegister, locator: string, label: TaintLabel): TaintRegister {
  const labels = new Map(register.labels)
  labels.delete(locator)
  labels.set(locator, label)
  let { floor } = register
  for (const [oldest, forgotten] of labels) {
    if (labels.size <= TAINTED_MAX) break
    floor = joinLabels(floor, forgotten)
    labels.delete(oldest)
  }
  return { labels, floor }
}

/** As JSON; `parseTaintRegister` reads it back. */
export function formatTaintRegister({ labels, floor }: TaintRegister): JsonValue {
  return { floor: valueOf(floor), labels: [...labels].map(([locator, label]) => [locator, valueOf(label)]) }
}

/** `undefined` for anything that `formatTaintRegister` did not write: whoever opens it then must not go on as if nothing were tainted. */
export function parseTaintRegister(value: JsonValue): TaintRegister | undefined {
  if (typeof value !== 'object' || value === null || !('labels' in value) || !Array.isArray(value['labels']))
    return undefined
  const floor = labelOf(value['floor'])
  if (floor === undefined || value['labels'].length > TAINTED_MAX) return undefined
  const labels = new Map<string, TaintLabel>()
  for (const entry of value['labels']) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') return undefined
    const label = labelOf(entry[1])
    if (label === undefined) return undefined
    labels.set(entry[0], label)
  }
  return { labels, floor }
}

function valueOf({ confidentiality, integrity, origins }: TaintLabel): JsonValue {
  return { confidentiality, integrity, origins: [...origins] }
}

function labelOf(value: JsonValue | undefined): TaintLabel | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const fields = value as Readonly<Record<string, JsonValue>>
  const confidentiality = CONFIDENTIALITIES.find((known) => known === fields['confidentiality'])
  const integrity = INTEGRITIES.find((known) => known === fields['integrity'])
  const origins = fields['origins']
  if (confidentiality === undefined || integrity === undefined || !Array.isArray(origins)) return undefined
  if (origins.length > ORIGINS_MAX || !origins.every((origin) => typeof origin === 'string')) return undefined
  return { confidentiality, integrity, origins }
}
