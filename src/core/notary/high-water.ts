import type { NotaryRefusalCode } from './notary-codes.ts'
import { comparePositions, laterPosition, type VotePosition } from './position.ts'
import { honestShareOf, type NotarySet, quorumOf } from './notary-set.ts'

/** What was signed last, kept apart from the journal, so that a journal from an older copy is noticed. */
export type HighWater = {
  /** Epoch of the set under which it was signed. */
  readonly epoch: number
  readonly position: VotePosition
  /** 32 hexadecimal digits drawn by the process that wrote it. Another one in a file that this process keeps means that two processes run. */
  readonly instance: string
}

/** What another member says about this one, authenticated. */
export type PeerWitness = {
  readonly member: number
  /** The last thing under this replica's key that the member has seen; `undefined` for nothing. */
  readonly seen: VotePosition | undefined
  /** The slot of its own head, proven by the certificate that came with the answer. */
  readonly headSlot: number
  /** The view that the member is in. */
  readonly view: number
}

export type SigningInput = {
  readonly set: NotarySet
  readonly me: number
  /** `undefined` when there is no journal. */
  readonly journal: { readonly epoch: number; readonly position: VotePosition | undefined } | undefined
  /** `undefined` when the file is missing or neither of its records can be read. */
  readonly highWater: HighWater | undefined
  /** Left by `kernell backup restore`: the epoch of the set at the time of the backup. Whoever confirms removes it. */
  readonly restored: { readonly epoch: number } | undefined
  readonly witnesses: readonly PeerWitness[]
}

/**
 * `wait`: ask the other members first; `2f` of them must answer. `sign`: nothing was signed that is not known here. `catch-up`: sign nothing until the head has reached the slot of `floor`, then only in views not
 * below its view. `refuse`: not without a new epoch, or without more witnesses.
 */
export type SigningDecision =
  | { readonly kind: 'sign' }
  /** So many other members must still answer. */
  | { readonly kind: 'wait'; readonly missing: number }
  | { readonly kind: 'catch-up'; readonly code: 'NOTARY_STATE_BEHIND'; readonly floor: VotePosition }
  | { readonly kind: 'refuse'; readonly code: NotaryRefusalCode }

/** Slots behind the highest head of `2f + 1` other members in which a forgotten vote can stand (protocol/spec/notary.md, "High water"). */
export const FORGOTTEN_SLOTS = 2

/**
 * Whether a replica that starts may sign. Of the journal, the high-water file and what the peers have seen, the latest is what was signed; where the
 * journal falls short of it, votes and locks are forgotten, and the replica would lie without knowing.
 *
 * A new epoch has new places: what was signed in an older one binds nobody in it, so that it always starts clean.
 */
export function decideSigning(input: SigningInput): SigningDecision {
  const { set, journal, highWater, restored } = input
  const newest = Math.max(journal?.epoch ?? -1, highWater?.epoch ?? -1)
  if (newest > set.epoch) return { kind: 'refuse', code: 'NOTARY_SET_EPOCH' }
  if (restored !== undefined) return restored.epoch < set.epoch ? { kind: 'sign' } : decideRestored(input)
  const written = highWater?.epoch === set.epoch ? highWater.position : undefined
  const known = journal?.epoch === set.epoch ? journal.position : undefined
  // A journal that has signed keeps its high-water file; without it, nobody here knows what followed.
  if (known !== undefined && written === undefined) return decideRestored(input)
  const missing = quorumOf(set) - 1 - othersOf(input).length
  if (missing > 0) return { kind: 'wait', missing }
  const signed = laterPosition(written, seenBy(input))
  if (signed === undefined || (known !== undefined && comparePositions(signed, known) <= 0)) return { kind: 'sign' }
  if (isAlone(set)) return { kind: 'refuse', code: 'NOTARY_STATE_BEHIND' }
  return { kind: 'catch-up', code: 'NOTARY_STATE_BEHIND', floor: signed }
}

/** Journal and high-water file may both be old: only others know, and in a set of one nobody does. */
function decideRestored(input: SigningInput): SigningDecision {
  const { set, highWater, journal } = input
  const witnesses = othersOf(input)
  if (isAlone(set) || witnesses.length < quorumOf(set)) return { kind: 'refuse', code: 'NOTARY_RESTORED' }
  const slot = Math.max(...witnesses.map(({ headSlot }) => headSlot)) + FORGOTTEN_SLOTS
  // Of f + 1 one is honest, so that liars cannot raise it beyond all views.
  const views = witnesses.map((witness) => witness.view).toSorted((left, right) => right - left)
  const view = (views[honestShareOf(set) - 1] ?? 0) + 1
  const behind: VotePosition = { view, slot, phase: 'commit' }
  const old = [highWater?.epoch === set.epoch ? highWater.position : undefined, journal?.position, seenBy(input)]
  let floor = behind
  for (const position of old) {
    if (position === undefined) continue
    floor = { view: Math.max(floor.view, position.view), slot: Math.max(floor.slot, position.slot), phase: 'commit' }
  }
  return { kind: 'catch-up', code: 'NOTARY_STATE_BEHIND', floor }
}

function isAlone({ members }: NotarySet): boolean {
  return members.length === 1
}

/** One answer of each other member. */
function othersOf({ set, me, witnesses }: SigningInput): readonly PeerWitness[] {
  const known = new Map<number, PeerWitness>()
  for (const witness of witnesses) {
    if (witness.member !== me && set.members[witness.member] !== undefined) known.set(witness.member, witness)
  }
  return [...known.values()]
}

function seenBy(input: SigningInput): VotePosition | undefined {
  let latest: VotePosition | undefined
  for (const { seen } of othersOf(input)) latest = laterPosition(latest, seen)
  return latest
}
