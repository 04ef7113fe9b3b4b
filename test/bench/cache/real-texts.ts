import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Distinct texts to look among, and other texts to look for: each query's reworded or look-alike partner is among the texts. */
export type RealTexts = { readonly texts: readonly string[]; readonly queries: readonly string[] }

const FOLDERS = ['cache', 'routing', 'prompts', 'security'] as const
const PART_CHARACTERS_MIN = 24

/**
 * Reads question pairs, prompts and answers from the evaluation folder; long answers are also cut into lines to make up the
 * number. Throws when the folder is absent. Deterministic: files and rows in order, every n-th pair gives a query.
 */
export function readRealTexts(folder: string, wanted: { readonly texts: number; readonly queries: number }): RealTexts {
  const pairs: [string, string][] = []
  const whole: string[] = []
  const parts: string[] = []
  for (const name of FOLDERS) {
    for (const row of readRows(join(folder, name))) {
      const { a, b } = row
      if (typeof a === 'string' && typeof b === 'string') pairs.push([a, b])
      collectTexts(row, whole, parts)
    }
  }
  const step = Math.max(1, Math.floor(pairs.length / wanted.queries))
  const queries = new Set(pairs.filter((_, at) => at % step === 0).map(([a]) => a))
  const texts = new Set<string>()
  for (const source of [pairs.flat(), whole, parts]) {
    for (const text of source) {
      if (texts.size === wanted.texts) break
      if (!queries.has(text) && /[\p{L}\p{N}]/u.test(text)) texts.add(text)
    }
  }
  return { texts: [...texts], queries: [...queries] }
}

function readRows(folder: string): Record<string, unknown>[] {
  const files = readdirSync(folder).filter((file) => /\.jsonl(\.gz)?$/.test(file))
  return files.toSorted().flatMap((file) => {
    const bytes = readFileSync(join(folder, file))
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  })
}

function collectTexts(row: Record<string, unknown>, whole: string[], parts: string[]): void {
  for (const field of ['prompt', 'text']) {
    const text = row[field]
    if (typeof text === 'string') whole.push(text)
  }
  if (Array.isArray(row.turns)) whole.push(...row.turns.filter((turn) => typeof turn === 'string'))
  for (const outcome of Object.values(Object(row.models))) {
    const answer: unknown = Reflect.get(Object(outcome), 'response')
    if (typeof answer !== 'string') continue
    whole.push(answer)
    parts.push(...answer.split('\n').filter((line) => line.length >= PART_CHARACTERS_MIN))
  }
}
