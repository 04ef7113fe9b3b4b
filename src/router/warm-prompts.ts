import type { ModelEntry } from '../core/models/model-entry.ts'
import type { ModelUsage } from '../ports/language-model.ts'
import { memoryKeyOf } from './failure-memory.ts'
import type { TaskRun } from './task-run.ts'

/** Conversations remembered; the one unused for longest goes first. */
const CONVERSATIONS_MAX = 4_096
/**
 * How long a provider is taken to keep what it read. OpenAI documents 5 to 10 minutes without use, Anthropic 5 minutes that begin anew with each use; a cautious minute
 * is taken off.
 */
const KEPT_MS = 4 * 60_000
/** Shorter beginnings are not kept: both document 1,024 tokens for most of their models. */
const TOKENS_MIN = 1_024

type Warm = {
  readonly modelId: string
  readonly tokensIn: number
  readonly atMs: number
  /** The provider has answered this conversation before, and said that it had nothing of it. */
  readonly isCold: boolean
}

/**
 * What providers are expected to have of a conversation in their prompt caches: the next request of it repeats the one before, and the model that answered that
 * reads it at its cached price. In memory only.
 */
export class WarmPrompts {
  private readonly conversations = new Map<string, Warm>()

  /** Tokens of the request that are expected to be read at the cached price, by id of the model; `undefined`: none of any. */
  expected(run: TaskRun): ReadonlyMap<string, number> | undefined {
    if (this.conversations.size === 0 || !repeats(run)) return undefined
    const warm = this.conversations.get(memoryKeyOf(run))
    if (warm === undefined || warm.isCold || run.startedMs - warm.atMs > KEPT_MS) return undefined
    const tokens = Math.min(warm.tokensIn, run.facts.tokensIn)
    return tokens < TOKENS_MIN ? undefined : new Map([[warm.modelId, tokens]])
  }

  /** A model of a provider has read the request. */
  note(run: TaskRun, entry: ModelEntry, usage: ModelUsage): void {
    const tokensIn = run.facts.tokensIn
    const isOfProvider = entry.tier === 'cheap_api' || entry.tier === 'premium_api'
    const isSplit = run.attempts.some(({ stepId }) => stepId !== undefined)
    if (!isOfProvider || tokensIn < TOKENS_MIN || isSplit) return
    const key = memoryKeyOf(run)
    const before = this.conversations.get(key)
    this.conversations.delete(key)
    const wasSame = before?.modelId === entry.id && run.startedMs - before.atMs <= KEPT_MS
    const isCold = wasSame && repeats(run) && !usage.isEstimated && usage.cachedTokensIn === 0
    this.conversations.set(key, { modelId: entry.id, tokensIn, atMs: run.startedMs, isCold })
    const oldest = this.conversations.keys().next()
    if (this.conversations.size > CONVERSATIONS_MAX && oldest.done !== true) this.conversations.delete(oldest.value)
  }
}

/** Whether a request goes on with a conversation: an answer stands in it. */
function repeats({ route }: TaskRun): boolean {
  return route.request.messages.some(({ role }) => role === 'assistant')
}
