import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { BODY_BYTES_MAX, type PeerQuestion, type RequestHandler, type Transport } from '../../ports/transport.ts'
import type { WorldProcess } from '../world/world-process.ts'

/** Something on its way from one node to another. */
export type Letter = {
  readonly from: Did
  readonly to: Did
  readonly kind: 'question' | 'answer' | 'end'
  /** What it carries. */
  readonly content: unknown
  readonly arrive: () => void
}

/** What a transport needs of its network. */
export type Carrier = {
  open(address: string, station: SimulatedTransport): boolean
  close(address: string, station: SimulatedTransport): void
  at(address: string): SimulatedTransport | undefined
  send(letter: Letter): void
}

type Components = {
  readonly network: Carrier
  readonly owner: WorldProcess
  readonly onServed?: (() => void) | undefined
}

/** A question that waits for its answer. */
type Asked = { readonly settle: (answer: Answer) => void; readonly to: Did }
type Answer = { readonly body: Uint8Array } | { readonly error: unknown }
/** A question that is being answered. */
type Served = { readonly asker: SimulatedTransport; readonly id: number; readonly ended: AbortController }

const PROTOCOL_PATTERN = /^[\x21-\x7e]{1,64}$/

/** Questions and answers between processes of a world, as `Transport` promises them. A question that comes twice is answered twice, and the asker takes the first answer. */
export class SimulatedTransport implements Transport {
  readonly did: Did
  private readonly components: Components
  private readonly address: string
  private readonly handlers = new Map<string, RequestHandler>()
  private readonly book = new Map<Did, string>()
  private readonly asked = new Map<number, Asked>()
  private readonly served = new Map<string, Served>()
  private readonly connected = new Set<Did>()
  private questions = 0
  private state: 'new' | 'started' | 'stopped' = 'new'

  constructor(components: Components, { did, address }: { readonly did: Did; readonly address: string }) {
    this.components = components
    this.did = did
    this.address = address
  }

  get addresses(): readonly string[] {
    return this.state === 'started' ? [this.address] : []
  }

  get connectedPeers(): readonly Did[] {
    return [...this.connected]
  }

  get isOpen(): boolean {
    return this.state === 'started' && this.components.owner.isAlive
  }

  async start(): Promise<void> {
    if (this.state === 'stopped') throw closed()
    if (!this.components.network.open(this.address, this))
      throw new CodedError('NETWORK_LISTEN_FAILED', { message: `${this.address} is taken` })
    this.state = 'started'
    return await Promise.resolve()
  }

  async stop(): Promise<void> {
    this.state = 'stopped'
    this.components.network.close(this.address, this)
    for (const [id, { to }] of this.asked) this.end(id, to)
    for (const { settle } of this.asked.values()) settle({ error: closed() })
    for (const { asker, id, ended } of this.served.values()) {
      ended.abort(closed())
      const error = new CodedError('NETWORK_UNREACHABLE', { message: `${this.did} was stopped` })
      this.reply(asker, id, { error })
    }
    this.served.clear()
    this.connected.clear()
    return await Promise.resolve()
  }

  addPeer(peer: Did, address: string): void {
    if (!/^\/sim\/[A-Za-z0-9._-]{1,64}$/.test(address))
      throw new CodedError('NETWORK_ADDRESS_INVALID', { message: `${address} is not /sim/NAME` })
    this.book.set(peer, address)
  }

  handle(protocol: string, handler: RequestHandler): () => void {
    if (!PROTOCOL_PATTERN.test(protocol)) throw new RangeError(`Not a protocol: ${protocol}`)
    if (this.handlers.has(protocol)) throw new RangeError(`${protocol} has a handler`)
    this.handlers.set(protocol, handler)
    return () => void (this.handlers.get(protocol) === handler && this.handlers.delete(protocol))
  }

  async request(to: Did, question: PeerQuestion, { signal }: AbortOptions = {}): Promise<Uint8Array> {
    signal?.throwIfAborted()
    const { owner } = this.components
    if (this.state !== 'started') throw closed()
    const address = this.book.get(to)
    if (address === undefined) throw new CodedError('NETWORK_PEER_UNKNOWN', { message: `There is no address of ${to}` })
    if (question.body.byteLength > BODY_BYTES_MAX) throw tooLarge(question.body)
    const id = (this.questions += 1)
    return await new Promise<Uint8Array>((resolve, reject) => {
      const onAbort = (): void => give({ error: signal?.reason })
      const timer = owner.timers.schedule(question.timeoutMs, () => give({ error: late(to, question) }))
      const settle = (answer: Answer): void => {
        this.asked.delete(id)
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
        if ('body' in answer) resolve(answer.body)
        else reject(answer.error instanceof Error ? answer.error : new Error(String(answer.error)))
      }
      /** The other side hears that nobody waits any more. */
      const give = (answer: Answer): void => {
        this.end(id, to)
        settle(answer)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.asked.set(id, { settle, to })
      this.post(id, { to, address, question })
    })
  }

  private post(
    id: number,
    { to, address, question }: { readonly to: Did; readonly address: string; readonly question: PeerQuestion },
  ): void {
    const { network } = this.components
    const body = question.body.slice()
    const refuse = (error: CodedError): void =>
      network.send({
        from: to,
        to: this.did,
        kind: 'answer',
        content: [id, error],
        arrive: () => this.take(id, { error }),
      })
    const arrive = (): void => {
      const station = network.at(address)
      if (station === undefined)
        refuse(new CodedError('NETWORK_UNREACHABLE', { message: `Nobody listens at ${address}` }))
      else if (station.did !== to)
        refuse(new CodedError('NETWORK_PEER_WRONG', { message: `${station.did} answers at ${address}` }))
      else {
        this.connected.add(to)
        station
          .serve(this, { id, protocol: question.protocol, body })
          .catch((error: unknown) => station.components.owner.fail(error))
      }
    }
    network.send({ from: this.did, to, kind: 'question', content: [id, question.protocol, body], arrive })
  }

  /** Answers a question of another transport. */
  private async serve(
    asker: SimulatedTransport,
    { id, protocol, body }: { readonly id: number; readonly protocol: string; readonly body: Uint8Array },
  ): Promise<void> {
    const key = `${asker.did} ${id}`
    this.connected.add(asker.did)
    this.components.onServed?.()
    const ended = new AbortController()
    // Of one that comes twice the later one is ended where the asker ends it.
    this.served.set(key, { asker, id, ended })
    const answer = await this.answer(asker.did, { protocol, body, signal: ended.signal })
    if (this.served.get(key)?.ended === ended) this.served.delete(key)
    if (!this.components.owner.isAlive || ended.signal.aborted) return
    this.reply(asker, id, answer)
  }

  private reply(asker: SimulatedTransport, id: number, answer: Answer): void {
    const content = [id, 'body' in answer ? answer.body : answer.error]
    const letter = { from: this.did, to: asker.did, kind: 'answer', content } as const
    this.components.network.send({ ...letter, arrive: () => asker.take(id, answer) })
  }

  private async answer(
    from: Did,
    { protocol, body, signal }: { readonly protocol: string; readonly body: Uint8Array; readonly signal: AbortSignal },
  ): Promise<Answer> {
    const handler = this.handlers.get(protocol)
    if (handler === undefined)
      return {
        error: new CodedError('NETWORK_PROTOCOL_UNKNOWN', { message: `${this.did} does not answer ${protocol}` }),
      }
    try {
      const answered = await handler({ from, body }, { signal })
      return answered.byteLength > BODY_BYTES_MAX ? { error: tooLarge(answered) } : { body: answered.slice() }
    } catch (error: unknown) {
      const shown = CodedError.is(error)
        ? error
        : new CodedError('INTERNAL_ERROR', { message: 'The other node failed to answer' })
      return { error: shown }
    }
  }

  private take(id: number, answer: Answer): void {
    if (this.components.owner.isAlive) this.asked.get(id)?.settle(answer)
  }

  private end(id: number, to: Did): void {
    const { network } = this.components
    const address = this.book.get(to)
    if (address === undefined) return
    const arrive = (): void => network.at(address)?.hearEnd(`${this.did} ${id}`)
    network.send({ from: this.did, to, kind: 'end', content: id, arrive })
  }

  private hearEnd(key: string): void {
    this.served.get(key)?.ended.abort(new CodedError('NETWORK_CLOSED', { message: 'Nobody waits for the answer' }))
  }
}

function closed(): CodedError {
  return new CodedError('NETWORK_CLOSED', { message: 'The transport does not run' })
}

function tooLarge({ byteLength }: Uint8Array): CodedError {
  return new CodedError('NETWORK_BODY_TOO_LARGE', { message: `${byteLength} bytes are more than ${BODY_BYTES_MAX}` })
}

function late(to: Did, { timeoutMs }: PeerQuestion): CodedError {
  return new CodedError('NETWORK_TIMEOUT', { message: `${to} did not answer within ${timeoutMs} ms` })
}
