import type {
  ConnectionEncrypter,
  MessageStream,
  PeerId,
  SecureConnectionOptions,
  SecuredConnection,
  Stream,
  StreamMuxer,
  StreamMuxerFactory,
} from '@libp2p/interface'
import { fullBucket, takeTokens } from '../../core/peers/token-bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import { limitEarlyBytes } from './early-bytes.ts'
import { EARLY_BYTES_MAX, NEGOTIATION_BYTES_MAX, STREAM_ARRIVALS } from './limits.ts'

export type UpgradeWatchComponents = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Somebody answered who does not hold the key of the expected peer. */
  readonly onWrongPeer: (expected: PeerId) => void
  /** More streams came over one connection than may; the connection is closed. */
  readonly onFlood: (peer: PeerId) => void
}

type MuxedStream = Stream & { sendWindowUpdate?: () => void }
type Muxer = StreamMuxer & {
  onRemoteStream: (stream: MuxedStream) => void
  onCreateStream: (...parts: readonly unknown[]) => MuxedStream
}

/**
 * Sees what libp2p keeps to itself of a connection: that another key answered than the one that was dialled, how fast the other side opens streams, since those
 * that fail their negotiation reach no handler, and how much it sends before anything was negotiated.
 */
export class UpgradeWatch {
  private readonly components: UpgradeWatchComponents
  /** Connections whose encryption was chosen, and encrypted ones whose multiplexer was. */
  private readonly securing = new WeakSet<object>()
  private readonly muxed = new WeakSet<object>()
  /** Whose an encrypted stream is. */
  private readonly peers = new WeakMap<MessageStream, PeerId>()

  constructor(components: UpgradeWatchComponents) {
    this.components = components
  }

  /** Whether the encryption of a connection was chosen. */
  isSecuring(connection: object): boolean {
    return this.securing.has(connection)
  }

  encrypter<Components>(
    create: (components: Components) => ConnectionEncrypter,
  ): (components: Components) => ConnectionEncrypter {
    return (components) => {
      const inner = create(components)
      return {
        protocol: inner.protocol,
        secureInbound: async (stream, options) => {
          this.securing.add(stream)
          return this.secured(await inner.secureInbound(stream, options))
        },
        secureOutbound: async (stream, options) => this.secured(await this.outbound(inner, { stream, options })),
      }
    }
  }

  muxer<Components>(
    create: (components: Components) => StreamMuxerFactory,
  ): (components: Components) => StreamMuxerFactory {
    return (components) => {
      const inner = create(components)
      return {
        protocol: inner.protocol,
        createStreamMuxer: (stream) => {
          this.muxed.add(stream)
          const muxer = inner.createStreamMuxer(stream)
          this.watch(muxer as Muxer, stream)
          return muxer
        },
      }
    }
  }

  private secured(connection: SecuredConnection): SecuredConnection {
    const { connection: stream } = connection
    this.peers.set(stream, connection.remotePeer)
    limitEarlyBytes(stream, { bytesMax: NEGOTIATION_BYTES_MAX, isChosen: () => this.muxed.has(stream) })
    return connection
  }

  private async outbound(
    inner: ConnectionEncrypter,
    { stream, options }: { readonly stream: MessageStream; readonly options: SecureConnectionOptions | undefined },
  ): Promise<SecuredConnection> {
    try {
      this.securing.add(stream)
      return await inner.secureOutbound(stream, options)
    } catch (error: unknown) {
      const isWrong = error instanceof Error && error.name === 'UnexpectedPeerError'
      if (isWrong && options?.remotePeer !== undefined) this.components.onWrongPeer(options.remotePeer)
      throw error
    }
  }

  private watch(muxer: Muxer, stream: MessageStream): void {
    const { clock } = this.components
    const open = muxer.onRemoteStream.bind(muxer)
    const create = muxer.onCreateStream.bind(muxer)
    muxer.onCreateStream = (...parts) => limited(guarded(create(...parts)))
    let bucket = fullBucket(STREAM_ARRIVALS, clock.monotonicMs())
    muxer.onRemoteStream = (remote) => {
      bucket = takeTokens(bucket, { rate: STREAM_ARRIVALS, count: 1, atMs: clock.monotonicMs() })
      if (bucket.tokens >= 0) {
        open(limited(guarded(remote), () => this.flooded(stream)))
        // More than a few before the connection is ready close the multiplexer, and leave the connection below open.
        if (muxer.status === 'open') return
      }
      this.flooded(stream)
    }
  }

  /** Ends a connection over which too much came. */
  private flooded(stream: MessageStream): void {
    const peer = this.peers.get(stream)
    stream.abort(new Error('More came than may'))
    if (peer !== undefined) this.components.onFlood(peer)
  }
}

/** A stream gets little before its protocol is chosen; `onFlood` is told of one that got more. */
function limited(stream: MuxedStream, onFlood?: () => void): MuxedStream {
  limitEarlyBytes(stream, {
    bytesMax: EARLY_BYTES_MAX,
    isChosen: () => stream.protocol !== '',
    ...(onFlood !== undefined && { onFlood }),
  })
  return stream
}

/**
 * A stream tells its window from a microtask of the multiplexer, or when somebody reads on, whatever has become of the connection meanwhile: an error then
 * would reach nobody, and end the process.
 */
function guarded(stream: MuxedStream): MuxedStream {
  const tell = stream.sendWindowUpdate?.bind(stream)
  if (tell === undefined) return stream
  stream.sendWindowUpdate = () => {
    try {
      tell()
    } catch (error: unknown) {
      stream.abort(error instanceof Error ? error : new Error('The window could not be told'))
    }
  }
  return stream
}
