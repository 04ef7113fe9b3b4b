import { DAY_MS, type DurationMs, type Timestamp } from '../../base/time.ts'
import {
  type BucketMap,
  bucketMapDelete,
  bucketMapEntries,
  bucketMapGet,
  bucketMapSet,
  emptyBucketMap,
} from '../budget/bucket-map.ts'
import { emptyHashTrie, type HashTrie, hashTrieDelete, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import { type Did, parseDid } from '../evidence/names.ts'
import { type CapabilityRefused, refuseCapability } from './capability-refusals.ts'
import { type CapabilityCid, type Delegation, type Invocation, parseCapabilityCid } from './capability-token.ts'
import { checkAlignment } from './check-alignment.ts'
import { IpldLink, memberOf } from './ipld-value.ts'
import { deadlineOf } from './token-time.ts'

/** Revocations in force at most; further ones are refused until delegations expire. */
export const REVOCATIONS_MAX = 65_536
/** What whoever revokes may fill of it; the rest is for those of whom more is known than a key. */
export const REVOCATIONS_OF_ALL_MAX: number = REVOCATIONS_MAX / 2
/** Of one revoker of whom nothing else is known, and of one of whom more is. */
export const REVOCATIONS_OF_ONE_MAX = 64
export const REVOCATIONS_OF_KNOWN_MAX = 4_096

/** Longest life of a delegation by which contracts are signed, and so of its revocation. */
export const DELEGATION_LIFE_MAX: DurationMs = (367 * DAY_MS) as DurationMs

/** The command that revokes, on the revoker's own authority (UCAN 1.0 revocation). */
export const REVOKE_COMMAND = '/ucan/revoke'

export type RevocationEntry = {
  /** Stamp from which it counts. What was accepted before stays accepted. */
  readonly at: Timestamp
  /** Stamp from which the delegation is invalid by itself; `undefined` for never. */
  readonly expiresAt: number | undefined
}

/** Entries by `CID REVOKER`. */
export type Revocations = {
  readonly entries: BucketMap<RevocationEntry>
  /** How many of them are of a revoker. */
  readonly counts: HashTrie<number>
  /** No entry can be dropped before. */
  readonly nextExpiryAt: number
}

const WHOLE_ROOM: RevocationRoom = { max: REVOCATIONS_MAX, ofOneMax: REVOCATIONS_MAX }

export const NO_REVOCATIONS: Revocations = {
  entries: emptyBucketMap(),
  counts: emptyHashTrie(),
  nextExpiryAt: Number.MAX_SAFE_INTEGER,
}

/** What a revocation looks at in a delegation. */
export type ChainLink = Pick<Delegation, 'cid' | 'iss'>

export type RevocationRequest = {
  /** An invocation of `/ucan/revoke`, its signature checked. */
  readonly revocation: Invocation
  /** The delegations down to the revoked one, root first, or from any of the revoker's downward. */
  readonly chain: readonly Delegation[]
  readonly at: Timestamp
}

/** What a revocation takes back, and by whose word. */
export type JudgedRevocation = {
  readonly kind: 'judged'
  readonly cid: CapabilityCid
  readonly revoker: Did
  /** Stamp from which the delegation is invalid by itself; `undefined` for never. */
  readonly expiresAt: number | undefined
}

export type RevocationOutcome =
  | { readonly kind: 'revoked'; readonly cid: CapabilityCid; readonly revocations: Revocations }
  /** It was revoked by the same one before. */
  | { readonly kind: 'exists'; readonly cid: CapabilityCid }
  | CapabilityRefused

/**
 * What a revocation is about, as far as it says itself. The delegations that lead from the revoker to the revoked one come with it, so that nobody fills a list with
 * what he has no say in, and so that its expiry is known.
 */
export function judgeRevocation({ revocation, chain, at }: RevocationRequest): JudgedRevocation | CapabilityRefused {
  const revoked = chain.at(-1)
  if (revoked === undefined || revokedCid(revocation) !== revoked.cid) {
    return refuseCapability('CAPABILITY_REVOCATION_MALFORMED')
  }
  const broken = checkAlignment(chain)
  if (broken !== undefined) return refuseCapability(broken)
  if (!chain.some(({ iss }) => iss === revocation.iss)) return refuseCapability('CAPABILITY_REVOKER_WRONG')
  if (at >= deadlineOf(revocation.exp)) return refuseCapability('CAPABILITY_EXPIRED')
  const expiresAt = revoked.exp === undefined ? undefined : deadlineOf(revoked.exp)
  return { kind: 'judged', cid: revoked.cid, revoker: revocation.iss, expiresAt }
}

/** How much of a list somebody may fill. */
export type RevocationRoom = { readonly max: number; readonly ofOneMax: number }

/** `isKnown`: there is more to the revoker than a key, which costs nothing. */
export function revocationRoom(isKnown: boolean): RevocationRoom {
  return isKnown
    ? { max: REVOCATIONS_MAX, ofOneMax: REVOCATIONS_OF_KNOWN_MAX }
    : { max: REVOCATIONS_OF_ALL_MAX, ofOneMax: REVOCATIONS_OF_ONE_MAX }
}

/** Whether a delegation ends by itself within the time for which contracts may rely on it. */
export function isShortLived(expiresAt: number | undefined, at: Timestamp): boolean {
  return expiresAt !== undefined && expiresAt <= at + DELEGATION_LIFE_MAX
}

/** Takes up a revocation: judges it, and lists it. */
export function addRevocation(
  revocations: Revocations,
  request: RevocationRequest,
  room?: RevocationRoom,
): RevocationOutcome {
  const judged = judgeRevocation(request)
  return judged.kind === 'refused'
    ? judged
    : listRevocation(revocations, judged, { at: request.at, ...(room !== undefined && { room }) })
}

/** Lists what was judged. A full list first drops what has expired, then refuses. */
export function listRevocation(
  revocations: Revocations,
  { cid, revoker, expiresAt }: Omit<JudgedRevocation, 'kind'>,
  { at, room = WHOLE_ROOM }: { readonly at: Timestamp; readonly room?: RevocationRoom },
): RevocationOutcome {
  const key = keyOf(cid, revoker)
  if (bucketMapGet(revocations.entries, key) !== undefined) return { kind: 'exists', cid }
  const isFull = ({ entries, counts }: Revocations): boolean =>
    entries.size >= room.max || (hashTrieGet(counts, revoker) ?? 0) >= room.ofOneMax
  const kept = isFull(revocations) ? withoutExpired(revocations, at) : revocations
  if (isFull(kept)) return refuseCapability('CAPABILITY_REVOCATIONS_FULL')
  return {
    kind: 'revoked',
    cid,
    revocations: {
      entries: bucketMapSet(kept.entries, key, { at, expiresAt }),
      counts: hashTrieSet(kept.counts, revoker, (hashTrieGet(kept.counts, revoker) ?? 0) + 1),
      nextExpiryAt: Math.min(kept.nextExpiryAt, expiresAt ?? Number.MAX_SAFE_INTEGER),
    },
  }
}

/** Every entry, by token and revoker, in the order of their texts: equal for equal lists. */
export function revocationEntries(
  revocations: Revocations,
): readonly (RevocationEntry & Omit<JudgedRevocation, 'kind'>)[] {
  const sorted = bucketMapEntries(revocations.entries).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return sorted.flatMap(([key, entry]) => {
    const [cid = '', revoker = ''] = key.split(' ')
    const [token, did] = [parseCapabilityCid(cid), parseDid(revoker)]
    return token === undefined || did === undefined ? [] : [{ cid: token, revoker: did, ...entry }]
  })
}

/** Whether a revocation in force at the stamp cuts the chain: by the issuer of the revoked delegation or of one above it. */
export function isChainRevoked(revocations: Revocations, chain: readonly ChainLink[], at: Timestamp): boolean {
  if (revocations.entries.size === 0) return false
  const issuers: Did[] = []
  for (const { cid, iss } of chain) {
    issuers.push(iss)
    for (const revoker of issuers) {
      const entry = bucketMapGet(revocations.entries, keyOf(cid, revoker))
      if (entry !== undefined && entry.at <= at) return true
    }
  }
  return false
}

/** What a revocation names; `undefined` unless it is one, issued by its own subject. */
export function revokedCid(revocation: Invocation): CapabilityCid | undefined {
  const link = memberOf(revocation.args, 'ucan')
  if (revocation.cmd !== REVOKE_COMMAND || revocation.sub !== revocation.iss || revocation.prf.length > 0)
    return undefined
  return link instanceof IpldLink ? parseCapabilityCid(link.cid) : undefined
}

function keyOf(cid: CapabilityCid, revoker: Did): string {
  return `${cid} ${revoker}`
}

function withOneLess(counts: HashTrie<number>, revoker: string): HashTrie<number> {
  const left = (hashTrieGet(counts, revoker) ?? 0) - 1
  return left > 0 ? hashTrieSet(counts, revoker, left) : hashTrieDelete(counts, revoker)
}

/** Walks the list only once something in it has expired. */
function withoutExpired(revocations: Revocations, at: Timestamp): Revocations {
  if (at < revocations.nextExpiryAt) return revocations
  let { entries, counts } = revocations
  let nextExpiryAt = Number.MAX_SAFE_INTEGER
  for (const [key, { expiresAt }] of bucketMapEntries(entries)) {
    if (expiresAt === undefined) continue
    if (at < expiresAt) {
      nextExpiryAt = Math.min(nextExpiryAt, expiresAt)
      continue
    }
    entries = bucketMapDelete(entries, key)
    counts = withOneLess(counts, key.slice(key.indexOf(' ') + 1))
  }
  return { entries, counts, nextExpiryAt }
}
