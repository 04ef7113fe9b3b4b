import { Role, Task, TaskState, type Artifact, type Part } from '@a2a-js/sdk'
import { CodedError, remedyOf } from '../../base/errors.ts'
import type { AgentTaskHead, AgentTaskPhase } from '../../ports/agent-task-store.ts'

export const TERMINAL_STATES: ReadonlySet<number> = new Set([
  TaskState.TASK_STATE_COMPLETED,
  TaskState.TASK_STATE_FAILED,
  TaskState.TASK_STATE_CANCELED,
  TaskState.TASK_STATE_REJECTED,
])

/** Somebody works on it: it cannot outlive the process. */
export const RUNNING_STATES: ReadonlySet<number> = new Set([
  TaskState.TASK_STATE_SUBMITTED,
  TaskState.TASK_STATE_WORKING,
])

export function stateOf(task: Task): TaskState {
  return task.status?.state ?? TaskState.TASK_STATE_UNSPECIFIED
}

/** What is known of a stored task without reading it. */
export function headOf(task: Task): AgentTaskHead {
  const { id, contextId, status } = task
  const state = stateOf(task)
  return { id, contextId, state, phase: phaseOf(state), timestamp: status?.timestamp ?? '' }
}

function phaseOf(state: number): AgentTaskPhase {
  if (RUNNING_STATES.has(state)) return 'running'
  return TERMINAL_STATES.has(state) ? 'ended' : 'waiting'
}

/** The stored bytes of a task. */
export function encodeTask(task: Task): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(Task.toJSON(task)))
}

/** Throws `STORE_CORRUPTED` for bytes that are none. */
export function decodeTask(bytes: Uint8Array): Task {
  try {
    return Task.fromJSON(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new CodedError('STORE_CORRUPTED', { message: 'A stored task cannot be read', cause })
  }
}

export function encodeEntry({ id, contextId, state, timestamp }: AgentTaskHead): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ id, contextId, state, timestamp }))
}

/** `undefined` for bytes that are none: the task is then as if it were not there. */
export function decodeEntry(bytes: Uint8Array): AgentTaskHead | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof value !== 'object' || value === null) return undefined
    const { id, contextId, state, timestamp } = value as Readonly<Record<string, unknown>>
    const isEntry =
      typeof id === 'string' &&
      typeof contextId === 'string' &&
      typeof timestamp === 'string' &&
      Number.isInteger(state)
    return isEntry ? { id, contextId, state: Number(state), phase: phaseOf(Number(state)), timestamp } : undefined
  } catch {
    return undefined
  }
}

/** The task as it ends when nobody works on it any more. */
export function interruptedTask(task: Task, { at, because }: { readonly at: string; readonly because: string }): Task {
  const metadata = { code: 'A2A_TASK_INTERRUPTED', remedy: remedyOf('A2A_TASK_INTERRUPTED'), isRetryable: true }
  const message = {
    messageId: `interrupted-${task.id}`,
    contextId: task.contextId,
    taskId: task.id,
    role: Role.ROLE_AGENT,
    parts: [textPart(because)],
    metadata: { code: metadata.code },
    extensions: [],
    referenceTaskIds: [],
  }
  const status = { state: TaskState.TASK_STATE_FAILED, message, timestamp: at }
  return { ...task, status, history: [...task.history, message], metadata: { ...task.metadata, ...metadata } }
}

export function textPart(text: string): Part {
  return { content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: 'text/plain' }
}

/** Artefacts whose pieces of plain text are joined: an answer that came in a thousand pieces is one text. */
export function withJoinedTexts(artifacts: readonly Artifact[]): Artifact[] {
  return artifacts.map((artifact) => ({ ...artifact, parts: joinTexts(artifact.parts) }))
}

function joinTexts(parts: readonly Part[]): Part[] {
  const joined: Part[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    const text = plainTextOf(part)
    const before = last === undefined ? undefined : plainTextOf(last)
    if (text === undefined || before === undefined) joined.push(part)
    else joined[joined.length - 1] = { ...part, content: { $case: 'text', value: before + text } }
  }
  return joined
}

function plainTextOf({ content, metadata, filename, mediaType }: Part): string | undefined {
  if (content?.$case !== 'text' || filename !== '' || mediaType !== 'text/plain') return undefined
  return metadata === undefined || Object.keys(metadata).length === 0 ? content.value : undefined
}

/** All plain text of a list of parts. */
export function textOf(parts: readonly Part[]): string {
  return parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')).join('')
}
