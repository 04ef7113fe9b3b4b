import type { TenantId } from '../base/identifiers.ts'
import { contentId, isNodeName } from '../core/memory/memory-node.ts'
import { nodeOf } from '../core/memory/memory-state.ts'
import { utf8Length } from '../core/memory/utf8-length.ts'
import type { NewMemory } from './memory-graph.ts'
import { graphChange } from './memory-parts.ts'
import type { MemoryParts } from './memory-parts.ts'
import type { TenantChange } from './tenant-state.ts'

/** A node with its vector at hand: the change that remembers it, and what is to be done once that is durable. */
export type PreparedNode = {
  readonly id: string
  readonly change: TenantChange
  readonly onApplied: () => void
}

/**
 * Makes a node's id and vector. A text that is known needs no vector again, and one that is too long is not shown to a model
 * that charges for it: the machine will refuse it. Throws the signal's reason, and `TypeError` for an id that is no name.
 */
export async function prepareNode(
  { owner, vectors, clock }: Pick<MemoryParts, 'owner' | 'vectors' | 'clock'>,
  tenant: TenantId,
  { memory, signal }: { readonly memory: NewMemory; readonly signal: AbortSignal | undefined },
): Promise<PreparedNode> {
  const { kind, text, outcome } = memory
  if (memory.id !== undefined && !isNodeName(memory.id))
    throw new TypeError(
      `${JSON.stringify(memory.id)} is no name: 1 to 128 of A-Z a-z 0-9 . _ : -, and not 32 hexadecimal digits`,
    )
  const id = memory.id ?? contentId(kind, text)
  const { graph } = owner.head(tenant)
  const known = nodeOf(graph, id)
  const isTextKnown = known !== undefined && (memory.id === undefined || known.text === text)
  const isEmbedded = isTextKnown && vectors.has(tenant, id)
  const isTaken = text.trim() !== '' && utf8Length(text) <= graph.settings.textBytesMax
  const { vector, embedderId } =
    isEmbedded || !isTaken
      ? { vector: undefined, embedderId: undefined }
      : await vectors.prepare(tenant, { id, text }, signal)
  return {
    id,
    change: graphChange({
      type: 'node-remembered',
      id,
      kind,
      text,
      ...(embedderId !== undefined && { embedderId }),
      ...(outcome !== undefined && { outcome }),
      at: clock.now(),
    }),
    onApplied: () => {
      if (vector !== undefined) vectors.set(tenant, id, vector)
    },
  }
}
