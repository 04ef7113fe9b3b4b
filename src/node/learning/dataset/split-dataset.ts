import { hash } from 'node:crypto'
import { basename } from 'node:path'
import { CodedError } from '../../../base/errors.ts'
import { createRandomStream } from '../../../base/random-stream.ts'
import { DistinctCounter } from '../../../learning/dataset/distinct-counter.ts'
import { sideOf, type SplitShares, type SplitSide } from '../../../learning/dataset/split-side.ts'
import { nativeSha256Hex } from '../../open-answer-cache.ts'
import type { DataWorkOptions } from '../data-progress.ts'
import { openDatasetFile, type DatasetFile } from './dataset-lines.ts'
import { DraftFile, type WrittenText } from './draft-file.ts'

export type SplitDatasetInit = {
  readonly input: string
  readonly train: string
  readonly test: string
  readonly validation?: string
  readonly shares: SplitShares
  /** Keeps as many training rows of each optimal route as the rarest has; the other parts stay as they are. */
  readonly isBalanced: boolean
}

export type SplitPart = WrittenText & {
  readonly side: SplitSide
  readonly path: string
  readonly rows: number
  /** Estimated to 2 % beyond some thousand. */
  readonly tasks: number
  /** Rows by optimal route; of rows that have one. */
  readonly routes: Readonly<Record<string, number>>
}

export type SplitReport = {
  /** Of the text that was read, unpacked. */
  readonly input_sha256: string
  readonly rows: number
  /** Training rows that balancing left out. */
  readonly left_out: number
  readonly parts: readonly SplitPart[]
}

/**
 * Divides a file of rows by task: all rows of a task are on one side. Rows are those of a dataset, of records, or of the evaluation format; they are
 * written as they are, in their order. All parts appear, or none does.
 *
 * Throws `TRAINING_DATA_INVALID` for a row without a task or, when balancing, without an optimal route; and as `openDatasetFile`.
 */
export async function splitDataset(init: SplitDatasetInit, options: DataWorkOptions = {}): Promise<SplitReport> {
  const { input, shares, isBalanced } = init
  const file = await openDatasetFile(input, { stage: 'splitting', readings: isBalanced ? 2 : 1, ...options })
  const balance = isBalanced ? await createBalance(file, shares) : undefined
  const { signal } = options
  const sides = [
    ['train', init.train],
    ['validation', init.validation],
    ['test', init.test],
  ] as const
  const parts = new Map(
    sides.flatMap(([side, path]) => (path === undefined ? [] : [[side, new PartWriter(side, path, signal)]])),
  )
  try {
    let rows = 0
    let leftOut = 0
    for await (const lines of file.read()) {
      for (const { text, number } of lines) {
        const row = readRow(text, `${basename(input)}:${number}`)
        const side = sideOf(row.task, shares, nativeSha256Hex)
        rows += 1
        if (side === 'train' && balance !== undefined && !balance.isKept(row.route)) leftOut += 1
        else parts.get(side)?.add(text, row)
      }
      for (const part of parts.values()) await part.flush()
    }
    await file.requireUnchanged()
    const written: SplitPart[] = []
    for (const part of parts.values()) written.push(await part.finish())
    signal?.throwIfAborted()
    for (const part of parts.values()) await part.draft.publish()
    return { input_sha256: file.sha256, rows, left_out: leftOut, parts: written }
  } finally {
    for (const part of parts.values()) await part.draft.discard()
  }
}

type SplitRow = { readonly task: string; readonly route: string | undefined }

/** Only what the split goes by is read: rows of other kinds can be split, too. */
function readRow(text: string, place: string): SplitRow {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause: unknown) {
    throw new CodedError('TRAINING_DATA_INVALID', { message: `${place}: not JSON`, cause, details: { place } })
  }
  const fields = typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : {}
  const { task_hash: task, prompt, optimal_route: route } = fields as Readonly<Record<string, unknown>>
  const name = typeof task === 'string' ? task : promptTask(prompt)
  if (name === undefined)
    throw new CodedError('TRAINING_DATA_INVALID', {
      message: `${place}: a row needs \`task_hash\` or \`prompt\` (text)`,
      details: { place },
    })
  return { task: name, route: typeof route === 'string' ? route : undefined }
}

function promptTask(prompt: unknown): string | undefined {
  return typeof prompt === 'string' ? hash('sha256', prompt, 'hex') : undefined
}

type Balance = { isKept(route: string | undefined): boolean }

/** Routes there can be; a file with more has something else in its routes. */
const ROUTES_MAX = 16

/** Draws as many rows of each route as the rarest has, evenly, in one more reading (selection sampling, algorithm S of Knuth 3.4.2). */
async function createBalance(file: DatasetFile, shares: SplitShares): Promise<Balance> {
  const counts = new Map<string, number>()
  for await (const lines of file.read())
    for (const { text, number } of lines) {
      const place = `${basename(file.path)}:${number}`
      const { task, route } = readRow(text, place)
      if (route === undefined || (counts.size >= ROUTES_MAX && !counts.has(route)))
        throw new CodedError('TRAINING_DATA_INVALID', {
          message: `${place}: balancing needs rows with an \`optimal_route\``,
          details: { place },
        })
      if (sideOf(task, shares, nativeSha256Hex) === 'train') counts.set(route, (counts.get(route) ?? 0) + 1)
    }
  const rarest = Math.min(...counts.values())
  const needed = new Map([...counts.keys()].map((route) => [route, rarest]))
  const random = createRandomStream(shares.seed)
  return {
    isKept(route = '') {
      const left = counts.get(route) ?? 0
      const need = needed.get(route) ?? 0
      counts.set(route, left - 1)
      if (random.nextUnit() * left >= need) return false
      needed.set(route, need - 1)
      return true
    },
  }
}

class PartWriter {
  readonly draft: DraftFile
  readonly #side: SplitSide
  readonly #path: string
  readonly #tasks = new DistinctCounter()
  readonly #routes = new Map<string, number>()
  #rows = 0
  #text = ''

  constructor(side: SplitSide, path: string, signal: AbortSignal | undefined) {
    this.#side = side
    this.#path = path
    this.draft = new DraftFile({ file: path, ...(signal !== undefined && { signal }) })
  }

  add(text: string, { task, route }: SplitRow): void {
    this.#rows += 1
    this.#tasks.add(task)
    if (route !== undefined && (this.#routes.has(route) || this.#routes.size < ROUTES_MAX))
      this.#routes.set(route, (this.#routes.get(route) ?? 0) + 1)
    this.#text += `${text}\n`
  }

  async flush(): Promise<void> {
    await this.draft.write(this.#text)
    this.#text = ''
  }

  async finish(): Promise<SplitPart> {
    const written = await this.draft.finish()
    return {
      side: this.#side,
      path: this.#path,
      rows: this.#rows,
      tasks: this.#tasks.count,
      routes: Object.fromEntries([...this.#routes].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      ...written,
    }
  }
}
