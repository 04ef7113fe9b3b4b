import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../evidence/names.ts'

/**
 * What whoever runs a node has decided of a peer: it is kept away, until an instant or until it is let in again. Unlike the cut that follows from conduct
 * (`peer-score.ts`) it is kept over restarts, and no conduct ends it.
 */
export type PeerBan = {
  readonly peer: Did
  readonly since: Timestamp
  /** `undefined`: until it is taken back. */
  readonly until: Timestamp | undefined
  /** For people; at most `BAN_REASON_LENGTH_MAX` UTF-16 units, empty where none was given. */
  readonly reason: string
  /** Who decided it, for people; of the same length at most. */
  readonly by: string
}

/** Bans at a time: keys cost nothing, so a list of bad ones is worth no more room than this. Beyond it blocks of addresses are the limit. */
export const PEER_BANS_MAX = 1_024
export const BAN_REASON_LENGTH_MAX = 256
/** Longest ban with an end, ms: ten years. */
export const BAN_SPAN_MS_MAX = 315_360_000_000

/** Whether the ban counts at `at`: it ends at its last instant. */
export function isInForce({ until }: Pick<PeerBan, 'until'>, at: Timestamp): boolean {
  return until === undefined || at < until
}

/** What becomes of a list of bans with one more. */
export type BanOutcome =
  /** `over` are peers whose bans have ended and are forgotten for it. */
  | { readonly kind: 'kept'; readonly over: readonly Did[] }
  /** The same peer is banned already, until the same end and for the same reason. */
  | { readonly kind: 'exists' }
  /** As many bans are in force as may be. */
  | { readonly kind: 'full' }

/** Whether `added` has room among `bans`; it takes the place of a ban of the same peer. The instant of adding is `added.since`. */
export function placeBan(bans: ReadonlyMap<Did, PeerBan>, added: PeerBan): BanOutcome {
  const before = bans.get(added.peer)
  const isSame = before !== undefined && before.until === added.until && before.reason === added.reason
  if (isSame && isInForce(before, added.since)) return { kind: 'exists' }
  const over = [...bans.values()].filter((ban) => ban.peer !== added.peer && !isInForce(ban, added.since))
  const others = bans.size - over.length - (before === undefined ? 0 : 1)
  return others >= PEER_BANS_MAX ? { kind: 'full' } : { kind: 'kept', over: over.map(({ peer }) => peer) }
}
