import { assertNever } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Machine, Step } from '../machine.ts'
import { emptyHashTrie, hashTrieDelete, hashTrieEntries, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { HashTrie } from '../collections/hash-trie.ts'
import { appendStep, EMPTY_CONTEXT } from './rolling-summary.ts'
import type { ContextStep, RollingContext } from './rolling-summary.ts'
import { utf8Length } from './utf8-length.ts'

/** Threads of one tenant at most; the one that had no step for longest leaves. */
export const THREADS_MAX = 1_024
/** Steps in full at most: whoever runs the machine folds them into the summary before. */
export const THREAD_STEPS_MAX = 256
/** UTF-8 bytes of a step, or of a summary, at most. */
export const STEP_BYTES_MAX = 65_536

/** A conversation or the history of a task: its older steps as a summary, its newer ones in full. */
export type Thread = {
  readonly context: RollingContext
  /** Steps ever finished, folded ones included. */
  readonly stepCount: number
  readonly usedAt: Timestamp
}

export type ThreadState = { readonly threads: HashTrie<Thread> }

export type ThreadEvent =
  /** The first step of a thread begins it. */
  | { readonly type: 'step-finished'; readonly thread: string; readonly step: ContextStep; readonly at: Timestamp }
  /** The context after a compression, as `applySummary` gave it. */
  | {
      readonly type: 'thread-compressed'
      readonly thread: string
      readonly context: RollingContext
      readonly at: Timestamp
    }
  | { readonly type: 'thread-closed'; readonly thread: string; readonly at: Timestamp }
  | { readonly type: 'all-forgotten'; readonly at: Timestamp }

export type ThreadRefusalCode = 'EVENT_INVALID' | 'STEP_TOO_LARGE' | 'STEP_KNOWN' | 'THREAD_FULL' | 'THREAD_UNKNOWN'

export type ThreadEffect =
  | { readonly type: 'confirm-thread'; readonly thread: string }
  | { readonly type: 'drop-thread'; readonly thread: string; readonly reason: 'closed' | 'evicted' }
  | { readonly type: 'drop-all' }
  | { readonly type: 'event-refused'; readonly code: ThreadRefusalCode }

type ThreadStep = Step<ThreadState, ThreadEffect>

const THREAD_NAME = /^[A-Za-z0-9._:-]{1,96}$/

/** 1 to 96 characters of `A-Z a-z 0-9 . _ : -`. */
export function isThreadName(thread: string): boolean {
  return THREAD_NAME.test(thread)
}

/**
 * Threads of steps with bounded contexts. It plans no compression and counts no tokens: `planCompression` does, and what came
 * of it arrives as an event, so that a replay needs neither a model nor a tokenizer.
 */
export const THREAD_MACHINE: Machine<ThreadState, ThreadEvent, ThreadEffect, undefined> = {
  name: 'threads',
  initial: () => ({ threads: emptyHashTrie() }),
  transition,
  violations,
}

function transition(state: ThreadState, event: ThreadEvent): ThreadStep {
  switch (event.type) {
    case 'step-finished':
      return finishStep(state, event)
    case 'thread-compressed':
      return compressThread(state, event)
    case 'thread-closed':
      if (hashTrieGet(state.threads, event.thread) === undefined) return refused(state, 'THREAD_UNKNOWN')
      return {
        state: { threads: hashTrieDelete(state.threads, event.thread) },
        effects: [{ type: 'drop-thread', thread: event.thread, reason: 'closed' }],
      }
    case 'all-forgotten':
      return { state: { threads: emptyHashTrie() }, effects: [{ type: 'drop-all' }] }
    default:
      return assertNever(event)
  }
}

function finishStep(state: ThreadState, event: Extract<ThreadEvent, { type: 'step-finished' }>): ThreadStep {
  const { thread: name, step, at } = event
  const known = hashTrieGet(state.threads, name)
  const context = known?.context ?? EMPTY_CONTEXT
  if (!isThreadName(name) || step.id === '' || step.text.trim() === '') return refused(state, 'EVENT_INVALID')
  if (utf8Length(step.text) > STEP_BYTES_MAX) return refused(state, 'STEP_TOO_LARGE')
  if (context.steps.some(({ id }) => id === step.id)) return refused(state, 'STEP_KNOWN')
  if (context.steps.length >= THREAD_STEPS_MAX) return refused(state, 'THREAD_FULL')
  const thread: Thread = { context: appendStep(context, step), stepCount: (known?.stepCount ?? 0) + 1, usedAt: at }
  const threads = hashTrieSet(state.threads, name, thread)
  const oldest = threads.size > THREADS_MAX ? oldestThread(threads, name) : undefined
  const confirmed: ThreadEffect = { type: 'confirm-thread', thread: name }
  if (oldest === undefined) return { state: { threads }, effects: [confirmed] }
  return {
    state: { threads: hashTrieDelete(threads, oldest) },
    effects: [confirmed, { type: 'drop-thread', thread: oldest, reason: 'evicted' }],
  }
}

function compressThread(state: ThreadState, event: Extract<ThreadEvent, { type: 'thread-compressed' }>): ThreadStep {
  const { thread: name, context } = event
  const known = hashTrieGet(state.threads, name)
  if (known === undefined) return refused(state, 'THREAD_UNKNOWN')
  if (!isSoundContext(context)) return refused(state, 'EVENT_INVALID')
  return {
    state: { threads: hashTrieSet(state.threads, name, { ...known, context }) },
    effects: [{ type: 'confirm-thread', thread: name }],
  }
}

/** The thread without a step for longest; of equally old ones the first by name. */
function oldestThread(threads: HashTrie<Thread>, kept: string): string | undefined {
  let oldest: { readonly name: string; readonly usedAt: Timestamp } | undefined
  for (const [name, { usedAt }] of hashTrieEntries(threads)) {
    if (name !== kept && (oldest === undefined || usedAt < oldest.usedAt)) oldest = { name, usedAt }
  }
  return oldest?.name
}

function refused(state: ThreadState, code: ThreadRefusalCode): ThreadStep {
  return { state, effects: [{ type: 'event-refused', code }] }
}

function isSoundContext({ summary, steps }: RollingContext): boolean {
  return (
    steps.length <= THREAD_STEPS_MAX &&
    utf8Length(summary) <= STEP_BYTES_MAX &&
    steps.every(({ text }) => utf8Length(text) <= STEP_BYTES_MAX)
  )
}

function violations(state: ThreadState): readonly string[] {
  const broken = new Set<string>()
  const entries = hashTrieEntries(state.threads)
  if (entries.length !== state.threads.size) broken.add('the map knows its size')
  if (entries.length > THREADS_MAX) broken.add('there are no more threads than allowed')
  for (const [name, { context, stepCount }] of entries) {
    if (!isThreadName(name)) broken.add('a thread has a name')
    if (!isSoundContext(context)) broken.add('a context keeps its bounds')
    if (stepCount < context.steps.length) broken.add('steps in full were finished')
    if (new Set(context.steps.map(({ id }) => id)).size < context.steps.length) broken.add('steps have different ids')
  }
  return [...broken]
}
