import { createServer, type Server, type Socket, connect } from 'node:net'
import { createRandomStream } from '../../../src/base/random-stream.ts'

/** What is wrong with a link. Kinds that say so last until `heal`; the others happen once, to what is connected. */
export type LinkFault =
  /** Lasts: every chunk comes `delayMs` and up to `jitterMs` later, in order. */
  | { readonly kind: 'delay'; readonly delayMs: number; readonly jitterMs: number }
  /** Lasts: so many bytes a second, each way. */
  | { readonly kind: 'rate'; readonly bytesPerSecond: number }
  /** Lasts: nothing comes through, and nobody is told. */
  | { readonly kind: 'stall' }
  /** Lasts: nothing comes through one way. */
  | { readonly kind: 'one-way'; readonly way: Way }
  /** Connections are reset. */
  | { readonly kind: 'reset' }
  /** Connections swallow everything for ever, and neither side is told; new ones are whole. */
  | { readonly kind: 'half-open' }

/** `out`: from whoever connected. */
export type Way = 'out' | 'back'

export type LinkInit = {
  readonly listen: { readonly host: string; readonly port: number }
  /** Unix socket behind which the other end is. */
  readonly target: string
  readonly seed: number
}

/** Bytes that wait in a link, each way; behind it the sender is paused. */
const WAITING_BYTES_MAX = 1_048_576

/** A wire between two processes: TCP in, a Unix socket out, and what can happen to a wire in between. */
export class FaultyLink {
  private readonly init: LinkInit
  private readonly random
  private readonly server: Server
  private readonly cables = new Set<Cable>()
  private readonly lasting = new Map<LinkFault['kind'], LinkFault>()

  constructor(init: LinkInit) {
    this.init = init
    this.random = createRandomStream(init.seed)
    this.server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.take(socket))
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(this.init.listen, resolve)
    })
  }

  /** The one that it got where port 0 was asked for. */
  get port(): number {
    const address = this.server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  stop(): void {
    this.server.close()
    this.fault({ kind: 'reset' })
  }

  fault(fault: LinkFault): void {
    if (fault.kind === 'reset') for (const cable of this.cables) cable.reset()
    else if (fault.kind === 'half-open') for (const cable of this.cables) cable.swallow()
    else {
      this.lasting.set(fault.kind, fault)
      this.moveAll()
    }
  }

  heal(): void {
    this.lasting.clear()
    this.moveAll()
  }

  private moveAll(): void {
    for (const cable of this.cables) cable.move()
  }

  /** What lasts now, for one way of one cable. */
  conditionOf(way: Way): Condition {
    const [delay, rate, oneWay] = [this.lasting.get('delay'), this.lasting.get('rate'), this.lasting.get('one-way')]
    const isBlocked = this.lasting.has('stall') || (oneWay?.kind === 'one-way' && oneWay.way === way)
    return {
      isBlocked,
      delayMs: delay?.kind === 'delay' ? delay.delayMs + this.random.nextUnit() * delay.jitterMs : 0,
      bytesPerMs: rate?.kind === 'rate' ? rate.bytesPerSecond / 1_000 : Number.POSITIVE_INFINITY,
    }
  }

  private take(near: Socket): void {
    const far = connect({ path: this.init.target, allowHalfOpen: true })
    const cable = new Cable(near, far, (way) => this.conditionOf(way))
    this.cables.add(cable)
    near.once('close', () => this.cables.delete(cable))
  }
}

export type Condition = { readonly isBlocked: boolean; readonly delayMs: number; readonly bytesPerMs: number }

/** One connection: two pipes. */
class Cable {
  private readonly near: Socket
  private readonly far: Socket
  private readonly pipes: readonly Pipe[]

  constructor(near: Socket, far: Socket, conditionOf: (way: Way) => Condition) {
    this.near = near
    this.far = far
    this.pipes = [new Pipe(near, far, () => conditionOf('out')), new Pipe(far, near, () => conditionOf('back'))]
    // What is broken on one side is broken on the other; the TCP side is told by a reset.
    near.on('error', () => far.destroy())
    far.on('error', () => near.resetAndDestroy())
    near.once('close', () => far.destroy())
    far.once('close', () => {
      if (!near.writableEnded) near.resetAndDestroy()
    })
  }

  move(): void {
    for (const pipe of this.pipes) pipe.move()
  }

  reset(): void {
    this.near.resetAndDestroy()
    this.far.destroy()
  }

  swallow(): void {
    for (const pipe of this.pipes) pipe.isSwallowing = true
  }
}

type Piece = { readonly bytes: Uint8Array | 'end'; readonly atMs: number }

/** One way of a connection. */
class Pipe {
  isSwallowing = false
  private readonly from: Socket
  private readonly to: Socket
  private readonly condition: () => Condition
  private readonly waiting: Piece[] = []
  private waitingBytes = 0
  private lastMs = 0
  private timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, condition: () => Condition) {
    this.from = from
    this.to = to
    this.condition = condition
    from.on('data', (bytes: Uint8Array) => this.put(bytes))
    from.on('end', () => this.put('end'))
    to.on('drain', () => this.move())
    to.once('close', () => clearTimeout(this.timer))
  }

  private put(bytes: Uint8Array | 'end'): void {
    if (this.isSwallowing) return
    const { delayMs, bytesPerMs } = this.condition()
    const length = bytes === 'end' ? 0 : bytes.byteLength
    const atMs = Math.max(performance.now() + delayMs, this.lastMs) + length / bytesPerMs
    this.lastMs = atMs
    this.waiting.push({ bytes, atMs })
    this.waitingBytes += length
    if (this.waitingBytes > WAITING_BYTES_MAX) this.from.pause()
    this.move()
  }

  /** Sends on what is due. */
  move(): void {
    clearTimeout(this.timer)
    while (!this.condition().isBlocked && !this.to.destroyed && !this.to.writableNeedDrain) {
      const [next] = this.waiting
      if (next === undefined) break
      const leftMs = next.atMs - performance.now()
      if (leftMs > 0) {
        this.timer = setTimeout(() => this.move(), leftMs)
        break
      }
      this.waiting.shift()
      this.send(next.bytes)
    }
    if (this.waitingBytes <= WAITING_BYTES_MAX && this.from.isPaused()) this.from.resume()
  }

  private send(bytes: Uint8Array | 'end'): void {
    if (this.isSwallowing) return
    if (bytes === 'end') {
      this.to.end()
      return
    }
    this.waitingBytes -= bytes.byteLength
    this.to.write(bytes)
  }
}
