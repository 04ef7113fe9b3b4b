import { type Amount, ZERO_AMOUNT } from '../../base/money.ts'
import { DAY_MS, type DurationMs, HOUR_MS, type Timestamp } from '../../base/time.ts'
import { emptyHashTrie, type HashTrie, hashTrieGet } from '../collections/hash-trie.ts'
import { emptyVersionedMap, VERSIONED_MAP_MAX, type VersionedMap } from '../collections/versioned-map.ts'
import type { Did } from '../evidence/names.ts'
import { type ExpiryHeap, firstExpiry } from './expiry-heap.ts'
import type { AccountId, AccountName, Currency, TransferId } from './ledger-names.ts'
import type { HoldOrder, TransferOrder } from './transfer-order.ts'

/** Largest counter of an account: 128 bits. */
export const COUNTER_MAX: bigint = (1n << 128n) - 1n

export type LedgerLimits = {
  /** Accounts at most; as many owners with recovery keys, and as many currencies. What ends a hold or a contract has its room since it was held. */
  readonly accountsMax: number
  /** Open holds at most. */
  readonly holdsMax: number
  /** Ids remembered at most, 16,000,000 or less. An open hold counts twice: for itself and for what will end it. */
  readonly rememberedMax: number
  /** How long an id of a contract is remembered at least after it was last used. */
  readonly retention: DurationMs
  /** The same for ids that clients choose: no shorter than a signed message may be valid, so that nothing that is sent again later is applied twice. */
  readonly clientRetention: DurationMs
  /** Shortest time in which an owner may object to a recovery; the longest is `RECOVERY_DELAY_MAX`. */
  readonly recoveryDelayMin: DurationMs
}

/** Rows of about 300 bytes; ids of about 500. Retention as the idempotency rule of the market asks at least, and for clients as long as an envelope lives, and an hour. */
export const LEDGER_LIMITS_DEFAULT: LedgerLimits = {
  accountsMax: 1_000_000,
  holdsMax: 1_000_000,
  rememberedMax: VERSIONED_MAP_MAX,
  retention: DAY_MS,
  clientRetention: (7 * DAY_MS + HOUR_MS) as DurationMs,
  recoveryDelayMin: HOUR_MS,
}

/** Whose ids: of contracts, or of clients and their credits. */
export type IdSource = 'contracts' | 'clients'

/** Longest time in which an owner may object to a recovery: its end is always an exact integer. */
export const RECOVERY_DELAY_MAX: DurationMs = (365 * DAY_MS) as DurationMs

/** The least retention that a ledger may be opened with. */
export const RETENTION_MIN: DurationMs = DAY_MS

/** Never negative, never above `COUNTER_MAX`, never falling. The balance is `credits - debits`. */
export type AccountRow = {
  /** The one text of it that is kept: whatever names the account holds this one, not one of its own. */
  readonly id: AccountId
  readonly name: AccountName
  readonly debits: bigint
  readonly credits: bigint
  /** Sum of the open holds that were taken from it. That money is in the owner's account `held`, and not in the balance of this one. */
  readonly held: bigint
}

export type CurrencyRow = {
  readonly currency: Currency
  readonly cap: Amount
  /** The cap that it was registered with. */
  readonly firstCap: Amount
  /** As it was registered; `undefined` where no recovery key was named. */
  readonly recoveryKey: Did | undefined
  readonly recoveryDelay: DurationMs | undefined
  /** Whose message set the cap last, and its position; `undefined` while the first one counts. */
  readonly changed: { readonly by: Did; readonly seq: number } | undefined
}

export type OwnerRow = {
  readonly owner: Did
  /** Who may name another key when this one is lost, and how long whoever signs may object; `undefined` where nobody was named. */
  readonly recoveryKey: Did | undefined
  readonly recoveryDelay: DurationMs | undefined
  /** Under way; `undefined` when none is. */
  readonly recovery: { readonly successor: Did; readonly completesAt: Timestamp } | undefined
  /** The key that took the owner's place; the owner itself while none has. That one may have been replaced in turn: `authorityOf` says who signs now. */
  readonly authority: Did
  /**
   * What the owner's key may do besides: nothing more once it is `lost`; with contracts that were held before go on where it was `rotated`. `undefined` while it
   * signs for itself.
   */
  readonly former: 'rotated' | 'lost' | undefined
}

/** Keys that are followed from an account to whoever signs for it; as many as a chain of key statements has. */
export const REPLACEMENTS_MAX = 64

/** What became of a hold. */
export type HoldEnd =
  | { readonly kind: 'posted'; readonly by: TransferId; readonly captured: Amount }
  | { readonly kind: 'voided'; readonly by: TransferId }
  | { readonly kind: 'expired' }

/** An id that is taken. */
export type Remembered =
  | { readonly kind: 'applied'; readonly order: TransferOrder; readonly at: Timestamp }
  | { readonly kind: 'ended-hold'; readonly order: HoldOrder; readonly end: HoldEnd; readonly at: Timestamp }
  | { readonly kind: 'failed'; readonly at: Timestamp }

/** Issued and not confirmed. */
export type OpenIssue = { readonly owner: Did; readonly currency: Currency; readonly amount: Amount }

/** Ids of one event, which are forgotten together. */
export type RememberedChunk = { readonly at: Timestamp; readonly ids: readonly TransferId[] }
export type ChunkList =
  | {
      readonly chunk: RememberedChunk
      readonly next: ChunkList
      /** Farther back, as `chunk-list.ts` says; `depth` chunks are behind this one. */
      readonly jump: ChunkList
      readonly depth: number
    }
  | undefined

/** Chunks of one period and source, newest first. Forgetting starts when the last of them is old enough, and takes a part at each event. */
export type Generation = {
  readonly source: IdSource
  readonly from: Timestamp
  readonly last: Timestamp
  readonly chunks: ChunkList
  /** Ids in them. */
  readonly count: number
}

/** All that the ledger of a notary set knows, as a value that is never written to. For each currency the debits and credits of all accounts have one sum. */
export type LedgerState = {
  /** The largest stamp so far. */
  readonly at: Timestamp
  readonly limits: LedgerLimits
  /** Issuers whose credits the notary set knows: whoever pays in them has room that nobody else fills. */
  readonly issuers: ReadonlySet<Did>
  /** Registered currencies of theirs. */
  readonly listed: ReadonlySet<Currency>
  readonly currencies: HashTrie<CurrencyRow>
  readonly owners: HashTrie<OwnerRow>
  /** Owners whose place another key took, by that key. */
  readonly places: HashTrie<HashTrie<Did>>
  readonly accounts: HashTrie<AccountRow>
  /** Accounts by their owner, and by their id. */
  readonly owned: HashTrie<HashTrie<AccountId>>
  /** Accounts that clients' open holds and open contracts may yet pay into, and by how many of them. */
  readonly promised: HashTrie<number>
  /** How many of those have no row yet: they have their room all the same. */
  readonly unmade: number
  /** Open holds by id. */
  readonly holds: HashTrie<HoldOrder>
  readonly expiries: ExpiryHeap
  /** How many of them belong to no contract. */
  readonly clientHolds: number
  readonly issues: HashTrie<OpenIssue>
  readonly remembered: VersionedMap<Remembered>
  /** Oldest first, at most `GENERATIONS_MAX`. */
  readonly generations: readonly Generation[]
}

export type LedgerInput = { readonly at: Timestamp; readonly limits?: LedgerLimits }

/** An empty ledger. Throws `RangeError` for a retention below `RETENTION_MIN` and limits below 1 or above what can be remembered. */
export function emptyLedger({ at, limits = LEDGER_LIMITS_DEFAULT }: LedgerInput): LedgerState {
  const { accountsMax, holdsMax, rememberedMax, retention, clientRetention } = limits
  const counts = [accountsMax, holdsMax, rememberedMax]
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 1)) throw new RangeError('Limits are 1 or more')
  if (rememberedMax > VERSIONED_MAP_MAX) throw new RangeError(`At most ${VERSIONED_MAP_MAX} ids are remembered`)
  if (![retention, clientRetention].every((span) => Number.isSafeInteger(span) && span >= RETENTION_MIN))
    throw new RangeError('Retention is 24 hours at least')
  return {
    at,
    limits,
    issuers: new Set(),
    listed: new Set(),
    currencies: emptyHashTrie(),
    owners: emptyHashTrie(),
    places: emptyHashTrie(),
    accounts: emptyHashTrie(),
    owned: emptyHashTrie(),
    promised: emptyHashTrie(),
    unmade: 0,
    holds: emptyHashTrie(),
    expiries: undefined,
    clientHolds: 0,
    issues: emptyHashTrie(),
    remembered: emptyVersionedMap(),
    generations: [],
  }
}

/** The smallest expiry of an open hold; `undefined` when none expires. From that stamp on, `holds-expired` is due. */
export function nextExpiry(state: LedgerState): Timestamp | undefined {
  return firstExpiry(state.expiries)?.at
}

/** Credits less debits; below zero for an issuer alone. 0 for an account that nothing has moved on. */
export function balanceOf(state: LedgerState, account: AccountId): bigint {
  const row = hashTrieGet(state.accounts, account)
  return row === undefined ? 0n : row.credits - row.debits
}

/** What is left to spend; never negative. */
export function spendableOf(state: LedgerState, account: AccountId): Amount {
  const balance = balanceOf(state, account)
  return balance < 0n ? ZERO_AMOUNT : (balance as Amount)
}

/** Whose signature counts for the owner: its own, or that of the key which took its place by rotation or recovery. */
export function authorityOf(state: LedgerState, owner: Did): Did {
  return followAuthority(owner, (key) => hashTrieGet(state.owners, key))
}

/** From a key to the one in its place, and on. Nothing ever leads back: a key that was replaced takes no place again. */
export function followAuthority(owner: Did, rowOf: (key: Did) => OwnerRow | undefined): Did {
  let key = owner
  for (let hops = 0; hops < REPLACEMENTS_MAX; hops += 1) {
    const next = rowOf(key)?.authority ?? key
    if (next === key) break
    key = next
  }
  return key
}

export type TransferStatus = 'posted' | 'held' | 'voided' | 'expired' | 'failed'
