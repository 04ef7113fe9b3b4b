import { configOf } from './memory-graph-init.ts'
import type { MemoryGraphComponents, MemoryGraphInit } from './memory-graph-init.ts'
import type { MemoryGraph } from './memory-graph.ts'
import { StoredMemoryGraph } from './stored-memory-graph.ts'

/**
 * Creates a memory over a journal; `start` reads it. Each tenant has a graph of its own: texts as nodes, relations as edges,
 * and for both how often they helped. It remembers what it is told, recalls what belongs to a text or to other nodes, learns
 * from feedback what to put first, and forgets what is of least use when it is full.
 *
 * Acknowledged means on stable storage. A process that dies leaves a journal from which the next one has the same memory.
 *
 * @throws RangeError for an init out of range.
 */
export function createMemoryGraph(components: MemoryGraphComponents, init: MemoryGraphInit = {}): MemoryGraph {
  return new StoredMemoryGraph(components, configOf(components, init))
}
