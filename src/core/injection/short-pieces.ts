const WINDOW_WORDS = 40
const STEP_WORDS = 20

/**
 * Windows of about 40 words over pieces that are shorter than sentences: an order that is written one word a line, or with full stops between, is in none of the runs of
 * a few pieces. Ends of lines and of sentences are read as blanks. Windows of `runMost` pieces and fewer are left out, since runs are judged anyway.
 */
export function* windowsOfShortPieces(pieces: readonly string[], runMost: number): Generator<string, void, undefined> {
  const counts = pieces.map(countWords)
  let end = 0
  let words = 0
  let start = 0
  while (start < pieces.length) {
    while (end < pieces.length && words < WINDOW_WORDS) words += counts[end++] ?? 0
    if (end - start > runMost) yield pieces.slice(start, end).map(wordsAlone).join(' ')
    if (end >= pieces.length) return
    for (let left = 0; start < end && left < STEP_WORDS; start += 1) {
      left += counts[start] ?? 0
      words -= counts[start] ?? 0
    }
  }
}

/** Blanks count words; a piece of signs alone counts as one, so that every window ends. */
function countWords(piece: string): number {
  let count = 1
  for (let at = 1; at < piece.length; at += 1) if (piece[at] === ' ' && piece[at - 1] !== ' ') count += 1
  return count
}

/** The words of a piece. Without its signs: lines of code that stand behind one another look like nothing that a model has learnt from. */
function wordsAlone(piece: string): string {
  return piece.replace(/[^\p{L}\p{N}'\u2019]+/gu, ' ').trim()
}
