import { correlation, equalShare, purity, rankCorrelation, separation, type Pairs } from './column-statistics.ts'
import type { CheckedRow, Leak, LeakRule } from './checked-row.ts'
import { followsChoice } from './contract-columns.ts'
import type { FeatureValue } from './feature-columns.ts'
import { isBeforehandName } from './outcome-names.ts'

/** Rows that a comparison of values needs at least; a vector has many columns, of which some fit by chance. */
const ROWS_MIN = 20
const EQUAL_ROWS_MIN = 3
const VECTOR_ROWS_MIN = 200
const EQUAL_SHARE = 0.9
const CORRELATED = 0.9995
const SEPARATION = 0.995
const SIDE_MIN = 10
const PURITY = 0.98
const MAJORITY_MAX = 0.9
/** Success may be told with some noise, where that leaves a fifth of the mistakes of whoever always says the most frequent outcome. */
const NOISY_PURITY = 0.95
const MISTAKES_LEFT_MAX = 0.2
const VALUES_MAX = 32
/** Values of few rows each tell every class. */
const ROWS_PER_VALUE = 10
/** A column that tells a class without a single error may do so by chance this often. */
const CHANCE_MAX = 0.001

/** Numbers that came of a task; what a value is compared with. */
const FIGURES: readonly (readonly [string, (row: SampledRow) => number | null])[] = [
  ['cost_usd', ({ label }) => label.cost_usd],
  ['latency_ms', ({ label }) => label.latency_s * 1000],
  ['latency_s', ({ label }) => label.latency_s],
  ['tokens_out', ({ outcomes: { tokens_out: tokens } }) => (typeof tokens === 'number' ? tokens : null)],
  ['tokens_total', ({ label }) => label.tokens_total],
  ['penalty', ({ label }) => label.penalty],
  ['error_severity', ({ label }) => label.error_severity],
  ['label_confidence', ({ label }) => label.label_confidence],
]

type Class = {
  readonly name: string
  readonly of: (row: Pick<CheckedRow, 'label'>) => string
  readonly purityMin: number
}

const SUCCESS: Class = { name: 'success', of: ({ label }) => String(label.success), purityMin: NOISY_PURITY }
const SURE_SUCCESS: Class = { ...SUCCESS, purityMin: PURITY }
const OPTIMAL: Class = { name: 'optimal_route', of: ({ label }) => label.optimal_route, purityMin: PURITY }
const ACTUAL: Class = { name: 'actual_route', of: ({ label }) => label.actual_route, purityMin: PURITY }
const ESCALATED: Class = {
  name: 'was_escalated',
  of: ({ label }) => String(label.was_escalated),
  purityMin: PURITY,
}

/** What a feature column of another program gives away. */
export function leakOfColumn(field: string, sample: readonly SampledRow[]): Leak | undefined {
  const rows = sample.filter(({ columns }) => columns.has(field))
  const values = rows.map(({ columns }) => columns.get(field) ?? '')
  const numbers = numbersOf(values)
  // What a policy planned is often what was best: that is what it is for.
  const classes = isBeforehandName(field) ? [SUCCESS, ESCALATED] : [SUCCESS, OPTIMAL, ESCALATED]
  return (
    (numbers && leakOfNumbers({ field, numbers, rows, rowsMin: ROWS_MIN, equalMin: EQUAL_ROWS_MIN })) ??
    leakOfClasses({ field, texts: values.map(String), rows }, classes) ??
    leakOfPresence(field, sample)
  )
}

/**
 * What a field of the contract gives away. It may well follow the route, for which it is there, so that figures and success are looked for; what was
 * expected of the chosen model tells success, too, where the choice alone does, as where a small model always fails.
 */
export function leakOfContractColumn(field: string, sample: readonly SampledRow[]): Leak | undefined {
  const rows = sample.filter(({ contract }) => contract.has(field))
  const values = rows.map(({ contract }) => contract.get(field) ?? '')
  const choices = { field, texts: rows.map(({ action }) => action), rows }
  const isOfChoice = followsChoice(field) && leakOfClasses(choices, [SUCCESS]) !== undefined
  const numbers = numbersOf(values)
  const leak = numbers && leakOfNumbers({ field, numbers, rows, rowsMin: VECTOR_ROWS_MIN, equalMin: ROWS_MIN })
  if (isOfChoice) return leak?.rule === 'separates' ? undefined : leak
  return leak ?? leakOfClasses({ field, texts: values.map(String), rows }, [SUCCESS])
}

/** What the first or last word of prompts gives away: a program that adds something to a text adds it there. */
export function leaksOfPromptEnd(end: 'first' | 'last', sample: readonly SampledRow[]): readonly Leak[] {
  const rows = sample.filter(({ ends }) => ends !== undefined)
  const field = `prompt: ${end} word`
  const texts = rows.map(({ ends }) => ends?.[end] ?? '')
  for (const one of [SURE_SUCCESS, ACTUAL, OPTIMAL]) {
    const leak = leakOfClasses({ field, texts, rows }, [one])
    if (leak === undefined) continue
    // Families of prompts end differently, and a policy may send each its own way.
    const planned = rows.map(({ label }) => String(label.predicted_route))
    const isPlanned = one.name !== 'success' && leakOfClasses({ field, texts: planned, rows }, [one]) !== undefined
    if (!isPlanned) return [leak]
  }
  return []
}

/** A row of the sample, without its text. */
export type SampledRow = Omit<CheckedRow, 'prompt' | 'task' | 'answer'> & { readonly ends?: PromptEnds }

/** In lower case, 40 characters at most. */
export type PromptEnds = { readonly first: string; readonly last: string }

const END_CHARS_MAX = 40

export function promptEnds(text: string): PromptEnds {
  const first = /\S+/.exec(text.slice(0, SEARCHED_CHARS))?.[0] ?? ''
  const last = /\S+$/.exec(text.slice(-SEARCHED_CHARS).trimEnd())?.[0] ?? ''
  return { first: first.toLowerCase().slice(0, END_CHARS_MAX), last: last.toLowerCase().slice(-END_CHARS_MAX) }
}

const SEARCHED_CHARS = 512

/** A column that only some rows have tells by being there. */
function leakOfPresence(field: string, sample: readonly SampledRow[]): Leak | undefined {
  const texts = sample.map(({ columns }) => String(columns.has(field)))
  const leak = leakOfClasses({ field, texts, rows: sample }, [SUCCESS])
  return leak && { ...leak, rule: 'presence', why: leak.why.replace('its value', 'that it is there') }
}

export function leaksOfVector(sample: readonly SampledRow[]): readonly Leak[] {
  const rows = sample.filter(({ vector }) => vector !== undefined)
  const length = rows[0]?.vector?.length ?? 0
  const leaks: Leak[] = []
  for (let column = 0; column < length; column += 1) {
    const numbers = rows.map(({ vector }) => vector?.[column] ?? 0)
    const counts = { rowsMin: VECTOR_ROWS_MIN, equalMin: EQUAL_ROWS_MIN }
    const leak = leakOfNumbers({ field: `features[${column}]`, numbers, rows, ...counts })
    if (leak !== undefined) leaks.push(leak)
  }
  return leaks
}

type NumericColumn = {
  readonly field: string
  readonly numbers: readonly number[]
  readonly rows: readonly SampledRow[]
  readonly rowsMin: number
  /** Rows that have to be equal at least. */
  readonly equalMin: number
}

function leakOfNumbers(column: NumericColumn): Leak | undefined {
  return leakOfEqual(column) ?? (column.rows.length < column.rowsMin ? undefined : leakOfOrder(column))
}

function leakOfEqual({ field, numbers, rows, equalMin }: NumericColumn): Leak | undefined {
  const tokensIn = rows.map((row) => row.tokensIn)
  // Of a task without an answer the length of both is its own.
  if (equalShare(pairsOf(numbers, tokensIn)).share >= EQUAL_SHARE) return undefined
  for (const [name, figureOf] of FIGURES) {
    const pairs = pairsOf(numbers, rows.map(figureOf))
    if (!isVaried(pairs.labels)) continue
    const { share, rows: compared } = equalShare(pairs)
    if (compared >= equalMin && share >= EQUAL_SHARE)
      return { field, rule: 'equal', why: `it is ${name} in ${Math.round(share * compared)} of ${compared} rows` }
  }
  return undefined
}

function leakOfOrder({ field, numbers, rows, rowsMin }: NumericColumn): Leak | undefined {
  const length = pairsOf(
    numbers,
    rows.map(({ tokensIn }) => tokensIn),
  )
  if (strengthOf(length) < CORRELATED)
    for (const [name, figureOf] of FIGURES) {
      const pairs = pairsOf(numbers, rows.map(figureOf))
      if (pairs.labels.length < rowsMin || !isVaried(pairs.labels)) continue
      const strength = strengthOf(pairs)
      if (strength < CORRELATED) continue
      const why = `${name} can be computed from it (correlation ${strength.toFixed(4)})`
      return { field, rule: 'correlated', why }
    }
  const success = pairsOf(
    numbers,
    rows.map(({ label }) => (label.success ? 1 : 0)),
  )
  const area = separation(success, SIDE_MIN)
  if (area !== undefined && Math.max(area, 1 - area) >= SEPARATION)
    return { field, rule: 'separates', why: `it tells success from failure (area under the curve ${area.toFixed(4)})` }
  return undefined
}

/** A number with a unit or a currency around it. */
const WITH_UNIT = /^[^\d.+-]{0,8}([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[^\d.]{0,12}$/

/** `undefined` unless all of them are numbers. */
function numbersOf(values: readonly FeatureValue[]): readonly number[] | undefined {
  const numbers: number[] = []
  for (const value of values) {
    const number = typeof value === 'string' ? Number(WITH_UNIT.exec(value.trim())?.[1] ?? Number.NaN) : Number(value)
    if (!Number.isFinite(number)) return undefined
    numbers.push(number)
  }
  return numbers
}

/** Of the values or of their ranks, whichever is stronger. */
function strengthOf(pairs: Pairs): number {
  return Math.max(Math.abs(correlation(pairs)), Math.abs(rankCorrelation(pairs)))
}

type ClassColumn = {
  readonly field: string
  readonly texts: readonly string[]
  readonly rows: readonly SampledRow[]
}

function leakOfClasses({ field, texts, rows }: ClassColumn, classes: readonly Class[]): Leak | undefined {
  const rule: LeakRule = 'tells_class'
  for (const { name, of, purityMin } of classes) {
    const told = purity(
      rows.map((row, place) => ({ value: texts[place] ?? '', label: of(row) })),
      VALUES_MAX,
    )
    if (told === undefined) continue
    const isSure = told.share >= PURITY
    const isNoisy = told.share >= purityMin && 1 - told.share <= MISTAKES_LEFT_MAX * (1 - told.majority)
    const isMostly =
      rows.length >= Math.max(ROWS_MIN, ROWS_PER_VALUE * told.values) &&
      (isSure || isNoisy) &&
      told.majority <= MAJORITY_MAX
    const isAlways =
      told.share === 1 && told.values <= told.classes && chanceOf(rows.length, told.majority) <= CHANCE_MAX
    if (isMostly || isAlways)
      return { field, rule, why: `its value tells ${name} in ${Math.round(told.share * 100)} % of the rows` }
  }
  return undefined
}

/** Chance that two groups of rows that have nothing to do with one another fall together: 1 over n choose k. */
function chanceOf(rows: number, majority: number): number {
  const few = rows - Math.round(majority * rows)
  let chance = 1
  for (let place = 0; place < few && chance > CHANCE_MAX; place += 1) chance *= (few - place) / (rows - place)
  return chance
}

/** Rows in which both are known. */
function pairsOf(numbers: readonly number[], labels: readonly (number | null)[]): Pairs {
  const values: number[] = []
  const known: number[] = []
  for (const [place, label] of labels.entries()) {
    const value = numbers[place]
    if (label === null || value === undefined || !Number.isFinite(value)) continue
    values.push(value)
    known.push(label)
  }
  return { values, labels: known }
}

/** A figure with fewer than three values is like many others. */
function isVaried(labels: readonly number[]): boolean {
  return new Set(labels).size >= 3
}
