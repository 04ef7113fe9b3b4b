import { assertNever } from '../../base/assert.ts'
import type { Machine, Step } from '../machine.ts'
import { fenceSections } from '../text/fence-sections.ts'
import { utf8Length } from './utf8-length.ts'

/** Bounds of one agent's working memory. */
export type WorkingMemoryLimits = {
  /** Items at most, 1 to 4,096. */
  readonly itemsMax: number
  /** UTF-8 bytes of all texts at most, 1 or more. */
  readonly bytesMax: number
  /** Tokens of all items at most, 1 or more. */
  readonly tokensMax: number
}

/** Bounds of a working memory unless it is told otherwise. */
export const WORKING_MEMORY_LIMITS_DEFAULT: WorkingMemoryLimits = Object.freeze({
  itemsMax: 64,
  bytesMax: 65_536,
  tokensMax: 4_096,
})

/** One thing that an agent has in mind. */
export type WorkingItem = {
  /** Not empty; names the item within this memory. */
  readonly id: string
  readonly text: string
  /** Tokens of `text` for the model that reads it, as whoever added it counted them: a whole number >= 0. */
  readonly tokens: number
  /** Stays until it is removed or unpinned. */
  readonly isPinned: boolean
}

/** UTF-8 bytes of the text, counted once. */
export type MeasuredItem = WorkingItem & { readonly sizeBytes: number }

/** What an agent has in mind, within its bounds after every event; `sizeBytes` and `tokens` are the sums over all items. */
export type WorkingMemoryState = {
  readonly limits: WorkingMemoryLimits
  /** Least recently used first. */
  readonly items: readonly MeasuredItem[]
  readonly sizeBytes: number
  readonly tokens: number
}

/**
 * What may be done to a working memory. To use, pin or remove an item that is not there is refused with `ITEM_UNKNOWN`; only adding and
 * using an item make it the most recently used one.
 */
export type WorkingMemoryEvent =
  /** Replaces the item with this id, and is the most recently used one. */
  | { readonly type: 'item-added'; readonly item: WorkingItem }
  | { readonly type: 'item-used'; readonly id: string }
  | { readonly type: 'item-pinned'; readonly id: string; readonly isPinned: boolean }
  | { readonly type: 'item-removed'; readonly id: string }
  | { readonly type: 'memory-cleared' }

/**
 * Why an event changed nothing. `EVENT_INVALID`: an item to be added has no id, no text, or tokens that are no whole number of 0 or
 * more. `ITEM_UNKNOWN`: no item has this id.
 */
export type WorkingMemoryRefusalCode =
  | 'EVENT_INVALID'
  | 'ITEM_UNKNOWN'
  /** The pinned items leave no room for it. */
  | 'MEMORY_FULL'

/**
 * What follows from an event, for whoever runs the machine: each item that was pushed out, least recently used first; or, alone, that
 * the event was refused.
 */
export type WorkingMemoryEffect =
  /** An item left to make room; whoever wants to keep it stores it elsewhere. */
  | { readonly type: 'evict-item'; readonly item: MeasuredItem }
  | { readonly type: 'event-refused'; readonly code: WorkingMemoryRefusalCode }

/** The bounds that a working memory has from its start to its end. No event changes them. */
export type WorkingMemoryInput = { readonly limits: WorkingMemoryLimits }

type WorkingStep = Step<WorkingMemoryState, WorkingMemoryEffect>

/**
 * What an agent has in mind while it works: a few texts within bounds of number, bytes and tokens. A new item pushes out the
 * least recently used ones that are not pinned; one that the pinned ones leave no room for is refused, and nothing else
 * changes. Time plays no part.
 *
 * ```ts
 * const add = (state: WorkingMemoryState, item: WorkingItem): WorkingMemoryState =>
 *   WORKING_MEMORY_MACHINE.transition(state, { type: 'item-added', item }).state
 * ```
 */
export const WORKING_MEMORY_MACHINE: Machine<
  WorkingMemoryState,
  WorkingMemoryEvent,
  WorkingMemoryEffect,
  WorkingMemoryInput
> = {
  name: 'working-memory',
  initial: ({ limits }) => ({ limits, items: [], sizeBytes: 0, tokens: 0 }),
  transition,
  violations,
}

/** The items as a prompt shows them: fenced as data, least recently used first; `''` when there are none. */
export function renderWorkingMemory({ items }: WorkingMemoryState): string {
  return items.length === 0
    ? ''
    : fenceSections(items.map(({ text }, at) => ({ name: `item-${at + 1}`, content: text }))).text
}

function transition(state: WorkingMemoryState, event: WorkingMemoryEvent): WorkingStep {
  switch (event.type) {
    case 'item-added':
      return addItem(state, event.item)
    case 'item-used':
      return changeItem(state, event.id, (item, others) => [...others, item])
    case 'item-pinned':
      return changeItem(state, event.id, ({ id }) =>
        state.items.map((item) => (item.id === id ? { ...item, isPinned: event.isPinned } : item)),
      )
    case 'item-removed':
      return changeItem(state, event.id, (_item, others) => others)
    case 'memory-cleared':
      return { state: withItems(state, []), effects: [] }
    default:
      return assertNever(event)
  }
}

function addItem(state: WorkingMemoryState, added: WorkingItem): WorkingStep {
  const isValid = added.id !== '' && added.text !== '' && Number.isSafeInteger(added.tokens) && added.tokens >= 0
  if (!isValid) return refused(state, 'EVENT_INVALID')
  const item: MeasuredItem = { ...added, sizeBytes: utf8Length(added.text) }
  const others = state.items.filter(({ id }) => id !== item.id)
  const pinned = others.filter(({ isPinned }) => isPinned)
  if (!fits(state.limits, sizeOf([...pinned, item]))) return refused(state, 'MEMORY_FULL')
  const size = sizeOf([...others, item])
  const kept: MeasuredItem[] = []
  const effects: WorkingMemoryEffect[] = []
  for (const other of others) {
    if (other.isPinned || fits(state.limits, size)) {
      kept.push(other)
      continue
    }
    size.items -= 1
    size.sizeBytes -= other.sizeBytes
    size.tokens -= other.tokens
    effects.push({ type: 'evict-item', item: other })
  }
  return { state: withItems(state, [...kept, item]), effects }
}

function changeItem(
  state: WorkingMemoryState,
  id: string,
  change: (item: MeasuredItem, others: readonly MeasuredItem[]) => readonly MeasuredItem[],
): WorkingStep {
  const item = state.items.find((candidate) => candidate.id === id)
  if (item === undefined) return refused(state, 'ITEM_UNKNOWN')
  const others = state.items.filter((candidate) => candidate.id !== id)
  return { state: withItems(state, change(item, others)), effects: [] }
}

function withItems({ limits }: WorkingMemoryState, items: readonly MeasuredItem[]): WorkingMemoryState {
  const { sizeBytes, tokens } = sizeOf(items)
  return { limits, items, sizeBytes, tokens }
}

type Size = { items: number; sizeBytes: number; tokens: number }

function fits(limits: WorkingMemoryLimits, size: Size): boolean {
  return size.items <= limits.itemsMax && size.sizeBytes <= limits.bytesMax && size.tokens <= limits.tokensMax
}

function sizeOf(items: readonly MeasuredItem[]): Size {
  const size: Size = { items: items.length, sizeBytes: 0, tokens: 0 }
  for (const item of items) {
    size.sizeBytes += item.sizeBytes
    size.tokens += item.tokens
  }
  return size
}

function refused(state: WorkingMemoryState, code: WorkingMemoryRefusalCode): WorkingStep {
  return { state, effects: [{ type: 'event-refused', code }] }
}

function violations(state: WorkingMemoryState): readonly string[] {
  const broken: string[] = []
  const size = sizeOf(state.items)
  if (!fits(state.limits, size)) broken.push('the items keep the bounds')
  if (size.sizeBytes !== state.sizeBytes || size.tokens !== state.tokens)
    broken.push('the sizes are those of the items')
  if (state.items.some((item) => item.sizeBytes !== utf8Length(item.text))) broken.push('an item knows its size')
  if (new Set(state.items.map(({ id }) => id)).size < state.items.length) broken.push('ids differ')
  if (state.items.some(({ text }) => text === '')) broken.push('an item has a text')
  return broken
}
