import { createRandomStream, type RandomStream } from '../../../src/base/random-stream.ts'
import {
  startUpstreamServer,
  type UpstreamAnswer,
  type UpstreamBehaviour,
  type UpstreamCall,
  type UpstreamServer,
} from '../../fixtures/upstream-server.ts'
import { CALM, OUTPUT_TOKENS_MAX } from './soak-world.ts'

/** Nano-dollars of a token. */
const NANOS = { input: 150n, output: 600n } as const
const WORDS = ['sea', 'wide', 'blue', 'wind', 'wave', 'salt', 'deep', 'calm', 'cold', 'tide', 'foam', 'sand']
const DELAY_MS_MAX = 30
const SLOW_MS_MAX = 1_200
const CHUNKS = 8
const CHUNK_DELAY_MS = 3
/** Longer than any call lives: what is younger when a node ends may have been under way. */
const UNDER_WAY_MS_MAX = 12_000
/** Idle connections of the node are closed by the other side, so that what stays open is forgotten. */
const KEEP_ALIVE_MS = 500
/** A model fails all its calls for a while, in turn. */
const OUTAGE_EVERY_MS = 45_000
const OUTAGE_MS = 2_000

/** What one tenant's calls cost: what is billed, and the most that may be charged beyond it for calls whose end nobody can tell. */
export type Bill = { readonly billed: bigint; readonly doubt: bigint }

type Asked = {
  readonly tenant: string
  readonly isLeaving: boolean
  readonly model: string
  readonly wordsIn: number
  readonly outputMax: number
  readonly hasTools: boolean
  readonly isStreaming: boolean
  /** The most that the call may be charged. */
  readonly most: bigint
}

type Recent = { readonly tenant: string; readonly atMs: number; readonly doubt: bigint }

/** A provider that fails in all ways, by a seed, and keeps its own books. The prompt says whose call it is: `line 7 for north`. */
export class SoakUpstream {
  readonly kinds = new Map<string, number>()
  readonly #billed = new Map<string, bigint>()
  readonly #doubts = new Map<string, bigint>()
  readonly #models: readonly string[]
  readonly #random: RandomStream
  readonly #startedMs = performance.now()
  #recent: Recent[] = []
  #server: UpstreamServer | undefined

  private constructor(seed: number, models: readonly string[]) {
    this.#random = createRandomStream(seed * 31 + 7)
    this.#models = models
  }

  static async start(seed: number, models: readonly string[]): Promise<SoakUpstream> {
    const upstream = new SoakUpstream(seed, models)
    const behaviour = (call: UpstreamCall): UpstreamBehaviour => upstream.#behave(call)
    upstream.#server = await startUpstreamServer({ isRecording: false, behaviour, keepAliveMs: KEEP_ALIVE_MS })
    return upstream
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

  billOf(tenant: string): Bill {
    return { billed: this.#billed.get(tenant) ?? 0n, doubt: this.#doubts.get(tenant) ?? 0n }
  }

  /** The node ended: what was under way then may have been charged in full. */
  noteNodeEnded(): void {
    for (const { tenant, doubt, atMs } of this.#recent)
      if (performance.now() - atMs < UNDER_WAY_MS_MAX) this.#add(this.#doubts, tenant, doubt)
    this.#recent = []
  }

  #behave({ body = {} }: UpstreamCall): UpstreamBehaviour {
    const asked = read(body)
    if (asked.tenant === CALM) return this.#answer(asked, 'honest', DELAY_MS_MAX)
    if (this.#isOut(asked.model)) return this.#fail('outage', 500)
    return this.#draw(asked)
  }

  #isOut(model: string): boolean {
    const elapsedMs = performance.now() - this.#startedMs
    const turn = Math.floor(elapsedMs / OUTAGE_EVERY_MS)
    return elapsedMs % OUTAGE_EVERY_MS < OUTAGE_MS && this.#models[turn % this.#models.length] === model
  }

  #draw(asked: Asked): UpstreamBehaviour {
    const draw = this.#random.nextUnit()
    if (draw < 0.03) return this.#fail('500', 500)
    if (draw < 0.04) return this.#fail('429', 429)
    if (draw < 0.045) return this.#fail('429 with retry-after', 429, { 'retry-after': '1' })
    if (draw < 0.047) return this.#fail('402', 402)
    if (draw < 0.06) return this.#break('disconnect', asked, { kind: 'disconnect' })
    if (draw < 0.066) return this.#break('silent', asked, { kind: 'hang' })
    if (draw < 0.08) return this.#break('garbled', asked, { kind: 'raw', body: '{"choices":' })
    if (draw < 0.11) return this.#stop('cut', asked)
    if (draw < 0.116) return this.#stop('stall', asked)
    if (draw < 0.15) return this.#answer(asked, 'without usage', DELAY_MS_MAX)
    if (draw < 0.2) return this.#answer(asked, 'slow', SLOW_MS_MAX)
    return this.#answer(asked, 'honest', DELAY_MS_MAX)
  }

  #fail(kind: string, status: number, headers?: Record<string, string>): UpstreamBehaviour {
    this.#add(this.kinds, kind, 1)
    return { kind: 'status', status, body: { error: { message: kind } }, ...(headers !== undefined && { headers }) }
  }

  /** Nobody can tell what it did before it broke: it bills nothing, and may be charged for in full. */
  #break(kind: string, asked: Asked, behaviour: UpstreamBehaviour): UpstreamBehaviour {
    this.#add(this.kinds, kind, 1)
    this.#add(this.#doubts, asked.tenant, asked.most)
    return behaviour
  }

  #stop(kind: 'cut' | 'stall', asked: Asked): UpstreamBehaviour {
    this.#add(this.kinds, kind, 1)
    const written = asked.outputMax
    const afterChunks = 1 + this.#random.nextBelow(CHUNKS - 2)
    const output = asked.isStreaming ? Math.floor((written * afterChunks) / CHUNKS) : 0
    const nanos = NANOS.input * BigInt(asked.wordsIn) + NANOS.output * BigInt(output)
    this.#add(this.#billed, asked.tenant, nanos)
    this.#add(this.#doubts, asked.tenant, asked.most - nanos)
    const isBroken = this.#random.nextBelow(2) === 0
    return { kind, afterChunks, isBroken, text: this.#textOf(written), chunkCount: CHUNKS }
  }

  #answer(asked: Asked, kind: 'honest' | 'slow' | 'without usage', delayMsMax: number): UpstreamBehaviour {
    this.#add(this.kinds, asked.hasTools ? 'tools' : kind, 1)
    const words = 1 + this.#random.nextBelow(asked.outputMax)
    const nanos = NANOS.input * BigInt(asked.wordsIn) + NANOS.output * BigInt(words)
    const doubt = asked.most > nanos ? asked.most - nanos : 0n
    const isSure = kind !== 'without usage' && !asked.isLeaving
    this.#add(this.#billed, asked.tenant, isSure ? nanos : 0n)
    if (isSure) this.#noteRecent({ tenant: asked.tenant, atMs: performance.now(), doubt })
    else this.#add(this.#doubts, asked.tenant, asked.most)
    const answer: UpstreamAnswer = {
      delayMs: this.#random.nextBelow(delayMsMax),
      usage: kind === 'without usage' ? null : { input: asked.wordsIn, output: words },
      ...(asked.isStreaming && { chunkDelayMs: CHUNK_DELAY_MS }),
    }
    if (!asked.hasTools) return { kind: 'answer', ...answer, text: this.#textOf(words), chunkCount: CHUNKS }
    const call = { id: `call_${words}`, name: 'tide_at', arguments: `{"hour":${words}}` }
    return { kind: 'answer', ...answer, toolCalls: [call] }
  }

  #noteRecent(recent: Recent): void {
    this.#recent.push(recent)
    if (this.#recent.length % 1_000 === 0)
      this.#recent = this.#recent.filter(({ atMs }) => performance.now() - atMs < UNDER_WAY_MS_MAX)
  }

  #textOf(words: number): string {
    return Array.from({ length: words }, () => WORDS[this.#random.nextBelow(WORDS.length)]).join(' ')
  }

  #add<N extends bigint | number>(map: Map<string, N>, name: string, value: N): void {
    const known = map.get(name)
    map.set(name, (known === undefined ? value : (known as number) + (value as number)) as N)
  }
}

function read(body: Record<string, unknown>): Asked {
  const text = JSON.stringify(body['messages'] ?? body)
  const mark = [...text.matchAll(/line [0-9]+ for ([a-z0-9-]+)( and leave)?/g)].at(-1)
  const wordsIn = text.split(' ').length
  const outputMax = Number(body['max_tokens'] ?? body['max_completion_tokens'] ?? OUTPUT_TOKENS_MAX)
  return {
    tenant: mark?.[1] ?? 'nobody',
    isLeaving: mark?.[2] !== undefined,
    model: String(body['model']),
    wordsIn,
    outputMax,
    hasTools: Array.isArray(body['tools']),
    isStreaming: body['stream'] === true,
    // A token is a character at least.
    most: NANOS.input * BigInt(JSON.stringify(body).length) + NANOS.output * BigInt(outputMax),
  }
}
