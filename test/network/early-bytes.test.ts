import { describe, expect, it } from 'vitest'
import { limitEarlyBytes } from '../../src/network/libp2p/early-bytes.ts'

/** What libp2p's connections and streams have: bytes come in by `onData`, a method of their class. */
class Receiver {
  readonly given: number[] = []
  aborted: Error | undefined

  onData({ byteLength }: { readonly byteLength: number }): void {
    this.given.push(byteLength)
  }

  abort(error: Error): void {
    this.aborted = error
  }
}

describe('bytes before a protocol is chosen', () => {
  it('are let through up to the limit; what is beyond ends what they came over, and reaches nobody', () => {
    const receiver = new Receiver()
    limitEarlyBytes(receiver, { bytesMax: 100, isChosen: () => false })
    receiver.onData({ byteLength: 60 })
    receiver.onData({ byteLength: 40 })
    expect(receiver.aborted).toBeUndefined()
    receiver.onData({ byteLength: 1 })
    receiver.onData({ byteLength: 1 })
    expect([receiver.given, receiver.aborted?.message]).toEqual([
      [60, 40],
      'Too much was sent before a protocol was chosen',
    ])
  })

  it('are not counted once it is', () => {
    const receiver = new Receiver()
    let isChosen = false
    limitEarlyBytes(receiver, { bytesMax: 10, isChosen: () => isChosen })
    receiver.onData({ byteLength: 10 })
    isChosen = true
    receiver.onData({ byteLength: 1_000_000 })
    expect([receiver.given, receiver.aborted]).toEqual([[10, 1_000_000], undefined])
  })
})
