import { CodedError } from '../base/errors.ts'
import {
  type BreakerEvent,
  BREAKER_RULES_DEFAULT,
  type BreakerRules,
  type BreakerState,
  CIRCUIT_BREAKER,
} from '../core/breakers/circuit-breaker.ts'
import type { Clock } from '../ports/clock.ts'
import type {
  LanguageModel,
  ModelAnswer,
  ModelCallOptions,
  ModelRequest,
  ModelStreamPart,
} from '../ports/language-model.ts'

/** The breaker of a model, to be looked at. */
export type ModelBreaker = Pick<LanguageModel, 'modelId' | 'provider'> & { readonly breaker: BreakerState['kind'] }

export type BreakingModelInit = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly rules?: BreakerRules
}

/** Failures of the service behind a model. Any other says something about the request, or about the caller. */
const FAILURES_OF_SERVICE: ReadonlySet<string> = new Set([
  'MODEL_UNREACHABLE',
  'MODEL_TIMEOUT',
  'MODEL_SERVER_ERROR',
  'MODEL_OVERLOADED',
  'MODEL_RATE_LIMITED',
  'MODEL_STREAM_TRUNCATED',
])

/**
 * A model that is left alone for a while after its service has failed again and again: calls are refused at once with `MODEL_CIRCUIT_OPEN`, so that the router asks
 * another one, and a single trial finds out when it is well again.
 */
export function createBreakingModel(model: LanguageModel, init: BreakingModelInit): LanguageModel & ModelBreaker {
  return new BreakingModel(model, init)
}

type Verdict = Exclude<BreakerEvent['type'], 'call-requested'>

class BreakingModel implements LanguageModel, ModelBreaker {
  readonly modelId: string
  readonly provider: string
  private readonly model: LanguageModel
  private readonly init: BreakingModelInit
  private state: BreakerState

  constructor(model: LanguageModel, init: BreakingModelInit) {
    this.model = model
    this.init = init
    this.modelId = model.modelId
    this.provider = model.provider
    this.state = CIRCUIT_BREAKER.initial(init.rules ?? BREAKER_RULES_DEFAULT)
  }

  get breaker(): BreakerState['kind'] {
    return this.state.kind
  }

  async doGenerate(request: ModelRequest, options?: ModelCallOptions): Promise<ModelAnswer> {
    const generation = this.enter()
    try {
      const answer = await this.model.doGenerate(request, options)
      this.tell(generation, 'call-succeeded')
      return answer
    } catch (error: unknown) {
      this.tellFailure(generation, error, options?.signal)
      throw error
    }
  }

  async *doStream(request: ModelRequest, options?: ModelCallOptions): AsyncGenerator<ModelStreamPart, void, undefined> {
    const generation = this.enter()
    let verdict: Verdict | undefined
    try {
      for await (const part of this.model.doStream(request, options)) {
        if (part.type === 'finish') {
          verdict = 'call-succeeded'
          this.tell(generation, verdict)
        }
        yield part
      }
    } catch (error: unknown) {
      verdict = 'call-failed'
      this.tellFailure(generation, error, options?.signal)
      throw error
    } finally {
      // A reader who leaves early has learned nothing of the service that counts.
      if (verdict === undefined) this.tell(generation, 'call-abandoned')
    }
  }

  /** Throws `MODEL_CIRCUIT_OPEN`. */
  private enter(): number {
    const { state, effects } = CIRCUIT_BREAKER.transition(this.state, { type: 'call-requested', atMs: this.nowMs() })
    this.state = state
    const [effect] = effects
    if (effect?.type === 'admit-call') return effect.generation
    const retryAfterMs = effect?.type === 'refuse-call' ? Math.ceil(effect.waitMs) : 0
    throw new CodedError('MODEL_CIRCUIT_OPEN', {
      message: `${this.modelId} has failed again and again and is left alone for a while`,
      details: { model: this.modelId, retryAfterMs },
    })
  }

  private tellFailure(generation: number, error: unknown, signal: AbortSignal | undefined): void {
    // The caller's own time limit is a failure of the service; its leaving is not.
    const code = CodedError.is(error) ? error.code : undefined
    const isTimeout = signal?.aborted === true && CodedError.is(signal.reason, 'MODEL_TIMEOUT')
    if (isTimeout) return this.tell(generation, 'call-failed')
    if (signal?.aborted === true) return this.tell(generation, 'call-abandoned')
    if (code !== undefined && FAILURES_OF_SERVICE.has(code)) return this.tell(generation, 'call-failed', waitOf(error))
    // It answered, if only with a refusal: it is well.
    this.tell(generation, code === undefined ? 'call-abandoned' : 'call-succeeded')
  }

  private tell(generation: number, type: Verdict, waitMs?: number): void {
    const event = { type, generation, atMs: this.nowMs(), ...(waitMs !== undefined && { waitMs }) }
    this.state = CIRCUIT_BREAKER.transition(this.state, event).state
  }

  private nowMs(): number {
    return this.init.clock.monotonicMs()
  }
}

function waitOf(error: unknown): number | undefined {
  if (!CodedError.is(error)) return undefined
  const { retryAfterMs } = error.details
  return typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? retryAfterMs : undefined
}
