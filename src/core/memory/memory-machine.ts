import { assertNever } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Machine, Step } from '../machine.ts'
import { edgeValue, evictEdgesToFit, evictToFit } from './evict-nodes.ts'
import { hashTrieForEach } from '../collections/hash-trie.ts'
import { EVENT_ITEMS_MAX } from './memory-event.ts'
import type { MemoryEffect, MemoryEvent, MemoryRefusalCode } from './memory-event.ts'
import { mergeNodes } from './merge-nodes.ts'
import { compareEdges, isContentId, isEdgeKey, isMemoryNodeKind, isNodeId } from './memory-node.ts'
import type { MemoryEdge, MemoryEdgeKey, MemoryNode } from './memory-node.ts'
import {
  areMemorySettings,
  edgeOf,
  emptyMemoryState,
  nodeOf,
  withEdge,
  withNode,
  withoutEdge,
  withoutNode,
} from './memory-state.ts'
import type { MemorySettings, MemoryState } from './memory-state.ts'
import { memoryViolations } from './memory-violations.ts'
import { credited, newStatistics, usedNow, valueOf } from './use-statistics.ts'
import type { Fading } from './use-statistics.ts'
import { utf8Length } from './utf8-length.ts'

export type MemoryInput = { readonly settings: MemorySettings }

type MemoryStep = Step<MemoryState, MemoryEffect>
type EventOf<Type extends MemoryEvent['type']> = Extract<MemoryEvent, { readonly type: Type }>

/**
 * What an agent remembers: texts as nodes, relations as edges, and for both how often they helped. It finds nothing by
 * itself: `rankMemories` reads a state.
 *
 * Every event brings its instant; nothing changes by time alone, but values are read as of an instant and fade with it. The
 * bounds of `settings` hold after every event: whatever is worth least then leaves, by `valueOf`, and says so as an effect.
 *
 * ```text
 * task ──led-to──▶ outcome        an edge is stored at both ends; counts: successes, failures
 *   └───about───▶ entity
 * ```
 */
export const MEMORY_MACHINE: Machine<MemoryState, MemoryEvent, MemoryEffect, MemoryInput> = {
  name: 'memory',
  initial: ({ settings }) => emptyMemoryState(settings),
  transition,
  violations: memoryViolations,
}

function transition(state: MemoryState, event: MemoryEvent): MemoryStep {
  switch (event.type) {
    case 'settings-changed':
      return changeSettings(state, event)
    case 'node-remembered':
      return rememberNode(state, event)
    case 'nodes-embedded':
      return markEmbedded(state, event)
    case 'nodes-linked':
      return linkNodes(state, event)
    case 'edge-forgotten':
      return forgetEdge(state, event)
    case 'nodes-used':
      return markUsed(state, event)
    case 'retrieval-judged':
      return judgeRetrieval(state, event)
    case 'nodes-merged':
      return mergeNodes(state, event)
    case 'node-forgotten':
      return forgetNode(state, event.id)
    case 'all-forgotten':
      return { state: emptyMemoryState(state.settings), effects: [{ type: 'drop-all' }] }
    case 'time-passed':
      return dropFaded(state, event.at)
    default:
      return assertNever(event)
  }
}

function changeSettings(state: MemoryState, { settings, at }: EventOf<'settings-changed'>): MemoryStep {
  if (!areMemorySettings(settings)) return refused(state, 'EVENT_INVALID')
  const effects: MemoryEffect[] = [{ type: 'confirm-change' }]
  let next: MemoryState = { ...state, settings }
  const tooFull: MemoryNode[] = []
  hashTrieForEach(next.nodes, (node) => {
    if (node.edges.length > settings.edgesPerNodeMax) tooFull.push(node)
  })
  for (const { id } of tooFull.sort((one, other) => (one.id < other.id ? -1 : 1))) {
    const step = boundEdges(next, id, { at, kept: undefined })
    next = step.state
    effects.push(...step.effects)
  }
  return makeRoom(next, effects, { at })
}

function rememberNode(state: MemoryState, event: EventOf<'node-remembered'>): MemoryStep {
  const { id, kind, text, embedderId, outcome, at } = event
  const sizeBytes = utf8Length(text)
  if (sizeBytes > state.settings.textBytesMax) return refused(state, 'TEXT_TOO_LARGE')
  if (!isNodeId(id) || !isMemoryNodeKind(kind) || !isOutcome(outcome ?? 'success'))
    return refused(state, 'EVENT_INVALID')
  if (text.trim() === '' || !isWellFormed(text)) return refused(state, 'EVENT_INVALID')
  const known = nodeOf(state, id)
  // The first wording stays where the id says that the text is the same.
  const isTextNew = known === undefined || (!isContentId(id) && known.text !== text)
  const base: MemoryNode = known ?? {
    id,
    kind,
    text,
    sizeBytes,
    createdAt: at,
    embedderId: undefined,
    edges: [],
    ...newStatistics(at),
  }
  const seen: MemoryNode = {
    ...usedNow(base, at),
    ...(isTextNew && { text, sizeBytes }),
    ...(!isContentId(id) && { kind }),
    embedderId: embedderId ?? (isTextNew ? undefined : base.embedderId),
  }
  const fading: Fading = { at, halfLifeMs: state.settings.halfLifeMs }
  const node = outcome === undefined ? seen : credited(seen, { outcome, credit: 1 }, fading)
  const effects: MemoryEffect[] = [{ type: 'confirm-node', id, isNew: known === undefined, isTextNew }]
  return makeRoom(withNode(state, node), effects, { at, protectedId: id })
}

function markEmbedded(state: MemoryState, { ids, embedderId }: EventOf<'nodes-embedded'>): MemoryStep {
  return changeNodes(state, ids, (node) => (node.embedderId === embedderId ? node : { ...node, embedderId }))
}

function markUsed(state: MemoryState, { ids, at }: EventOf<'nodes-used'>): MemoryStep {
  return changeNodes(state, ids, (node) => usedNow(node, at))
}

function changeNodes(state: MemoryState, ids: readonly string[], change: (node: MemoryNode) => MemoryNode): MemoryStep {
  if (ids.length > EVENT_ITEMS_MAX || !ids.every(isNodeId)) return refused(state, 'EVENT_INVALID')
  let next = state
  for (const id of ids) {
    const node = nodeOf(next, id)
    const changed = node && change(node)
    if (changed !== undefined && changed !== node) next = withNode(next, changed)
  }
  return next === state ? refused(state, 'NOTHING_CHANGED') : { state: next, effects: [{ type: 'confirm-change' }] }
}

function linkNodes(state: MemoryState, event: EventOf<'nodes-linked'>): MemoryStep {
  const { from, relation, to, weight, at } = event
  if (from === to || !isEdgeKey(event) || !isShare(weight)) return refused(state, 'EVENT_INVALID')
  if (nodeOf(state, from) === undefined || nodeOf(state, to) === undefined) return refused(state, 'NODE_UNKNOWN')
  const known = edgeOf(state, event)
  const statistics = known === undefined ? newStatistics(at) : usedNow(known, at)
  const edge: MemoryEdge = { ...statistics, from, relation, to, weight }
  const effects: MemoryEffect[] = [{ type: 'confirm-edge', from, relation, to, isNew: known === undefined }]
  let next = withEdge(state, edge)
  for (const id of [from, to]) {
    const step = boundEdges(next, id, { at, kept: edge })
    next = step.state
    effects.push(...step.effects)
  }
  return { state: next, effects }
}

function boundEdges(
  state: MemoryState,
  id: string,
  limits: { readonly at: Timestamp; readonly kept: MemoryEdge | undefined },
): MemoryStep {
  const node = nodeOf(state, id)
  if (node === undefined) return { state, effects: [] }
  const { state: next, edges } = evictEdgesToFit(state, node, limits)
  return { state: next, effects: edges.map((edge) => droppedEdge(edge, 'evicted')) }
}

function forgetEdge(state: MemoryState, event: EventOf<'edge-forgotten'>): MemoryStep {
  if (edgeOf(state, event) === undefined) return refused(state, 'EDGE_UNKNOWN')
  return { state: withoutEdge(state, event), effects: [droppedEdge(event, 'forgotten')] }
}

function judgeRetrieval(state: MemoryState, event: EventOf<'retrieval-judged'>): MemoryStep {
  const { outcome, nodes, edges, at } = event
  const isValid =
    isOutcome(outcome) &&
    nodes.length <= EVENT_ITEMS_MAX &&
    edges.length <= EVENT_ITEMS_MAX &&
    nodes.every(({ id, credit }) => isNodeId(id) && isShare(credit)) &&
    edges.every(isEdgeKey)
  if (!isValid) return refused(state, 'EVENT_INVALID')
  const fading: Fading = { at, halfLifeMs: state.settings.halfLifeMs }
  let next = state
  for (const { id, credit } of nodes) {
    const node = nodeOf(next, id)
    if (node !== undefined) next = withNode(next, credited(node, { outcome, credit }, fading))
  }
  for (const key of edges) {
    const edge = edgeOf(next, key)
    if (edge !== undefined) next = withEdge(next, credited(edge, { outcome, credit: 1 }, fading))
  }
  return next === state ? refused(state, 'NODE_UNKNOWN') : { state: next, effects: [{ type: 'confirm-change' }] }
}

function forgetNode(state: MemoryState, id: string): MemoryStep {
  if (nodeOf(state, id) === undefined) return refused(state, 'NODE_UNKNOWN')
  return { state: withoutNode(state, id), effects: [{ type: 'drop-node', id, reason: 'forgotten' }] }
}

function dropFaded(state: MemoryState, at: Timestamp): MemoryStep {
  const { halfLifeMs, valueMin } = state.settings
  const fading: Fading = { at, halfLifeMs }
  const ids: string[] = []
  const edges: MemoryEdge[] = []
  hashTrieForEach(state.nodes, (node, id) => {
    if (valueOf(node, fading) < valueMin) ids.push(id)
    for (const edge of node.edges) if (edge.from === id && edgeValue(edge, fading) < valueMin) edges.push(edge)
  })
  if (ids.length === 0 && edges.length === 0) return refused(state, 'NOTHING_CHANGED')
  // The order of the map means nothing; that of the effects is the same for equal graphs.
  ids.sort()
  edges.sort(compareEdges)
  const bare = edges.reduce(withoutEdge, state)
  return {
    state: ids.reduce(withoutNode, bare),
    effects: [
      ...edges.map((edge) => droppedEdge(edge, 'faded')),
      ...ids.map((id): MemoryEffect => ({ type: 'drop-node', id, reason: 'faded' })),
    ],
  }
}

function makeRoom(
  state: MemoryState,
  effects: readonly MemoryEffect[],
  { at, protectedId }: { readonly at: Timestamp; readonly protectedId?: string },
): MemoryStep {
  const { state: next, nodeIds } = evictToFit(state, at, protectedId)
  const drops = nodeIds.map((id): MemoryEffect => ({ type: 'drop-node', id, reason: 'evicted' }))
  return { state: next, effects: [...effects, ...drops] }
}

function droppedEdge({ from, relation, to }: MemoryEdgeKey, reason: 'forgotten' | 'evicted' | 'faded'): MemoryEffect {
  return { type: 'drop-edge', from, relation, to, reason }
}

function refused(state: MemoryState, code: MemoryRefusalCode): MemoryStep {
  return { state, effects: [{ type: 'event-refused', code }] }
}

/** The journal takes nothing that it could not read again, whatever a caller without types hands in. */
function isOutcome(value: unknown): boolean {
  return value === 'success' || value === 'failure'
}

function isShare(value: number): boolean {
  return value > 0 && value <= 1
}

/** In Unicode mode `\p{Surrogate}` matches lone halves only. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
