import type { PartyLimits } from '../market/parties/journal/party-knowledge.ts'

/**
 * What a peer in a page keeps at most, unless the page says otherwise: a site has less room than a data directory, and all of the journal is in the memory of the tab.
 * Beyond it the journal refuses with `EVIDENCE_FULL` before the browser does.
 */
export const PAGE_LIMITS: Partial<PartyLimits> = {
  subjectsMax: 1_000,
  guestsMax: 64,
  guestBytesMax: 4_194_304,
  notesMax: 16_384,
  artifactBytesMax: 16_777_216,
  unsignedBytesMax: 33_554_432,
  filesMax: 4_096,
  filesBytesMax: 134_217_728,
  compactAtBytes: 4_194_304,
}

/** Questions that one node may ask of a page. */
export const PAGE_QUESTIONS = { perSecond: 200, burst: 1_000 } as const
/** Longest wait for one member of the notary set: it may itself wait for the next step of a contract. */
export const NOTARY_TIMEOUT_MS = 35_000
