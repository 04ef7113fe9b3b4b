import { createRandomStream, type RandomStream } from '../../../src/base/random-stream.ts'
import {
  startUpstreamServer,
  type UpstreamAnswer,
  type UpstreamBehaviour,
  type UpstreamCall,
  type UpstreamServer,
} from '../../fixtures/upstream-server.ts'
import { LIAR_MODEL, NANOS_PER_TOKEN } from './load-world.ts'

const WORDS = ['sea', 'wide', 'blue', 'wind', 'wave', 'salt', 'deep', 'calm', 'cold', 'tide', 'foam', 'sand']
const DELAY_MS_MAX = 120
const CHUNK_DELAY_MS = 4
/** Calls of a model that all fail, counted from its first: more than open a breaker. */
export type Outage = { readonly from: number; readonly to: number }

const OUTAGE: Outage = { from: 40, to: 75 }
const RETRY_AFTER_S = 1
const LONG_FACTOR = 4
const DRIFT_FACTOR = 1.15
/** However many it may and bills, it writes no more. */
const WORDS_MAX = 2_000

/** What a model does with everybody's calls, beside what each call draws. */
export type Mood = 'well' | 'failing' | 'silent'

/** One call, as it was asked for. */
type Asked = {
  readonly key: string
  readonly line: number
  readonly model: string
  readonly wordsIn: number
  readonly outputMax: number
  readonly isStreaming: boolean
  readonly random: RandomStream
}

/**
 * A provider that fails in every way a provider does, by a seed, and keeps its own accounts: what it would bill each key at the model's price. It counts words, each of which is a token;
 * it never bills more tokens than a call was told that it may have, but for the model that lies.
 */
export class BillingProvider {
  /** Nano-dollars billed to each key. */
  readonly billedNanos = new Map<string, bigint>()
  /** What the lying model claims beyond what it was allowed, by key. */
  readonly overclaimedNanos = new Map<string, bigint>()
  /** Calls by what became of them. */
  readonly kinds = new Map<string, number>()
  readonly callsOf = new Map<string, number>()
  readonly #moods = new Map<string, Mood>()
  readonly #seed: number
  readonly #outage: Outage
  #server: UpstreamServer | undefined

  private constructor(seed: number, outage: Outage) {
    this.#seed = seed
    this.#outage = outage
  }

  static async start(seed: number, outage = OUTAGE): Promise<BillingProvider> {
    const provider = new BillingProvider(seed, outage)
    const behaviour = (call: UpstreamCall): UpstreamBehaviour => provider.#behave(call)
    provider.#server = await startUpstreamServer({ isRecording: false, behaviour })
    return provider
  }

  get baseUrl(): string {
    return this.#server?.baseUrl ?? ''
  }

  get callCount(): number {
    return this.#server?.callCount ?? 0
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }

  setMood(model: string, mood: Mood): void {
    this.#moods.set(model, mood)
  }

  async waitForCalls(count: number): Promise<void> {
    await this.#server?.waitForCalls(count)
  }

  /** Billed to any of these keys. */
  billedTo(keys: readonly string[]): bigint {
    return keys.reduce((sum, key) => sum + (this.billedNanos.get(key) ?? 0n), 0n)
  }

  #behave({ body }: UpstreamCall): UpstreamBehaviour {
    const asked = this.#read(body ?? {})
    const count = this.callsOf.get(asked.model) ?? 0
    this.callsOf.set(asked.model, count + 1)
    const mood = this.#moods.get(asked.model)
    if (mood === 'failing') return this.#fail('failing', 500)
    if (mood === 'silent') return this.#hang(asked)
    if (asked.key === 'torn') return this.#tear(asked)
    if (mood === 'well' || asked.key === 'calm') return this.#answer(asked, 'honest')
    if (asked.model === LIAR_MODEL) return this.#lie(asked)
    if (count >= this.#outage.from && count < this.#outage.to) return this.#fail('outage', 500)
    return this.#draw(asked)
  }

  #read(body: Record<string, unknown>): Asked {
    const messages = body['messages'] as readonly { readonly content: string }[]
    const prompt = messages.at(-1)?.content ?? ''
    const [, line = '0', key = ''] = /line ([0-9]+) for ([a-z0-9-]+)/.exec(prompt) ?? []
    return {
      key,
      line: Number(line),
      model: String(body['model']),
      wordsIn: prompt.split(' ').length,
      outputMax: Number(body['max_tokens'] ?? body['max_completion_tokens']),
      isStreaming: body['stream'] === true,
      random: createRandomStream(this.#seed * 1_000_003 + Number(line)),
    }
  }

  #draw(asked: Asked): UpstreamBehaviour {
    const draw = asked.random.nextUnit()
    if (draw < 0.06) return this.#fail('500', 500)
    if (draw < 0.1) return this.#fail('429', 429)
    if (draw < 0.13) return this.#fail('429 with retry-after', 429, { 'retry-after': String(RETRY_AFTER_S) })
    if (draw < 0.16) return this.#fail('402', 402)
    if (draw < 0.19) return this.#count('disconnect', { kind: 'disconnect' })
    if (draw < 0.21) return this.#hang(asked)
    if (draw < 0.29) return this.#cut(asked)
    if (draw < 0.32) return this.#stall(asked)
    if (draw < 0.35) return this.#garble(asked)
    if (draw < 0.45) return this.#answer(asked, 'over')
    if (draw < 0.55) return this.#answer(asked, 'under')
    if (draw < 0.62) return this.#answer(asked, 'without usage')
    if (draw < 0.72 && asked.isStreaming) return this.#writeOn(asked)
    if (draw < 0.78 && asked.isStreaming) return this.#drift(asked)
    return this.#answer(asked, 'honest')
  }

  #fail(kind: string, status: number, headers?: Record<string, string>): UpstreamBehaviour {
    return this.#count(kind, { kind: 'status', status, body: 'no', ...(headers !== undefined && { headers }) })
  }

  /** It says nothing, and goes on thinking for as long as it may. */
  #hang(asked: Asked): UpstreamBehaviour {
    this.#bill(asked, asked.outputMax)
    return this.#count('silent', { kind: 'hang' })
  }

  #garble(asked: Asked): UpstreamBehaviour {
    this.#bill(asked, asked.outputMax)
    return this.#count('garbled', { kind: 'raw', body: '{"choices":' })
  }

  #answer(asked: Asked, kind: 'honest' | 'over' | 'under' | 'without usage'): UpstreamBehaviour {
    const written = 1 + asked.random.nextBelow(asked.outputMax)
    const counted = { honest: written, over: asked.outputMax, under: Math.ceil(written / 2), 'without usage': written }
    const output = counted[kind]
    this.#bill(asked, output)
    const usage = kind === 'without usage' ? null : { input: asked.wordsIn, output }
    return this.#count(kind, { kind: 'answer', ...this.#text(asked, written), usage })
  }

  /** It breaks off in the middle, and bills all that it has written. */
  #cut(asked: Asked): UpstreamBehaviour {
    return this.#count('cut', { kind: 'cut', isBroken: asked.random.nextBelow(2) === 0, ...this.#beginning(asked) })
  }

  #stall(asked: Asked): UpstreamBehaviour {
    return this.#count('stalled', { kind: 'stall', ...this.#beginning(asked) })
  }

  #beginning(asked: Asked): UpstreamAnswer & { readonly afterChunks: number } {
    const answer = this.#text(asked, asked.outputMax)
    const pieces = 1 + asked.random.nextBelow(answer.chunkCount - 1)
    const written = answer.text.slice(0, pieces * Math.ceil(answer.text.length / answer.chunkCount))
    this.#bill(asked, asked.isStreaming ? written.trim().split(' ').length : asked.outputMax)
    // The first event opens the message.
    return { ...answer, afterChunks: pieces + 1 }
  }

  /** It does not keep to the length that it was told, which it may not bill. */
  #writeOn(asked: Asked): UpstreamBehaviour {
    this.#bill(asked, asked.outputMax)
    const text = this.#text(asked, LONG_FACTOR * asked.outputMax)
    return this.#count('too long', {
      kind: 'answer',
      ...text,
      usage: { input: asked.wordsIn, output: asked.outputMax },
    })
  }

  #tear(asked: Asked): UpstreamBehaviour {
    const kind = asked.line % 3
    if (kind === 0) return this.#cut(asked)
    return kind === 1 ? this.#writeAtOnce(asked) : this.#drift(asked)
  }

  /** A little more than it may, by less than is noticed; then it breaks off, or ends and says nothing of what it used. */
  #drift(asked: Asked): UpstreamBehaviour {
    this.#bill(asked, asked.outputMax)
    const answer = this.#text(asked, Math.ceil(DRIFT_FACTOR * asked.outputMax))
    if (asked.random.nextBelow(2) === 0)
      return this.#count('a little too long', { kind: 'answer', ...answer, usage: null })
    return this.#count('a little too long', { kind: 'cut', ...answer, afterChunks: answer.chunkCount + 1 })
  }

  /** All that it may write, faster than anybody reads. */
  #writeAtOnce(asked: Asked): UpstreamBehaviour {
    this.#bill(asked, asked.outputMax)
    const { text } = this.#text(asked, asked.outputMax)
    return this.#count('at once', {
      kind: 'answer',
      text,
      chunkCount: 8,
      usage: { input: asked.wordsIn, output: asked.outputMax },
    })
  }

  /** It claims what it was not allowed: every second time, thrice as much. */
  #lie(asked: Asked): UpstreamBehaviour {
    const isLie = asked.random.nextBelow(2) === 0
    const output = isLie ? 3 * asked.outputMax : asked.outputMax
    this.#bill(asked, output)
    const most = 2n * BigInt(isLie ? asked.outputMax : 0) * NANOS_PER_TOKEN.output
    this.overclaimedNanos.set(asked.key, (this.overclaimedNanos.get(asked.key) ?? 0n) + most)
    const usage = { input: asked.wordsIn, output }
    return this.#count(isLie ? 'lie' : 'honest', { kind: 'answer', ...this.#text(asked, asked.outputMax), usage })
  }

  #text(
    { random, isStreaming }: Asked,
    words: number,
  ): UpstreamAnswer & { readonly text: string; readonly chunkCount: number } {
    const text = Array.from({ length: Math.min(words, WORDS_MAX) }, () => WORDS[random.nextBelow(WORDS.length)]).join(
      ' ',
    )
    const delayMs = random.nextBelow(DELAY_MS_MAX)
    return { text, chunkCount: 8, delayMs, ...(isStreaming && { chunkDelayMs: CHUNK_DELAY_MS }) }
  }

  #bill({ key, wordsIn }: Asked, output: number): void {
    const nanos = BigInt(wordsIn) * NANOS_PER_TOKEN.input + BigInt(output) * NANOS_PER_TOKEN.output
    this.billedNanos.set(key, (this.billedNanos.get(key) ?? 0n) + nanos)
  }

  #count(kind: string, behaviour: UpstreamBehaviour): UpstreamBehaviour {
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1)
    return behaviour
  }
}
