import { CodedError } from '../../../base/errors.ts'
import { createRandomStream } from '../../../base/random-stream.ts'
import type { CheckedRow, Leak } from './checked-row.ts'
import { isOutcomeName } from './outcome-names.ts'
import { PromptMentions } from './prompt-mentions.ts'
import {
  leakOfColumn,
  leakOfContractColumn,
  leaksOfPromptEnd,
  leaksOfVector,
  promptEnds,
  type SampledRow,
} from './value-rules.ts'

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
  readonly #sample: SampledRow[] = []
  /** Path of each column, and where it was first seen. */
  readonly #columns = new Map<string, string>()
  readonly #contract = new Set<string>()
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
    for (const field of row.contract.keys()) this.#contract.add(field)
    this.#keep(row)
  }

  report(): LeakageReport {
    const leaks: Leak[] = []
    for (const [field, place] of this.#columns)
      if (isOutcomeName(field))
        leaks.push({ field, rule: 'name', why: 'its name says that it holds an outcome', place })
    const sample = this.#sample
    const found = [
      ...Array.from(this.#columns.keys(), (field) => leakOfColumn(field, sample)),
      ...Array.from(this.#contract, (field) => leakOfContractColumn(field, sample)),
      ...leaksOfVector(sample),
    ]
    leaks.push(...found.filter((leak) => leak !== undefined))
    for (const { name, why, place } of this.#mentions.found())
      leaks.push({ field: `prompt: ${name}`, rule: 'prompt', why, place })
    // What stands at an end under its name was found by that.
    if (!leaks.some(({ rule }) => rule === 'prompt'))
      for (const end of ['first', 'last'] as const) leaks.push(...leaksOfPromptEnd(end, sample))
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

function withoutText({ prompt, task = prompt, answer: _answer, ...row }: CheckedRow): SampledRow {
  return { ...row, ...(task !== undefined && { ends: promptEnds(task) }) }
}
