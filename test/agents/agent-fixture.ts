import { createActorSystem, type ActorRef, type ActorSystem, type AgentDefinition } from 'kernell-os/actors'
import { amountFromNanos, CodedError, DEFAULT_TENANT } from 'kernell-os/core'
import type { ModelRequest, Router, RouteRequest, RouteResult } from 'kernell-os/ports'
import { promptOf } from '../../agents/offline/offline-router.ts'
import { SimulatedEnvironment } from '../actors/simulated-environment.ts'

/** What the stand-in for a router does with a request: an answer, a failure, or nothing until it is aborted. */
export type RouterReply = string | Error | Partial<RouteResult>

export type RouterScript = (prompt: string, request: RouteRequest, index: number) => RouterReply

/** A router that answers from a script, so that a test reaches each way an agent can go. */
export type ScriptedRouter = Router & {
  readonly requests: RouteRequest[]
  /** Requests that wait for ever, and those of them that were aborted. */
  readonly hanging: { open: number; aborted: number }
  runningMax: number
}

export function createScriptedRouter(script: RouterScript): ScriptedRouter {
  const requests: RouteRequest[] = []
  const hanging = { open: 0, aborted: 0 }
  let running = 0
  const router: ScriptedRouter = {
    requests,
    hanging,
    runningMax: 0,
    async route(request, { signal } = {}) {
      signal?.throwIfAborted()
      const index = requests.length
      requests.push(request)
      running += 1
      router.runningMax = Math.max(router.runningMax, running)
      try {
        await Promise.resolve()
        const reply = script(promptOf(request.request), request, index)
        if (reply === 'hang!') return await hang(hanging, signal)
        if (reply instanceof Error) throw reply
        return resultOf(typeof reply === 'string' ? answer(reply) : reply)
      } finally {
        running -= 1
      }
    },
    routeStream: () => Promise.reject(new Error('not scripted')),
    estimate: () => Promise.reject(new Error('not scripted')),
  }
  return router
}

async function hang(hanging: ScriptedRouter['hanging'], signal: AbortSignal | undefined): Promise<never> {
  hanging.open += 1
  return await new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => {
      hanging.aborted += 1
      reject(signal.reason as Error)
    })
  })
}

export function answer(text: string, more: Partial<RouteResult> = {}): Partial<RouteResult> {
  const usage = { tokensIn: 10, tokensOut: 10, cachedTokensIn: 0, isEstimated: false }
  return { answer: { text, toolCalls: [], finishReason: 'stop', usage }, ...more }
}

function resultOf(given: Partial<RouteResult>): RouteResult {
  return {
    modelId: 'small',
    costNanos: amountFromNanos(1_000n),
    cache: 'miss',
    verification: { isAccepted: true, confidence: 0.9 },
    ...given,
  } as RouteResult
}

export const failure = (code: ConstructorParameters<typeof CodedError>[0], details = {}): CodedError =>
  new CodedError(code, { message: code.toLowerCase(), details })

/** A system whose time is the test's. */
export type AgentWorld = {
  readonly system: ActorSystem
  /** What the system was told of and nobody else heard. */
  readonly errors: readonly unknown[]
  /** Lets everything happen that can, without time passing. */
  settle(): Promise<void>
  advance(ms: number): Promise<void>
  spawn(definition: AgentDefinition, input: unknown): SpawnedAgent
}

export type SpawnedAgent = ActorRef & {
  readonly emitted: { readonly type: string; readonly [detail: string]: unknown }[]
}

export function createWorld(): AgentWorld {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment })
  const settle = async (): Promise<void> => {
    // Promises of the agents resolve between the turns of the system.
    for (let round = 0; round < 50; round += 1) {
      environment.settle()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return {
    system,
    errors: environment.errors,
    settle,
    async advance(ms) {
      await settle()
      environment.advance(ms)
      await settle()
    },
    spawn(definition, input) {
      const ref = system.spawn(definition, { input })
      const emitted: { type: string }[] = []
      ;(ref as { on?: (type: string, handler: (event: { type: string }) => void) => void }).on?.('*', (event) =>
        emitted.push(event),
      )
      return Object.assign(ref, { emitted }) as SpawnedAgent
    },
  }
}

/** Asks, and lets everything happen until there is an answer. */
export async function ask<Reply>(
  world: AgentWorld,
  ref: ActorRef,
  event: { readonly type: string; readonly [field: string]: unknown },
): Promise<Reply> {
  let isOver = false
  const reply = ref.ask<Reply>(event, { timeoutMs: 3_600_000 }).finally(() => {
    isOver = true
  })
  reply.catch(() => undefined)
  for (let round = 0; round < 20 && !isOver; round += 1) await world.settle()
  return await reply
}

export const CALLER = { tenant: DEFAULT_TENANT } as const

export type Failed = {
  readonly type: 'failed'
  readonly id: string
  readonly error: { readonly code: string; readonly message: string }
}

export function lastPromptOf({ requests }: ScriptedRouter): string {
  return promptOf(requests.at(-1)?.request as ModelRequest)
}

/** What an agent says to an input that does not fit, before it is started. */
export function refusalOf(start: () => { readonly ref: ActorRef }): unknown {
  try {
    return start().ref
  } catch (error) {
    return CodedError.is(error, 'ACTOR_START_FAILED') ? error.cause : error
  }
}
