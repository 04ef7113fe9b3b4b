import { z } from 'zod'
import type { MemoryNodeKind } from '../../core/memory/memory-node.ts'
import { defineTool, type McpTool, type ToolCall } from './mcp-tool.ts'

const MEMORY_KINDS = [
  'fact',
  'task',
  'outcome',
  'entity',
  'note',
  'summary',
] as const satisfies readonly MemoryNodeKind[]
const OUTCOME = z.enum(['success', 'failure'])

const REMEMBER = defineTool({
  name: 'memory_remember',
  title: 'Remember',
  description: 'Keeps a text in the memory of the caller on this node, where later tasks and agents find it.',
  input: z.strictObject({
    text: z.string().min(1).max(65_536),
    kind: z.enum(MEMORY_KINDS).optional().describe('Default: fact'),
    id: z
      .string()
      .regex(/^(?![0-9a-f]{32}$)[A-Za-z0-9._:-]{1,128}$/)
      .optional()
      .describe('A name of your own: remembering under it again replaces the text'),
    outcome: OUTCOME.optional().describe('How it turned out, where that is known'),
  }),
  output: z.object({ id: z.string(), is_new: z.boolean() }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  roles: ['admin', 'member'],
  async run({ text, kind, id, outcome }, call) {
    const memory = await memoryOf(call)
    const kept = await memory.remember(
      {
        kind: kind ?? 'fact',
        text: text.toWellFormed(),
        ...(id !== undefined && { id }),
        ...(outcome !== undefined && { outcome }),
      },
      { signal: call.signal },
    )
    return { document: { id: kept.id, is_new: kept.isNew } }
  },
})

const RECALL = defineTool({
  name: 'memory_recall',
  title: 'Recall',
  description: 'Finds what the memory of the caller holds for a text, best first.',
  input: z.strictObject({
    text: z.string().min(1).max(65_536).describe('What is looked for'),
    limit: z.int().min(1).max(100).optional().describe('Default: 10'),
    kinds: z.array(z.enum(MEMORY_KINDS)).min(1).optional().describe('Only these; default: all'),
  }),
  output: z.object({
    recall_id: z.string(),
    items: z.array(z.object({ id: z.string(), kind: z.string(), text: z.string(), score: z.number() })),
  }),
  annotations: { readOnlyHint: true, openWorldHint: false },
  roles: ['admin', 'member'],
  async run({ text, limit, kinds }, call) {
    const memory = await memoryOf(call)
    const query = {
      text: text.toWellFormed(),
      ...(limit !== undefined && { limit }),
      ...(kinds !== undefined && { kinds }),
    }
    const { recallId, items } = await memory.recall(query, { signal: call.signal })
    const found = items.map(({ id, kind, text: kept, score }) => ({ id, kind, text: kept, score }))
    return { document: { recall_id: recallId, items: found } }
  },
})

type Memory = ReturnType<Awaited<ReturnType<ToolCall['node']['openMemory']>>['forTenant']>

async function memoryOf({ node, who }: ToolCall): Promise<Memory> {
  return (await node.openMemory()).forTenant(who.caller.tenant)
}

export const MEMORY_TOOLS: readonly McpTool[] = [REMEMBER, RECALL]
