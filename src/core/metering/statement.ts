import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Did } from '../evidence/names.ts'
import { type AccountId, type Currency, parseAccountId, type TransferId } from '../ledger/ledger-names.ts'
import { compareTexts } from '../text/compare-texts.ts'
import type { RatedLine } from './meter.ts'
import type { MeteringRefusalCode } from './metering-refusals.ts'

/** Lines of one statement at most. */
export const STATEMENT_LINES_MAX = 100_000

/** A transfer that the ledger has posted, in whole or as the posted part of a hold. */
export type PostedTransfer = {
  readonly id: TransferId
  readonly at: Timestamp
  readonly debit: AccountId
  readonly credit: AccountId
  readonly nanos: Amount
  readonly contract: ContractId | undefined
}

/** Rated usage of a contract in the period, by `rateBetween`. */
export type ContractUsage = {
  readonly contract: ContractId
  readonly counterparty: Did
  /** Of the last reading in the period. */
  readonly at: Timestamp
  readonly lines: readonly RatedLine[]
}

/** For whom, in which currency and period a statement is made, and the transfers and usage that it is made of. */
export type StatementInit = {
  readonly subject: Did
  /** Its other keys, such as those in whose place it is: what moves between all of these is neither received nor paid. */
  readonly keys?: readonly Did[]
  readonly currency: Currency
  /** The period: `from <= at < to`. */
  readonly from: Timestamp
  readonly to: Timestamp
  readonly usage: readonly ContractUsage[]
  /** Any transfers; those of others, of other currencies and of other times are left out. */
  readonly transfers: readonly PostedTransfer[]
}

export type StatementTransfer = {
  readonly id: TransferId
  readonly at: Timestamp
  readonly contract: ContractId | undefined
  readonly counterparty: Did
  readonly direction: 'received' | 'paid'
  readonly nanos: Amount
}

/** Sums may exceed 64 bits, and a balance may be negative, so they are plain integers. */
export type StatementSum = {
  readonly ratedNanos: bigint
  readonly receivedNanos: bigint
  readonly paidNanos: bigint
}

/**
 * What a party used, received and paid in one currency and period. It follows from its input alone, so that everybody who has the same transfers gets the same
 * statement.
 */
export type Statement = {
  readonly kind: 'statement'
  readonly subject: Did
  readonly keys: readonly Did[]
  readonly currency: Currency
  readonly from: Timestamp
  readonly to: Timestamp
  /** By contract, then unit. */
  readonly usage: readonly ContractUsage[]
  /** By stamp, then id. */
  readonly transfers: readonly StatementTransfer[]
  /** By contract ascending; transfers outside of contracts under `undefined`, first. */
  readonly contracts: readonly (StatementSum & { readonly contract: ContractId | undefined })[]
  /** By DID ascending. */
  readonly counterparties: readonly (StatementSum & { readonly counterparty: Did })[]
  readonly total: StatementSum
}

/**
 * A statement, or why there is none: `METER_PERIOD_WRONG` for a period that ends before it begins, `METER_STATEMENT_LARGE` for more than `STATEMENT_LINES_MAX`
 * lines.
 */
export type StatementResult = Statement | { readonly kind: 'refused'; readonly code: MeteringRefusalCode }

/**
 * What a party used, received and paid in a period. Sums are those of the ledger's transfers, nano by nano: received less paid is the change of all accounts of
 * the party together, those of its other keys included. Moves between them, such as a hold or what a new key collects from the one before, are none of either.
 */
export function createStatement(init: StatementInit): StatementResult {
  const { subject, keys = [], currency, from, to } = init
  if (to < from) return { kind: 'refused', code: 'METER_PERIOD_WRONG' }
  const isInPeriod = ({ at }: { readonly at: Timestamp }): boolean => at >= from && at < to
  const own: ReadonlySet<Did> = new Set([subject, ...keys])
  const transfers = init.transfers.flatMap((posted) =>
    isInPeriod(posted) ? readTransfer(posted, { own, currency }) : [],
  )
  const usage = init.usage.filter(isInPeriod)
  const lines = usage.reduce((count, contract) => count + contract.lines.length, transfers.length)
  if (lines > STATEMENT_LINES_MAX) return { kind: 'refused', code: 'METER_STATEMENT_LARGE' }
  const contracts = new Map<ContractId | undefined, Sum>()
  const counterparties = new Map<Did, Sum>()
  const total = emptySum()
  const sumsOf = (contract: ContractId | undefined, counterparty: Did): readonly Sum[] => [
    sumAt(contracts, contract),
    sumAt(counterparties, counterparty),
    total,
  ]
  for (const { contract, counterparty, lines: rated } of usage) {
    for (const sum of sumsOf(contract, counterparty)) for (const { nanos } of rated) sum.ratedNanos += nanos
  }
  for (const { contract, counterparty, direction, nanos } of transfers) {
    for (const sum of sumsOf(contract, counterparty)) {
      if (direction === 'received') sum.receivedNanos += nanos
      else sum.paidNanos += nanos
    }
  }
  return {
    kind: 'statement',
    subject,
    keys,
    currency,
    from,
    to,
    usage: usage.toSorted((left, right) => compareTexts(left.contract, right.contract) || left.at - right.at),
    transfers: transfers.sort((left, right) => left.at - right.at || compareTexts(left.id, right.id)),
    contracts: entriesOf(contracts).map(([contract, sum]) => ({ contract, ...sum })),
    counterparties: entriesOf(counterparties).map(([counterparty, sum]) => ({ counterparty, ...sum })),
    total,
  }
}

type Sum = { ratedNanos: bigint; receivedNanos: bigint; paidNanos: bigint }

function emptySum(): Sum {
  return { ratedNanos: 0n, receivedNanos: 0n, paidNanos: 0n }
}

function sumAt<Key>(sums: Map<Key, Sum>, key: Key): Sum {
  const sum = sums.get(key) ?? emptySum()
  sums.set(key, sum)
  return sum
}

function entriesOf<Key extends string | undefined>(sums: ReadonlyMap<Key, Sum>): readonly (readonly [Key, Sum])[] {
  return [...sums].sort(([left], [right]) => compareTexts(left ?? '', right ?? ''))
}

/** The party's side of a transfer; nothing when it has none, or both. */
function readTransfer(
  { id, at, debit, credit, nanos, contract }: PostedTransfer,
  { own, currency }: { readonly own: ReadonlySet<Did>; readonly currency: Currency },
): readonly StatementTransfer[] {
  const from = parseAccountId(debit)
  const to = parseAccountId(credit)
  if (from === undefined || to === undefined || from.currency !== currency) return []
  const isPaid = own.has(from.owner)
  if (isPaid === own.has(to.owner)) return []
  if (isPaid) return [{ id, at, contract, counterparty: to.owner, direction: 'paid', nanos }]
  return [{ id, at, contract, counterparty: from.owner, direction: 'received', nanos }]
}
