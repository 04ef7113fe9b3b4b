import type { ActorRef, AgentDefinition } from 'kernell-os/actors'
import { CodedError, fromPlainError, type PlainError } from 'kernell-os/core'
import { invalid } from '../request-desk/protocol.ts'
import type { AgentProgress, AgentResult, AgentRunInit } from './packaged-agent.ts'
import { plainOf } from './read-input.ts'

/** Longest that anybody waits for an agent; its own limits end its work sooner. */
const ANSWER_MS_MAX = 24 * 3_600_000

type Emitting = { on?: (type: string, handler: (event: AgentProgress) => void) => { unsubscribe(): void } }

/**
 * Spawns an agent for as long as `work` takes, and stops it whatever becomes of that. What it emits goes to `onProgress`.
 */
export async function withAgent<Result>(
  { actors, onProgress }: Pick<AgentRunInit, 'actors' | 'onProgress'>,
  { definition, input }: { readonly definition: AgentDefinition; readonly input: unknown },
  work: (ref: ActorRef) => Promise<Result>,
): Promise<Result> {
  const ref = spawnChecked(actors, definition, input)
  // An actor on another thread emits there.
  const emitting = ref as Emitting
  const listening = onProgress === undefined ? undefined : emitting.on?.('*', onProgress)
  try {
    return await work(ref)
  } finally {
    listening?.unsubscribe()
    await ref.stop()
  }
}

/** Throws `REQUEST_INVALID` when the agent refuses its input. */
function spawnChecked(actors: AgentRunInit['actors'], definition: AgentDefinition, input: unknown): ActorRef {
  try {
    return actors.spawn(definition, { input })
  } catch (error: unknown) {
    const cause = CodedError.is(error, 'ACTOR_START_FAILED') ? error.cause : undefined
    if (cause instanceof RangeError || cause instanceof TypeError) throw invalid(cause.message)
    throw error
  }
}

/** Asks an agent; its `failed` is thrown as the error that it carries. */
export async function askAgent<Reply extends { readonly type: string }>(
  ref: ActorRef,
  event: { readonly type: string; readonly [field: string]: unknown },
  signal: AbortSignal,
): Promise<Exclude<Reply, { readonly type: 'failed' }>> {
  const reply = await ref.ask<Reply | { readonly type: 'failed'; readonly error: PlainError }>(event, {
    signal,
    timeoutMs: ANSWER_MS_MAX,
  })
  if (isFailed(reply)) throw fromPlainError(reply.error)
  return reply as Exclude<Reply, { readonly type: 'failed' }>
}

function isFailed(reply: { readonly type: string }): reply is { readonly type: 'failed'; readonly error: PlainError } {
  return reply.type === 'failed'
}

export type OneRequest<Reply> = {
  readonly definition: AgentDefinition
  readonly input: unknown
  readonly event: { readonly type: string; readonly [field: string]: unknown }
  /** The gist of the reply, for people. */
  readonly textOf: (reply: Reply) => string
  /** Whether a part of what was asked for failed. Default: no; a request that fails as a whole is thrown. */
  readonly hasFailures?: (reply: Reply) => boolean
}

/** Runs an agent for one request. */
export async function runRequest<Reply extends { readonly type: string }>(
  init: AgentRunInit,
  { definition, input, event, textOf, hasFailures }: OneRequest<Reply>,
): Promise<AgentResult> {
  return await withAgent(init, { definition, input }, async (ref) => {
    const reply = await askAgent<Reply>(ref, event, init.signal)
    return resultOf(reply, { text: textOf(reply), hasFailures: hasFailures?.(reply) ?? false })
  })
}

/** A result whose document says what the result says. */
export function resultOf(document: object, { text, hasFailures }: Omit<AgentResult, 'document'>): AgentResult {
  return { document: plainOf({ ...document, hasFailures }) as object, text, hasFailures }
}
