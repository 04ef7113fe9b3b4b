import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGuestWindow, GuestSide, WatchSide } from '../../../src/sandbox/hosted/guest-window.ts'
import { depthOfJson } from '../../../src/sandbox/hosted/guest-values.ts'
import { SeededBytes } from '../../../src/sandbox/hosted/seeded-bytes.ts'
import { bytesOf, textOf } from '../corpus-script/hosted-requests.ts'

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

describe('the depth of a value in JSON', () => {
  it('is seen in its text', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => depthOfJson(JSON.stringify(value)) === depthOf(value)))
  })

  it('does not count brackets in texts', () => {
    expect(depthOfJson('{"[[[\\"[[":["\\\\"]}')).toBe(2)
  })
})

describe('the window between a guest and who watches it', () => {
  it('shows what was said, once and in order', () => {
    const buffers = createGuestWindow(1_000_000)
    const [guest, watch] = [new GuestSide(buffers, 1_000_000), new WatchSide(buffers)]
    guest.write('stdout', bytesOf('one '))
    guest.write('stderr', bytesOf('other'))
    expect(textOf(watch.takeOutput('stdout'))).toBe('one ')
    guest.write('stdout', bytesOf('x'.repeat(200_000)))
    expect(watch.takeOutput('stdout').byteLength).toBe(200_000)
    expect(watch.takeOutput('stdout').byteLength).toBe(0)
    expect(textOf(watch.takeOutput('stderr'))).toBe('other')
  })

  it('has room for what may be said, over both streams', () => {
    const buffers = createGuestWindow(10)
    const guest = new GuestSide(buffers, 10)
    guest.write('stdout', bytesOf('12345'))
    guest.write('stderr', bytesOf('12345'))
    expect(guest.outputBytesLeft).toBe(0)
    expect(new WatchSide(buffers).limitReached).toBeUndefined()
  })

  it('believes no length that a guest may have forged', () => {
    const buffers = createGuestWindow(10)
    new Int32Array(buffers.flags).fill(2_000_000_000)
    const watch = new WatchSide(buffers)
    expect(watch.takeOutput('stdout').byteLength).toBeLessThanOrEqual(11)
    expect(watch.limitReached).toBeUndefined()
  })
})

describe('the chance of a run', () => {
  it('follows from its seed, in whatever pieces it is taken', () => {
    const seed = new Uint8Array(32).fill(7)
    const [whole, pieces] = [new SeededBytes(seed), new SeededBytes(seed)]
    const expected = whole.take(100)
    expect(new Uint8Array([...pieces.take(1), ...pieces.take(40), ...pieces.take(59)])).toEqual(expected)
    expect(new SeededBytes(new Uint8Array(32)).take(100)).not.toEqual(expected)
  })

  it('gives numbers below one, spread evenly', () => {
    const random = new SeededBytes(new Uint8Array(32))
    const draws = Array.from({ length: 2_000 }, () => random.takeUnit())
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true)
    expect(draws.reduce((sum, draw) => sum + draw, 0) / draws.length).toBeCloseTo(0.5, 1)
  })
})
