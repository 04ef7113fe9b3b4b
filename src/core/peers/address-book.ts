import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../evidence/names.ts'

/**
 * What is kept of where nodes are reached, and what gives way. Whoever fills a node's book with addresses of his own decides whom it talks to, so:
 *
 * 1. an address gives way only to one that is known at least as well: what others tell never displaces what was proved;
 * 2. what one block of addresses tells is limited, and gives way to what the same block tells later: a flood displaces itself;
 * 3. what is told of one block of addresses is limited in the same way, whoever tells it;
 * 4. half of the book is out of reach of what is only told; in the other half the largest group gives way first.
 */
export type AddressSource =
  /** The node connected elsewhere and told it of itself. */
  | 'told-by-itself'
  /** Somebody else told it. */
  | 'told-by-others'
  /** Whoever answered there held the key. */
  | 'proved'
  /** Whoever runs this node named it. */
  | 'named'

export type KnownAddress = {
  /** A multiaddr without the peer. */
  readonly address: string
  readonly source: AddressSource
  /** When it was named, proved or told last. */
  readonly at: Timestamp
}

/** Nodes of a book. */
export const BOOK_PEERS_MAX = 4_096
/** Of these, nodes that were never reached. */
export const BOOK_TOLD_MAX = 2_048
/** Nodes that were never reached and that one block of addresses told. */
export const BOOK_TOLD_PER_TELLER_MAX = 32
/** Nodes that were never reached within one block of addresses. */
export const BOOK_TOLD_PER_BLOCK_MAX = 32
/** Nodes that were reached within one block of addresses. */
export const BOOK_PROVED_PER_BLOCK_MAX = 128
/** Addresses of one node. */
export const BOOK_ADDRESSES_MAX = 8

const RANKS: Readonly<Record<AddressSource, number>> = {
  'told-by-others': 0,
  'told-by-itself': 1,
  proved: 2,
  named: 3,
}

/** Whether the node was reached there, or is to be by order. */
export function isTrusted(source: AddressSource): boolean {
  return RANKS[source] >= RANKS.proved
}

/** The addresses with one more, best known first; `undefined` when it has no place among them. */
export function withAddress(
  addresses: readonly KnownAddress[],
  added: KnownAddress,
): readonly KnownAddress[] | undefined {
  const before = addresses.find(({ address }) => address === added.address)
  const source = before !== undefined && RANKS[before.source] > RANKS[added.source] ? before.source : added.source
  const rest = addresses.filter(({ address }) => address !== added.address)
  const all = [{ ...added, source }, ...rest].toSorted(
    (one, other) => RANKS[other.source] - RANKS[one.source] || other.at - one.at,
  )
  const kept = all.slice(0, BOOK_ADDRESSES_MAX)
  return kept.some(({ address }) => address === added.address) ? kept : undefined
}

/** An address at which somebody else answered, or nobody, is known no better than what is told; what was named stays. */
export function withoutProof(addresses: readonly KnownAddress[], failed: string): readonly KnownAddress[] {
  return addresses.map((known) =>
    known.address === failed && known.source === 'proved' ? { ...known, source: 'told-by-itself' } : known,
  )
}

/** A node of the book, as far as its place in it is concerned. */
export type BookPlace = {
  readonly peer: Did
  readonly isTrusted: boolean
  /** Block of addresses of whoever told of the node first. */
  readonly tellerBlock: string
  /** Block of its best address. */
  readonly block: string
  readonly at: Timestamp
}

/** Who gives way for `newcomer`: a node, or nobody where there is room (`undefined`). It may be the newcomer itself. */
export function whoGivesWay(places: Iterable<BookPlace>, newcomer: BookPlace): Did | undefined {
  const all = [...places].filter(({ peer }) => peer !== newcomer.peer)
  const alike = all.filter((place) => place.isTrusted === newcomer.isTrusted)
  const block = alike.filter((place) => place.block === newcomer.block)
  if (newcomer.isTrusted) {
    if (block.length >= BOOK_PROVED_PER_BLOCK_MAX) return oldest(block)
    if (all.length < BOOK_PEERS_MAX) return undefined
    const told = all.filter((place) => !place.isTrusted)
    return told.length > 0 ? oldest(largest(told, 'tellerBlock')) : oldest(largest(all, 'block'))
  }
  const teller = alike.filter((place) => place.tellerBlock === newcomer.tellerBlock)
  if (teller.length >= BOOK_TOLD_PER_TELLER_MAX) return oldest(teller)
  if (block.length >= BOOK_TOLD_PER_BLOCK_MAX) return oldest(block)
  if (alike.length >= BOOK_TOLD_MAX) return oldest(largest(alike, 'tellerBlock'))
  return all.length >= BOOK_PEERS_MAX ? newcomer.peer : undefined
}

function largest(places: readonly BookPlace[], by: 'block' | 'tellerBlock'): readonly BookPlace[] {
  const groups = new Map<string, BookPlace[]>()
  for (const place of places) {
    const group = groups.get(place[by])
    if (group === undefined) groups.set(place[by], [place])
    else group.push(place)
  }
  let most: readonly BookPlace[] = []
  for (const group of groups.values()) if (group.length > most.length) most = group
  return most
}

function oldest(places: readonly BookPlace[]): Did | undefined {
  let found: BookPlace | undefined
  for (const place of places) if (found === undefined || place.at < found.at) found = place
  return found?.peer
}
