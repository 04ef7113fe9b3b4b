import { hashText } from '../core/text/question-tokens.ts'
import type { TaskRun } from './task-run.ts'
import { textOf } from './request-facts.ts'

/** Conversations remembered; the one unused for longest goes first. */
const CONVERSATIONS_MAX = 1024

/** Characters kept of what tells a conversation apart, besides its length and hash. */
const KEY_CHARACTERS = 64

/** How often a conversation's answers were refused in a row: repeated failures ask for a stronger model. In memory only. */
export type FailureMemory = {
  recentFailures(run: TaskRun): number
  /** Success forgets the failures before it. */
  note(run: TaskRun, isAccepted: boolean): void
}

export function createFailureMemory(): FailureMemory {
  const failures = new Map<string, number>()
  return {
    recentFailures: (run) => (failures.size === 0 ? 0 : (failures.get(memoryKeyOf(run)) ?? 0)),
    note(run, isAccepted) {
      if (isAccepted && failures.size === 0) return
      const key = memoryKeyOf(run)
      const count = failures.get(key) ?? 0
      failures.delete(key)
      if (isAccepted) return
      failures.set(key, count + 1)
      const oldest = failures.keys().next()
      if (failures.size > CONVERSATIONS_MAX && oldest.done !== true) failures.delete(oldest.value)
    },
  }
}

/**
 * What tells a tenant's conversations apart: the caller's own name for it, else how it begins, which all its requests repeat. Those that begin
 * with the same message count as one.
 */
export function conversationKey({ route }: Pick<TaskRun, 'route'>): string {
  const { conversation } = route.controls
  if (conversation !== undefined) return `id ${conversation}`
  const first = route.request.messages.find(({ role }) => role === 'user')
  return conversationOf(first === undefined ? '' : textOf(first))
}

/** Of a conversation that begins with this message. The whole of it counts: what comes from one template differs at its end. */
export function conversationOf(firstMessage: string): string {
  return `begins ${firstMessage}`
}

/** Short, so that long openings take no memory here. */
export function memoryKeyOf(run: TaskRun): string {
  const key = conversationKey(run)
  const tenant = run.route.caller.tenant
  return `${tenant}\n${key.length} ${hashText(key)} ${key.slice(0, KEY_CHARACTERS)}`
}
