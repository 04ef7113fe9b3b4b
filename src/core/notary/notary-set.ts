import { canonicalJson } from '../../base/canonical-json.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { type Did, type Hash, parseHash } from '../evidence/names.ts'
import { assert } from '../../base/assert.ts'
import type { NotaryRefusalCode } from './notary-codes.ts'

/** The next set, and its epoch. */
export type EpochSuccessor = { readonly to: Hash; readonly epoch: number }

export type NotaryMember = {
  /** What the member signs with; it is used for nothing else. */
  readonly key: Did
  /** Where it listens: a multiaddr, 1 to 256 printable ASCII characters. */
  readonly address: string
}

/**
 * Who keeps a log together. Of `n = 3f + 1` members, `f` may lie; any two groups of `2f + 1` share an honest one. Members are named by their
 * index in the list, from 0.
 */
export type NotarySet = {
  /** SHA-256 of the canonical JSON of the other three members, after `kernell/notary-set/v1` and a zero byte. */
  readonly id: Hash
  /** From 0, one up for each set that follows another. */
  readonly epoch: number
  readonly members: readonly NotaryMember[]
  readonly f: number
}

/** f at most: 100 members. Every message of the protocol is bounded by it. */
export const FAULTS_MAX = 33
const ADDRESS_PATTERN = /^[!-~]{1,256}$/
const DOMAIN = 'kernell/notary-set/v1\0'

/** A sound set with its id, or the code of the first rule that was broken. */
export type NotarySetResult =
  | { readonly kind: 'set'; readonly set: NotarySet }
  | { readonly kind: 'refused'; readonly code: NotaryRefusalCode }

/** Makes a set, or says why there is none: `NOTARY_SET_SIZE`, `NOTARY_SET_EPOCH`, `NOTARY_SET_MEMBER_TWICE`, `NOTARY_SET_ADDRESS`. */
export function createNotarySet(init: Omit<NotarySet, 'id'>): NotarySetResult {
  const { epoch, members, f } = init
  const isSized = Number.isSafeInteger(f) && f >= 0 && f <= FAULTS_MAX && members.length === 3 * f + 1
  if (!isSized) return { kind: 'refused', code: 'NOTARY_SET_SIZE' }
  if (!Number.isSafeInteger(epoch) || epoch < 0) return { kind: 'refused', code: 'NOTARY_SET_EPOCH' }
  if (!members.every(({ address }) => ADDRESS_PATTERN.test(address))) {
    return { kind: 'refused', code: 'NOTARY_SET_ADDRESS' }
  }
  const keys = new Set(members.map(({ key }) => key))
  const addresses = new Set(members.map(({ address }) => address))
  if (keys.size < members.length || addresses.size < members.length) {
    return { kind: 'refused', code: 'NOTARY_SET_MEMBER_TWICE' }
  }
  return { kind: 'set', set: { id: idOf(init), epoch, members, f } }
}

/** The set of a file that was read, with its id checked too: also `NOTARY_SET_ID`. */
export function checkNotarySet(set: NotarySet): NotarySetResult {
  const made = createNotarySet(set)
  if (made.kind === 'set' && made.set.id !== set.id) return { kind: 'refused', code: 'NOTARY_SET_ID' }
  return made
}

function idOf({ epoch, members, f }: Omit<NotarySet, 'id'>): Hash {
  const content = { epoch, f, members: members.map(({ key, address }) => ({ address, key })) }
  const id = parseHash(sha256Hex(DOMAIN + canonicalJson(content)))
  assert(id !== undefined, 'a digest has the shape of a hash')
  return id
}

/** Members whose signatures make a certificate: `2f + 1`. */
export function quorumOf({ f }: NotarySet): number {
  return 2 * f + 1
}

/** Members of which one at least is honest: `f + 1`. */
export function honestShareOf({ f }: NotarySet): number {
  return f + 1
}

/** Index of the member that leads a view. */
export function leaderOf({ members }: NotarySet, view: number): number {
  return view % members.length
}
