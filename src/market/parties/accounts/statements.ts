import { sha256HexOfBytes } from '../../../base/sha256.ts'
import type { Timestamp } from '../../../base/time.ts'
import { type MeterSnapshot, type PriceList, rateBetween, type UnitPrice } from '../../../core/metering/meter.ts'
import type { MeteringRefusalCode } from '../../../core/metering/metering-refusals.ts'
import { formatStatementCsv } from '../../../core/metering/statement-csv.ts'
import {
  type ContractUsage,
  createStatement,
  type PostedTransfer,
  type Statement,
} from '../../../core/metering/statement.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import type { Currency } from '../../../core/ledger/ledger-names.ts'
import { type Amount, amountFromNanos } from '../../../base/money.ts'
import type { TransferLine } from '../../../core/ledger/describe-transfer.ts'
import { pastContracts, readingsOf } from '../contract-history.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../contracts/contract-notes.ts'
import type { Party } from '../party.ts'
import type { KeptEnvelope } from '../journal/party-record.ts'

/** In which currency and for which period a party states what it used, received and paid, and at which prices. */
export type StatementQuestion = {
  readonly currency: Currency
  /** Keys of the party besides those that it signs with: accounts that its key took over. */
  readonly keys?: readonly Did[]
  /** The period: `from <= at < to`. */
  readonly from: Timestamp
  readonly to: Timestamp
  /**
   * What usage is rated by: a unit without a price is shown and costs nothing. `undefined`: by the contracts, each piece of work (`TASK_UNIT`) at what was agreed for it.
   */
  readonly prices: PriceList | undefined
}

/** What came of `statePeriod`: a statement that is signed, with its lines as CSV, or why usage could not be rated or summed. */
export type PeriodStatement =
  | {
      readonly kind: 'statement'
      readonly statement: Statement
      readonly csv: string
      /** The signed sums, which name the CSV by its hash. */
      readonly signed: KeptEnvelope
    }
  | { readonly kind: 'refused'; readonly code: MeteringRefusalCode }

/** Pieces of work that were done. */
export const TASK_UNIT = 'task'
const FREE: UnitPrice = { nanos: amountFromNanos(0n), per: 1n }
const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()

/**
 * What a party used, received and paid in a period: usage from the meter readings that it signed or was sent, money from the ledger's transfers. The same question gives
 * the same signed statement as long as nothing new has happened.
 */
export async function statePeriod(party: Party, question: StatementQuestion): Promise<PeriodStatement> {
  const { currency, from, to, prices } = question
  const usage: ContractUsage[] = []
  for (const { other, priceNanos, readings } of meteredContracts(party, currency)) {
    const agreed = new Map([[TASK_UNIT, { nanos: priceNanos, per: 1n }]])
    const rated = usageOf(readings, { from, to, prices: prices ?? agreed })
    if (rated === undefined) continue
    if ('code' in rated) return { kind: 'refused', code: rated.code }
    usage.push({ ...rated, counterparty: other })
  }
  const keys = [...new Set([...party.keys, ...(question.keys ?? [])])].filter((key) => key !== party.did)
  const lines: TransferLine[] = []
  for (const owner of [party.did, ...keys]) lines.push(...(await transfersSince(party, { owner, from })))
  const transfers = postedOf(lines)
  const result = createStatement({ subject: party.did, keys, currency, from, to, usage, transfers })
  if (result.kind === 'refused') return result
  const csv = formatStatementCsv(result)
  const csvHash = sha256HexOfBytes(ENCODER.encode(csv)) as Hash
  const also = keys.length === 0 ? {} : { keys }
  const body = { subject: party.did, ...also, currency, from, to, ...result.total, csvHash }
  const signed = await party.wallet.say({
    act: `statement/${csvHash}/${prices?.size ?? 'agreed'}`,
    type: 'statement',
    body,
    aud: '*',
  })
  return { kind: 'statement', statement: result, csv, signed }
}

type MeteredContract = { readonly other: Did; readonly priceNanos: Amount; readonly readings: readonly MeterSnapshot[] }

/** Contracts in a currency, those that were forgotten first. */
function meteredContracts(party: Party, currency: Currency): readonly MeteredContract[] {
  const past = pastContracts(party).flatMap(({ past: { other, maxNanos, currency: of }, readings }) =>
    of === currency ? [{ other, priceNanos: amountFromNanos(BigInt(maxNanos)), readings }] : [],
  )
  const kept = party.journal.notesOf(CONTRACTS).flatMap(([contract, note]) => {
    // Written by buyers and sellers.
    const { other, terms: text } = note as ContractNote
    const terms = readTerms(text)
    const readings = readingsOf(party, contract)
    return terms.currency === currency ? [{ other, priceNanos: terms.maxNanos, readings }] : []
  })
  return [...past, ...kept]
}

/** From the last reading before the period to the last one in it. */
function usageOf(
  readings: readonly MeterSnapshot[],
  { from, to, prices }: Pick<StatementQuestion, 'from' | 'to'> & { readonly prices: PriceList },
): Omit<ContractUsage, 'counterparty'> | { readonly code: MeteringRefusalCode } | undefined {
  const last = readings.findLast(({ at }) => at >= from && at < to)
  if (last === undefined) return undefined
  const before = readings.findLast(({ at }) => at < from)
  const all = new Map([...last.counts.keys()].map((unit) => [unit, prices.get(unit) ?? FREE]))
  const rated = rateBetween({ from: before, to: last }, all)
  if (rated.kind === 'refused') return { code: rated.code }
  return { contract: last.contract, at: last.at, lines: rated.lines }
}

/** Of one key, newest first, as far back as the period begins. */
async function transfersSince(
  { components: { notary }, signal }: Party,
  { owner, from }: { readonly owner: Did; readonly from: Timestamp },
): Promise<readonly TransferLine[]> {
  const lines: TransferLine[] = []
  for (let after: string | undefined; ;) {
    const { transfers, next } = await notary.transfers({ owner, after }, { signal })
    lines.push(...transfers)
    const oldest = transfers.findLast(({ at }) => at !== null)?.at ?? from
    if (next === null || oldest < from) return lines
    after = next
  }
}

/** Money that has moved: posts, and what was taken of holds, each to where it went. */
function postedOf(lines: readonly TransferLine[]): readonly PostedTransfer[] {
  return lines.flatMap(({ id, at, kind, debit, credit, amountNanos, contract }) => {
    if (kind === 'hold' || kind === 'void-held' || at === null || credit === null || debit === null) return []
    return [
      { id, at, debit, credit, nanos: amountFromNanos(BigInt(amountNanos ?? '0')), contract: contract ?? undefined },
    ]
  })
}
