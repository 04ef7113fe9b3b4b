import type { LoraPlanDocument } from './plan-document.ts'

/** What the base model of the plan is, by its own `config.json`. */
const BASE = {
  parameters: 494_032_768,
  layers: 24,
  hidden: 896,
  /** Of the feed-forward part. */
  inner: 4864,
  heads: 14,
  /** Keys and values, of all heads that have their own. */
  keys: 128,
  vocabulary: 151_936,
} as const

/** Tokens of a completion at most: four fields of fixed names. */
const ANSWER_TOKENS_MAX = 64
/** Weights on a GPU that lacks bfloat16; others need half of it. */
const BYTES = 4
/** The runtime's own, and what its allocator does not get together. */
const RUNTIME_BYTES = 700e6

/**
 * GPU memory that the training needs at most, in bytes, for examples of `tokens_max` tokens on a GPU without bfloat16 or fused attention: weights;
 * the adapter with its gradient and two moments; the input of each layer (the rest is computed again: gradient checkpointing); all of one layer,
 * attention weights written out; and logits of the answers alone.
 */
export function planMemoryBytes(
  plan: Pick<LoraPlanDocument, 'batch_size' | 'tokens_max' | 'rank' | 'logits_of' | 'has_checkpoints'>,
): number {
  const { layers, hidden, inner, heads, keys, vocabulary } = BASE
  const tokens = plan.batch_size * plan.tokens_max
  const adapter = plan.rank * layers * (2 * (hidden + hidden) + 2 * (hidden + keys) + 3 * (hidden + inner))
  // Feed-forward: gate, up, their product and its parts; then inputs of the seven adapters after dropout; then queries, keys, values, norms.
  const ofToken = 6 * inner + (6 * hidden + inner) + (10 * hidden + 2 * keys)
  const layer = tokens * ofToken + 3 * heads * plan.batch_size * plan.tokens_max ** 2
  const activations = plan.has_checkpoints ? layers * tokens * hidden + layer : layers * layer
  // As they come, in 32 bits, and their gradient.
  const logits = 3 * vocabulary * (plan.logits_of === 'answer' ? plan.batch_size * ANSWER_TOKENS_MAX : tokens)
  return BYTES * (BASE.parameters + 4 * adapter + activations + logits) + RUNTIME_BYTES
}
