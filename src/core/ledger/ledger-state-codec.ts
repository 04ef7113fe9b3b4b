import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import { timestampFromMs } from '../../base/time.ts'
import {
  type HashTrie,
  hashTrieApply,
  hashTrieEntries,
  hashTrieForEach,
  emptyHashTrie,
} from '../collections/hash-trie.ts'
import {
  emptyVersionedMap,
  type VersionedMap,
  versionedMapApply,
  versionedMapEntries,
} from '../collections/versioned-map.ts'
import {
  AMOUNT_FIELD,
  COUNT_FIELD,
  COUNTER_FIELD,
  CURRENCY_FIELD,
  DID_FIELD,
  type FieldCodec,
  type FieldRow,
  listOf,
  memberOf,
  oneOf,
  optional,
  recordOf,
  TRANSFER_FIELD,
  unionOf,
} from './codec-fields.ts'
import type { Did } from '../evidence/names.ts'
import { withChunk } from './chunk-list.ts'
import { addExpiry, type ExpiryHeap } from './expiry-heap.ts'
import { isLedgerFormat, LEDGER_FORMAT, ORDER_FIELD } from './ledger-codec.ts'
import { formatAccountId, parseAccountId } from './ledger-names.ts'
import { withOwned } from './owned-accounts.ts'
import { placesIn } from './key-places.ts'
import { promisedByHolds } from './promised-accounts.ts'
import { LISTED_ISSUERS_MAX, listedAmong } from './rooms.ts'
import type {
  AccountRow,
  ChunkList,
  CurrencyRow,
  Generation,
  LedgerLimits,
  LedgerState,
  OpenIssue,
  OwnerRow,
  Remembered,
  RememberedChunk,
} from './ledger-state.ts'
import { chunksOf, keyOfHold } from './remembered-ids.ts'
import type { HoldOrder } from './transfer-order.ts'

const NO_LIMIT = Number.MAX_SAFE_INTEGER
const AT: FieldRow = ['at', 'at', COUNT_FIELD]
const OWNER: FieldRow = ['owner', 'owner', DID_FIELD]
const CURRENCY: FieldRow = ['currency', 'currency', CURRENCY_FIELD]
const RECOVERY: readonly FieldRow[] = [
  ['recoveryKey', 'recoveryKey', optional(DID_FIELD)],
  ['recoveryDelay', 'recoveryDelayMs', optional(COUNT_FIELD)],
]

const CHANGED: readonly FieldRow[] = [
  ['by', 'by', DID_FIELD],
  ['seq', 'seq', COUNT_FIELD],
]

const ACCOUNT_NAME: FieldCodec = {
  write: (value) => formatAccountId(value as AccountRow['name']),
  read: (json) => (typeof json === 'string' ? parseAccountId(json) : undefined),
}
const ACCOUNT_ROW = recordOf([
  ['name', 'id', ACCOUNT_NAME],
  ['debits', 'debitsNanos', COUNTER_FIELD],
  ['credits', 'creditsNanos', COUNTER_FIELD],
  ['held', 'heldNanos', COUNTER_FIELD],
])
/** The id is in the row twice: as text, and in its parts. */
export const ACCOUNT_FIELD_ROW: FieldCodec = {
  write: ACCOUNT_ROW.write,
  read: (json) => {
    const row = ACCOUNT_ROW.read(json) as Omit<AccountRow, 'id'> | undefined
    return row && { id: formatAccountId(row.name), ...row }
  },
}
export const CURRENCY_ROW: FieldCodec = recordOf([
  CURRENCY,
  ['cap', 'capNanos', AMOUNT_FIELD],
  ['firstCap', 'firstCapNanos', AMOUNT_FIELD],
  ['changed', 'changed', optional(recordOf(CHANGED))],
  ...RECOVERY,
])
const RECOVERY_UNDER_WAY = recordOf([
  ['successor', 'successor', DID_FIELD],
  ['completesAt', 'completesAt', COUNT_FIELD],
])
export const OWNER_ROW: FieldCodec = recordOf([
  OWNER,
  ...RECOVERY,
  ['recovery', 'recovery', optional(RECOVERY_UNDER_WAY)],
  ['authority', 'authority', DID_FIELD],
  ['former', 'former', optional(oneOf(['rotated', 'lost']))],
])
const HOLD_END = unionOf('kind', {
  posted: [
    ['by', 'by', TRANSFER_FIELD],
    ['captured', 'capturedNanos', AMOUNT_FIELD],
  ],
  voided: [['by', 'by', TRANSFER_FIELD]],
  expired: [],
})
export const HOLD_FIELD: FieldCodec = {
  write: ORDER_FIELD.write,
  read: (json) => (memberOf(json, 'kind') === 'hold' ? ORDER_FIELD.read(json) : undefined),
}
const REMEMBERED = unionOf('kind', {
  applied: [['order', 'order', ORDER_FIELD], AT],
  'ended-hold': [['order', 'order', HOLD_FIELD], ['end', 'end', HOLD_END], AT],
  failed: [AT],
})
const ISSUE_MEMBERS: readonly FieldRow[] = [OWNER, CURRENCY, ['amount', 'amountNanos', AMOUNT_FIELD]]
export const ISSUE_ROW: FieldCodec = recordOf([
  ['id', 'id', TRANSFER_FIELD],
  ['issue', 'issue', recordOf(ISSUE_MEMBERS)],
])
export const REMEMBERED_ROW: FieldCodec = recordOf([
  ['id', 'id', TRANSFER_FIELD],
  ['known', 'known', REMEMBERED],
])
export const CHUNK: FieldCodec = recordOf([AT, ['ids', 'ids', listOf(TRANSFER_FIELD, NO_LIMIT)]])
const SOURCE: FieldRow = ['source', 'source', oneOf(['contracts', 'clients'])]
const GENERATION = recordOf([
  SOURCE,
  ['from', 'from', COUNT_FIELD],
  ['last', 'last', COUNT_FIELD],
  ['chunks', 'chunks', listOf(CHUNK, NO_LIMIT)],
])
export const LIMITS: FieldCodec = recordOf([
  ['accountsMax', 'accountsMax', COUNT_FIELD],
  ['holdsMax', 'holdsMax', COUNT_FIELD],
  ['rememberedMax', 'rememberedMax', COUNT_FIELD],
  ['retention', 'retentionMs', COUNT_FIELD],
  ['clientRetention', 'clientRetentionMs', COUNT_FIELD],
  ['recoveryDelayMin', 'recoveryDelayMinMs', COUNT_FIELD],
])

/** Canonical JSON of a state: equal for equal states. */
export function formatLedgerState(state: LedgerState): string {
  const generations = state.generations.map((generation) =>
    GENERATION.write({ ...generation, chunks: chunksOf(generation) }),
  )
  return canonicalJson({
    format: LEDGER_FORMAT,
    at: state.at,
    limits: LIMITS.write(state.limits),
    issuers: [...state.issuers].sort(),
    currencies: valuesOf(state.currencies, CURRENCY_ROW),
    owners: valuesOf(state.owners, OWNER_ROW),
    accounts: valuesOf(state.accounts, ACCOUNT_FIELD_ROW),
    holds: valuesOf(state.holds, HOLD_FIELD),
    issues: hashTrieEntries(state.issues).map(([id, issue]) => ISSUE_ROW.write({ id, issue })),
    remembered: versionedMapEntries(state.remembered).map(([id, known]) => REMEMBERED_ROW.write({ id, known })),
    generations,
  })
}

/** Reads the JSON of `formatLedgerState`; `undefined` for anything else. Whether it is sound is said by `violations`. */
export function parseLedgerState(json: unknown): LedgerState | undefined {
  const at = COUNT_FIELD.read(memberOf(json, 'at')) as number | undefined
  const limits = LIMITS.read(memberOf(json, 'limits')) as LedgerLimits | undefined
  const issuers = readIssuers(memberOf(json, 'issuers'))
  const currencies = readRows<CurrencyRow>(json, {
    name: 'currencies',
    codec: CURRENCY_ROW,
    keyOf: (row) => row.currency,
  })
  const owners = readRows<OwnerRow>(json, { name: 'owners', codec: OWNER_ROW, keyOf: (row) => row.owner })
  const accounts = readRows<AccountRow>(json, { name: 'accounts', codec: ACCOUNT_FIELD_ROW, keyOf: ({ id }) => id })
  const holds = readRows<HoldOrder>(json, { name: 'holds', codec: HOLD_FIELD, keyOf: keyOfHold })
  const issues = readIssues(json)
  const remembered = readRemembered(json)
  const generations = readGenerations(memberOf(json, 'generations'))
  if (!isLedgerFormat(json) || at === undefined || limits === undefined || generations === undefined) return undefined
  if (issuers === undefined || currencies === undefined || owners === undefined || accounts === undefined)
    return undefined
  if (holds === undefined || issues === undefined || remembered === undefined) return undefined
  const parts = { issuers, currencies, owners, accounts, holds, issues, remembered, generations }
  return { at: timestampFromMs(at), limits, ...parts, ...followingFrom(parts) }
}

function valuesOf<Value>(trie: HashTrie<Value>, codec: FieldCodec): readonly JsonValue[] {
  return hashTrieEntries(trie).map(([, value]) => codec.write(value))
}

type Rows<Value> = { readonly name: string; readonly codec: FieldCodec; readonly keyOf: (value: Value) => string }

function readRows<Value>(json: unknown, { name, codec, keyOf }: Rows<Value>): HashTrie<Value> | undefined {
  const rows = listOf(codec, NO_LIMIT).read(memberOf(json, name)) as readonly Value[] | undefined
  if (rows === undefined) return undefined
  const trie = hashTrieApply(
    emptyHashTrie<Value>(),
    rows.map((row) => [keyOf(row), row] as const),
  )
  return trie.size === rows.length ? trie : undefined
}

type Pairs = { readonly name: string; readonly codec: FieldCodec; readonly member: string }

function readPairs<Value>(
  json: unknown,
  { name, codec, member }: Pairs,
): readonly (readonly [string, Value])[] | undefined {
  const rows = listOf(codec, NO_LIMIT).read(memberOf(json, name)) as readonly unknown[] | undefined
  return rows?.map((row) => [String(memberOf(row, 'id')), memberOf(row, member) as Value] as const)
}

function readIssues(json: unknown): HashTrie<OpenIssue> | undefined {
  const pairs = readPairs<OpenIssue>(json, { name: 'issues', codec: ISSUE_ROW, member: 'issue' })
  const issues = pairs && hashTrieApply(emptyHashTrie<OpenIssue>(), pairs)
  return issues?.size === pairs?.length ? issues : undefined
}

function readRemembered(json: unknown): VersionedMap<Remembered> | undefined {
  const pairs = readPairs<Remembered>(json, { name: 'remembered', codec: REMEMBERED_ROW, member: 'known' })
  const remembered = pairs && versionedMapApply(emptyVersionedMap<Remembered>(), pairs)
  return remembered?.size === pairs?.length ? remembered : undefined
}

type WrittenGeneration = Pick<Generation, 'source' | 'from' | 'last'> & { readonly chunks: readonly RememberedChunk[] }

function readGenerations(json: unknown): readonly Generation[] | undefined {
  const written = listOf(GENERATION, NO_LIMIT).read(json) as readonly WrittenGeneration[] | undefined
  return written?.map(generationOf)
}

/** As it is in memory: chunks as a list, and how many ids there are. */
export function generationOf({ source, from, last, chunks }: WrittenGeneration): Generation {
  let list: ChunkList
  let count = 0
  for (const chunk of chunks.toReversed()) {
    list = withChunk(list, chunk)
    count += chunk.ids.length
  }
  return { source, from, last, chunks: list, count }
}

function readIssuers(json: unknown): ReadonlySet<Did> | undefined {
  const issuers = listOf(DID_FIELD, LISTED_ISSUERS_MAX).read(json) as readonly Did[] | undefined
  return issuers && new Set(issuers)
}

type Following = Pick<LedgerState, 'places' | 'listed' | 'owned' | 'promised' | 'unmade' | 'expiries' | 'clientHolds'>

/** What is not written, since it follows from what is. */
export function followingFrom({
  issuers,
  currencies,
  owners,
  accounts,
  holds,
}: Pick<LedgerState, 'issuers' | 'currencies' | 'owners' | 'accounts' | 'holds'>): Following {
  const rows = hashTrieEntries(accounts).map(([, row]) => row)
  const registered = hashTrieEntries(currencies).map(([, row]) => row)
  return {
    listed: listedAmong(issuers, registered),
    places: placesIn(owners),
    owned: withOwned(emptyHashTrie(), rows),
    ...promisedByHolds(holds, accounts),
    expiries: expiriesOf(holds),
    clientHolds: clientHoldsOf(holds),
  }
}

/** Open holds that belong to no contract. */
export function clientHoldsOf(holds: HashTrie<HoldOrder>): number {
  let count = 0
  hashTrieForEach(holds, ({ contract }) => {
    if (contract === undefined) count += 1
  })
  return count
}

/** The heap that an open ledger has may look different; what comes out of it is the same. */
export function expiriesOf(holds: HashTrie<HoldOrder>): ExpiryHeap {
  let heap: ExpiryHeap
  for (const [, hold] of hashTrieEntries(holds)) {
    const { expiresAt } = hold
    if (expiresAt !== undefined) heap = addExpiry(heap, { at: expiresAt, id: keyOfHold(hold) })
  }
  return heap
}
