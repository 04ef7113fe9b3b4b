import { estimateTokens } from 'kernell-os/core'
import { WORKING_MEMORY_LIMITS_DEFAULT, WORKING_MEMORY_MACHINE, type WorkingMemoryState } from 'kernell-os/memory'

/** What an agent has in mind while it works on one request: within bounds, the latest and most used last. */
export type Notes = WorkingMemoryState

/** Names what a text is, among others of its kind: `memory`, `finding`. */
export type Note = { readonly kind: string; readonly id: string; readonly text: string }

/** @param tokensMax  Most tokens of all notes together, as they are estimated; 1 or more. */
export function openNotes(tokensMax: number): Notes {
  return WORKING_MEMORY_MACHINE.initial({ limits: { ...WORKING_MEMORY_LIMITS_DEFAULT, tokensMax } })
}

/**
 * The notes with more of them, the most important last: where there is no room for all, those noted or used longest ago
 * leave. Of one that is larger than all the room, the beginning is noted.
 */
export function noteDown(notes: Notes, added: readonly Note[]): Notes {
  return added.reduce((state, { kind, id, text }) => {
    const { text: cut, tokens } = cutTo(text, state.limits.tokensMax)
    if (cut === '') return state
    const item = { id: `${kind}:${id}`, text: cut, tokens, isPinned: false }
    return WORKING_MEMORY_MACHINE.transition(state, { type: 'item-added', item }).state
  }, notes)
}

/** Notes of a kind, the most important first, and the ids that they were noted under. */
export function notesOf({ items }: Notes, kind: string): readonly Omit<Note, 'kind'>[] {
  const prefix = `${kind}:`
  return items
    .filter(({ id }) => id.startsWith(prefix))
    .map(({ id, text }) => ({ id: id.slice(prefix.length), text }))
    .toReversed()
}

/** The longest beginning that is found in a few steps. */
function cutTo(text: string, tokensMax: number): { readonly text: string; readonly tokens: number } {
  let cut = text
  let tokens = estimateTokens(cut)
  while (tokens > tokensMax && cut !== '') {
    cut = cut.slice(0, Math.min(cut.length - 1, Math.floor((cut.length * tokensMax) / tokens))).toWellFormed()
    tokens = estimateTokens(cut)
  }
  return { text: cut, tokens }
}
