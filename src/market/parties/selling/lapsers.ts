import { DAY_MS } from '../../../base/time.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { Party } from '../party.ts'

/** Topic of notes on payers that let a contract lapse, by payer. */
const LAPSERS = 'lapser'
/** Payers that are remembered; beyond, the oldest is forgotten. */
const LAPSERS_MAX = 1_024

type LapseNote = { readonly at: number }

/** Writes down that a payer had a contract signed and nothing held for it: the signature took a place and cost it nothing. */
export async function rememberLapse(party: Party, payer: Did): Promise<void> {
  const { journal, components } = party
  const notes = journal.notesOf(LAPSERS)
  const now = components.clock.now()
  const over = notes.filter(([, note]) => !isFresh(note as LapseNote, now)).map(([one]) => one)
  const oldest = notes.length - over.length >= LAPSERS_MAX ? notes[0]?.[0] : undefined
  for (const one of [...over, ...(oldest === undefined ? [] : [oldest])]) await journal.keepNote(LAPSERS, one, null)
  await party.keep(LAPSERS, payer, { at: now } satisfies LapseNote)
}

/** Whether a payer has done so within a day. */
export function hasLapsed(party: Party, payer: Did): boolean {
  const note = party.noteOf<LapseNote>(LAPSERS, payer)
  return note !== undefined && isFresh(note, party.components.clock.now())
}

function isFresh({ at }: LapseNote, now: number): boolean {
  return now < at + DAY_MS
}
