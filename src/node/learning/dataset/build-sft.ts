import { hash } from 'node:crypto'
import { basename } from 'node:path'
import { CodedError } from '../../../base/errors.ts'
import { readDatasetRow } from '../../../learning/dataset/dataset-row.ts'
import type { DatasetRow } from '../../../learning/dataset/label-row.ts'
import { contractColumns } from '../../../learning/dataset/leakage/contract-columns.ts'
import { requireFeatureColumns } from '../../../learning/dataset/leakage/feature-columns.ts'
import { LeakageCheck, requireNoLeak, type LeakageReport } from '../../../learning/dataset/leakage/leakage-check.ts'
import { RANK_MAX } from '../../../learning/dataset/record-identity.ts'
import { createSftFormatter } from '../../../learning/dataset/sft-row.ts'
import type { DataWorkOptions } from '../data-progress.ts'
import { openDatasetFile, type DatasetFile } from './dataset-lines.ts'
import { DraftFile, type WrittenText } from './draft-file.ts'
import { DuplicateFinder, type Duplicates } from './duplicate-finder.ts'

export type BuildSftInit = {
  readonly input: string
  readonly output: string
  /** Rows whose label is less sure are left out, 0 to 1. */
  readonly confidenceMin: number
  /** Told of what was written before it can be seen; what it throws keeps it from appearing. */
  readonly onWritten?: (written: SftReport) => Promise<void>
}

export type SftReport = WrittenText & {
  /** Of the text that was read, unpacked. */
  readonly input_sha256: string
  readonly output: string
  readonly rows: number
  readonly examples: number
  readonly left_out: {
    /** Rows whose text was not kept. */
    readonly without_text: number
    /** Rows of a task that a surer row speaks for. */
    readonly same_task: number
    readonly unsure: number
  }
  /** Examples by route. */
  readonly routes: Readonly<Record<string, number>>
  readonly leakage: LeakageReport
}

/**
 * Writes examples for supervised training of a deciding model, one line of `{"prompt","completion"}` for each task whose text was kept. Of several rows of
 * one text the one with the surest label speaks for it. Read twice; memory is bounded. The file appears whole or not at all.
 *
 * Throws `TRAINING_DATA_INVALID` naming file and line, or when there is no example; `DATA_LEAKAGE`, `DATA_INPUT_CHANGED`, `STORE_WRITE_FAILED`.
 */
export async function buildSft(init: BuildSftInit, options: DataWorkOptions = {}): Promise<SftReport> {
  const file = await openDatasetFile(init.input, { stage: 'writing', readings: 2, ...options })
  const duplicates = await findSameTexts(file, init.output)
  const { signal } = options
  const draft = new DraftFile({ file: init.output, ...(signal !== undefined && { signal }) })
  try {
    const writer = new SftWriter(init, basename(init.input), duplicates)
    for await (const lines of file.read()) {
      let text = ''
      for (const { text: line, number } of lines) text += writer.lineOf(line, number)
      await draft.write(text)
    }
    await file.requireUnchanged()
    const leakage = writer.check.report()
    requireNoLeak(leakage)
    if (writer.exampleCount === 0) throw withoutExamples(init.input, writer)
    const report = {
      input_sha256: file.sha256,
      output: init.output,
      ...writer.counts(),
      leakage,
      ...(await draft.finish()),
    }
    signal?.throwIfAborted()
    await init.onWritten?.(report)
    await draft.publish()
    return report
  } finally {
    await draft.discard()
  }
}

async function findSameTexts(file: DatasetFile, folder: string): Promise<Duplicates> {
  const finder = new DuplicateFinder({ folder })
  try {
    for await (const lines of file.read())
      for (const { text, number } of lines) {
        const { logged, label_confidence: confidence } = readDatasetRow(text, `${basename(file.path)}:${number}`)
        const identity = logged?.prompt === undefined ? undefined : hash('sha256', logged.prompt, 'buffer')
        finder.add(identity, Math.round(confidence * RANK_MAX))
      }
    return finder.finish()
  } finally {
    finder.close()
  }
}

class SftWriter {
  readonly check = new LeakageCheck()
  readonly #format = createSftFormatter()
  readonly #routes = { local: 0, cheap: 0, premium: 0 }
  readonly #confidenceMin: number
  readonly #name: string
  readonly #duplicates: Duplicates
  #number = 0
  #examples = 0
  #withoutText = 0
  #sameTask = 0
  #unsure = 0

  constructor({ confidenceMin }: BuildSftInit, name: string, duplicates: Duplicates) {
    this.#confidenceMin = confidenceMin
    this.#name = name
    this.#duplicates = duplicates
  }

  /** Its example with a line end, or nothing. */
  lineOf(line: string, number: number): string {
    const place = `${this.#name}:${number}`
    const row = readDatasetRow(line, place)
    const isSame = this.#duplicates.isDuplicate(this.#number)
    this.#number += 1
    const example = this.#format(row)
    if (example === undefined) this.#withoutText += 1
    else if (isSame) this.#sameTask += 1
    else if (row.label_confidence < this.#confidenceMin) this.#unsure += 1
    else {
      this.#examples += 1
      this.#routes[row.optimal_route] += 1
      this.#look(row, line, { place, prompt: example.prompt })
      return `${JSON.stringify(example)}\n`
    }
    return ''
  }

  get exampleCount(): number {
    return this.#examples
  }

  counts(): Pick<SftReport, 'rows' | 'examples' | 'left_out' | 'routes'> {
    return {
      rows: this.#number,
      examples: this.#examples,
      left_out: { without_text: this.#withoutText, same_task: this.#sameTask, unsure: this.#unsure },
      routes: { ...this.#routes },
    }
  }

  #look(row: DatasetRow, line: string, at: { readonly place: string; readonly prompt: string }): void {
    const { logged, ...label } = row
    // The reader of rows keeps to the contract's fields; what else a row has is looked at all the same.
    const { columns } = requireFeatureColumns(JSON.parse(line) as Readonly<Record<string, unknown>>, at.place)
    this.check.add({
      columns,
      contract: contractColumns(row),
      action: logged?.action ?? label.actual_route,
      ...(logged?.prompt !== undefined && { task: logged.prompt }),
      label,
      tokensIn: label.task_token_count,
      outcomes: {
        ...label,
        escalation_chain: label.escalation_chain.join(','),
        cost: label.cost_usd,
        latency_ms: label.latency_s * 1000,
        actual_tier_used: null,
        reward: logged?.reward ?? null,
      },
      ...at,
    })
  }
}

function withoutExamples(input: string, writer: SftWriter): CodedError {
  const { rows, left_out: leftOut } = writer.counts()
  return new CodedError('TRAINING_DATA_INVALID', {
    message: `No row of ${input} gives an example: of ${rows}, ${leftOut.without_text} have no text and ${leftOut.unsure} are unsure`,
    details: {
      input,
      rows,
      ...leftOut,
      remedy:
        'Examples need the text of tasks: set `telemetry.keepText` with consent, and build with `--mode default`; or lower `--min-confidence`.',
    },
  })
}
