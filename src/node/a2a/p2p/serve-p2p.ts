import { randomUUID } from 'node:crypto'
import { A2A_PROTOCOL_VERSION } from '@a2a-js/sdk'
import { toJsonRpcError } from '@a2a-js/sdk/errors'
import { type A2ARequestHandler, JsonRpcTransportHandler, type ServerCallContext } from '@a2a-js/sdk/server'
import { CodedError } from '../../../base/errors.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Transport } from '../../../ports/transport.ts'
import { callerOfPayer } from '../../market/payer-tenant.ts'
import { toA2aError } from '../a2a-failure.ts'
import { contextOf } from '../call-context.ts'
import { KeptEvents } from './kept-events.ts'
import { A2A_PROTOCOL, decodeP2pQuestion, encodeP2p, type P2pAnswer, type P2pQuestion } from './p2p-messages.ts'

export type ServeP2pComponents = {
  readonly transport: Transport
  readonly handler: A2ARequestHandler
  readonly clock: Pick<Clock, 'timeoutSignal' | 'monotonicMs'>
}

export type ServeP2pInit = {
  /** Nodes that may send tasks; nobody else is answered. */
  readonly nodes: readonly Did[]
}

/** Longest that a question for events waits for one. */
const WAIT_MS = 20_000
/** Calls and streams that are remembered, of all nodes. */
const CALLS_MAX = 1_024
const STREAMS_MAX = 256
/** Streams of one node at one time. */
const STREAMS_OF_NODE_MAX = 32
/** A stream whose events nobody has asked for so long is let go of. */
const IDLE_MS = 60_000

type Answer = Awaited<ReturnType<JsonRpcTransportHandler['handle']>>
type AnswerStream = Extract<Answer, AsyncGenerator<unknown>>
type Stream = { readonly from: Did; readonly events: KeptEvents; readonly source: AnswerStream; askedMs: number }

/** Answers A2A over the transport for as long as it is not ended: requests, streams by asking for their next events, and that somebody left. */
export function serveP2p(components: ServeP2pComponents, init: ServeP2pInit): () => void {
  const desk = new P2pDesk(components, init)
  return components.transport.handle(A2A_PROTOCOL, async ({ from, body }, { signal }) =>
    encodeP2p(await desk.answer(from, decodeP2pQuestion(body), signal)),
  )
}

class P2pDesk {
  readonly #components: ServeP2pComponents
  readonly #nodes: ReadonlySet<Did>
  readonly #calls = new Map<string, Promise<P2pAnswer>>()
  readonly #streams = new Map<string, Stream>()

  constructor(components: ServeP2pComponents, { nodes }: ServeP2pInit) {
    this.#components = components
    this.#nodes = new Set(nodes)
  }

  async answer(from: Did, question: P2pQuestion, signal: AbortSignal): Promise<P2pAnswer> {
    if (!this.#nodes.has(from))
      throw new CodedError('CAPABILITY_CALL_REFUSED', {
        message: 'This node takes tasks of the nodes in `a2a.nodes` alone',
      })
    switch (question.kind) {
      case 'rpc':
        return await this.#once(from, question)
      case 'next':
        return await this.#next(from, question, signal)
      case 'leave':
        this.#leave(from, question.stream)
        return { kind: 'left' }
    }
  }

  /** A request that comes twice, because its answer was lost, is carried out once. */
  async #once(from: Did, question: Extract<P2pQuestion, { readonly kind: 'rpc' }>): Promise<P2pAnswer> {
    const key = `${from} ${question.call}`
    const known = this.#calls.get(key)
    if (known !== undefined) return await known
    const answering = this.#carryOut(from, question)
    this.#calls.set(key, answering)
    for (const oldest of this.#calls.keys()) {
      if (this.#calls.size <= CALLS_MAX) break
      this.#calls.delete(oldest)
    }
    return await answering
  }

  async #carryOut(from: Did, question: Extract<P2pQuestion, { readonly kind: 'rpc' }>): Promise<P2pAnswer> {
    const transport = new JsonRpcTransportHandler(this.#components.handler)
    const answer = await transport.handle({ ...question.request }, contextFor(from, question))
    return Symbol.asyncIterator in answer ? this.#open(from, answer) : { kind: 'rpc', answer }
  }

  #open(from: Did, source: AnswerStream): P2pAnswer {
    this.#sweep()
    const own = [...this.#streams.values()].filter((each) => each.from === from).length
    if (this.#streams.size >= STREAMS_MAX || own >= STREAMS_OF_NODE_MAX) {
      source.return().catch(() => undefined)
      throw new CodedError('NETWORK_OVERLOADED', { message: `${own} streams of this node are open` })
    }
    const stream = randomUUID()
    const events = new KeptEvents()
    this.#streams.set(stream, { from, events, source, askedMs: this.#components.clock.monotonicMs() })
    this.#fill(stream, { events, source }).catch(() => undefined)
    return { kind: 'events', stream, from: 0, events: [], isOver: false }
  }

  async #fill(stream: string, { events, source }: Pick<Stream, 'events' | 'source'>): Promise<void> {
    try {
      for await (const event of source) if (!events.push(event)) return this.#forget(stream)
    } catch (error) {
      events.push({ jsonrpc: '2.0', id: null, error: toJsonRpcError(toA2aError(error)) })
    }
    events.end()
  }

  async #next(
    from: Did,
    question: Extract<P2pQuestion, { readonly kind: 'next' }>,
    signal: AbortSignal,
  ): Promise<P2pAnswer> {
    const stream = this.#streams.get(question.stream)
    if (stream?.from === from) stream.askedMs = this.#components.clock.monotonicMs()
    const waiting = AbortSignal.any([signal, this.#components.clock.timeoutSignal(WAIT_MS)])
    const piece = stream?.from === from ? await stream.events.next(question.from, waiting) : undefined
    if (piece === undefined)
      throw new CodedError('REQUEST_INVALID', { message: 'There is no such stream; subscribe to the task anew' })
    return { kind: 'events', stream: question.stream, ...piece }
  }

  #leave(from: Did, stream: string): void {
    if (this.#streams.get(stream)?.from === from) this.#forget(stream)
  }

  #sweep(): void {
    const oldest = this.#components.clock.monotonicMs() - IDLE_MS
    for (const [stream, { askedMs }] of this.#streams) if (askedMs < oldest) this.#forget(stream)
  }

  /** The task goes on: only listening ends. */
  #forget(stream: string): void {
    const { source } = this.#streams.get(stream) ?? {}
    this.#streams.delete(stream)
    source?.return().catch(() => undefined)
  }
}

function contextFor(from: Did, { extensions }: Extract<P2pQuestion, { readonly kind: 'rpc' }>): ServerCallContext {
  return contextOf({
    caller: callerOfPayer(from, 'a2a'),
    controls: {},
    isAuthenticated: true,
    baseUrl: 'http://localhost',
    version: A2A_PROTOCOL_VERSION,
    ...(extensions !== undefined && { extensions }),
  })
}
