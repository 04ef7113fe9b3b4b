import type { ContractEvidence } from '../../../ports/notary-client.ts'
import { canonicalText } from '../../../wire/v1/canonical.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import type { ArchivedEntry } from './archive-contents.ts'

export type EvidenceSources = {
  readonly readEntry: (index: number) => Promise<string | undefined>
  readonly receiptOf: (entry: ArchivedEntry) => Promise<Uint8Array | undefined>
}

/** Envelopes from the journal, and their receipts. */
export async function readEvidence(
  entries: readonly ArchivedEntry[],
  { readEntry, receiptOf }: EvidenceSources,
): Promise<readonly ContractEvidence[]> {
  const evidence: ContractEvidence[] = []
  for (const entry of entries) {
    const receipt = await receiptOf(entry)
    if (receipt === undefined) continue
    // What the stamp brought has no envelope, and its entry may be pruned.
    const line = entry.isMessage ? await readEntry(entry.entry) : undefined
    evidence.push({ envelope: envelopeOf(line), receipt })
  }
  return evidence
}

function envelopeOf(line: string | undefined): Uint8Array | undefined {
  if (line === undefined) return undefined
  // Written by this journal, which checked it when it was opened.
  const { event } = JSON.parse(line) as { readonly event: { readonly envelope?: unknown } }
  return event.envelope === undefined ? undefined : utf8Bytes(canonicalText(event.envelope))
}
