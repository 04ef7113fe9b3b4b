import type { Sha256Hex } from '../../base/sha256.ts'

export const SPLIT_SIDES = ['train', 'validation', 'test'] as const
export type SplitSide = (typeof SPLIT_SIDES)[number]

export type SplitShares = {
  /** Shares of the tasks, 0 to 1 together; the rest is for training. */
  readonly test: number
  readonly validation: number
  /** Another seed gives another split. */
  readonly seed: number
}

/** First hexadecimal digits of the salted hash that place a task: 52 bits, all that a double keeps. */
const DIGITS = 13
const RANGE = 4_503_599_627_370_496

/**
 * The side of a task: by the SHA-256 of its hash with the seed as salt, so that all rows of a task are on one side, in every file and on every machine. A
 * larger test share keeps what was in the test part there.
 */
export function sideOf(taskHash: string, { test, validation, seed }: SplitShares, hash: Sha256Hex): SplitSide {
  const place = Number.parseInt(hash(`kernell-split ${seed} ${taskHash}`).slice(0, DIGITS), 16) / RANGE
  if (place < test) return 'test'
  return place < test + validation ? 'validation' : 'train'
}
