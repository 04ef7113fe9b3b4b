import { ZERO_AMOUNT } from '../../base/money.ts'
import { hashTrieEntries, hashTrieForEach, hashTrieGet } from '../collections/hash-trie.ts'
import { versionedMapForEach, versionedMapGet } from '../collections/versioned-map.ts'
import type { Did } from '../evidence/names.ts'
import { firstExpiry } from './expiry-heap.ts'
import { type AccountId, formatAccountId, issuerOf, parseAccountId } from './ledger-names.ts'
import { type AccountRow, COUNTER_MAX, type LedgerState } from './ledger-state.ts'
import { clientHoldsOf } from './ledger-state-codec.ts'
import { placesIn, placesOf } from './key-places.ts'
import { promisedByHolds } from './promised-accounts.ts'
import { listedAmong } from './rooms.ts'
import { countChunkIds, countIdsOf, keyOfHold } from './remembered-ids.ts'

/**
 * Names of broken invariants. It reads everything, so its cost grows with the ledger: for tests, replays and verification, not for every event of a
 * large one.
 */
export function findLedgerViolations(state: LedgerState): readonly string[] {
  return [
    ...checkRows(state),
    ...checkSums(state),
    ...checkHolds(state),
    ...checkIssues(state),
    ...checkIds(state),
    ...checkLimits(state),
    ...checkPromised(state),
    ...checkOwned(state),
    ...checkPlaces(state),
    ...checkListed(state),
  ]
}

/** I2: nobody but an issuer is below zero, and an issuer not below its cap. */
function checkRows(state: LedgerState): readonly string[] {
  const broken = new Set<string>()
  hashTrieForEach(state.accounts, (row, key) => {
    const { name, debits, credits, held } = row
    if (formatAccountId(name) !== key) broken.add('an account stands under its own name')
    if (![debits, credits, held].every((counter) => counter >= 0n && counter <= COUNTER_MAX))
      broken.add('counters fit 128 bits')
    const cap = hashTrieGet(state.currencies, name.currency)?.cap
    if (cap === undefined) broken.add('the currency of an account is registered')
    const floor = name.kind === 'issuer' ? 0n - (cap ?? 0n) : 0n
    if (credits - debits < floor) broken.add('no account but an issuer is below zero, and an issuer not below its cap')
    if (name.kind === 'issuer' && name.owner !== issuerOf(name.currency))
      broken.add('the account of an issuer is the issuer’s')
  })
  return [...broken]
}

/** I1: per currency, debits and credits of all accounts have one sum. */
function checkSums(state: LedgerState): readonly string[] {
  const sums = sumsByCurrency(state)
  const broken = [...sums.values()].some(({ debits, credits }) => debits !== credits)
  return broken ? ['debits equal credits in every currency'] : []
}

export type CurrencySums = { readonly debits: bigint; readonly credits: bigint }

export function sumsByCurrency(state: LedgerState): ReadonlyMap<string, CurrencySums> {
  const sums = new Map<string, CurrencySums>()
  hashTrieForEach(state.accounts, ({ name, debits, credits }: AccountRow) => {
    const before = sums.get(name.currency) ?? { debits: 0n, credits: 0n }
    sums.set(name.currency, { debits: before.debits + debits, credits: before.credits + credits })
  })
  return sums
}

/** I4: what the accounts say is held is what the open holds say, by owner and by the account it came from. */
function checkHolds(state: LedgerState): readonly string[] {
  const broken = new Set<string>()
  const byAccount = new Map<AccountId, bigint>()
  const byHeld = new Map<AccountId, bigint>()
  let earliest = Number.POSITIVE_INFINITY
  hashTrieForEach(state.holds, (hold, id) => {
    const row = hashTrieGet(state.accounts, hold.debit)
    const name = row?.name ?? (hold.amount === ZERO_AMOUNT ? parseAccountId(hold.debit) : undefined)
    if (name === undefined || keyOfHold(hold) !== id) {
      broken.add('a hold has its account')
      return
    }
    const held = formatAccountId({ owner: name.owner, kind: 'held', currency: name.currency })
    byAccount.set(hold.debit, (byAccount.get(hold.debit) ?? 0n) + hold.amount)
    byHeld.set(held, (byHeld.get(held) ?? 0n) + hold.amount)
    if (hold.expiresAt !== undefined) earliest = Math.min(earliest, hold.expiresAt)
  })
  hashTrieForEach(state.accounts, (row) => {
    const id = formatAccountId(row.name)
    if (row.held !== (byAccount.get(id) ?? 0n)) broken.add('what is held of an account equals its open holds')
    if (row.name.kind === 'held' && row.credits - row.debits !== (byHeld.get(id) ?? 0n))
      broken.add('the balance of a held account equals the open holds of its owner')
  })
  if ((firstExpiry(state.expiries)?.at ?? Number.POSITIVE_INFINITY) !== earliest)
    broken.add('the next expiry is the earliest of the open holds')
  return [...broken]
}

function checkIssues(state: LedgerState): readonly string[] {
  const open = new Map<AccountId, bigint>()
  hashTrieForEach(state.issues, ({ owner, currency, amount }) => {
    const id = formatAccountId({ owner, kind: 'unreconciled', currency })
    open.set(id, (open.get(id) ?? 0n) + amount)
  })
  let isSound = true
  hashTrieForEach(state.accounts, (row) => {
    if (row.name.kind !== 'unreconciled') return
    isSound &&= row.credits - row.debits === (open.get(formatAccountId(row.name)) ?? 0n)
  })
  return isSound ? [] : ['the balance of an unreconciled account equals its open issues']
}

/** I3: an id stands for an open hold or for something that is over, never for both. */
function checkIds(state: LedgerState): readonly string[] {
  const broken = new Set<string>()
  hashTrieForEach(state.holds, (_, id) => {
    if (versionedMapGet(state.remembered, id) !== undefined) broken.add('an open hold has not ended')
  })
  versionedMapForEach(state.remembered, (known) => {
    if (known.kind !== 'ended-hold' || known.end.kind !== 'posted') return
    if (known.end.captured > known.order.amount) broken.add('no more is captured than was held')
  })
  const counted = countIdsOf(state.generations, 'contracts') + countIdsOf(state.generations, 'clients')
  if (countChunkIds(state.generations) !== state.remembered.size || counted !== state.remembered.size)
    broken.add('every remembered id will be forgotten, once')
  if (clientHoldsOf(state.holds) !== state.clientHolds) broken.add('holds outside of contracts are counted')
  return [...broken]
}

/** Accounts that are promised and not made yet have their room, so that what ends a hold or a contract never passes the limit. */
function checkLimits({ accounts, unmade, holds, remembered, limits }: LedgerState): readonly string[] {
  const isWithin = holds.size <= limits.holdsMax && remembered.size + 2 * holds.size <= limits.rememberedMax
  return isWithin && accounts.size + unmade <= limits.accountsMax ? [] : ['the ledger stays within its limits']
}

/** What clients' holds may pay into is promised, and whatever is promised has a row or room for one. Which contracts promise it the books say. */
function checkPromised({ accounts, holds, promised, unmade }: LedgerState): readonly string[] {
  let missing = 0
  hashTrieForEach(promised, (_, account) => {
    if (hashTrieGet(accounts, account) === undefined) missing += 1
  })
  let isSound = missing === unmade
  hashTrieForEach(promisedByHolds(holds, accounts).promised, (count, account) => {
    isSound &&= (hashTrieGet(promised, account) ?? 0) >= count
  })
  return isSound ? [] : ['accounts that open holds may pay into have their room']
}

function checkOwned({ accounts, owned }: LedgerState): readonly string[] {
  let count = 0
  let isSound = true
  hashTrieForEach(owned, (ids, owner) => {
    count += ids.size
    isSound &&= ids.size > 0
    hashTrieForEach(ids, (id) => {
      isSound &&= hashTrieGet(accounts, id)?.name.owner === owner
    })
  })
  return isSound && count === accounts.size ? [] : ['every account is found by its owner']
}

function checkPlaces({ owners, places }: LedgerState): readonly string[] {
  const expected = placesIn(owners)
  const isSame = hashTrieEntries(expected).every(([key, behind]) => {
    const known = placesOf(places, key as Did)
    return known.size === behind.size && hashTrieEntries(behind).every(([owner]) => hashTrieGet(known, owner) === owner)
  })
  return isSame && expected.size === places.size ? [] : ['every owner is found by the key in its place']
}

function checkListed({ issuers, listed, currencies }: LedgerState): readonly string[] {
  const expected = listedAmong(
    issuers,
    hashTrieEntries(currencies).map(([, row]) => row),
  )
  const isSame = expected.size === listed.size && [...expected].every((currency) => listed.has(currency))
  return isSame ? [] : ['currencies of listed issuers are listed']
}
