import type { JsonValue } from '../../base/canonical-json.ts'
import { durationFromMs, timestampFromMs } from '../../base/time.ts'
import type { Timestamp } from '../../base/time.ts'
import { hashTrieEntries, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { JudgedNode, MemoryEvent } from './memory-event.ts'
import { compareEdges, isMemoryNodeKind, isNodeId, isRelation } from './memory-node.ts'
import type { MemoryEdge, MemoryEdgeKey, MemoryNode } from './memory-node.ts'
import { areMemorySettings, emptyMemoryState } from './memory-state.ts'
import type { MemorySettings, MemoryState } from './memory-state.ts'
import { COUNT_MAX } from './use-statistics.ts'
import type { UseStatistics } from './use-statistics.ts'
import { utf8Length } from './utf8-length.ts'

/** JSON of an event for the journal; absent members are left out. */
export function formatMemoryEvent(event: MemoryEvent): JsonValue {
  switch (event.type) {
    case 'settings-changed':
      return { ...event, settings: { ...event.settings } }
    case 'retrieval-judged':
      return {
        ...event,
        nodes: event.nodes.map(({ id, credit }) => [id, credit]),
        edges: event.edges.map(({ from, relation, to }) => [from, relation, to]),
      }
    default:
      return { ...event }
  }
}

/** Reads what `formatMemoryEvent` wrote; `undefined` for anything else. */
export function parseMemoryEvent(json: unknown): MemoryEvent | undefined {
  const row = recordOf(json)
  const at = instantOf(row?.['at'])
  if (row === undefined || at === undefined) return undefined
  switch (row['type']) {
    case 'settings-changed': {
      const settings = parseMemorySettings(row['settings'])
      return settings && { type: 'settings-changed', settings, at }
    }
    case 'node-remembered':
      return parseRemembered(row, at)
    case 'nodes-embedded': {
      const ids = idsOf(row['ids'])
      const { embedderId } = row
      return ids && typeof embedderId === 'string' ? { type: 'nodes-embedded', ids, embedderId, at } : undefined
    }
    case 'nodes-linked': {
      const key = edgeKeyOf([row['from'], row['relation'], row['to']])
      const { weight } = row
      return key && typeof weight === 'number' ? { type: 'nodes-linked', ...key, weight, at } : undefined
    }
    case 'edge-forgotten': {
      const key = edgeKeyOf([row['from'], row['relation'], row['to']])
      return key && { type: 'edge-forgotten', ...key, at }
    }
    case 'nodes-used': {
      const ids = idsOf(row['ids'])
      return ids && { type: 'nodes-used', ids, at }
    }
    case 'retrieval-judged':
      return parseJudged(row, at)
    case 'nodes-merged': {
      const [into, from] = idsOf([row['into'], row['from']]) ?? []
      return into === undefined || from === undefined ? undefined : { type: 'nodes-merged', into, from, at }
    }
    case 'node-forgotten': {
      const id = idOf(row['id'])
      return id === undefined ? undefined : { type: 'node-forgotten', id, at }
    }
    case 'all-forgotten':
    case 'time-passed':
      return { type: row['type'], at }
    default:
      return undefined
  }
}

/** JSON of a state, the same for equal states. */
export function formatMemoryState(state: MemoryState): JsonValue {
  const nodes: JsonValue[] = []
  const edges: JsonValue[] = []
  for (const [, node] of hashTrieEntries(state.nodes)) {
    const { id, kind, text, createdAt, embedderId } = node
    nodes.push({ id, kind, text, createdAt, embedderId, use: formatStatistics(node) })
    for (const edge of node.edges) {
      if (edge.from !== id) continue
      edges.push([edge.from, edge.relation, edge.to, edge.weight, ...formatStatistics(edge)])
    }
  }
  return { settings: { ...state.settings }, nodes, edges }
}

/** Reads what `formatMemoryState` wrote; `undefined` for other shapes. Whether the graph is sound is for `violations` to say. */
export function parseMemoryState(json: unknown): MemoryState | undefined {
  const row = recordOf(json)
  const settings = parseMemorySettings(row?.['settings'])
  const nodeRows = row?.['nodes']
  const edgeRows = row?.['edges']
  if (settings === undefined || !Array.isArray(nodeRows) || !Array.isArray(edgeRows)) return undefined
  const edges = new Map<string, MemoryEdge[]>()
  for (const item of edgeRows as unknown[]) {
    const edge = parseEdge(item)
    if (edge === undefined) return undefined
    for (const id of [edge.from, edge.to]) edges.set(id, [...(edges.get(id) ?? []), edge])
  }
  let { nodes, sizeBytes } = emptyMemoryState(settings)
  for (const item of nodeRows as unknown[]) {
    const node = parseNode(item)
    if (node === undefined || hashTrieGet(nodes, node.id) !== undefined) return undefined
    nodes = hashTrieSet(nodes, node.id, { ...node, edges: (edges.get(node.id) ?? []).toSorted(compareEdges) })
    sizeBytes += node.sizeBytes
  }
  return { settings, nodes, edgeCount: edgeRows.length, sizeBytes }
}

function parseMemorySettings(json: unknown): MemorySettings | undefined {
  const row = recordOf(json) ?? {}
  const numberOf = (name: keyof MemorySettings): number => {
    const value = row[name]
    return typeof value === 'number' && Number.isFinite(value) ? value : -1
  }
  const halfLifeMs = numberOf('halfLifeMs')
  if (halfLifeMs < 0) return undefined
  const settings: MemorySettings = {
    nodesMax: numberOf('nodesMax'),
    bytesMax: numberOf('bytesMax'),
    textBytesMax: numberOf('textBytesMax'),
    edgesPerNodeMax: numberOf('edgesPerNodeMax'),
    halfLifeMs: durationFromMs(halfLifeMs),
    valueMin: numberOf('valueMin'),
  }
  return areMemorySettings(settings) ? settings : undefined
}

function parseRemembered(row: Record<string, unknown>, at: Timestamp): MemoryEvent | undefined {
  const id = idOf(row['id'])
  const { kind, text, embedderId, outcome } = row
  if (id === undefined || !isMemoryNodeKind(kind) || typeof text !== 'string') return undefined
  if (embedderId !== undefined && typeof embedderId !== 'string') return undefined
  if (outcome !== undefined && outcome !== 'success' && outcome !== 'failure') return undefined
  return {
    type: 'node-remembered',
    id,
    kind,
    text,
    ...(embedderId !== undefined && { embedderId }),
    ...(outcome !== undefined && { outcome }),
    at,
  }
}

function parseJudged(row: Record<string, unknown>, at: Timestamp): MemoryEvent | undefined {
  const { outcome } = row
  if (outcome !== 'success' && outcome !== 'failure') return undefined
  if (!Array.isArray(row['nodes']) || !Array.isArray(row['edges'])) return undefined
  const nodes: JudgedNode[] = []
  for (const item of row['nodes'] as unknown[]) {
    const [id, credit] = Array.isArray(item) ? (item as unknown[]) : []
    const known = idOf(id)
    if (known === undefined || typeof credit !== 'number') return undefined
    nodes.push({ id: known, credit })
  }
  const edges = (row['edges'] as unknown[]).map(edgeKeyOf)
  const known = edges.filter((key) => key !== undefined)
  return known.length === edges.length ? { type: 'retrieval-judged', outcome, nodes, edges: known, at } : undefined
}

function formatStatistics({ successes, failures, countedAt, usedAt }: UseStatistics): readonly number[] {
  return [successes, failures, countedAt, usedAt]
}

function parseStatistics(json: unknown): UseStatistics | undefined {
  if (!Array.isArray(json) || json.length !== 4) return undefined
  const [successes, failures, countedAt, usedAt] = json as unknown[]
  const counted = instantOf(countedAt)
  const used = instantOf(usedAt)
  if (!isCount(successes) || !isCount(failures) || counted === undefined || used === undefined) return undefined
  return { successes, failures, countedAt: counted, usedAt: used }
}

function parseNode(json: unknown): MemoryNode | undefined {
  const row = recordOf(json)
  const id = idOf(row?.['id'])
  const createdAt = instantOf(row?.['createdAt'])
  const statistics = parseStatistics(row?.['use'])
  const { kind, text, embedderId } = row ?? {}
  if (id === undefined || createdAt === undefined || statistics === undefined) return undefined
  if (!isMemoryNodeKind(kind) || typeof text !== 'string') return undefined
  if (embedderId !== undefined && typeof embedderId !== 'string') return undefined
  return { id, kind, text, sizeBytes: utf8Length(text), createdAt, embedderId, edges: [], ...statistics }
}

function parseEdge(json: unknown): MemoryEdge | undefined {
  if (!Array.isArray(json) || json.length !== 8) return undefined
  const key = edgeKeyOf(json.slice(0, 3))
  const weight: unknown = json[3]
  const statistics = parseStatistics(json.slice(4))
  if (key === undefined || statistics === undefined || key.from === key.to) return undefined
  if (typeof weight !== 'number' || !(weight > 0 && weight <= 1)) return undefined
  return { ...statistics, ...key, weight }
}

function edgeKeyOf(json: unknown): MemoryEdgeKey | undefined {
  if (!Array.isArray(json)) return undefined
  const [from, relation, to] = json as unknown[]
  const start = idOf(from)
  const end = idOf(to)
  if (start === undefined || end === undefined || typeof relation !== 'string' || !isRelation(relation))
    return undefined
  return { from: start, relation, to: end }
}

function recordOf(json: unknown): Record<string, unknown> | undefined {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined
}

function idOf(value: unknown): string | undefined {
  return typeof value === 'string' && isNodeId(value) ? value : undefined
}

function idsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined
  const ids = (value as unknown[]).map(idOf).filter((id) => id !== undefined)
  return ids.length === value.length ? ids : undefined
}

function instantOf(value: unknown): Timestamp | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? timestampFromMs(value) : undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= COUNT_MAX
}
