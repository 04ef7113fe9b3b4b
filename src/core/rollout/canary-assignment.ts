import type { Sha256Hex } from '../../base/sha256.ts'

/** Digits of the hash that place a conversation: 48 bits fit a double exactly. */
const DIGITS = 12
const POSITIONS = 0x1_0000_0000_0000

/**
 * What a conversation is placed inside or outside of a canary by (`isInCanary`). The place is worked out from this alone, so that nothing has to be remembered
 * of a conversation.
 */
export type CanaryKey = {
  /** The candidate's version: with another candidate other conversations are chosen. */
  readonly candidate: string
  readonly tenant: string
  /** What tells the tenant's conversations apart; all requests of one conversation have the same. */
  readonly conversation: string
}

/**
 * Where a conversation stands, 0 <= x < 1: the same for all its requests, on every machine and after every restart. Its candidate is the
 * canary's exactly where x is below the canary's share, so that who is in at 5 % is in at 10 %.
 */
export function canaryPosition({ candidate, tenant, conversation }: CanaryKey, sha256Hex: Sha256Hex): number {
  // Lengths, so that no tenant can be written so that it runs into its conversation.
  const digest = sha256Hex(`${candidate.length} ${candidate} ${tenant.length} ${tenant} ${conversation}`)
  return Number.parseInt(digest.slice(0, DIGITS), 16) / POSITIONS
}

/** Whether the candidate answers a conversation at `percent`, 0 to 100: nobody at 0, everybody at 100. */
export function isInCanary(key: CanaryKey, percent: number, sha256Hex: Sha256Hex): boolean {
  if (percent <= 0) return false
  return percent >= 100 || canaryPosition(key, sha256Hex) < percent / 100
}
