import { MEMORY_NODE_KINDS, type MemoryNodeKind, type RetrievalOutcome, type TenantMemory } from 'kernell-os/memory'
import { noteDown, notesOf, openNotes } from './notes.ts'

/** The part of a memory that agents use: a tenant's of the node (`(await node.openMemory()).forTenant(tenant)`), or one of your own. */
export type AgentMemory = Pick<TenantMemory, 'recall' | 'remember' | 'link' | 'feedback'> &
  // Of a memory that keeps conversations too.
  Partial<Pick<TenantMemory, 'addStep' | 'readThread' | 'closeThread'>>

/** What was recalled for a task, and how to say whether it helped. */
export type Recalled = {
  readonly recallId: string
  /** Best first, and so much of it as the agent has room for in mind. */
  readonly texts: readonly string[]
  /** Of what is among the texts. */
  readonly ids: readonly string[]
}

const MEMORIES_MAX = 6
/** What a task was says nothing by itself: it is the way to what came of it. */
const LESSON_KINDS: readonly MemoryNodeKind[] = MEMORY_NODE_KINDS.filter((kind) => kind !== 'task')
/** Tokens of all that is recalled for one task, as they are estimated. */
const RECALLED_TOKENS_MAX = 2_000
/** A memory that keeps 16 KiB in one piece, as they do by default, takes as many of any letters. */
const KEPT_CHARS_MAX = 5_000

/** What earlier work on such a task led to; `undefined` without a memory. Throws as `TenantMemory.recall`. */
export async function recallFor(
  task: string,
  memory: AgentMemory | undefined,
  signal: AbortSignal,
): Promise<Recalled | undefined> {
  if (memory === undefined) return undefined
  const { recallId, items } = await memory.recall({ text: task, limit: MEMORIES_MAX, kinds: LESSON_KINDS }, { signal })
  const notes = noteDown(
    openNotes(RECALLED_TOKENS_MAX),
    items.toReversed().map(({ id, text }) => ({ kind: 'memory', id, text })),
  )
  const noted = notesOf(notes, 'memory')
  return { recallId, texts: noted.map(({ text }) => text), ids: noted.map(({ id }) => id) }
}

/** What a task led to. */
export type Lesson = {
  /** As a text that is worth reading before the next such task. */
  readonly outcome: string
  /** Absent: it is worth keeping, and says neither that it went well nor that it did not. */
  readonly isSuccess?: boolean
}

export type Experience = Lesson & {
  readonly task: string
  /** What was read before. */
  readonly recalled: Recalled | undefined
}

/**
 * Keeps a task and its outcome, the beginning where they are long, and says whether what was recalled was of use, where
 * that is known. Throws as the methods of `TenantMemory`.
 */
export async function keepExperience(
  { task, outcome: text, isSuccess, recalled }: Experience,
  memory: AgentMemory,
  signal: AbortSignal,
): Promise<void> {
  const outcome = outcomeOf(isSuccess)
  if (outcome !== undefined && recalled !== undefined && recalled.texts.length > 0)
    await memory.feedback(recalled.recallId, outcome, { ids: recalled.ids })
  const asked = await memory.remember({ kind: 'task', text: keptOf(task) }, { signal })
  const found = await memory.remember(
    { kind: 'outcome', text: keptOf(text), ...(outcome !== undefined && { outcome }) },
    { signal },
  )
  await memory.link({ from: asked.id, relation: 'led-to', to: found.id })
}

function outcomeOf(isSuccess: boolean | undefined): RetrievalOutcome | undefined {
  if (isSuccess === undefined) return undefined
  return isSuccess ? 'success' : 'failure'
}

/** No memory takes half a letter: a text may bring one, and be cut within one. */
function keptOf(text: string): string {
  return text.slice(0, KEPT_CHARS_MAX).toWellFormed()
}
