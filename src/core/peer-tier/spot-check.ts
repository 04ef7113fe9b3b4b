import { sha256Hex } from '../../base/sha256.ts'
import type { PeerStanding } from './peer-standing.ts'
import { JUDGE_ACCEPTS_WRONG } from './peer-standing.ts'

/** First answers of a peer that are all judged; they count for newcomers as a whole as well. */
export const NEWCOMER_ANSWERS = 4
/** Confirmed answers in a row after which not every answer is judged any more. */
const TRUSTED_STREAK = 3
/** Share of the answers of a trusted peer that are judged all the same. */
const SPOT_CHECK_SHARE = 0.25
const DRAW_DIGITS = 8
const DRAW_RANGE = 0x1_0000_0000

/** Chance of a right answer from which a peer is trusted: below it the checks are what keeps the quality. */
const TRUSTED_RIGHT = 0.9

/** What is known of a peer, and the chance that its next answer is right. */
export type KnownPeer = { readonly standing: PeerStanding; readonly right: number }

/** Share of a peer's answers, 0 to 1, that a judge looks at whatever the other checks say: all, but of peers that are nearly always right, and then all from the last refuted answer on until they are trusted again. */
export function spotCheckShare({ standing: { counted, streak }, right }: KnownPeer): number {
  const isTrusted = counted >= NEWCOMER_ANSWERS && streak >= TRUSTED_STREAK && right >= TRUSTED_RIGHT
  return isTrusted ? SPOT_CHECK_SHARE : 1
}

/**
 * Whether the answer to a task is judged. The draw is the task's name, which no peer is told: the same for the same record, and nobody's to guess.
 */
export function isSpotChecked(peer: KnownPeer, taskId: string): boolean {
  const share = spotCheckShare(peer)
  if (share >= 1) return true
  const digits = sha256Hex(`kernell/peer-tier/spot-check/v1\0${taskId}`).slice(0, DRAW_DIGITS)
  return Number.parseInt(digits, 16) / DRAW_RANGE < share
}

/** Share of wrong answers that the checks are expected to catch; those that no judge sees pass, unless they have a defect. */
export function caughtShareOf(peer: KnownPeer): number {
  return spotCheckShare(peer) * (1 - JUDGE_ACCEPTS_WRONG)
}
