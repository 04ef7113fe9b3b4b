import type { Did } from '../../../core/evidence/names.ts'
import type { Party } from '../party.ts'

/** Topic of notes on nodes that declined, by node. */
const DECLINERS = 'decliner'
/** So long whoever declined comes behind everybody else. */
const REMEMBERED_MS = 600_000
/** So long whoever signed, had the price held and was at fault does: each time costs the buyer T_start or more, and free keys have no name to lose. */
const LET_DOWN_MS = 86_400_000
/** Nodes that are remembered; beyond, the oldest is forgotten. */
const DECLINERS_MAX = 256

type DeclineNote = { readonly at: number; readonly isLetDown?: boolean }

/**
 * Writes down that a node did not sign, or let this party down, so that the next purchase does not begin with it again. Its code says nothing: a node that lies says
 * what it likes.
 */
export async function rememberDecline(party: Party, node: Did, isLetDown = false): Promise<void> {
  const { journal, components } = party
  const now = components.clock.now()
  const notes = journal.notesOf(DECLINERS)
  const over = notes.filter(([, note]) => !isFresh(note as DeclineNote, now)).map(([one]) => one)
  const oldest = notes.length - over.length >= DECLINERS_MAX ? notes[0]?.[0] : undefined
  for (const one of [...over, ...(oldest === undefined ? [] : [oldest])]) await journal.keepNote(DECLINERS, one, null)
  const known = journal.note(DECLINERS, node) as DeclineNote | undefined
  const isWorse = isLetDown || (known?.isLetDown === true && isFresh(known, now))
  await party.keep(DECLINERS, node, { at: now, ...(isWorse && { isLetDown: true }) } satisfies DeclineNote)
}

/** It signs now; that it let this party down before is not forgotten for that. */
export async function forgetDecline(party: Party, node: Did): Promise<void> {
  const note = party.noteOf<DeclineNote>(DECLINERS, node)
  if (note !== undefined && note.isLetDown !== true) await party.journal.keepNote(DECLINERS, node, null)
}

/** Those of nodes that have neither declined nor let this party down of late; all of them where every one has. */
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

function isFresh({ at, isLetDown }: DeclineNote, now: number): boolean {
  return now < at + (isLetDown === true ? LET_DOWN_MS : REMEMBERED_MS)
}
