import { assert } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import { type HashTrie, hashTrieApply, hashTrieGet } from '../collections/hash-trie.ts'
import { type VersionedMap, versionedMapApply, versionedMapGet } from '../collections/versioned-map.ts'
import type { Did } from '../evidence/names.ts'
import { type ExpiryHeap, expiryHeapSize, addExpiry, firstExpiry, withoutFirstExpiry } from './expiry-heap.ts'
import type { LedgerEffect } from './ledger-event.ts'
import type { AccountId, Currency, TransferId } from './ledger-names.ts'
import { withOwned } from './owned-accounts.ts'
import { clientShareOf, halfOf } from './rooms.ts'
import { countIdsOf, forgetOld, keyOfHold, rememberIds } from './remembered-ids.ts'
import {
  type AccountRow,
  COUNTER_MAX,
  type CurrencyRow,
  followAuthority,
  type IdSource,
  type LedgerState,
  type OpenIssue,
  type OwnerRow,
  type Remembered,
} from './ledger-state.ts'
import type { HoldOrder } from './transfer-order.ts'

/**
 * What one event has changed so far, on top of the state before it. Orders of a batch write here, so that an account that a thousand of them touch is
 * copied into the new state once; the state before stays as it was, and the draft is dropped when the new one is made.
 */
export type LedgerDraft = {
  readonly state: LedgerState
  readonly at: Timestamp
  readonly accounts: Overlay<AccountRow>
  readonly promised: Overlay<number>
  unmade: number
  readonly holds: Overlay<HoldOrder>
  readonly remembered: Overlay<Remembered, VersionedMap<Remembered>>
  readonly currencies: Overlay<CurrencyRow>
  readonly owners: Overlay<OwnerRow>
  places: LedgerState['places']
  readonly issues: Overlay<OpenIssue>
  issuers: ReadonlySet<Did>
  listed: ReadonlySet<Currency>
  /** Accounts that the event has made. */
  readonly made: AccountRow[]
  expiries: ExpiryHeap
  /** Ids that the event has put into `remembered`, of contracts and of clients. */
  readonly ids: TransferId[]
  readonly clientIds: TransferId[]
  clientHolds: number
  readonly effects: LedgerEffect[]
  /** What to take back when the chain under way fails; `undefined` outside of chains. */
  undo: Change[] | undefined
}

/** A map and what was changed in it. */
export type Overlay<Value, Base extends HashTrie<Value> | VersionedMap<Value> = HashTrie<Value>> = {
  readonly base: Base
  /** `undefined` until something is changed. */
  changed: Map<string, Value | typeof GONE> | undefined
  size: number
}

/** Stands for an entry that is gone: so that one look-up tells it from an entry that was not changed. */
const GONE = Symbol('gone')

type Change = { readonly revert: () => void }

export function openDraft(state: LedgerState, at: Timestamp): LedgerDraft {
  return {
    state,
    at,
    accounts: overlayOf(state.accounts),
    promised: overlayOf(state.promised),
    unmade: state.unmade,
    holds: overlayOf(state.holds),
    remembered: overlayOf(state.remembered),
    currencies: overlayOf(state.currencies),
    owners: overlayOf(state.owners),
    places: state.places,
    issues: overlayOf(state.issues),
    issuers: state.issuers,
    listed: state.listed,
    made: [],
    expiries: state.expiries,
    ids: [],
    clientIds: [],
    clientHolds: state.clientHolds,
    effects: [],
    undo: undefined,
  }
}

function overlayOf<Value, Base extends HashTrie<Value> | VersionedMap<Value>>(base: Base): Overlay<Value, Base> {
  return { base, changed: undefined, size: base.size }
}

export function read<Value>(
  { changed, base }: Overlay<Value, HashTrie<Value> | VersionedMap<Value>>,
  key: string,
): Value | undefined {
  const value = changed?.get(key)
  if (value === undefined) {
    if (base.size === 0) return undefined
    return 'version' in base ? versionedMapGet(base, key) : hashTrieGet(base, key)
  }
  return value === GONE ? undefined : value
}

/** What stood there, and what is to: both as the caller knows them. */
export type Entry<Value> = {
  readonly key: string
  readonly before: Value | undefined
  readonly after: Value | undefined
}

export function write<Value>(
  draft: LedgerDraft,
  overlay: Overlay<Value, HashTrie<Value> | VersionedMap<Value>>,
  entry: Entry<Value>,
): void {
  const { key, before, after } = entry
  const changed = (overlay.changed ??= new Map())
  const growth = (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
  overlay.size += growth
  if (draft.undo !== undefined) {
    const stood = changed.get(key)
    const revert = (): void => {
      if (stood === undefined) changed.delete(key)
      else changed.set(key, stood)
      overlay.size -= growth
    }
    draft.undo.push({ revert })
  }
  changed.set(key, after ?? GONE)
}

/** Asserts what no refusal may have let through: counters in range, and no balance below zero but an issuer's. */
export function writeAccount(draft: LedgerDraft, entry: Entry<AccountRow>): void {
  const row = entry.after
  assert(row !== undefined && row.debits <= COUNTER_MAX && row.credits <= COUNTER_MAX, 'counters fit 128 bits')
  assert(row.held >= 0n, 'what is held is never negative')
  assert(row.name.kind === 'issuer' || row.credits >= row.debits, 'no account but an issuer is below zero')
  if (entry.before === undefined) {
    draft.made.push(row)
    if (read(draft.promised, entry.key) !== undefined) draft.unmade -= 1
  }
  write(draft, draft.accounts, entry)
}

/** A client's hold more (1), or less (-1), may pay into the account. */
export function promise(draft: LedgerDraft, account: AccountId, by: 1 | -1): void {
  const before = read(draft.promised, account)
  const after = (before ?? 0) + by
  write(draft, draft.promised, { key: account, before, after: after === 0 ? undefined : after })
  const isFirstOrLast = before === undefined || after === 0
  if (isFirstOrLast && read(draft.accounts, account) === undefined) draft.unmade += by
}

/** Remembers an id that is new. */
export function remember(draft: LedgerDraft, { key, source }: IdPlace, after: Remembered): void {
  write(draft, draft.remembered, { key, before: undefined, after })
  if (source === 'contracts') draft.ids.push(key)
  else draft.clientIds.push(key)
}

/** Where an id is remembered, and whose it is. */
export type IdPlace = { readonly key: TransferId; readonly source: IdSource }

/** An open hold keeps its place, and is remembered in it when it ends. */
export function placeOfHold(hold: HoldOrder): IdPlace {
  return { key: keyOfHold(hold), source: hold.contract === undefined ? 'clients' : 'contracts' }
}

/** How many more ids can be remembered, with room kept for what ends the open holds, and of clients' ones no more than their share. */
export function rememberedRoom(draft: LedgerDraft, source: IdSource, isListed: boolean): number {
  const { state, remembered, holds, clientIds, clientHolds } = draft
  const { rememberedMax } = state.limits
  const room = (isListed ? rememberedMax : halfOf(rememberedMax)) - remembered.size - 2 * holds.size
  if (source === 'contracts') return room
  const used = countIdsOf(state.generations, 'clients') + clientIds.length + 2 * clientHolds
  return Math.min(room, clientShareOf(rememberedMax, isListed) - used)
}

export function authorityIn({ owners }: LedgerDraft, owner: Did): Did {
  return followAuthority(owner, (key) => read(owners, key))
}

type Mark = {
  readonly made: number
  readonly unmade: number
  readonly expiries: ExpiryHeap
  readonly ids: number
  readonly clientIds: number
  readonly clientHolds: number
  readonly effects: number
}

/** From here on everything can be taken back. */
export function beginChain(draft: LedgerDraft): Mark {
  assert(draft.undo === undefined, 'chains do not nest')
  draft.undo = []
  const { made, unmade, expiries, ids, clientIds, clientHolds, effects } = draft
  return {
    made: made.length,
    unmade,
    expiries,
    ids: ids.length,
    clientIds: clientIds.length,
    clientHolds,
    effects: effects.length,
  }
}

export function keepChain(draft: LedgerDraft): void {
  draft.undo = undefined
}

export function revertChain(draft: LedgerDraft, mark: Mark): void {
  const undo = draft.undo ?? []
  draft.undo = undefined
  for (let index = undo.length - 1; index >= 0; index -= 1) undo[index]?.revert()
  draft.made.length = mark.made
  draft.unmade = mark.unmade
  draft.expiries = mark.expiries
  draft.ids.length = mark.ids
  draft.clientIds.length = mark.clientIds
  draft.clientHolds = mark.clientHolds
  draft.effects.length = mark.effects
}

/** The state after the event. */
export function closeDraft(draft: LedgerDraft): LedgerState {
  const { state, at } = draft
  const holds = applied(draft.holds)
  const withIds: LedgerState = {
    at,
    limits: state.limits,
    issuers: draft.issuers,
    listed: draft.listed,
    currencies: applied(draft.currencies),
    owners: applied(draft.owners),
    places: draft.places,
    accounts: applied(draft.accounts),
    owned: withOwned(state.owned, draft.made),
    promised: applied(draft.promised),
    unmade: draft.unmade,
    holds,
    expiries: tidyExpiries(draft.expiries, holds),
    clientHolds: draft.clientHolds,
    issues: applied(draft.issues),
    remembered: rememberedAfter(draft),
    generations: rememberIds(rememberIds(state.generations, 'contracts', { at, ids: draft.ids }), 'clients', {
      at,
      ids: draft.clientIds,
    }),
  }
  return forgetOld(withIds, draft.ids.length + draft.clientIds.length)
}

function applied<Value>({ base, changed }: Overlay<Value>): HashTrie<Value> {
  return changed === undefined || changed.size === 0 ? base : hashTrieApply(base, changesOf(changed))
}

function rememberedAfter({ remembered: { base, changed } }: LedgerDraft): VersionedMap<Remembered> {
  return changed === undefined || changed.size === 0 ? base : versionedMapApply(base, changesOf(changed))
}

function* changesOf<Value>(
  changed: ReadonlyMap<string, Value | typeof GONE>,
): Generator<readonly [string, Value | undefined], void, undefined> {
  for (const entry of changed) yield entry[1] === GONE ? [entry[0], undefined] : (entry as [string, Value])
}

/** Ended holds that a heap may carry for each open one before it is built anew. */
const DEAD_PER_OPEN = 1
const DEAD_MIN = 64

/** The first of the heap is an open hold; and there are not many more entries than open holds. */
function tidyExpiries(expiries: ExpiryHeap, holds: HashTrie<HoldOrder>): ExpiryHeap {
  let heap = expiries
  for (let first = firstExpiry(heap); first !== undefined; first = firstExpiry(heap)) {
    if (hashTrieGet(holds, first.id)?.expiresAt === first.at) break
    heap = withoutFirstExpiry(heap)
  }
  if (expiryHeapSize(heap) <= DEAD_MIN + (1 + DEAD_PER_OPEN) * holds.size) return heap
  return openExpiries(heap, holds)
}

function openExpiries(heap: ExpiryHeap, holds: HashTrie<HoldOrder>): ExpiryHeap {
  let open: ExpiryHeap
  const stack: ExpiryHeap[] = [heap]
  for (let node = stack.pop(); node !== undefined || stack.length > 0; node = stack.pop()) {
    if (node === undefined) continue
    if (hashTrieGet(holds, node.expiry.id)?.expiresAt === node.expiry.at) open = addExpiry(open, node.expiry)
    stack.push(node.left, node.right)
  }
  return open
}
