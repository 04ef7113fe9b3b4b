import { log } from '../../base/deterministic-math.ts'
import type { QuestionToken } from '../text/question-tokens.ts'
import { RARITY_BITS, RARITY_STEP } from './acceptance-model.ts'
import type { RarityOf } from './pair-features.ts'

/** Rarer than this makes no difference: ln of one text in eight thousand. */
const RARITY_MAX = 9

/** Counts in how many texts a stem occurs, by hash bucket, and can leave groups of texts out. */
export type RarityCounter = {
  /** Counts one text of a group. Count each text once. */
  add(tokens: readonly QuestionToken[], group: number): void
  /** Rarity by all texts, as the model keeps it. */
  table(): Uint8Array
  /**
   * Rarity as it would be had the texts of these two groups not been counted: what a question met in service looks like, which was in no
   * training file.
   */
  without(group: number, otherGroup: number): RarityOf
}

export function createRarityCounter(): RarityCounter {
  const seen = new Uint32Array(1 << RARITY_BITS)
  const seenByGroup = new Map<number, Map<number, number>>()
  let texts = 0
  const steps = (count: number): number =>
    Math.round(Math.min(RARITY_MAX, log((texts + 1) / (count + 1))) / RARITY_STEP)
  return {
    add(tokens, group) {
      texts += 1
      let ofGroup = seenByGroup.get(group)
      if (ofGroup === undefined) {
        ofGroup = new Map()
        seenByGroup.set(group, ofGroup)
      }
      for (const bucket of new Set(tokens.map(({ stemHash }) => bucketOf(stemHash)))) {
        seen[bucket] = (seen[bucket] ?? 0) + 1
        ofGroup.set(bucket, (ofGroup.get(bucket) ?? 0) + 1)
      }
    },
    table: () => Uint8Array.from(seen, steps),
    without(group, otherGroup) {
      const one = seenByGroup.get(group)
      const other = group === otherGroup ? undefined : seenByGroup.get(otherGroup)
      return (stemHash) => {
        const bucket = bucketOf(stemHash)
        return steps((seen[bucket] ?? 0) - (one?.get(bucket) ?? 0) - (other?.get(bucket) ?? 0)) * RARITY_STEP
      }
    },
  }
}

function bucketOf(stemHash: number): number {
  return stemHash >>> (32 - RARITY_BITS)
}
