import type { Did } from '../../../core/evidence/names.ts'
import type { Party } from '../party.ts'

/** Topic of notes on nodes that declined, by node. */
const DECLINERS = 'decliner'
/** So long whoever declined comes behind everybody else. */
const REMEMBERED_MS = 600_000
/** Nodes that are remembered; beyond, the oldest is forgotten. */
const DECLINERS_MAX = 256

type DeclineNote = { readonly at: number }

/** Writes down that a node did not sign, so that the next purchase does not begin with it again. Its code says nothing: a node that lies says what it likes. */
export async function rememberDecline(party: Party, node: Did): Promise<void> {
  const { journal, components } = party
  const now = components.clock.now()
  const notes = journal.notesOf(DECLINERS)
  const over = notes.filter(([, note]) => !isFresh(note as DeclineNote, now)).map(([one]) => one)
  const oldest = notes.length - over.length >= DECLINERS_MAX ? notes[0]?.[0] : undefined
  for (const one of [...over, ...(oldest === undefined ? [] : [oldest])]) await journal.keepNote(DECLINERS, one, null)
  await party.keep(DECLINERS, node, { at: now } satisfies DeclineNote)
}

export async function forgetDecline(party: Party, node: Did): Promise<void> {
  if (party.journal.note(DECLINERS, node) !== undefined) await party.journal.keepNote(DECLINERS, node, null)
}

/** Those of nodes that have not declined of late; all of them where every one has. */
export function readyOnes<Found extends { readonly peer: Did }>(
  party: Party,
  found: readonly Found[],
): readonly Found[] {
  const now = party.components.clock.now()
  const ready = found.filter(({ peer }) => {
    const note = party.noteOf<DeclineNote>(DECLINERS, peer)
    return note === undefined || !isFresh(note, now)
  })
  return ready.length > 0 ? ready : found
}

function isFresh({ at }: DeclineNote, now: number): boolean {
  return now < at + REMEMBERED_MS
}
