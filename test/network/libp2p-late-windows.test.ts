import type { MessageStream, Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import { parseDid } from '../../src/core/evidence/names.ts'
import { StreamChannel } from '../../src/network/libp2p/stream-channel.ts'
import { UpgradeWatch } from '../../src/network/libp2p/watched-upgrade.ts'
import { identityOf } from './identities.ts'

/** A stream whose connection has gone: whatever it would send throws. */
class GoneStream extends EventTarget {
  readonly aborted: Error[] = []
  status = 'open'
  readStatus = 'readable'
  writeStatus = 'writable'
  readonly writeBufferLength = 0
  readonly writableNeedsDrain = false

  pause(): void {
    this.readStatus = 'paused'
  }

  resume(): void {
    throw new Error('Cannot write to a stream that is closed')
  }

  sendWindowUpdate(): void {
    throw new Error('Cannot write to a stream that is closed')
  }

  abort(error: Error): void {
    this.aborted.push(error)
  }
}

describe('a connection that goes', () => {
  it('while a channel does not read on ends the channel, and not the process', () => {
    const timers: (() => void)[] = []
    const ends: unknown[] = []
    const stream = new GoneStream()
    const peer = parseDid(identityOf(1).did)
    if (peer === undefined) throw new Error('a key makes a DID')
    const channel = new StreamChannel(
      {
        clock: { monotonicMs: () => 0, timeoutSignal: () => new AbortController().signal },
        timers: {
          schedule: (_, callback) => {
            timers.push(callback)
            return { cancel: () => {} }
          },
        },
      },
      {
        stream: stream as unknown as Stream,
        peer,
        questions: { perSecond: 1, burst: 1 },
        accept: () => ({ onBytes: () => {}, onEnd: (cause) => ends.push(cause), onDrain: () => {} }),
      },
    )
    for (let question = 0; question < 3; question += 1) channel.questionTaken()
    expect([stream.readStatus, timers.length]).toEqual(['paused', 1])
    timers[0]?.()
    expect(ends).toHaveLength(1)
  })

  it('before a new stream has told its window aborts the stream', () => {
    const streams = { own: new GoneStream(), theirs: new GoneStream() }
    const muxer = { status: 'open', onCreateStream: () => streams.own, onRemoteStream: () => {} }
    const watch = new UpgradeWatch({ clock: { monotonicMs: () => 0 }, onWrongPeer: () => {}, onFlood: () => {} })
    const factory = watch.muxer((): StreamMuxerFactory => ({
      protocol: '/m',
      createStreamMuxer: () => muxer as unknown as StreamMuxer,
    }))({})
    const watched = factory.createStreamMuxer({} as MessageStream) as unknown as {
      onCreateStream(): GoneStream
      onRemoteStream(stream: GoneStream): void
    }
    watched.onCreateStream().sendWindowUpdate()
    watched.onRemoteStream(streams.theirs)
    streams.theirs.sendWindowUpdate()
    expect([streams.own.aborted.length, streams.theirs.aborted.length]).toEqual([1, 1])
  })
})
