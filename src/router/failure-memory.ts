import type { TaskRun } from './task-run.ts'
import { textOf } from './request-facts.ts'

/** Conversations remembered; the one unused for longest goes first. */
const CONVERSATIONS_MAX = 1024

/** Characters of the first message that tell conversations apart. */
const KEY_CHARACTERS = 256

/** How often a conversation's answers were refused in a row: repeated failures ask for a stronger model. In memory only. */
export type FailureMemory = {
  recentFailures(run: TaskRun): number
  /** Success forgets the failures before it. */
  note(run: TaskRun, isAccepted: boolean): void
}

export function createFailureMemory(): FailureMemory {
  const failures = new Map<string, number>()
  return {
    recentFailures: (run) => (failures.size === 0 ? 0 : (failures.get(conversationKey(run)) ?? 0)),
    note(run, isAccepted) {
      if (isAccepted && failures.size === 0) return
      const key = conversationKey(run)
      const count = failures.get(key) ?? 0
      failures.delete(key)
      if (isAccepted) return
      failures.set(key, count + 1)
      const oldest = failures.keys().next()
      if (failures.size > CONVERSATIONS_MAX && oldest.done !== true) failures.delete(oldest.value)
    },
  }
}

export function conversationKey({ route }: Pick<TaskRun, 'route'>): string {
  const first = route.request.messages.find(({ role }) => role === 'user')
  return conversationOf(route.caller.tenant, first === undefined ? '' : textOf(first))
}

/** A conversation begins with the same message of the same tenant; retries of one question count as one conversation. */
export function conversationOf(tenant: string, firstMessage: string): string {
  return `${tenant}\n${firstMessage.slice(0, KEY_CHARACTERS)}`
}
