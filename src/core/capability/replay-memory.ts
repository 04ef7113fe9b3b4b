import type { Timestamp } from '../../base/time.ts'
import {
  type BucketMap,
  bucketMapDelete,
  bucketMapEntries,
  bucketMapGet,
  bucketMapSet,
  emptyBucketMap,
} from '../budget/bucket-map.ts'
import { type CapabilityRefused, refuseCapability } from './capability-refusals.ts'
import type { Invocation } from './capability-token.ts'
import { deadlineOf } from './token-time.ts'

/** Invocations remembered at most; further ones are refused until some expire. */
export const REPLAY_ENTRIES_MAX = 65_536
/** An invocation may expire this much after its stamp at most, so that what is remembered is bounded in time. */
export const INVOCATION_LIFETIME_MAX_MS = 86_400_000

/** First stamp at which an invocation has expired, by `ISSUER NONCE`. */
export type ReplayMemory = { readonly entries: BucketMap<number>; readonly nextExpiryAt: number }

export const EMPTY_REPLAY_MEMORY: ReplayMemory = { entries: emptyBucketMap(), nextExpiryAt: Number.MAX_SAFE_INTEGER }

export type ReplayOutcome = { readonly kind: 'remembered'; readonly memory: ReplayMemory } | CapabilityRefused

/**
 * Remembers the nonce of an invocation while it is valid, and refuses a second one of it. Nonces and not CIDs are remembered: an issuer can sign one order twice,
 * which gives it two CIDs.
 */
export function rememberInvocation(
  memory: ReplayMemory,
  invocation: Pick<Invocation, 'iss' | 'nonce' | 'exp'>,
  { at, max = REPLAY_ENTRIES_MAX }: { readonly at: Timestamp; readonly max?: number },
): ReplayOutcome {
  const expiresAt = deadlineOf(invocation.exp)
  if (at >= expiresAt) return refuseCapability('CAPABILITY_EXPIRED')
  if (expiresAt - at > INVOCATION_LIFETIME_MAX_MS) return refuseCapability('CAPABILITY_EXPIRY_REQUIRED')
  const key = `${invocation.iss} ${invocation.nonce}`
  const known = bucketMapGet(memory.entries, key)
  if (known !== undefined && at < known) return refuseCapability('CAPABILITY_REPLAYED')
  const kept = memory.entries.size < max ? memory : withoutExpired(memory, at)
  if (kept.entries.size >= max) return refuseCapability('CAPABILITY_REPLAY_FULL')
  return {
    kind: 'remembered',
    memory: {
      entries: bucketMapSet(kept.entries, key, expiresAt),
      nextExpiryAt: Math.min(kept.nextExpiryAt, expiresAt),
    },
  }
}

function withoutExpired(memory: ReplayMemory, at: Timestamp): ReplayMemory {
  if (at < memory.nextExpiryAt) return memory
  let { entries } = memory
  let nextExpiryAt = Number.MAX_SAFE_INTEGER
  for (const [key, expiresAt] of bucketMapEntries(entries)) {
    if (at >= expiresAt) entries = bucketMapDelete(entries, key)
    else nextExpiryAt = Math.min(nextExpiryAt, expiresAt)
  }
  return { entries, nextExpiryAt }
}
