import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Did } from '../../core/evidence/names.ts'
import type { MeterSnapshot } from '../../core/metering/meter.ts'
import { type ContractNote, readTerms } from './contracts/contract-notes.ts'
import type { Party } from './party.ts'

/** Topic of notes on contracts that were forgotten. Keys have a prefix, so that they outlive them. */
const HISTORY = 'history'
const PREFIX = 'of/'
/** Beyond, the oldest goes. */
const HISTORY_MAX = 16_384

/** What stays of a contract that was forgotten. */
export type PastContract = {
  readonly role: ContractNote['role']
  readonly other: Did
  readonly skill: string
  readonly currency: string
  readonly maxNanos: string
  readonly ended: string
  readonly endedAt: number
  /** The last reading of its meter; absent where there was none. */
  readonly reading?: { readonly seq: number; readonly at: number; readonly counts: Readonly<Record<string, string>> }
}

/** Signed readings of a contract's meter, the first one first. */
export function readingsOf(party: Party, contract: string): readonly MeterSnapshot[] {
  return party.journal.envelopesOf(contract).flatMap(({ envelope }) => {
    if (envelope.type !== 'meter-snapshot') return []
    const { contract: of, seq, at, counts } = envelope.body
    return [{ contract: of, seq, at, counts: new Map(counts.map(({ unit, quantity }) => [unit, quantity])) }]
  })
}

/** Keeps what statements need of a contract that is about to be forgotten. */
export async function keepHistory(
  party: Party,
  { contract, note, endedAt }: { readonly contract: ContractId; readonly note: ContractNote; readonly endedAt: number },
): Promise<void> {
  const terms = readTerms(note.terms)
  const last = readingsOf(party, contract).at(-1)
  const counts = Object.fromEntries([...(last?.counts ?? [])].map(([unit, count]) => [unit, count.toString()]))
  const past: PastContract = {
    role: note.role,
    other: note.other,
    skill: note.task.skill,
    currency: terms.currency,
    maxNanos: terms.maxNanos.toString(),
    ended: note.ended ?? '',
    endedAt,
    ...(last !== undefined && { reading: { seq: last.seq, at: last.at, counts } }),
  }
  await party.keep(HISTORY, PREFIX + contract, past)
  const kept = party.journal.notesOf(HISTORY)
  const [oldest] = kept.length > HISTORY_MAX ? kept : []
  if (oldest !== undefined) await party.journal.keepNote(HISTORY, oldest[0], null)
}

/** Contracts that were forgotten, the first one first, each with the last reading of its meter. */
export function pastContracts(
  party: Party,
): readonly { readonly past: PastContract; readonly readings: readonly MeterSnapshot[] }[] {
  return party.journal.notesOf(HISTORY).map(([key, value]) => {
    // Written by `keepHistory`.
    const past = value as PastContract
    const { reading } = past
    const contract = key.slice(PREFIX.length) as ContractId
    const counts = new Map(Object.entries(reading?.counts ?? {}).map(([unit, count]) => [unit, BigInt(count)]))
    const readings = reading === undefined ? [] : [{ contract, seq: reading.seq, at: reading.at as Timestamp, counts }]
    return { past, readings }
  })
}
