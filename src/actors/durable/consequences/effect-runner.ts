import { CodedError, toPlainError } from '../../../base/errors.ts'
import type { ActorEnvironment } from '../../environment.ts'
import { formatKey, isEffectAllowed } from '../state/durable-actor.ts'
import type { DurableActor, StoredEffect } from '../state/durable-actor.ts'
import type { EffectOutcome } from '../state/journal-record.ts'
import { checkApproval, type ApprovalInit } from '../turn/durable-turn.ts'

/** What a handler is told besides the input. */
export type EffectCall = {
  /** The same at every attempt and after every restart, and of no other effect: hand it to whoever is called. */
  readonly key: string
  readonly actor: string
  /** From 1; counted anew after a restart. */
  readonly attempt: number
  /** Aborts when the store closes or the actor is removed. The effect then runs again after the restart. */
  readonly signal: AbortSignal
}

/** Does the effect, and returns the output: a stored value. What it throws is the failure that the actor is told of. */
export type EffectHandler = (input: unknown, call: EffectCall) => unknown

/** How often the handler of an effect is tried before its failure is told to the actor, and whether a person has to agree before. */
export type EffectHandlerInit = {
  /** Attempts before a throwing handler counts as failed, a whole number >= 1. Default 1. */
  readonly attempts?: number
  /** Wait before the n-th new attempt: `firstMs` doubled n - 1 times, at most `maxMs`. Default 1 s and 60 s. */
  readonly backOff?: { readonly firstMs: number; readonly maxMs: number }
  /**
   * No effect of this name runs without approval; where the actor asked for none, the runtime asks this. When the function
   * throws, or what it returns is no question, the effect fails and does not run.
   */
  readonly needsApproval?: boolean | ((input: unknown) => ApprovalInit)
}

const DONE_BEFORE: unique symbol = Symbol.for('kernell-os.done-before') as never

/** For a handler that finds that the effect of this key was done by an earlier attempt. */
export function effectDoneBefore(output?: unknown): unknown {
  return { [DONE_BEFORE]: true, output }
}

type Registered = { readonly handler: EffectHandler; readonly init: EffectHandlerInit }
type Waiting = { readonly actor: DurableActor; readonly sequence: number }
type Running = Waiting & { readonly key: string; readonly abort: AbortController }

export type EffectRunnerInit = {
  readonly environment: Pick<ActorEnvironment, 'timers' | 'reportError'>
  /** Handlers that run at a time. Default 64. */
  readonly concurrencyMax?: number
  /** Whether the actor is still there. */
  readonly isStored: (actor: DurableActor) => boolean
  readonly onEnd: (actor: DurableActor, sequence: number, outcome: EffectOutcome) => void
  /** Throws when the question cannot be stored. */
  readonly onApprovalNeeded: (actor: DurableActor, effect: StoredEffect, init: ApprovalInit) => void
}

const CONCURRENCY_MAX_DEFAULT = 64
const BACK_OFF_DEFAULT = { firstMs: 1_000, maxMs: 60_000 }

/**
 * Runs requested effects through their handlers, in the order of their requests as far as the bound on handlers at a time
 * lets them begin. An effect without a handler waits until one is registered. It decides nothing that lasts: whether an
 * effect is open is the store's to say, and it asks before each attempt.
 */
export class EffectRunner {
  readonly #init: EffectRunnerInit
  readonly #handlers = new Map<string, Registered>()
  /** By name of the effect: what waits for a handler to be registered. */
  readonly #unhandled = new Map<string, Waiting[]>()
  #queue: Waiting[] = []
  readonly #running = new Map<string, Running>()
  #isStopped = false

  constructor(init: EffectRunnerInit) {
    this.#init = init
  }

  get runningCount(): number {
    return this.#running.size
  }

  isHandled(name: string): boolean {
    return this.#handlers.has(name)
  }

  /** @throws TypeError when the name has a handler, RangeError for wrong numbers. */
  register(name: string, handler: EffectHandler, init: EffectHandlerInit = {}): void {
    if (this.#handlers.has(name)) throw new TypeError(`The effect ${name} has a handler already`)
    const { attempts = 1 } = init
    if (!Number.isSafeInteger(attempts) || attempts < 1) throw new RangeError(`Not a number of attempts: ${attempts}`)
    this.#handlers.set(name, { handler, init })
    const waiting = this.#unhandled.get(name) ?? []
    this.#unhandled.delete(name)
    for (const { actor, sequence } of waiting) this.add(actor, sequence)
  }

  /** The request of the effect is on stable storage, and so is its approval if it needs one. */
  add(actor: DurableActor, sequence: number): void {
    const effect = actor.effects?.get(sequence)
    if (effect === undefined || this.#isStopped) return
    if (this.#handlers.has(effect.name)) {
      this.#queue.push({ actor, sequence })
      this.#startMore()
      return
    }
    const waiting = this.#unhandled.get(effect.name) ?? []
    waiting.push({ actor, sequence })
    this.#unhandled.set(effect.name, waiting)
  }

  /** The actor is gone: what it requested is not done any more. */
  drop(actor: DurableActor): void {
    for (const running of this.#running.values()) if (running.actor === actor) running.abort.abort(goneError(actor))
  }

  /** Aborts what runs; nothing of it is reported any more. Idempotent. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#queue = []
    const reason = new CodedError('STORE_NOT_OPEN', { message: 'The store of durable actors is closed' })
    for (const { abort } of this.#running.values()) abort.abort(reason)
  }

  #startMore(): void {
    const concurrencyMax = this.#init.concurrencyMax ?? CONCURRENCY_MAX_DEFAULT
    while (this.#running.size < concurrencyMax) {
      const next = this.#queue.shift()
      if (next === undefined) return
      this.#start(next)
    }
  }

  #start({ actor, sequence }: Waiting): void {
    const effect = actor.effects?.get(sequence)
    const registered = effect && this.#handlers.get(effect.name)
    const key = formatKey(actor, sequence)
    if (effect === undefined || registered === undefined || this.#running.has(key)) return
    if (!this.#init.isStored(actor)) return
    const { needsApproval = false } = registered.init
    if (needsApproval !== false && effect.approval === undefined) {
      this.#askApproval(actor, effect, needsApproval)
      return
    }
    if (!isEffectAllowed(actor, effect)) return
    const running: Running = { actor, sequence, key, abort: new AbortController() }
    this.#running.set(key, running)
    this.#attempt(running, registered).then(
      (outcome) => this.#end(running, outcome),
      (error: unknown) => this.#init.environment.reportError(error),
    )
  }

  #askApproval(actor: DurableActor, effect: StoredEffect, asks: NonNullable<EffectHandlerInit['needsApproval']>): void {
    try {
      const usual = { question: `Run ${effect.name}?`, details: effect.input }
      const init = typeof asks === 'function' ? asks(effect.input) : usual
      checkApproval(init)
      this.#init.onApprovalNeeded(actor, effect, init)
    } catch (error: unknown) {
      this.#init.onEnd(actor, effect.sequence, { isOk: false, error: storableError(error) })
    }
  }

  /** `undefined`: it was given up, because the store closes or the actor is gone. */
  async #attempt(running: Running, { handler, init }: Registered): Promise<EffectOutcome | undefined> {
    const { actor, sequence, key, abort } = running
    const { attempts = 1, backOff = BACK_OFF_DEFAULT } = init
    for (let attempt = 1; ; attempt += 1) {
      const effect = actor.effects?.get(sequence)
      if (effect === undefined || abort.signal.aborted) return undefined
      try {
        const call = { key, actor: actor.id, attempt, signal: abort.signal }
        return outcomeOf(await handler(effect.input, call))
      } catch (error: unknown) {
        if (abort.signal.aborted) return undefined
        if (attempt >= attempts) return { isOk: false, error: storableError(error) }
      }
      await this.#wait(Math.min(backOff.maxMs, backOff.firstMs * 2 ** (attempt - 1)), abort.signal)
    }
  }

  async #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#init.environment.timers.schedule(delayMs, () => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
      const stop = (): void => {
        timer.cancel()
        resolve()
      }
      signal.addEventListener('abort', stop, { once: true })
    })
  }

  #end({ actor, sequence, key, abort }: Running, outcome: EffectOutcome | undefined): void {
    this.#running.delete(key)
    const isAwaited = !abort.signal.aborted && actor.effects?.has(sequence) === true
    if (outcome !== undefined && isAwaited) this.#init.onEnd(actor, sequence, outcome)
    this.#startMore()
  }
}

function outcomeOf(answer: unknown): EffectOutcome {
  if (typeof answer === 'object' && answer !== null && DONE_BEFORE in answer && 'output' in answer) {
    return { isOk: true, output: answer.output, wasDoneBefore: true }
  }
  return { isOk: true, output: answer, wasDoneBefore: false }
}

/** Anything may be thrown; what is stored is an error with its message, and its code if it has one. */
function storableError(error: unknown): unknown {
  if (CodedError.is(error)) return error
  if (error instanceof Error) return error
  return new Error(toPlainError(error).message)
}

function goneError(actor: DurableActor): CodedError {
  return new CodedError('ACTOR_NOT_STORED', { message: `${actor.id} was removed` })
}
