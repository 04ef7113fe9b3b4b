import { CodedError } from '../base/errors.ts'
import type { Did } from '../core/evidence/names.ts'
import type { Random } from '../ports/random.ts'
import type { ScheduledTimer, Timers } from '../ports/timers.ts'
import type { FramedTransport } from './framed/framed-transport.ts'

export type KeptConnectionsComponents = {
  readonly transport: Pick<FramedTransport, 'reach' | 'watchEnds' | 'connectedPeers'>
  readonly timers: Timers
  readonly random: Pick<Random, 'fraction'>
  /** Told of what is no failure of the network. */
  readonly onFailure: (cause: unknown) => void
}

/** The first pause before a node is called again; each one is twice as long, up to the last. */
export const CALL_AGAIN_FIRST_MS = 500
export const CALL_AGAIN_LAST_MS = 30_000
/** Nodes that are kept at most. */
export const KEPT_MAX = 32

type Kept = { isCalling: boolean; pauseMs: number; timer: ScheduledTimer | undefined }

/**
 * Stays connected with nodes, for whoever has no address at which they could call back: a node that is gone is called again, with pauses that grow and that differ from
 * one caller to the next, since all of them have lost a node that was restarted at the same moment.
 */
export class KeptConnections {
  private readonly components: KeptConnectionsComponents
  private readonly kept = new Map<Did, Kept>()
  private readonly watchers = new Set<() => void>()
  private readonly stopping = new AbortController()
  private readonly endWatch: () => void

  constructor(components: KeptConnectionsComponents) {
    this.components = components
    this.endWatch = components.transport.watchEnds((peer) => this.lost(peer))
    this.stopping.signal.addEventListener('abort', this.endWatch)
  }

  get peers(): readonly Did[] {
    return [...this.kept.keys()]
  }

  /** Nodes that are connected, of those that are kept. */
  get here(): readonly Did[] {
    return this.components.transport.connectedPeers.filter((peer) => this.kept.has(peer))
  }

  /** Begins to stay connected with a node. Throws `NETWORK_OVERLOADED` for more than `KEPT_MAX`. */
  keep(peer: Did): void {
    if (this.kept.has(peer)) return
    if (this.kept.size >= KEPT_MAX)
      throw new CodedError('NETWORK_OVERLOADED', { message: `${KEPT_MAX} nodes are kept connected already` })
    this.kept.set(peer, { isCalling: false, pauseMs: CALL_AGAIN_FIRST_MS, timer: undefined })
    this.call(peer)
  }

  /** Calls all that are gone at once: the network has come back. */
  callNow(): void {
    for (const [peer, kept] of this.kept) {
      kept.pauseMs = CALL_AGAIN_FIRST_MS
      this.call(peer)
    }
  }

  /** Calls back when a node was reached or has gone. @returns Ends it. */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** Calls nobody any more; connections stay. Idempotent. */
  stop(): void {
    this.stopping.abort(new DOMException('Nobody is called any more', 'AbortError'))
    for (const { timer } of this.kept.values()) timer?.cancel()
  }

  private call(peer: Did): void {
    const kept = this.kept.get(peer)
    if (kept === undefined || kept.isCalling || this.stopping.signal.aborted) return
    kept.timer?.cancel()
    kept.timer = undefined
    kept.isCalling = true
    this.components.transport
      .reach(peer, { signal: this.stopping.signal })
      .then(
        () => this.reached(peer, kept),
        (cause: unknown) => this.failed(peer, kept, cause),
      )
      .finally(() => this.tell())
      .catch(this.components.onFailure)
  }

  private reached(peer: Did, kept: Kept): void {
    kept.isCalling = false
    // It may have gone again while it was reached.
    if (this.here.includes(peer)) kept.pauseMs = CALL_AGAIN_FIRST_MS
    else this.callLater(peer, kept)
  }

  private failed(peer: Did, kept: Kept, cause: unknown): void {
    kept.isCalling = false
    if (this.stopping.signal.aborted) return
    if (!CodedError.is(cause)) this.components.onFailure(cause)
    this.callLater(peer, kept)
  }

  private callLater(peer: Did, kept: Kept): void {
    const { timers, random } = this.components
    const waitMs = kept.pauseMs * (0.5 + random.fraction() / 2)
    kept.pauseMs = Math.min(2 * kept.pauseMs, CALL_AGAIN_LAST_MS)
    kept.timer = timers.schedule(waitMs, () => this.call(peer))
  }

  private lost(peer: Did): void {
    if (!this.kept.has(peer)) return
    this.tell()
    this.call(peer)
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher()
  }
}
