/**
 * A memory for agents: a graph per tenant of what was said, done and learned, with how often each piece helped. It recalls
 * by likeness of text, by path over links, or both, says why, and learns from feedback what to put first. Besides, rolling
 * summaries of conversations and tasks (kept per tenant by `addStep`, or as a value by `appendStep` and `foldContext`), and
 * the working memory of one agent as a pure machine. It is not a cache of answers
 * and not a store of documents: it is bounded, and forgets what is of least use.
 *
 * ```ts
 * import { createMemoryGraph, type MemoryGraphComponents } from 'kernell-os/memory'
 *
 * export const learn = async (components: MemoryGraphComponents): Promise<void> => {
 *   const memory = createMemoryGraph(components)
 *   await memory.start()
 *   const task = await memory.remember({ kind: 'task', text: 'Move the billing database to the new host.' })
 *   const lesson = await memory.remember({ kind: 'outcome', text: 'Without a replica the move took four hours.' })
 *   await memory.link({ from: task.id, relation: 'led-to', to: lesson.id })
 *   const { recallId, items } = await memory.recall({ text: 'How do I move a database?', limit: 3 })
 *   for (const { text, score, why } of items) console.log(score, why.similarity, why.path, text)
 *   await memory.feedback(recallId, 'success')
 *   await memory.stop()
 * }
 * ```
 */
export { MEMORY_NODE_KINDS, type MemoryEdgeKey, type MemoryNodeKind } from '../core/memory/memory-node.ts'
export { MEMORY_SETTINGS_DEFAULT, type MemorySettings } from '../core/memory/memory-state.ts'
export { RANKING_WEIGHTS_DEFAULT, type RankingReasons, type RankingWeights } from '../core/memory/rank-memories.ts'
export { foldContext } from '../core/memory/fold-context.ts'
export {
  appendStep,
  EMPTY_CONTEXT,
  renderContext,
  type ContextStep,
  type CountTokens,
  type RollingBudget,
  type RollingContext,
} from '../core/memory/rolling-summary.ts'
export { SPREAD_LIMITS_DEFAULT, type SpreadLimits } from '../core/memory/spread-activation.ts'
export type { RetrievalOutcome } from '../core/memory/use-statistics.ts'
export {
  renderWorkingMemory,
  WORKING_MEMORY_LIMITS_DEFAULT,
  WORKING_MEMORY_MACHINE,
  type MeasuredItem,
  type WorkingItem,
  type WorkingMemoryEffect,
  type WorkingMemoryEvent,
  type WorkingMemoryInput,
  type WorkingMemoryLimits,
  type WorkingMemoryRefusalCode,
  type WorkingMemoryState,
} from '../core/memory/working-memory.ts'
export { createMemoryGraph } from './create-memory-graph.ts'
export type { MemoryGraphComponents, MemoryGraphInit } from './memory-graph-init.ts'
export type {
  FeedbackOptions,
  Memory,
  MemoryFigures,
  MemoryGraph,
  MemoryLink,
  NewLink,
  NewMemory,
  Recall,
  RecalledMemory,
  RecallQuery,
  TenantMemory,
  ThreadStep,
  ThreadView,
} from './memory-graph.ts'
