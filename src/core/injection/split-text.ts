import { windowsOfShortPieces } from './short-pieces.ts'

/** Longest piece that is judged as one, in UTF-16 units: an attack inside a long text must not drown in it. */
export const WINDOW_LENGTH = 2_000
/** Pieces overlap, so that no sentence is cut in all of them. */
const WINDOW_STEP = 1_500
/** Sentences that are judged with their neighbours at most, and up to how many in a text: beyond, pieces stand for the runs, which costs half. */
const SENTENCES_JOINED = 3
const RUNS_MAX = 256

/** The pieces under which a text is judged as a whole. Every character is in one or two. */
export function windowsOf(text: string): readonly string[] {
  return [...eachWindow(text)]
}

/** The same, one by one. */
export function* eachWindow(text: string): Generator<string, void, undefined> {
  for (let from = 0; ; from += WINDOW_STEP) {
    yield text.slice(from, from + WINDOW_LENGTH)
    if (from + WINDOW_LENGTH >= text.length) return
  }
}

/** The end of a sentence, or of a line. Abbreviations cut too early, which harms nothing: neighbours are judged together as well. */
const SENTENCE_END = /(?<=[.!?\u3002\uff01\uff1f])\s+|\n+/u

/** What a document may hold that does not belong to it: each of its sentences, runs of two and three, or the pieces of a long text, and what short pieces are together. */
export function passagesOf(text: string): readonly string[] {
  return [...eachPassage(text)]
}

/** The same, one by one, so that whoever judges a long text can do something else in between. */
export function* eachPassage(text: string): Generator<string, void, undefined> {
  const sentences: string[] = []
  const seen = new Set<string>()
  for (const window of eachWindow(text))
    for (const sentence of window.split(SENTENCE_END)) {
      if (sentence.trim() === '') continue
      sentences.push(sentence)
      if (isNew(seen, sentence)) yield sentence
    }
  for (const window of windowsOfShortPieces(sentences, SENTENCES_JOINED)) if (isNew(seen, window)) yield window
  if (sentences.length > RUNS_MAX) {
    for (const window of eachWindow(text)) if (isNew(seen, window)) yield window
    return
  }
  for (let joined = 2; joined <= SENTENCES_JOINED; joined += 1)
    for (let from = 0; from + joined <= sentences.length; from += 1) {
      const run = sentences.slice(from, from + joined).join('\n')
      if (isNew(seen, run)) yield run
    }
}

function isNew(seen: Set<string>, passage: string): boolean {
  const before = seen.size
  return seen.add(passage).size > before
}
