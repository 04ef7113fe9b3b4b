import type { TenantId } from '../base/identifiers.ts'
import type { Timestamp } from '../base/time.ts'
import type { MemoryEdgeKey, MemoryNodeKind } from '../core/memory/memory-node.ts'
import type { RankingReasons } from '../core/memory/rank-memories.ts'
import type { ContextStep } from '../core/memory/rolling-summary.ts'
import type { RetrievalOutcome } from '../core/memory/use-statistics.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { Startable } from '../ports/startable.ts'

/** A text that `remember` is to keep as a node. */
export type NewMemory = {
  readonly kind: MemoryNodeKind
  /** Not blank; at most `textBytesMax` bytes of UTF-8. */
  readonly text: string
  /**
   * A name of the caller's, such as the id of a task: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`, not 32 hexadecimal
   * digits. Remembering under a known name replaces kind and text. Absent: the id is made from kind and text, and the same
   * thing remembered twice is one node.
   */
  readonly id?: string
  /** How it turned out, where that is known already. */
  readonly outcome?: RetrievalOutcome
}

/** Two nodes that are there already, and the relation that is to join them. It is followed both ways, whatever its direction says. */
export type NewLink = MemoryEdgeKey & {
  /** How strongly the two belong together, above 0 up to 1. Default 1. */
  readonly weight?: number
}

/** A node as its users see it. */
export type Memory = {
  readonly id: string
  readonly kind: MemoryNodeKind
  readonly text: string
  readonly createdAt: Timestamp
  /** When it was remembered, recalled or of use last. */
  readonly usedAt: Timestamp
  /** Successes and failures of the recalls that it was part of, as they have faded by now. */
  readonly successes: number
  readonly failures: number
  readonly links: readonly MemoryLink[]
}

/** A link as it is seen from a node at either of its ends, with how often recalls that went over it helped. */
export type MemoryLink = Required<NewLink> & {
  /** As they have faded by now. */
  readonly successes: number
  readonly failures: number
}

/** What `recall` starts from, a text and nodes that the caller is at, and what it may find. */
export type RecallQuery = {
  /** What is looked for. */
  readonly text: string
  /** Items at most, 1 to 100. Default 10. */
  readonly limit?: number
  /** Ids of nodes that the caller is at, 16 at most: what is linked to them is near. They are not among the items. */
  readonly seeds?: readonly string[]
  /** Kinds that may be among the items. Absent: all. */
  readonly kinds?: readonly MemoryNodeKind[]
}

/** A node that a recall found worth reading, how high it scored, and for which reasons. */
export type RecalledMemory = {
  readonly id: string
  readonly kind: MemoryNodeKind
  readonly text: string
  /** 0 to 1; see `rankMemories`. */
  readonly score: number
  readonly why: RankingReasons
  /** The links of the best way to it, from a seed or from another similar node on; empty without one. */
  readonly path: readonly MemoryEdgeKey[]
}

/** What `recall` found. It can be judged for as long as it is among the latest `recallsMax` of this run, of all tenants together. */
export type Recall = {
  /** To be handed to `feedback` once it is known whether the items helped. */
  readonly recallId: string
  /** Best first; empty when nothing belongs to the query. */
  readonly items: readonly RecalledMemory[]
  /** False when the text could not be embedded, so that only paths from the seeds counted. */
  readonly isSimilarityUsed: boolean
}

/** Which items of a recall an outcome is about. An id that is no item of it is a RangeError, and nothing is noted. */
export type FeedbackOptions = {
  /** Items that the outcome is about; the others are left as they are. Default: all items of the recall. */
  readonly ids?: readonly string[]
}

/** Sizes of one tenant's memory. */
export type MemoryFigures = {
  readonly nodes: number
  readonly edges: number
  /** UTF-8 bytes of all texts. */
  readonly sizeBytes: number
  readonly threads: number
  /** Nodes that similarity cannot find yet, because their text could not be embedded; tried again in the background. */
  readonly unembedded: number
}

/** A finished step of a conversation or a task, for `addStep`. */
export type ThreadStep = {
  /** Name of the conversation or task: 1 to 96 characters of `A-Z a-z 0-9 . _ : -`. */
  readonly thread: string
  /** Not blank; at most 64 KiB. */
  readonly text: string
  /** Names the step; given again while the step stands in full, it is not added twice. Default: its number in the thread. */
  readonly stepId?: string
}

/** A thread as it stands: the older steps folded into a summary, the newer ones in full, and both as a prompt takes them. */
export type ThreadView = {
  /** The older steps, folded; `''` before the first time. */
  readonly summary: string
  /** The newer steps in full, oldest first. */
  readonly steps: readonly ContextStep[]
  /** Summary and steps as a prompt shows them, fenced as data, within the budget of tokens. */
  readonly text: string
  /** Steps ever finished. */
  readonly stepCount: number
}

/**
 * The memory of one tenant. Whatever is acknowledged is on stable storage; whatever is read was acknowledged before. Changes
 * that build on each other are awaited one after the other.
 *
 * Every method that writes throws `MEMORY_NOT_OPEN` before `start` and after `stop`, `MEMORY_OVERLOADED` when too much waits
 * for the disk, `MEMORY_TENANTS_FULL` for one tenant too many, and the errors of the journal (`STORE_WRITE_FAILED`,
 * `LOG_POISONED`), after which nothing is written any more until the graph is opened again. Ids that are no ids, and numbers
 * out of range, are a `TypeError` or `RangeError`.
 */
export interface TenantMemory {
  /**
   * Keeps a text as a node. When the tenant's memory is full the least valuable nodes leave.
   *
   * @returns The node's id, and whether it is new. Throws `MEMORY_TEXT_TOO_LARGE`, and the signal's reason.
   */
  remember(memory: NewMemory, options?: AbortOptions): Promise<{ readonly id: string; readonly isNew: boolean }>
  /** Joins two nodes; linking again sets the weight. Throws `MEMORY_NODE_UNKNOWN`. */
  link(link: NewLink): Promise<void>
  /** Removes a link; false when there is none. */
  unlink(link: MemoryEdgeKey): Promise<boolean>
  /** Two nodes turned out to be one: `into` keeps its text and takes links and statistics of both. Throws `MEMORY_NODE_UNKNOWN`. */
  merge(into: string, from: string): Promise<void>
  /**
   * The nodes most worth reading now: alike in text, or linked to the seeds or to what is alike, weighed by how often and
   * how lately they helped. Writes nothing at once; that the items were read is noted with the next write.
   *
   * Throws `MEMORY_NOT_OPEN`; what the embedding model throws, when there are no seeds; the signal's reason.
   */
  recall(query: RecallQuery, options?: AbortOptions): Promise<Recall>
  /**
   * Says how a recall ended: its items, and with them the nodes and links of the ways to them, count a success or a failure,
   * and stand higher or lower from now on. Of each item the first answer counts, and no later one; what lies on the ways of
   * several counts with the first of them.
   *
   * Throws `MEMORY_RECALL_UNKNOWN` for a recall of another tenant, of an earlier run, or of too long ago.
   */
  feedback(recallId: string, outcome: RetrievalOutcome, options?: FeedbackOptions): Promise<void>
  /** Removes a node with its links and its vector; false when it is not there. Its text leaves the journal when that is rewritten next. */
  forget(id: string): Promise<boolean>
  /** One node, or `undefined`. */
  read(id: string): Memory | undefined
  inspect(): MemoryFigures
  /**
   * Adds a finished step to a thread and, when the thread no longer fits its budget of tokens, folds the oldest steps into
   * its summary: by the language model where there is one and it answers, by extraction otherwise. The summary is kept as
   * the node `summary:THREAD` too. The step is durable before the model is asked, whatever comes of that.
   *
   * Throws `MEMORY_TEXT_TOO_LARGE`, and the signal's reason.
   */
  addStep(step: ThreadStep, options?: AbortOptions): Promise<ThreadView>
  /** The thread as it is now, or `undefined`. */
  readThread(thread: string): ThreadView | undefined
  /** Folds the whole thread into the node `summary:THREAD` and ends it. Returns the node's id, `undefined` without such a thread. */
  closeThread(thread: string, options?: AbortOptions): Promise<string | undefined>
}

/**
 * The memories of all tenants over one journal. Its own methods are those of `init.tenant`; nothing that one tenant's memory
 * does or returns depends on what another's holds.
 */
export interface MemoryGraph extends TenantMemory, Startable {
  /** The memory of a tenant. It exists from its first node on, and costs nothing before. */
  forTenant(tenant: TenantId): TenantMemory
  /** Tenants with a memory, sorted. */
  tenants(): readonly TenantId[]
  /** Forgets all of a tenant, and rewrites journal and vectors so that no file holds it any more. */
  eraseTenant(tenant: TenantId): Promise<void>
  /** Names of broken invariants; empty when sound. Reads everything. */
  violations(): readonly string[]
}
