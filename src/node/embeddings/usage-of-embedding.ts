import type { Timestamp } from '../../base/time.ts'
import { isLocalTier, type ModelEntry } from '../../core/models/model-entry.ts'
import type { CountedUsage, UsageNames } from '../../telemetry/sums/usage-figures.ts'

/** What a request has taken and cost so far; many texts are several calls of a provider. */
export type Bill = {
  calls: number
  tokens: number
  /** Of what is known. */
  costNanos: bigint
  isCostKnown: boolean
}

export type EmbeddingCall = Bill & {
  readonly at: Timestamp
  readonly payer: Pick<UsageNames, 'organisation' | 'tenant' | 'team' | 'key'>
  /** Absent for an embedder of this machine. */
  readonly entry: ModelEntry | undefined
  readonly model: string
  readonly isSuccess: boolean
}

/** One request for embeddings, as it is counted. */
export function usageOfEmbedding(call: EmbeddingCall): CountedUsage {
  const { at, payer, entry, model, isSuccess, isCostKnown, costNanos, tokens } = call
  const tier = entry?.tier ?? 'local_nano'
  const instant = new Date(at).toISOString()
  return {
    names: {
      kind: 'embedding',
      ...payer,
      model,
      provider: entry?.provider ?? null,
      route: isLocalTier(tier) ? 'local' : 'cheap',
      tier,
    },
    figures: {
      requests: 1,
      succeeded: Number(isSuccess),
      cacheHits: 0,
      tokensIn: tokens,
      tokensOut: 0,
      costNanos,
      withoutCost: Number(!isCostKnown),
      savedNanos: 0n,
      withSavings: 0,
      firstAt: instant,
      lastAt: instant,
    },
  }
}
