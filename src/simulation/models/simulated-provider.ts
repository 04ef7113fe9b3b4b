import type { RandomStream } from '../../base/random-stream.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelStreamPart } from '../../ports/language-model.ts'
import { partsOfAnswer } from '../../testing/answer-parts.ts'
import type { WorldProcess } from '../world/world-process.ts'
import type { World } from '../world/world.ts'
import { type OutcomeSource, type ServedOutcome, taskOf } from './outcome-source.ts'
import type { PriceBook } from './price-book.ts'
import { ProviderBill } from './provider-bill.ts'
import { type CallFault, drawCallFault, type ProviderFaults, SOUND_PROVIDER } from './provider-faults.ts'
import { providerError } from './provider-errors.ts'
import { ARRIVAL_MS, SentCall } from './sent-call.ts'
import { waitInWorld } from './wait-in-world.ts'

export type SimulatedProviderInit = {
  readonly world: World
  readonly outcomes: OutcomeSource
  /** What is charged: prices of now, whatever callers have heard of them. */
  readonly prices: PriceBook
  /** What befalls calls is drawn from here. */
  readonly random: RandomStream
  /** Told of each fault that really befell a call. */
  readonly onFault?: (fault: CallFault, modelId: string) => void
}

/** How long it takes to say no: the way there and back, milliseconds. */
const REFUSAL_MS = 2 * ARRIVAL_MS
const RETRY_AFTER_MS = 2_000
/** A block of code that never ends. */
const NONSENSE = 'lorem ipsum\n```\ndolor sit'
/** Pieces of a streamed answer. */
const PIECES = 3

/**
 * Those who serve the models of a world, for money: outside of every machine, so that whoever asked may die and is charged all the same. Which answers they give is the
 * outcome source's to say; what may go wrong on the way is set by model.
 */
export class SimulatedProvider {
  readonly bill = new ProviderBill()
  private readonly init: SimulatedProviderInit
  private readonly faults = new Map<string, ProviderFaults>()

  constructor(init: SimulatedProviderInit) {
    this.init = init
  }

  /** Of one model; `undefined`: it is sound again. */
  setFaults(modelId: string, faults: Partial<ProviderFaults> | undefined): void {
    if (faults === undefined) this.faults.delete(modelId)
    else this.faults.set(modelId, { ...(this.faults.get(modelId) ?? SOUND_PROVIDER), ...faults })
  }

  /** All models are sound again. */
  calm(): void {
    this.faults.clear()
  }

  /** The model as a process has it, with the prices that it knows. What it is charged are those at which its calls arrive. */
  open(entry: ModelEntry, owner: WorldProcess): LanguageModel {
    return {
      modelId: entry.id,
      provider: entry.provider,
      doGenerate: async (request, options) => await this.generate({ entry, owner, request }, options),
      doStream: (request, options) => this.stream({ entry, owner, request }, options),
    }
  }

  private async generate(asked: Asked, { signal }: AbortOptions = {}): Promise<ModelAnswer> {
    signal?.throwIfAborted()
    const { call, fault } = this.begin(asked)
    const { firstMs, totalMs } = call.outcome
    await this.failEarly(asked, { call, fault, signal })
    const lengthMs = fault === 'truncated' ? Math.ceil((firstMs + totalMs) / 2) : totalMs
    await this.wait(asked, { call, ms: lengthMs, signal })
    if (fault === 'truncated' || fault === 'malformed') {
      call.charge({ isAnswered: false })
      throw providerError(fault, asked.entry.id)
    }
    call.charge({ isAnswered: true })
    return answerOf(call.outcome, fault)
  }

  private async *stream(asked: Asked, { signal }: AbortOptions = {}): AsyncGenerator<ModelStreamPart, void> {
    signal?.throwIfAborted()
    const { call, fault } = this.begin(asked)
    const { firstMs, totalMs } = call.outcome
    await this.failEarly(asked, { call, fault, signal })
    const parts = partsOfAnswer(answerOf(call.outcome, fault), PIECES)
    let isCharged = false
    try {
      for (const [index, part] of parts.entries()) {
        const ms = index === 0 ? firstMs : (totalMs - firstMs) / Math.max(1, parts.length - 1)
        const isBroken = (fault === 'truncated' && index > 0) || fault === 'malformed'
        await waitInWorld(this.init.world, { ms, owner: asked.owner, kind: `model ${asked.entry.id}`, signal })
        if (isBroken) throw providerError(fault === 'malformed' ? 'malformed' : 'truncated', asked.entry.id)
        if (part.type === 'finish') {
          isCharged = true
          call.charge({ isAnswered: true })
        }
        yield part
        signal?.throwIfAborted()
      }
    } finally {
      if (!isCharged) call.charge({ isAnswered: false })
    }
  }

  private begin({ entry, request }: Asked): { readonly call: SentCall; readonly fault: CallFault | undefined } {
    const { world, outcomes, prices, random, onFault } = this.init
    const faults = this.faults.get(entry.id) ?? SOUND_PROVIDER
    const fault = drawCallFault(random, faults)
    if (fault !== undefined) onFault?.(fault, entry.id)
    const { user: named } = request.passThrough ?? {}
    const user = typeof named === 'string' ? named : undefined
    const outcome = limited(slowed(outcomes.outcomeOf(entry.id, request), faults.slowness), request)
    return {
      fault,
      call: new SentCall({ world, prices, bill: this.bill, entry, user, prompt: taskOf(request), outcome }),
    }
  }

  /** What fails before there is anything to charge for, or never comes to an end. */
  private async failEarly(asked: Asked, { call, fault, signal }: Waiting): Promise<void> {
    if (fault === 'hanging') await this.wait(asked, { call, ms: undefined, signal })
    if (fault !== 'unreachable' && fault !== 'server-error' && fault !== 'rate-limited') return
    await waitInWorld(this.init.world, { ms: REFUSAL_MS, owner: asked.owner, kind: `model ${asked.entry.id}`, signal })
    throw providerError(fault, asked.entry.id, RETRY_AFTER_MS)
  }

  /** Who leaves meanwhile is charged for what was made until then; who dies, for all of it. */
  private async wait(
    { entry, owner }: Asked,
    { call, ms, signal }: Pick<Waiting, 'call' | 'signal'> & { readonly ms: number | undefined },
  ): Promise<void> {
    const { world } = this.init
    const onDeath = (): void => call.charge({ isAnswered: false })
    try {
      await waitInWorld(world, { ms, owner, kind: `model ${entry.id}`, signal, onDeath })
    } catch (error: unknown) {
      const share = Math.min(1, (world.nowMs() - call.startedMs) / Math.max(1, call.outcome.totalMs))
      call.charge({ isAnswered: false, share })
      throw error
    }
  }
}

type Asked = { readonly entry: ModelEntry; readonly owner: WorldProcess; readonly request: ModelRequest }

type Waiting = {
  readonly call: SentCall
  readonly fault: CallFault | undefined
  readonly signal: AbortSignal | undefined
}

function slowed(outcome: ServedOutcome, slowness: number): ServedOutcome {
  if (slowness === 1) return outcome
  return { ...outcome, firstMs: outcome.firstMs * slowness, totalMs: outcome.totalMs * slowness }
}

function limited(outcome: ServedOutcome, { maxOutputTokens }: ModelRequest): ServedOutcome {
  if (maxOutputTokens === undefined || outcome.tokensOut <= maxOutputTokens) return outcome
  const text = outcome.text.slice(
    0,
    Math.max(1, Math.floor((outcome.text.length * maxOutputTokens) / outcome.tokensOut)),
  )
  return { ...outcome, text, tokensOut: maxOutputTokens, finishReason: 'length' }
}

/** Nonsense in the place of an answer is charged like one. */
function answerOf(
  { text, finishReason, tokensIn, tokensOut }: ServedOutcome,
  fault: CallFault | undefined,
): ModelAnswer {
  return {
    text: fault === 'nonsense' ? NONSENSE : text,
    toolCalls: [],
    finishReason,
    usage: { tokensIn, tokensOut, cachedTokensIn: 0, isEstimated: false },
  }
}
