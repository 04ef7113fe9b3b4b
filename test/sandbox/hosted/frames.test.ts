import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, FrameReader } from '../../../src/sandbox/hosted/frames.ts'
import { parseHostMessage } from '../../../src/sandbox/hosted/messages.ts'

const FRAME_BYTES_MAX = 1_000

describe('frames', () => {
  it('arrive as they were sent, however the stream is cut', () => {
    const part = fc.uint8Array({ maxLength: 20 })
    const frame = fc.record({ header: fc.jsonValue({ maxDepth: 2 }), parts: fc.array(part, { maxLength: 3 }) })
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (frames, step) => {
        const reader = new FrameReader()
        const stream = Buffer.concat(frames.map(({ header, parts }) => encodeFrame(header, parts)))
        const read = []
        for (let at = 0; at < stream.length; at += step)
          read.push(...reader.push(stream.subarray(at, at + step), 100_000))
        expect(read).toEqual(frames.map(({ header, parts }) => ({ header: JSON.parse(JSON.stringify(header)), parts })))
      }),
      { numRuns: 100 },
    )
  })

  it('that are no frames are errors of two kinds, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new FrameReader().push(Uint8Array.from([bytes.length, 0, 0, 0, ...bytes]), FRAME_BYTES_MAX)
        } catch (error) {
          expect(error instanceof SyntaxError || error instanceof RangeError).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('are refused before their bytes come where they are too large', () => {
    const head = encodeFrame('x'.repeat(FRAME_BYTES_MAX)).subarray(0, 4)
    expect(() => new FrameReader().push(head, FRAME_BYTES_MAX)).toThrow(RangeError)
  })

  it('with lengths that do not fit each other are refused', () => {
    const spare = Uint8Array.from(encodeFrame({}, [Uint8Array.of(1, 2, 3)]))
    spare[12] = 2
    expect(() => new FrameReader().push(spare, FRAME_BYTES_MAX)).toThrow('bytes to spare')
    const missing = Uint8Array.from(encodeFrame({}, [Uint8Array.of(1, 2, 3)]))
    missing[12] = 200
    expect(() => new FrameReader().push(missing, FRAME_BYTES_MAX)).toThrow('do not fit')
  })
})

describe('what a host says', () => {
  it('is a message or a SyntaxError', () => {
    fc.assert(
      fc.property(fc.anything(), (header) => {
        try {
          parseHostMessage(header)
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
        }
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['no reason', { type: 'end', paths: [], cpuMs: 1, memoryBytesPeak: 1 }],
    ['a reason that is none', { type: 'end', reason: 'constructor', paths: [], cpuMs: 1, memoryBytesPeak: 1 }],
    ['paths that are no texts', { type: 'end', reason: 'exited', paths: [1], cpuMs: 1, memoryBytesPeak: 1 }],
    ['figures that are none', { type: 'end', reason: 'exited', paths: [], cpuMs: null, memoryBytesPeak: 1 }],
    ['a type of its own', { type: 'constructor' }],
  ])('is refused with %s', (_what, header) => {
    expect(() => parseHostMessage(header)).toThrow(SyntaxError)
  })
})
