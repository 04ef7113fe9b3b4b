import { judgedPassages } from '../../core/injection/score-text.ts'
import { passagesOf } from '../../core/injection/split-text.ts'
import { visibleText } from '../../core/injection/visible-text.ts'
import { foldKeyOf } from '../../core/learning/training/fold-key.ts'
import { TRAINING_CARRIERS } from './carrier-documents.ts'
import { EVERYDAY_PROMPTS } from './everyday-prompts.ts'
import { rowKeyOf, type InjectionRow } from './injection-rows.ts'
import type { TrainingPassage } from './passage-set.ts'

/** A text that is judged as one, by its worst passage, and the places of its passages. */
export type TrainingText = {
  readonly kind: 'attack' | 'harmless' | 'ordinary' | 'everyday'
  readonly places: readonly number[]
}

export type TrainingTexts = { readonly passages: readonly TrainingPassage[]; readonly texts: readonly TrainingText[] }

/** More ordinary tasks than this teach nothing new; which of them are taken depends on their text alone. */
const ORDINARY_MAX = 4_000
/** All ordinary tasks together weigh as much as so many labelled rows: enough to be left alone, too little to drown the labelled ones. */
const ORDINARY_WEIGHT = 1_500
const SENTENCE_DOCUMENTS_MAX = 1_500

/** What the model of direct injections learns from: attacks, texts that only look like one, and ordinary tasks. */
export function directPassages(rows: readonly InjectionRow[]): TrainingTexts {
  const labelled = rows.filter(({ kind }) => kind === 'direct' || kind === 'harmless')
  const ordinary = sampleRows(rows, ORDINARY_MAX)
  const ordinaryWeight = Math.min(1, ORDINARY_WEIGHT / (ordinary.length + EVERYDAY_PROMPTS.length))
  const weigh = (text: string, kind: TrainingText['kind'], weight: number): WeighedText => ({
    parts: judgedPassages(text, 'direct'),
    kind,
    weight,
    group: rowKeyOf(text),
  })
  return collect([
    ...labelled.map(({ text, kind }) => weigh(text, kind === 'direct' ? 'attack' : 'harmless', 1)),
    ...EVERYDAY_PROMPTS.map((text) => weigh(text, 'everyday', ordinaryWeight)),
    ...ordinary.map(({ text }) => weigh(text, 'ordinary', ordinaryWeight)),
  ])
}

/**
 * What the model of embedded injections learns from: instructions that have no business in a document, against sentences of documents. Ordinary tasks
 * give only their statements: a question or a request is what an embedded instruction looks like.
 */
export function embeddedPassages(rows: readonly InjectionRow[]): TrainingTexts {
  const attacks = rows.filter(({ kind }) => kind === 'direct' || kind === 'indirect')
  const statements = sampleRows(rows, SENTENCE_DOCUMENTS_MAX).flatMap(({ text }) => {
    const parts = passagesOf(visibleText(text).text).filter(isStatement)
    return parts.length === 0
      ? []
      : [{ parts: parts.map(plain), kind: 'ordinary' as const, weight: 0.2, group: rowKeyOf(text) }]
  })
  return collect([
    ...attacks.map(({ text, kind }) => ({
      parts: kind === 'indirect' ? indirectParts(text) : judgedPassages(text, 'direct'),
      kind: 'attack' as const,
      weight: kind === 'indirect' ? 1 : 0.5,
      group: rowKeyOf(text),
    })),
    ...TRAINING_CARRIERS.map((text) => ({
      parts: judgedPassages(text, 'embedded'),
      kind: 'harmless' as const,
      weight: 1,
      group: rowKeyOf(text),
    })),
    ...statements,
  ])
}

type WeighedText = Omit<TrainingPassage, 'passage' | 'isInjection'> & {
  readonly parts: readonly TrainingPassage['passage'][]
  readonly kind: TrainingText['kind']
}

function collect(weighed: readonly WeighedText[]): TrainingTexts {
  const passages: TrainingPassage[] = []
  const texts: TrainingText[] = []
  for (const { parts, kind, weight, group } of weighed) {
    texts.push({ kind, places: parts.map((_, at) => passages.length + at) })
    for (const passage of parts) passages.push({ passage, isInjection: kind === 'attack', weight, group })
  }
  return { passages, texts }
}

/** The text as a whole, and the sentence that it begins with: code that follows it is like other code. */
function indirectParts(text: string): readonly TrainingPassage['passage'][] {
  const [first = text] = passagesOf(text)
  return [...new Set([text, first])].map(plain)
}

function plain(text: string): TrainingPassage['passage'] {
  return visibleText(text)
}

function isStatement(text: string): boolean {
  return /^[A-Z].*[.]$/.test(text) && text.includes(' ') && !/[?:]/.test(text)
}

/** At most so many ordinary rows, none twice, the same whatever their order. */
function sampleRows(rows: readonly InjectionRow[], most: number): readonly InjectionRow[] {
  const byKey = new Map<string, InjectionRow>()
  for (const row of rows) if (row.kind === 'ordinary') byKey.set(rowKeyOf(row.text), row)
  return [...byKey]
    .map(([key, row]) => ({ draw: foldKeyOf(key, 3), key, row }))
    .toSorted((one, other) => one.draw - other.draw || (one.key < other.key ? -1 : 1))
    .slice(0, most)
    .map(({ row }) => row)
}
