import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import type { ContractId, Did, Hash } from '../../../core/evidence/names.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import { readingsOf } from '../contract-history.ts'
import type { Party } from '../party.ts'
import type { KeptEnvelope } from '../journal/party-record.ts'

/** What was used so far, by unit; cumulative, whole, 0 or more. */
export type TaskCounts = ReadonlyMap<string, bigint>

export type MeterReading = {
  readonly contract: ContractId
  readonly payer: Did
  /** What it is read for; once for each. */
  readonly act: string
  readonly counts: TaskCounts
}

/** What was used so far, signed; its hash stands in vouchers and deliveries. */
export async function readMeter(party: Party, { contract, payer, act, counts }: MeterReading): Promise<Hash> {
  const readings = party.journal.envelopesOf(contract).filter(({ envelope }) => envelope.type === 'meter-snapshot')
  const sorted = [...atLeast(readings.at(-1), counts)].toSorted(([left], [right]) => (left < right ? -1 : 1))
  const body = {
    contract,
    seq: readings.length,
    at: party.components.clock.now(),
    counts: sorted.map(([unit, quantity]) => ({ unit, quantity })),
  }
  const said = await party.wallet.say({
    act: `${contract}/meter/${act}`,
    type: 'meter-snapshot',
    body,
    aud: payer,
    subject: contract,
  })
  return said.envelope.head.bodyHash
}

/** The reading of a name, as it was signed, for the other side. */
export function shownMeter(party: Party, contract: ContractId, meter: Hash | undefined): { readonly meter?: string } {
  const isNamed = ({ envelope }: KeptEnvelope): boolean =>
    envelope.type === 'meter-snapshot' && envelope.head.bodyHash === meter
  const kept = party.journal.envelopesOf(contract).findLast(isNamed)
  return kept === undefined ? {} : { meter: decodeUtf8(kept.bytes) ?? '' }
}

/** What the worker of a contract has counted, for statements. The first reading alone: who sends others fills nothing. */
export async function hearMeter(
  party: Party,
  { contract, terms }: { readonly contract: ContractId; readonly terms: EscrowTerms },
  text: string,
): Promise<void> {
  if (readingsOf(party, contract).length > 0) return
  const read = party.read(text, 'meter-snapshot')
  const head = read?.envelope.head
  if (read?.envelope.body.contract === contract && head?.contract === contract && head.iss === terms.worker)
    await party.hear(read)
}

/** A meter never runs backward, also when a task was begun anew after a crash. */
function atLeast(last: KeptEnvelope | undefined, counts: TaskCounts): Map<string, bigint> {
  const merged = new Map(counts)
  if (last?.envelope.type !== 'meter-snapshot') return merged
  for (const { unit, quantity } of last.envelope.body.counts)
    if ((merged.get(unit) ?? -1n) < quantity) merged.set(unit, quantity)
  return merged
}
