import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createRandomStream, shuffle } from '../../../src/base/random-stream.ts'
import { StudyUsage } from '../study.ts'

/** A row of recorded outcomes, as it stands in its file. */
export type RecordedRow = {
  readonly prompt: string
  readonly models: Readonly<Record<string, unknown>>
  readonly contaminated?: boolean
}

export type SplitFile = {
  readonly train: readonly RecordedRow[]
  readonly test: readonly RecordedRow[]
  readonly rows: number
  /** Rows that nobody uses: contaminated ones, and those whose prompt is in the file before, since a task has one outcome in a world. */
  readonly notUsed: number
  /** Rows that were left out so that a run takes minutes; drawn by the seed. */
  readonly notDrawn: number
}

/** Halves of the rows of a file (JSON Lines or .gz), drawn by a seed; at most so many rows. Throws `StudyUsage` where it cannot be read. */
export function splitFile(file: string, seed: number, rowsMax: number): SplitFile {
  const rows = read(file)
  const known = new Set<string>()
  const usable = rows.filter(({ prompt, contaminated }) => {
    if (contaminated === true || known.has(prompt)) return false
    known.add(prompt)
    return true
  })
  const order = shuffle([...usable], createRandomStream(seed)).slice(0, rowsMax)
  const half = order.length >> 1
  return {
    train: order.slice(0, half),
    test: order.slice(half),
    rows: rows.length,
    notUsed: rows.length - usable.length,
    notDrawn: usable.length - order.length,
  }
}

/** JSON Lines. */
export function linesOf(rows: readonly RecordedRow[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

/** Rows without some models, and of them those that have all that are left. */
export function completeRows(rows: readonly RecordedRow[], leftOut: readonly string[]): readonly RecordedRow[] {
  const kept = rows.map((row) => ({
    ...row,
    models: Object.fromEntries(Object.entries(row.models).filter(([name]) => !leftOut.includes(name))),
  }))
  const names = new Set(kept.flatMap(({ models }) => Object.keys(models)))
  return kept.filter(({ models }) => Object.keys(models).length === names.size)
}

function read(file: string): readonly RecordedRow[] {
  try {
    const bytes = readFileSync(file)
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    return lines.map((line) => JSON.parse(line) as RecordedRow)
  } catch (cause: unknown) {
    throw new StudyUsage(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
