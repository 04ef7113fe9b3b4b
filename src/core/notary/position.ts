import type { VotePhase } from './statement.ts'

/** What was signed last. A replica leaves no place twice, and goes to none before: first by view, then by slot, then by phase. */
export type VotePosition = {
  readonly view: number
  readonly slot: number
  readonly phase: VotePhase | 'change'
}

const PHASE_ORDER = { change: 0, prepare: 1, commit: 2 } as const

/** Negative when `left` is before `right`, 0 when they are one. */
export function comparePositions(left: VotePosition, right: VotePosition): number {
  if (left.view !== right.view) return left.view - right.view
  if (left.slot !== right.slot) return left.slot - right.slot
  return PHASE_ORDER[left.phase] - PHASE_ORDER[right.phase]
}

/** The later of two; the other when one is missing. */
export function laterPosition(
  left: VotePosition | undefined,
  right: VotePosition | undefined,
): VotePosition | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return comparePositions(left, right) >= 0 ? left : right
}
