import { CodedError } from '../../base/errors.ts'
import { CAPABILITIES_MAX } from '../../core/auction/auction-call.ts'
import type { Did } from '../../core/evidence/names.ts'
import { compareTexts } from '../../core/text/compare-texts.ts'
import type { Party } from './party.ts'

/** Topic of notes on what a party has seen for itself that others are able to do, by their names. */
const ATTESTED = 'attested'

/** Capabilities of somebody that this party vouches for to itself, sorted. Those that a seller claims count nothing without. */
export function attestedOf(party: Party, seller: Did): readonly string[] {
  return party.noteOf<{ readonly capabilities: readonly string[] }>(ATTESTED, seller)?.capabilities ?? []
}

/** Adds a capability, or takes it back. Throws `MARKET_ATTESTED_FULL` beyond 32. @returns All of them. */
export async function attest(
  party: Party,
  seller: Did,
  { capability, isWithdrawn }: { readonly capability: string; readonly isWithdrawn: boolean },
): Promise<readonly string[]> {
  const others = attestedOf(party, seller).filter((name) => name !== capability)
  const capabilities = isWithdrawn ? others : [...others, capability].toSorted(compareTexts)
  if (capabilities.length > CAPABILITIES_MAX)
    throw new CodedError('MARKET_ATTESTED_FULL', { message: `${seller} has ${CAPABILITIES_MAX} capabilities already` })
  if (capabilities.length === 0) await party.journal.keepNote(ATTESTED, seller, null)
  else await party.keep(ATTESTED, seller, { capabilities })
  return capabilities
}
