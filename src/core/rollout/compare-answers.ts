import { changedShare } from '../text/changed-share.ts'
import { finalAnswerKey } from '../verification/self-consistency.ts'

/** Characters of each answer that are compared; of longer ones the ends, where answers stand. */
const COMPARED_MAX = 16_384

/**
 * How far two answers agree, 0 to 1: 1 when they come down to the same final answer, else the share of the words that both have in order.
 * `null` when they differ in too many words to say.
 */
export function agreementOf(one: string, other: string): number | null {
  const key = finalAnswerKey(one)
  if (key !== undefined && key === finalAnswerKey(other)) return 1
  const changed = changedShare(one.slice(-COMPARED_MAX), other.slice(-COMPARED_MAX))
  return changed === undefined ? null : 1 - changed
}
