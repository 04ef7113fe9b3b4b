import { integerPower } from '../../base/deterministic-math.ts'

/** By how many milliseconds a clock is set wrong: by little more often than by much, since time daemons look every few seconds. Half of the jumps are within a thirtieth of the most. */
export function clockJump(strength: number, mostMs: number): number {
  const share = 2 * strength - 1
  return Math.floor(integerPower(share, 5) * mostMs)
}
