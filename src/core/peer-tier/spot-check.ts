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

/** Share of a peer's answers, 0 to 1, that a judge looks at whatever the other checks say: all of a newcomer's, and all from its last refuted answer until it is trusted again. */
export function spotCheckShare({ counted, streak }: PeerStanding): number {
  return counted < NEWCOMER_ANSWERS || streak < TRUSTED_STREAK ? 1 : SPOT_CHECK_SHARE
}

/**
 * Whether the answer to a task is judged. The draw is the task's name, which no peer is told: the same for the same record, and nobody's to guess.
 */
export function isSpotChecked(standing: PeerStanding, taskId: string): boolean {
  const share = spotCheckShare(standing)
  if (share >= 1) return true
  const digits = sha256Hex(`kernell/peer-tier/spot-check/v1\0${taskId}`).slice(0, DRAW_DIGITS)
  return Number.parseInt(digits, 16) / DRAW_RANGE < share
}

/** Share of wrong answers that the checks are expected to catch; those that no judge sees pass, unless they have a defect. */
export function caughtShareOf(standing: PeerStanding): number {
  return spotCheckShare(standing) * (1 - JUDGE_ACCEPTS_WRONG)
}
