import type { FeatureBatch } from '../kernels/linear-model.ts'
import { matchRules } from './injection-features.ts'
import { encodePassage, type PassageHasher } from './encode-passage.ts'
import { INJECTION_CHANNELS, type InjectionChannel, type InjectionModel } from './injection-model.ts'
import { INJECTION_RULES, RULES_CERTAIN, RULES_THRESHOLD } from './injection-rules.ts'
import { otherReadings } from './other-readings.ts'
import { eachPassage, eachWindow } from './split-text.ts'
import { visibleText, type VisibleText } from './visible-text.ts'

/** Where a text comes from. Who sends a task may give orders; what a document, a tool or a peer says is only to be read. */
export const TEXT_SOURCES = ['user', 'document', 'tool', 'peer'] as const
/** Who wrote a text that a model is to read. It decides what the text is scored as (`channelOf`), and what is done about it (`TextRules`). */
export type TextSource = (typeof TEXT_SOURCES)[number]

/** How much a text looks like an attempt to give a model orders that are not its author's to give. The worst passage speaks for the whole text. */
export type InjectionScore = {
  /** 0 to 1, that of the worst passage. */
  readonly score: number
  /** The score from which this source's texts count as injections. */
  readonly threshold: number
  readonly isInjection: boolean
  /** Names of the rules that the worst passage matches. */
  readonly rules: readonly string[]
  /** The worst passage, as a model would read it, shortened. */
  readonly excerpt: string
  readonly scoredBy: 'model' | 'rules'
}

/** Scores texts; equal texts get equal scores, to the last bit, under every implementation of the kernels. */
export type InjectionScorer = {
  readonly scoredBy: InjectionScore['scoredBy']
  score(text: string, source: TextSource): InjectionScore
  /** The same, a passage at a time: each yields how many characters it had. Between two of them somebody else may have a turn. */
  scoring(text: string, source: TextSource): ScoringInTurns
}

export type ScoringInTurns = Generator<number, InjectionScore, undefined>

/** What scores need of the numeric kernels: the hasher of `INJECTION_HASH_RECIPE`, and the loaded linear model. */
export type InjectionKernels = {
  readonly hasher: PassageHasher
  readonly scorer: { score(batch: FeatureBatch, kind: 'sigmoid'): Float64Array }
}

const EXCERPT_LENGTH = 160

/** A scorer by a trained model. */
export function createModelScorer(
  { thresholds }: Pick<InjectionModel, 'thresholds'>,
  { hasher, scorer }: InjectionKernels,
): InjectionScorer {
  function* scoring(text: string, source: TextSource): ScoringInTurns {
    const channel = channelOf(source)
    const place = INJECTION_CHANNELS.indexOf(channel)
    const threshold = thresholds[channel]
    let worst = { score: -1, places: NO_PLACES, text: '' }
    for (const passage of eachJudged(text, channel)) {
      const { dense, indices, values, matched } = encodePassage(passage, hasher)
      const batch = { rowCount: 1, dense, offsets: Uint32Array.of(0, indices.length), indices, values }
      const floor = matched.points >= RULES_CERTAIN ? threshold : 0
      const found = Math.max(floor, scorer.score(batch, 'sigmoid')[place] ?? 0)
      if (found > worst.score) worst = { score: found, places: matched.places, text: passage.text }
      yield passage.text.length
    }
    return describe(worst, { threshold, scoredBy: 'model' })
  }
  return { scoredBy: 'model', scoring, score: (text, source) => atOnce(scoring(text, source)) }
}

/** A scorer by the rules alone: what a node does where no model was trained. */
export function createRulesScorer(): InjectionScorer {
  function* scoring(text: string, source: TextSource): ScoringInTurns {
    let worst = { score: -1, places: NO_PLACES, text: '' }
    for (const passage of eachJudged(text, channelOf(source))) {
      const { places, points } = matchRules(passage.text)
      const found = points / (points + RULES_THRESHOLD)
      if (found > worst.score) worst = { score: found, places, text: passage.text }
      yield passage.text.length
    }
    return describe(worst, { threshold: 0.5, scoredBy: 'rules' })
  }
  return { scoredBy: 'rules', scoring, score: (text, source) => atOnce(scoring(text, source)) }
}

function atOnce(turns: ScoringInTurns): InjectionScore {
  for (;;) {
    const turn = turns.next()
    if (turn.done === true) return turn.value
  }
}

/** The pieces of a text that are judged, by themselves. */
export function judgedPassages(text: string, channel: InjectionChannel): readonly VisibleText[] {
  return [...eachJudged(text, channel)]
}

function* eachJudged(text: string, channel: InjectionChannel): Generator<VisibleText, void, undefined> {
  const { text: visible, hiddenCount } = visibleText(text)
  let isEmpty = true
  for (const reading of eachReading(visible))
    for (const part of channel === 'direct' ? eachWindow(reading) : eachPassage(reading)) {
      isEmpty = false
      yield { text: part, hiddenCount }
    }
  if (isEmpty) yield { text: '', hiddenCount }
}

/** The text as it is read, and what stands in it for whoever undoes how it was written. */
function* eachReading(visible: string): Generator<string, void, undefined> {
  yield visible
  for (const reading of otherReadings(visible)) yield visibleText(reading).text
}

/** A user and a peer send tasks, which are instructions by nature; what a tool or a document says is to hold none. */
export function channelOf(source: TextSource): InjectionChannel {
  return source === 'user' || source === 'peer' ? 'direct' : 'embedded'
}

const NO_PLACES: readonly number[] = []

function describe(
  worst: { readonly score: number; readonly places: readonly number[]; readonly text: string },
  by: Pick<InjectionScore, 'threshold' | 'scoredBy'>,
): InjectionScore {
  const score = Math.max(0, worst.score)
  return {
    ...by,
    score,
    isInjection: score >= by.threshold,
    rules: worst.places.flatMap((place) => INJECTION_RULES[place]?.name ?? []),
    excerpt: worst.text.length > EXCERPT_LENGTH ? `${worst.text.slice(0, EXCERPT_LENGTH)}...` : worst.text,
  }
}
