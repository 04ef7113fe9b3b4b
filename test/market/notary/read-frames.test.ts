import { describe, expect, test } from 'vitest'
import { ReadFrames } from '../../../src/market/notary/set/read-frames.ts'
import { decodeNotaryFrame, encodeNotaryFrame, type NotaryFrameResult } from '../../../src/wire/v1/notary-messages.ts'
import { setOf } from '../../torture/notary-world.ts'

const SET = setOf(1).id

function ask(slot: number): string {
  return encodeNotaryFrame({ type: 'notary-ask', set: SET, slot })
}

function bodies(letter: string, characters: number): string {
  return encodeNotaryFrame({ type: 'notary-bodies', set: SET, bodies: [letter.repeat(characters)] })
}

function frameIn(read: NotaryFrameResult): unknown {
  return read.kind === 'frame' ? read.frame : undefined
}

describe('frames that were read last', () => {
  test('are read as all others, and not anew where they are repeated', () => {
    const frames = new ReadFrames()
    const read = frames.decode(ask(3))
    expect(read).toEqual(decodeNotaryFrame(ask(3)))
    expect(frameIn(frames.decode(ask(3)))).toBe(frameIn(read))
    expect(frames.decode(ask(4))).toEqual(decodeNotaryFrame(ask(4)))
  })

  test('are refused each time where they are none', () => {
    const frames = new ReadFrames()
    const text = ask(3).replace('{', '{ ')
    for (let time = 0; time < 2; time += 1)
      expect(frames.decode(text)).toEqual({ kind: 'refused', code: 'NOTARY_FRAME_MALFORMED' })
  })

  test('are forgotten behind many others, those that are not repeated first', () => {
    const frames = new ReadFrames()
    const [old, repeated] = [frameIn(frames.decode(ask(1))), frameIn(frames.decode(ask(2)))]
    for (const letter of Array.from({ length: 60 }, (_, place) => String.fromCharCode(65 + place))) {
      frames.decode(bodies(letter, 10_000))
      frames.decode(ask(2))
    }
    expect(frameIn(frames.decode(ask(2)))).toBe(repeated)
    expect(frameIn(frames.decode(ask(1)))).toEqual(old)
    expect(frameIn(frames.decode(ask(1)))).not.toBe(old)
  })

  test('are not kept where they are large', () => {
    const frames = new ReadFrames()
    const large = bodies('a', 20_000)
    const read = frameIn(frames.decode(large))
    expect(frameIn(frames.decode(large))).toEqual(read)
    expect(frameIn(frames.decode(large))).not.toBe(read)
  })
})
