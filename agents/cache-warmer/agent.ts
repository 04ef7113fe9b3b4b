import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { CodedError, type Amount } from 'kernell-os/core'
import type { ModelRequest, RouteTarget } from 'kernell-os/ports'
import { assign, setup } from 'xstate'
import { checkRouting, checkTarget } from '../agent-input.ts'
import { callGroup, type CallGroupInput, type CallGroupOutput } from '../model-calls/call-group.ts'
import type { ModelCallOutcome, Routing } from '../model-calls/model-call.ts'
import { openPurse, remainingIn, type Purse } from '../model-calls/purse.ts'
import { readAmount, readList, readOptionalText } from '../read-fields.ts'
import { checkWhole, invalid } from '../request-desk/protocol.ts'
import type { CancelRequest, DeskEmitted, DeskLimits, JobInput, JobOutput } from '../request-desk/protocol.ts'
import { createRequestDesk, type DeskEvent } from '../request-desk/request-desk.ts'

/**
 * What a cache warmer is spawned with. There is one target and none to fall back to; a bound out of its range makes
 * `spawn` throw `ACTOR_START_FAILED`.
 */
export type CacheWarmerInput = Omit<Routing, 'targets'> &
  DeskLimits & {
    /** What later callers will ask for: the cache keeps the answers of each target apart. Default: the policy. */
    readonly target?: RouteTarget
    /** Prompts that are asked at once. Default 2. */
    readonly parallelMax?: number
    /** Rest between two batches of `parallelMax` prompts, milliseconds, 0 or more. Default 200. */
    readonly restMs?: number
  }

/**
 * A list of prompts to ask ahead, in their order, answered with `Warmed`, or with `RequestFailed` where nothing but
 * failures came of it. `cancel` aborts the calls that are under way.
 */
export type CacheWarmerEvent =
  | {
      readonly type: 'warm'
      readonly id?: string
      /** 1 to 10,000 prompts of at most 40,000 characters; the same one twice counts once. */
      readonly prompts: readonly string[]
      /** The system prompt that later callers will send; part of what makes two requests the same. */
      readonly system?: string
      /** True: what is stored is asked again and replaced. Default false. */
      readonly isRefresh?: boolean
      /** Most that all of it may cost. */
      readonly maxCostNanos?: Amount
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

/** Answer to `warm`, in numbers of different prompts. A part of them may have failed or not been asked. */
export type Warmed = {
  readonly type: 'warmed'
  readonly id: string
  /** Found in the cache. */
  readonly alreadyWarm: number
  /** Asked, and accepted: in the cache where its own rules admit the answer. */
  readonly answered: number
  /** Asked, and not accepted: never in the cache. */
  readonly notAccepted: number
  /** Answered without the cache, which is off or was not needed (exact tools). */
  readonly withoutCache: number
  readonly failed: number
  /** Prompts that were not asked any more, and why. */
  readonly left: number
  readonly stoppedBecause: 'budget' | 'failures' | undefined
  readonly spentNanos: Amount
  readonly hasUnknownCost: boolean
}

/** Step of progress: `batch-done`, with `done` of `of` prompts. */
export type CacheWarmerEmitted = DeskEmitted

type WarmRequest = {
  readonly prompts: readonly string[]
  readonly system: string | undefined
  readonly isRefresh: boolean
  readonly maxCostNanos: Amount | undefined
}

type Counts = Pick<Warmed, 'alreadyWarm' | 'answered' | 'notAccepted' | 'withoutCache' | 'failed'>

type Context = JobInput<CacheWarmerInput, WarmRequest> & {
  readonly done: number
  readonly counts: Counts
  /** Failures since the last answer: the sign of an outage. */
  readonly failuresInRow: number
  readonly lastError: unknown
  readonly stoppedBecause: Warmed['stoppedBecause']
  readonly purse: Purse
}

const PROMPTS_MAX = 10_000
const PARALLEL_MAX_DEFAULT = 2
const REST_MS_DEFAULT = 200
/** So many failures one after another, and nothing more is asked: asking on would only cost. */
const FAILURES_IN_ROW_MAX = 5
/** A call that fails may have been billed in full, so one prompt gets no more than this part of what is left. */
const SHARES_KEPT = 8

const job = setup({
  types: {
    context: {} as Context,
    input: {} as JobInput<CacheWarmerInput, WarmRequest>,
    output: {} as JobOutput<Omit<Warmed, 'id'>>,
  },
  actors: { callGroup },
  guards: {
    isOver: ({ context }) => context.done >= context.request.prompts.length || context.stoppedBecause !== undefined,
  },
  delays: { rest: ({ context }) => context.resources.restMs ?? REST_MS_DEFAULT },
  actions: {
    takeBatch: assign(({ context }, { outcomes, purse }: CallGroupOutput) => afterBatch(context, outcomes, purse)),
    reportBatch: ({ context }) =>
      context.report('batch-done', { done: context.done, of: context.request.prompts.length }),
  },
}).createMachine({
  id: 'warm',
  context: ({ input }) => ({
    ...input,
    done: 0,
    counts: { alreadyWarm: 0, answered: 0, notAccepted: 0, withoutCache: 0, failed: 0 },
    failuresInRow: 0,
    lastError: undefined,
    stoppedBecause: undefined,
    purse: openPurse(input.request.maxCostNanos),
  }),
  initial: 'warming',
  states: {
    warming: {
      invoke: {
        src: 'callGroup',
        input: ({ context }) => batchOf(context),
        onDone: {
          target: 'deciding',
          actions: [{ type: 'takeBatch', params: ({ event }) => event.output }, 'reportBatch'],
        },
      },
    },
    deciding: { always: [{ guard: 'isOver', target: 'ended' }, { target: 'resting' }] },
    resting: { after: { rest: 'warming' } },
    ended: { type: 'final' },
  },
  output: ({ context }) => outputOf(context),
})

/** Asks expected questions before anybody waits for them, slowly and within a budget. */
export const cacheWarmer: AgentDefinition = defineAgent({
  name: 'cache-warmer',
  logic: createRequestDesk({ name: 'cache-warmer', verb: 'warm', read: readRequest, checkInput, job }),
})

function checkInput(input: CacheWarmerInput): void {
  checkRouting(input)
  const { target, parallelMax, restMs } = input
  if (target !== undefined) checkTarget(target, 'target')
  checkWhole('parallelMax', parallelMax, { min: 1 })
  if (restMs !== undefined && !(Number.isFinite(restMs) && restMs >= 0))
    throw new RangeError(`restMs ${restMs} is not a finite number of 0 or more`)
}

function readRequest(event: DeskEvent): WarmRequest {
  const prompts = readList(event, 'prompts', { countMax: PROMPTS_MAX, readItem: readPrompt })
  if (prompts.length === 0) throw invalid('prompts must not be empty')
  const { isRefresh = false } = event
  if (typeof isRefresh !== 'boolean') throw invalid('isRefresh must be true or false')
  return {
    prompts: [...new Set(prompts)],
    system: readOptionalText(event, 'system', 40_000),
    isRefresh,
    maxCostNanos: readAmount(event, 'maxCostNanos'),
  }
}

function readPrompt(item: unknown, where: string): string {
  if (typeof item !== 'string' || item.trim() === '' || item.length > 40_000)
    throw invalid(`${where} must be a text of 1 to 40,000 characters`)
  return item
}

function batchOf({ resources, request, done, purse }: Context): CallGroupInput {
  const { target = { kind: 'auto' }, parallelMax = PARALLEL_MAX_DEFAULT, controls } = resources
  const cache = request.isRefresh ? 'refresh' : 'default'
  const batch = request.prompts.slice(done, done + parallelMax)
  return {
    // An answer of another target would be stored where nobody looks for it.
    routing: { ...resources, targets: [target], controls: { ...controls, cache } },
    requests: batch.map((prompt) => requestFor(prompt, request.system)),
    purse,
    callsAfter: Math.min(request.prompts.length - done - batch.length, SHARES_KEPT),
    parallelMax,
  }
}

/** Exactly what a caller will send: the cache compares whole requests. */
function requestFor(prompt: string, system: string | undefined): ModelRequest {
  const user = { role: 'user', content: prompt } as const
  return { messages: system === undefined ? [user] : [{ role: 'system', content: system }, user] }
}

function afterBatch(context: Context, outcomes: CallGroupOutput['outcomes'], purse: Purse): Partial<Context> {
  let { counts, failuresInRow, lastError } = context
  let isBudgetGone = remainingIn(purse) === 0n
  for (const outcome of outcomes) {
    if (outcome === undefined) continue
    counts = count(counts, outcome)
    failuresInRow = outcome.kind === 'failed' ? failuresInRow + 1 : 0
    if (outcome.kind !== 'failed') continue
    lastError = outcome.error
    isBudgetGone ||= isOfBudget(outcome.error)
  }
  return {
    counts,
    failuresInRow,
    lastError,
    purse,
    done: context.done + outcomes.length,
    stoppedBecause: stopReason(isBudgetGone, failuresInRow),
  }
}

function count(counts: Counts, outcome: ModelCallOutcome): Counts {
  if (outcome.kind === 'failed') return { ...counts, failed: counts.failed + 1 }
  const { cache, verification } = outcome.result
  if (cache === 'exact' || cache === 'similar') return { ...counts, alreadyWarm: counts.alreadyWarm + 1 }
  if (cache === 'off') return { ...counts, withoutCache: counts.withoutCache + 1 }
  if (verification?.isAccepted === false) return { ...counts, notAccepted: counts.notAccepted + 1 }
  return { ...counts, answered: counts.answered + 1 }
}

function isOfBudget(error: unknown): boolean {
  return CodedError.is(error, 'BUDGET_EXCEEDED') || CodedError.is(error, 'ROUTER_COST_CAP')
}

function outputOf(context: Context): JobOutput<Omit<Warmed, 'id'>> {
  const { counts, done, request, stoppedBecause, lastError, purse } = context
  const { prompts } = request
  // Nothing but failures: the caller needs the error, not figures.
  if (counts.failed === done) return { kind: 'failed', error: lastError }
  const { spentNanos, hasUnknownCost } = purse
  const left = prompts.length - done
  return { kind: 'done', reply: { type: 'warmed', ...counts, left, stoppedBecause, spentNanos, hasUnknownCost } }
}

function stopReason(isBudgetGone: boolean, failuresInRow: number): Warmed['stoppedBecause'] {
  if (isBudgetGone) return 'budget'
  return failuresInRow >= FAILURES_IN_ROW_MAX ? 'failures' : undefined
}
