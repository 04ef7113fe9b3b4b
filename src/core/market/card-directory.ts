import { assertNever } from '../../base/assert.ts'
import { elapsedBetween, HOUR_MS, type Timestamp } from '../../base/time.ts'
import { emptyHashTrie, hashTrieDelete, hashTrieForEach, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { HashTrie } from '../collections/hash-trie.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { Machine, Step } from '../machine.ts'
import type { AgentCard } from './agent-card.ts'
import type { CardCode } from './card-codes.ts'

/**
 * Whose cards are kept, and which give way. Keys cost nothing, so whoever wants a directory to forget somebody makes thousands of them; therefore
 *
 * 1. half of the room is for nodes that its owner named or dealt with, and no stranger ever takes a place of theirs;
 * 2. of strangers one neighbour tells a part only;
 * 3. a stranger gives way only while it is new: the youngest of the neighbour that told most. Who was there for an hour stays while it says so again.
 */
export const CARDS_KNOWN_MAX = 1_024
/** Cards of nodes with which nobody here had to do. */
export const CARDS_HEARD_MAX = 1_024
/** Of these, cards that one neighbour told first. */
export const CARDS_PER_TELLER_MAX = 512
/** After so long a card is no newcomer any more. */
export const CARD_SETTLED_MS = HOUR_MS

export type CardEntry = {
  readonly card: AgentCard
  /** Hash of the message. */
  readonly envelope: Hash
  readonly seq: number
  /** Not valid at this instant any more. */
  readonly until: Timestamp
  /** When this node was heard of first, without a gap since. */
  readonly since: Timestamp
  /** The neighbour that told of it first. */
  readonly teller: Did
  /** Whether its place is safe from strangers. */
  readonly isKnown: boolean
}

/** It has no stamp: what it goes by is the clock of this machine, which may be set back. */
export type CardDirectoryState = { readonly cards: HashTrie<CardEntry> }

export type CardDirectoryEvent =
  | (Evidence & {
      readonly type: 'card-heard'
      readonly card: AgentCard
      readonly until: Timestamp
      readonly teller: Did
      /** The owner of this node named the other one, or dealt with it. */
      readonly isKnown: boolean
    })
  /** Somebody here deals with the node. */
  | { readonly type: 'card-known'; readonly node: Did; readonly at: Timestamp }
  /** Forgets what is not valid any more. */
  | { readonly type: 'cards-pruned'; readonly at: Timestamp }

export type CardDirectoryEffect =
  | { readonly type: 'keep-card'; readonly node: Did }
  | { readonly type: 'forget-card'; readonly node: Did; readonly reason: 'expired' | 'gave-way' }
  | { readonly type: 'event-refused'; readonly code: CardCode }

export type CardDirectoryStep = Step<CardDirectoryState, CardDirectoryEffect>
type Heard = Extract<CardDirectoryEvent, { readonly type: 'card-heard' }>

/** Who is there and what it sells, by its own signed word. It promises nobody anything. */
export const CARD_DIRECTORY_MACHINE: Machine<CardDirectoryState, CardDirectoryEvent, CardDirectoryEffect, undefined> = {
  name: 'card-directory',
  initial: () => ({ cards: emptyHashTrie() }),
  transition,
  violations,
}

/** Whether a card of the node at this position says anything new; asked before its signature is looked at. */
export function isNewerCard({ cards }: CardDirectoryState, node: Did, seq: number): boolean {
  const known = hashTrieGet(cards, node)
  return known === undefined || seq > known.seq
}

function transition(state: CardDirectoryState, event: CardDirectoryEvent): CardDirectoryStep {
  switch (event.type) {
    case 'card-heard':
      return hear(state, event)
    case 'card-known': {
      const entry = hashTrieGet(state.cards, event.node)
      if (entry === undefined) return refused(state, 'CARD_UNKNOWN')
      if (entry.isKnown) return { state, effects: [] }
      if (countOf(state, ({ isKnown }) => isKnown) >= CARDS_KNOWN_MAX) return refused(state, 'CARD_NO_ROOM')
      return keep(state, { ...entry, isKnown: true })
    }
    case 'cards-pruned':
      return prune(state, event.at)
    default:
      return assertNever(event)
  }
}

function hear(state: CardDirectoryState, event: Heard): CardDirectoryStep {
  const { at, card, envelope, seq, until, teller } = event
  if (at >= until) return refused(state, 'CARD_EXPIRED')
  if (!isNewerCard(state, card.node, seq)) return refused(state, 'CARD_SEQUENCE_OLD')
  const before = hashTrieGet(state.cards, card.node)
  // Who was away longer than it said is as new as anybody.
  const isContinued = before !== undefined && at < before.until
  const history = isContinued ? { since: before.since, teller: before.teller } : { since: at, teller }
  const isKnown = before?.isKnown === true || event.isKnown
  const entry: CardEntry = { card, envelope, seq, until, ...history, isKnown }
  if (before !== undefined && before.isKnown === isKnown) return keep(state, entry)
  return addNewcomer(prune(state, at), { entry, at })
}

type Newcomer = { readonly entry: CardEntry; readonly at: Timestamp }

function addNewcomer({ state, effects }: CardDirectoryStep, newcomer: Newcomer): CardDirectoryStep {
  const { entry } = newcomer
  const place = placeFor(state, newcomer)
  if (place === 'none') return { state, effects: [...effects, { type: 'event-refused', code: 'CARD_NO_ROOM' }] }
  const cards = place === 'free' ? state.cards : hashTrieDelete(state.cards, place.card.node)
  const gone: readonly CardDirectoryEffect[] =
    place === 'free' ? [] : [{ type: 'forget-card', node: place.card.node, reason: 'gave-way' }]
  const kept = keep({ cards }, entry)
  return { state: kept.state, effects: [...effects, ...gone, ...kept.effects] }
}

/** Who gives way for a newcomer. */
function placeFor(state: CardDirectoryState, { entry: newcomer, at }: Newcomer): 'free' | 'none' | CardEntry {
  const { card, isKnown, teller } = newcomer
  const isOther = (entry: CardEntry): boolean => entry.card.node !== card.node
  if (isKnown) return countOf(state, (entry) => entry.isKnown && isOther(entry)) < CARDS_KNOWN_MAX ? 'free' : 'none'
  const groups = groupsOf(state)
  const own = groups.get(teller)?.length ?? 0
  if (own >= CARDS_PER_TELLER_MAX) return 'none'
  if (countOf(state, (entry) => !entry.isKnown) < CARDS_HEARD_MAX) return 'free'
  let largest: readonly CardEntry[] = []
  for (const group of groups.values()) if (group.length > largest.length) largest = group
  if (own >= largest.length) return 'none'
  const youngest = largest.reduce<CardEntry | undefined>(
    (found, entry) => (found === undefined || entry.since > found.since ? entry : found),
    undefined,
  )
  return youngest !== undefined && elapsedBetween(youngest.since, at) < CARD_SETTLED_MS ? youngest : 'none'
}

/** Strangers by the neighbour that told of them. */
function groupsOf({ cards }: CardDirectoryState): ReadonlyMap<Did, readonly CardEntry[]> {
  const groups = new Map<Did, CardEntry[]>()
  hashTrieForEach(cards, (entry) => {
    if (entry.isKnown) return
    const group = groups.get(entry.teller)
    if (group === undefined) groups.set(entry.teller, [entry])
    else group.push(entry)
  })
  return groups
}

function prune(state: CardDirectoryState, at: Timestamp): CardDirectoryStep {
  const expired: Did[] = []
  hashTrieForEach(state.cards, ({ card, until }) => {
    if (at >= until) expired.push(card.node)
  })
  let { cards } = state
  for (const node of expired) cards = hashTrieDelete(cards, node)
  return {
    state: { cards },
    effects: expired.toSorted().map((node) => ({ type: 'forget-card', node, reason: 'expired' })),
  }
}

function keep(state: CardDirectoryState, entry: CardEntry): CardDirectoryStep {
  const { node } = entry.card
  const cards = hashTrieSet(state.cards, node, entry)
  return { state: { cards }, effects: [{ type: 'keep-card', node }] }
}

function countOf({ cards }: CardDirectoryState, isCounted: (entry: CardEntry) => boolean): number {
  let count = 0
  hashTrieForEach(cards, (entry) => {
    if (isCounted(entry)) count += 1
  })
  return count
}

function refused(state: CardDirectoryState, code: CardCode): CardDirectoryStep {
  return { state, effects: [{ type: 'event-refused', code }] }
}

function violations(state: CardDirectoryState): readonly string[] {
  const broken = new Set<string>()
  hashTrieForEach(state.cards, ({ card }, key) => {
    if (card.node !== key) broken.add('cards are kept under the keys of their nodes')
  })
  if (countOf(state, ({ isKnown }) => isKnown) > CARDS_KNOWN_MAX) broken.add('known nodes have a limit')
  if (countOf(state, ({ isKnown }) => !isKnown) > CARDS_HEARD_MAX) broken.add('strangers have a limit')
  for (const group of groupsOf(state).values())
    if (group.length > CARDS_PER_TELLER_MAX) broken.add('what one neighbour tells has a limit')
  return [...broken]
}
