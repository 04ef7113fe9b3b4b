/**
 * Proofs about a journal, as files that anybody checks without the journal and without asking anybody. Each carries the signed checkpoint that it leads to; whose
 * key that is, the reader has to know.
 *
 * ```text
 * inclusion     {"checkpoint":{...},"entries","entry","entryHash","index","proof","root"}                an entry is among those of the checkpoint
 * consistency   {"checkpoint":{...},"from","fromRoot","proof","to","toRoot"}                             those of the checkpoint begin with the first `from`
 * split view    {"checkpoints":[{...},{...}],"entry"?,"growth"?,"journal","kind":"split-view","signer","v":1}      one key has signed two journals
 * ```
 *
 * @see protocol/spec/ledger.md#proofs
 */
import { z } from 'zod'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { SIGNED_CHECKPOINT, type SignedCheckpoint } from './checkpoint.ts'
import { COUNT, DID, HASH } from './fields.ts'

/** Hashes of a path at most: a tree of 2^53 entries has no longer one. */
const PATH = z.array(HASH).max(54)
/** As long as a line of a journal may be. */
const ENTRY_CHARS_MAX = 16_777_216

/** That an entry is in the journal as far as a checkpoint goes: RFC 6962 siblings from the leaf up. */
export type SignedInclusion = {
  readonly index: number
  readonly entries: number
  /** The entry's canonical text. */
  readonly entry: string
  readonly entryHash: Hash
  readonly root: Hash
  readonly proof: readonly Hash[]
  /** Covers `entries` with `root`. */
  readonly checkpoint: SignedCheckpoint
}

/** That the journal only grew from `from` to `to` entries. */
export type SignedConsistency = {
  readonly from: number
  readonly to: number
  readonly fromRoot: Hash
  readonly toRoot: Hash
  readonly proof: readonly Hash[]
  /** Covers `to` with `toRoot`. */
  readonly checkpoint: SignedCheckpoint
}

/** Two checkpoints of one key of which at most one can be true. */
export type SplitView = {
  readonly v: 1
  readonly kind: 'split-view'
  readonly signer: Did
  readonly journal: Hash
  readonly checkpoints: readonly [SignedCheckpoint, SignedCheckpoint]
  /** Where the two cover different numbers of entries: an entry that both cover, with its hash and the path to the root on either side. */
  readonly entry?:
    | {
        readonly index: number
        readonly hashes: readonly [Hash, Hash]
        readonly proofs: readonly [readonly Hash[], readonly Hash[]]
      }
    | undefined
  /** The same without an entry, the shorter one first: the journal of the longer one begins with so many entries of the root `fromRoot`, which the shorter one does not have. */
  readonly growth?: { readonly fromRoot: Hash; readonly proof: readonly Hash[] } | undefined
}

/** How a journal of `to` entries begins: an answer, which is worth something beside signed checkpoints of both sizes. */
export type JournalBeginning = Omit<SignedConsistency, 'checkpoint'>

export const SIGNED_INCLUSION: z.ZodType<SignedInclusion> = z.strictObject({
  index: COUNT,
  entries: COUNT,
  entry: z.string().max(ENTRY_CHARS_MAX),
  entryHash: HASH,
  root: HASH,
  proof: PATH,
  checkpoint: SIGNED_CHECKPOINT,
})

export const SIGNED_CONSISTENCY: z.ZodType<SignedConsistency> = z.strictObject({
  from: COUNT,
  to: COUNT,
  fromRoot: HASH,
  toRoot: HASH,
  proof: PATH,
  checkpoint: SIGNED_CHECKPOINT,
})

const JOURNAL_BEGINNING: z.ZodType<JournalBeginning> = z.strictObject({
  from: COUNT,
  to: COUNT,
  fromRoot: HASH,
  toRoot: HASH,
  proof: PATH,
})

export const SPLIT_VIEW: z.ZodType<SplitView> = z.strictObject({
  v: z.literal(1),
  kind: z.literal('split-view'),
  signer: DID,
  journal: HASH,
  checkpoints: z.tuple([SIGNED_CHECKPOINT, SIGNED_CHECKPOINT]),
  entry: z.strictObject({ index: COUNT, hashes: z.tuple([HASH, HASH]), proofs: z.tuple([PATH, PATH]) }).optional(),
  growth: z.strictObject({ fromRoot: HASH, proof: PATH }).optional(),
})

export type JournalProof =
  | { readonly kind: 'inclusion'; readonly proof: SignedInclusion }
  | { readonly kind: 'consistency'; readonly proof: SignedConsistency }
  | { readonly kind: 'split-view'; readonly proof: SplitView }
  | { readonly kind: 'checkpoint'; readonly proof: SignedCheckpoint }

/** `undefined` for anything else. Nothing in it is checked. */
export function readJournalBeginning(json: unknown): JournalBeginning | undefined {
  const read = JOURNAL_BEGINNING.safeParse(json)
  return read.success ? read.data : undefined
}

/** What a document is; `undefined` for none of these. Nothing in it is checked. */
export function readJournalProof(json: unknown): JournalProof | undefined {
  const inclusion = SIGNED_INCLUSION.safeParse(json)
  if (inclusion.success) return { kind: 'inclusion', proof: inclusion.data }
  const consistency = SIGNED_CONSISTENCY.safeParse(json)
  if (consistency.success) return { kind: 'consistency', proof: consistency.data }
  const splitView = SPLIT_VIEW.safeParse(json)
  if (splitView.success) return { kind: 'split-view', proof: splitView.data }
  const checkpoint = SIGNED_CHECKPOINT.safeParse(json)
  return checkpoint.success ? { kind: 'checkpoint', proof: checkpoint.data } : undefined
}
