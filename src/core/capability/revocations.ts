import type { Timestamp } from '../../base/time.ts'
import {
  type BucketMap,
  bucketMapDelete,
  bucketMapEntries,
  bucketMapGet,
  bucketMapSet,
  emptyBucketMap,
} from '../budget/bucket-map.ts'
import { type Did, parseDid } from '../evidence/names.ts'
import { type CapabilityRefused, refuseCapability } from './capability-refusals.ts'
import { type CapabilityCid, type Delegation, type Invocation, parseCapabilityCid } from './capability-token.ts'
import { checkAlignment } from './check-alignment.ts'
import { IpldLink, memberOf } from './ipld-value.ts'
import { deadlineOf } from './token-time.ts'

/** Revocations in force at most; further ones are refused until delegations expire. */
export const REVOCATIONS_MAX = 65_536

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
  /** No entry can be dropped before. */
  readonly nextExpiryAt: number
}

export const NO_REVOCATIONS: Revocations = { entries: emptyBucketMap(), nextExpiryAt: Number.MAX_SAFE_INTEGER }

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

/** Takes up a revocation: judges it, and lists it. */
export function addRevocation(
  revocations: Revocations,
  request: RevocationRequest,
  max: number = REVOCATIONS_MAX,
): RevocationOutcome {
  const judged = judgeRevocation(request)
  return judged.kind === 'refused' ? judged : listRevocation(revocations, judged, { at: request.at, max })
}

/** Lists what was judged. A full list first drops what has expired, then refuses. */
export function listRevocation(
  revocations: Revocations,
  { cid, revoker, expiresAt }: Omit<JudgedRevocation, 'kind'>,
  { at, max = REVOCATIONS_MAX }: { readonly at: Timestamp; readonly max?: number },
): RevocationOutcome {
  const key = keyOf(cid, revoker)
  if (bucketMapGet(revocations.entries, key) !== undefined) return { kind: 'exists', cid }
  const kept = revocations.entries.size < max ? revocations : withoutExpired(revocations, at)
  if (kept.entries.size >= max) return refuseCapability('CAPABILITY_REVOCATIONS_FULL')
  return {
    kind: 'revoked',
    cid,
    revocations: {
      entries: bucketMapSet(kept.entries, key, { at, expiresAt }),
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

/** Walks the list only once something in it has expired. */
function withoutExpired(revocations: Revocations, at: Timestamp): Revocations {
  if (at < revocations.nextExpiryAt) return revocations
  let { entries } = revocations
  let nextExpiryAt = Number.MAX_SAFE_INTEGER
  for (const [key, { expiresAt }] of bucketMapEntries(entries)) {
    if (expiresAt === undefined) continue
    if (at >= expiresAt) entries = bucketMapDelete(entries, key)
    else nextExpiryAt = Math.min(nextExpiryAt, expiresAt)
  }
  return { entries, nextExpiryAt }
}
