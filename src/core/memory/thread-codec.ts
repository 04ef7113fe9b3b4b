import type { JsonValue } from '../../base/canonical-json.ts'
import { timestampFromMs } from '../../base/time.ts'
import type { Timestamp } from '../../base/time.ts'
import { emptyHashTrie, hashTrieEntries, hashTrieSet } from '../collections/hash-trie.ts'
import type { HashTrie } from '../collections/hash-trie.ts'
import type { ContextStep, RollingContext } from './rolling-summary.ts'
import { isThreadName } from './thread-machine.ts'
import type { Thread, ThreadEvent, ThreadState } from './thread-machine.ts'

/** JSON of an event for the journal. */
export function formatThreadEvent(event: ThreadEvent): JsonValue {
  switch (event.type) {
    case 'step-finished':
      return { ...event, step: { ...event.step } }
    case 'thread-compressed':
      return { ...event, context: formatContext(event.context) }
    default:
      return { ...event }
  }
}

/** Reads what `formatThreadEvent` wrote; `undefined` for anything else. */
export function parseThreadEvent(json: unknown): ThreadEvent | undefined {
  const at = instantOf(member(json, 'at'))
  const type = member(json, 'type')
  if (at === undefined) return undefined
  if (type === 'all-forgotten') return { type, at }
  const thread = member(json, 'thread')
  if (typeof thread !== 'string' || !isThreadName(thread)) return undefined
  if (type === 'thread-closed') return { type, thread, at }
  if (type === 'step-finished') {
    const step = parseStep(member(json, 'step'))
    return step && { type, thread, step, at }
  }
  const context = type === 'thread-compressed' ? parseContext(member(json, 'context')) : undefined
  return context && { type: 'thread-compressed', thread, context, at }
}

/** JSON of a state, the same for equal states. */
export function formatThreadState({ threads }: ThreadState): JsonValue {
  return hashTrieEntries(threads).map(([thread, { context, stepCount, usedAt }]) => ({
    thread,
    context: formatContext(context),
    stepCount,
    usedAt,
  }))
}

/** Reads what `formatThreadState` wrote; `undefined` for anything else. */
export function parseThreadState(json: unknown): ThreadState | undefined {
  if (!Array.isArray(json)) return undefined
  let threads: HashTrie<Thread> = emptyHashTrie()
  for (const item of json as unknown[]) {
    const name = member(item, 'thread')
    const context = parseContext(member(item, 'context'))
    const stepCount = member(item, 'stepCount')
    const usedAt = instantOf(member(item, 'usedAt'))
    if (typeof name !== 'string' || !isThreadName(name) || context === undefined || usedAt === undefined)
      return undefined
    if (typeof stepCount !== 'number' || !Number.isSafeInteger(stepCount)) return undefined
    threads = hashTrieSet(threads, name, { context, stepCount, usedAt })
  }
  return { threads }
}

function formatContext({ summary, steps }: RollingContext): JsonValue {
  return { summary, steps: steps.map(({ id, text }) => ({ id, text })) }
}

function parseContext(json: unknown): RollingContext | undefined {
  const summary = member(json, 'summary')
  const rows = member(json, 'steps')
  if (typeof summary !== 'string' || !Array.isArray(rows)) return undefined
  const steps = (rows as unknown[]).map(parseStep).filter((step) => step !== undefined)
  return steps.length === rows.length ? { summary, steps } : undefined
}

function parseStep(json: unknown): ContextStep | undefined {
  const id = member(json, 'id')
  const text = member(json, 'text')
  return typeof id === 'string' && typeof text === 'string' ? { id, text } : undefined
}

function member(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined
}

function instantOf(value: unknown): Timestamp | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? timestampFromMs(value) : undefined
}
