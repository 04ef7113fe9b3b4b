import { areOpposites } from '../text/opposites.ts'
import type { TokenAlignment } from './align-tokens.ts'

/** Why two questions are different whatever a score says. */
export type GuardRefusal = 'number' | 'negation' | 'symbol' | 'name' | 'opposite' | 'word-order'

/**
 * The differences that turn one question into another however alike the rest is: a number, a "not" or "without", a symbol ("C" and "C#"),
 * a name, an opposite ("maximise" and "minimise"), or the same words in another order ("A beats B"). `undefined` when there is none.
 *
 * On real question pairs these rules refuse more wrong answers than right ones, also on top of the trained scorer.
 */
export function guardRefusal({ restFirst, restSecond, inversions }: TokenAlignment): GuardRefusal | undefined {
  let hasContentRest = false
  for (const rest of [restFirst, restSecond]) {
    for (const { kind, word, isCapitalised } of rest) {
      if (kind === 'number' || kind === 'negation' || kind === 'symbol') return kind
      if (kind !== 'content') continue
      if (endsInSymbol(word)) return 'symbol'
      if (isCapitalised) return 'name'
      hasContentRest = true
    }
  }
  for (const one of restFirst) {
    if (restSecond.some((other) => areOpposites(one.stem, other.stem))) return 'opposite'
  }
  return inversions > 0 && !hasContentRest ? 'word-order' : undefined
}

/** Names such as "c#" and "c++" are one word each. */
function endsInSymbol(word: string): boolean {
  return word.endsWith('#') || word.endsWith('++')
}
