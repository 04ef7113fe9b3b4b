import { CodedError } from '../../../base/errors.ts'
import { createRandomStream } from '../../../base/random-stream.ts'
import type { LabelRow } from '../label-row.ts'
import { correlation, equalShare, purity, rankCorrelation, separation, type Pairs } from './column-statistics.ts'
import type { FeatureValue } from './feature-columns.ts'
import { isBeforehandName, isOutcomeName } from './outcome-names.ts'
import { PromptMentions, type NamedOutcomes } from './prompt-mentions.ts'

/** A row as the check sees it: what a policy would be taught from, and what came of the task. */
export type CheckedRow = {
  /** Columns of the record's feature fields, by path. */
  readonly columns: ReadonlyMap<string, FeatureValue>
  /** The numbers of `features`, where the record has them. */
  readonly vector?: ArrayLike<number>
  /** The text that a policy is served or taught with. */
  readonly prompt?: string
  /** The answer that was given, where the record holds it. */
  readonly answer?: string
  readonly label: LabelRow
  /** More that came of it, by the names of a record; `tokens_out` among them where it is known. */
  readonly outcomes: NamedOutcomes
  /** Length of the task, known beforehand; a column that follows it may follow cost and time, too. */
  readonly tokensIn: number | null
  /** File and line. */
  readonly place: string
}

export type LeakRule = 'name' | 'equal' | 'correlated' | 'separates' | 'tells_class' | 'prompt'

export type Leak = { readonly field: string; readonly rule: LeakRule; readonly why: string; readonly place?: string }

export type LeakageReport = {
  readonly passed: boolean
  readonly rows: number
  /** Rows whose values were compared with their labels; drawn evenly. */
  readonly rows_compared: number
  /** Feature columns beside the contract's own. */
  readonly columns: number
  readonly prompts: number
  readonly leaks: readonly Leak[]
}

/** Rows that are kept to compare values; drawn evenly from all (reservoir sampling, Vitter 1985). */
const SAMPLE_MAX = 4096
const SAMPLE_SEED = 20_260_131
const LEAKS_MAX = 50
/** Columns that are looked at; a dataset with more is refused. */
const COLUMNS_MAX = 4096

/** Looks at every row once; what it keeps is bounded. */
export class LeakageCheck {
  readonly #random = createRandomStream(SAMPLE_SEED)
  readonly #sample: CheckedRow[] = []
  /** Path of each column, and where it was first seen. */
  readonly #columns = new Map<string, string>()
  readonly #mentions = new PromptMentions()
  #rows = 0
  #prompts = 0

  /** Throws `TRAINING_DATA_INVALID` for a dataset of more than 4,096 feature columns. */
  add(row: CheckedRow): void {
    this.#rows += 1
    for (const path of row.columns.keys()) {
      if (this.#columns.has(path)) continue
      if (this.#columns.size === COLUMNS_MAX)
        throw new CodedError('TRAINING_DATA_INVALID', {
          message: `${row.place}: the dataset has more than ${COLUMNS_MAX} feature columns`,
          details: { place: row.place },
        })
      this.#columns.set(path, row.place)
    }
    if (row.prompt !== undefined) {
      this.#prompts += 1
      this.#mentions.add(row.prompt, row.outcomes, row.place)
      if (row.answer !== undefined) this.#mentions.addAnswer(row.prompt, row.answer, row.place)
    }
    if (row.columns.size > 0 || row.vector !== undefined) this.#keep(row)
  }

  report(): LeakageReport {
    const leaks: Leak[] = []
    for (const [field, place] of this.#columns)
      if (isOutcomeName(field))
        leaks.push({ field, rule: 'name', why: 'its name says that it holds an outcome', place })
    for (const field of this.#columns.keys()) {
      const leak = leakOfColumn(field, this.#sample)
      if (leak !== undefined) leaks.push(leak)
    }
    leaks.push(...leaksOfVector(this.#sample))
    for (const { name, why, place } of this.#mentions.found())
      leaks.push({ field: `prompt: ${name}`, rule: 'prompt', why, place })
    return {
      passed: leaks.length === 0,
      rows: this.#rows,
      rows_compared: this.#sample.length,
      columns: this.#columns.size,
      prompts: this.#prompts,
      leaks: leaks.slice(0, LEAKS_MAX),
    }
  }

  #seen = 0
  #keep(row: CheckedRow): void {
    this.#seen += 1
    if (this.#sample.length < SAMPLE_MAX) this.#sample.push(withoutText(row))
    else {
      const place = this.#random.nextBelow(Math.min(this.#seen, 4_294_967_296))
      if (place < SAMPLE_MAX) this.#sample[place] = withoutText(row)
    }
  }
}

/** Throws `DATA_LEAKAGE` naming the fields when the check did not pass. */
export function requireNoLeak(report: LeakageReport): void {
  const [first] = report.leaks
  if (first === undefined) return
  const more = report.leaks.length > 1 ? `, and ${report.leaks.length - 1} more` : ''
  const at = first.place === undefined ? '' : ` (${first.place})`
  throw new CodedError('DATA_LEAKAGE', {
    message: `${first.field} leaks what came of the task: ${first.why}${at}${more}`,
    details: { leaks: report.leaks },
  })
}

function withoutText({ prompt: _prompt, answer: _answer, ...row }: CheckedRow): CheckedRow {
  return row
}

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
const VALUES_MAX = 32
/** Values of few rows each tell every class. */
const ROWS_PER_VALUE = 10
/** A column that tells a class without a single error may do so by chance this often. */
const CHANCE_MAX = 0.001

/** Numbers that came of a task; what a value is compared with. */
const FIGURES: readonly (readonly [string, (row: CheckedRow) => number | null])[] = [
  ['cost_usd', ({ label }) => label.cost_usd],
  ['latency_ms', ({ label }) => label.latency_s * 1000],
  ['latency_s', ({ label }) => label.latency_s],
  ['tokens_out', ({ outcomes: { tokens_out: tokens } }) => (typeof tokens === 'number' ? tokens : null)],
  ['tokens_total', ({ label }) => label.tokens_total],
  ['penalty', ({ label }) => label.penalty],
  ['error_severity', ({ label }) => label.error_severity],
  ['label_confidence', ({ label }) => label.label_confidence],
]

const CLASSES: readonly (readonly [string, (row: LabelRow) => string])[] = [
  ['success', (row) => String(row.success)],
  ['optimal_route', (row) => row.optimal_route],
  ['was_escalated', (row) => String(row.was_escalated)],
]

function leakOfColumn(field: string, sample: readonly CheckedRow[]): Leak | undefined {
  const rows = sample.filter(({ columns }) => columns.has(field))
  const numbers = rows.map(({ columns }) => Number(columns.get(field)))
  const texts = rows.map(({ columns }) => String(columns.get(field)))
  const isNumeric = numbers.every(Number.isFinite) && texts.every((text) => text.trim() !== '')
  const ofNumbers = isNumeric ? leakOfNumbers({ field, numbers, rows, rowsMin: ROWS_MIN }) : undefined
  return ofNumbers ?? leakOfClasses(field, texts, rows)
}

function leaksOfVector(sample: readonly CheckedRow[]): readonly Leak[] {
  const rows = sample.filter(({ vector }) => vector !== undefined)
  const length = rows[0]?.vector?.length ?? 0
  const leaks: Leak[] = []
  for (let column = 0; column < length; column += 1) {
    const numbers = rows.map(({ vector }) => vector?.[column] ?? 0)
    const leak = leakOfNumbers({ field: `features[${column}]`, numbers, rows, rowsMin: VECTOR_ROWS_MIN })
    if (leak !== undefined) leaks.push(leak)
  }
  return leaks
}

type NumericColumn = {
  readonly field: string
  readonly numbers: readonly number[]
  readonly rows: readonly CheckedRow[]
  readonly rowsMin: number
}

function leakOfNumbers({ field, numbers, rows, rowsMin }: NumericColumn): Leak | undefined {
  for (const [name, figureOf] of FIGURES) {
    const pairs = pairsOf(numbers, rows.map(figureOf))
    if (!isVaried(pairs.labels)) continue
    const { share, rows: compared } = equalShare(pairs)
    if (compared >= EQUAL_ROWS_MIN && share >= EQUAL_SHARE)
      return { field, rule: 'equal', why: `it is ${name} in ${Math.round(share * compared)} of ${compared} rows` }
  }
  if (rows.length < rowsMin) return undefined
  const length = pairsOf(
    numbers,
    rows.map(({ tokensIn }) => tokensIn),
  )
  if (strengthOf(length) < CORRELATED)
    for (const [name, figureOf] of FIGURES) {
      const pairs = pairsOf(numbers, rows.map(figureOf))
      if (pairs.labels.length < rowsMin || !isVaried(pairs.labels)) continue
      const strength = strengthOf(pairs)
      if (strength >= CORRELATED)
        return {
          field,
          rule: 'correlated',
          why: `${name} can be computed from it (correlation ${strength.toFixed(4)})`,
        }
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

/** Of the values or of their ranks, whichever is stronger. */
function strengthOf(pairs: Pairs): number {
  return Math.max(Math.abs(correlation(pairs)), Math.abs(rankCorrelation(pairs)))
}

function leakOfClasses(field: string, texts: readonly string[], rows: readonly CheckedRow[]): Leak | undefined {
  for (const [name, classOf] of CLASSES) {
    // What a policy planned is often what was best: that is what it is for.
    if (name === 'optimal_route' && isBeforehandName(field)) continue
    const told = purity(
      rows.map(({ label }, place) => ({ value: texts[place] ?? '', label: classOf(label) })),
      VALUES_MAX,
    )
    if (told === undefined) continue
    const isMostly =
      rows.length >= Math.max(ROWS_MIN, ROWS_PER_VALUE * told.values) &&
      told.share >= PURITY &&
      told.majority <= MAJORITY_MAX
    const isAlways =
      told.share === 1 && told.values <= told.classes && chanceOf(rows.length, told.majority) <= CHANCE_MAX
    if (isMostly || isAlways)
      return {
        field,
        rule: 'tells_class',
        why: `its value tells ${name} in ${Math.round(told.share * 100)} % of the rows`,
      }
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
