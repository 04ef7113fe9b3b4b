import type { AgentMemory } from '../memory-use.ts'
import { invalid } from '../request-desk/protocol.ts'

/** A conversation that a question belongs to. */
export type Conversation = {
  /** Its name: 1 to 96 characters of `A-Z a-z 0-9 . _ : -`. */
  readonly thread: string
  /** The question is the last one: the conversation is folded into one memory. */
  readonly isLast: boolean
}

/** As much of an answer as the conversation keeps in one piece; its rolling summary makes room for more. */
const ANSWER_CHARS_MAX = 15_000

type Keeper = Required<Pick<AgentMemory, 'addStep' | 'readThread' | 'closeThread'>>

/** What keeps conversations. Throws `REQUEST_INVALID` where nothing does. */
export function keeperOf(memory: AgentMemory | undefined): Keeper {
  if (isKeeper(memory)) return memory
  throw invalid('thread needs a memory that keeps conversations; give the agent one, or leave thread out')
}

/** The conversation so far, its older part as a summary, fenced as data and bounded by the memory; `''` at its beginning. */
export function soFar(memory: AgentMemory | undefined, { thread }: Conversation): string {
  return keeperOf(memory).readThread(thread)?.text ?? ''
}

/** Adds a question and its answer. Throws as `TenantMemory.addStep` and `closeThread`. */
export async function addAnswer(
  memory: AgentMemory | undefined,
  { thread, isLast }: Conversation,
  { question, answer, signal }: { readonly question: string; readonly answer: string; readonly signal: AbortSignal },
): Promise<void> {
  const keeper = keeperOf(memory)
  const text = `Question: ${question}\nAnswer: ${answer.slice(0, ANSWER_CHARS_MAX)}`.toWellFormed()
  await keeper.addStep({ thread, text }, { signal })
  if (isLast) await keeper.closeThread(thread, { signal })
}

function isKeeper(memory: AgentMemory | undefined): memory is AgentMemory & Keeper {
  return memory?.addStep !== undefined && memory.readThread !== undefined && memory.closeThread !== undefined
}
