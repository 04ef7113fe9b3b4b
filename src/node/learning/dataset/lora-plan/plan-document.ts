/** `plan.json`: all that the training goes by. */
export type LoraPlanDocument = {
  readonly format: 'kernell-lora-plan'
  readonly version: 1
  readonly code_version: string
  readonly base_model: string
  readonly steps: number
  readonly learning_rate: number
  readonly rank: number
  readonly alpha: number
  readonly dropout: number
  readonly target_modules: readonly string[]
  /** Examples of one batch, and batches of one step. */
  readonly batch_size: number
  readonly batches_per_step: number
  readonly warmup_steps: number
  /** Positions that go through the output layer, whose vocabulary makes them the largest part of the memory: those that are learned. */
  readonly logits_of: 'answer' | 'all'
  /** Activations are computed again in the backward pass, not kept. */
  readonly has_checkpoints: boolean
  /** Longer examples are left out. */
  readonly tokens_max: number
  /** Share of the examples that is only measured on, by a hash of the prompt. */
  readonly held_out_share: number
  readonly seed: number
  readonly data: { readonly file: string; readonly sha256: string; readonly rows: number }
  /** First message of every prompt. */
  readonly system: string
  /** Whose converter makes a GGUF file of the adapter: the version that node-llama-cpp 3.22 runs on. */
  readonly llama_cpp: { readonly repository: string; readonly tag: string }
}
