import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { StreamSplitter } from '../../../src/sandbox/docker/stream-splitter.ts'

type Stream = 'stdout' | 'stderr'

function block(stream: Stream, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(8)
  head.writeUInt8(stream === 'stdout' ? 1 : 2, 0)
  head.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([head, bytes])
}

it('what an engine sends over one connection comes apart again, however it is cut', () => {
  const blocks = fc.array(fc.tuple(fc.constantFrom<Stream>('stdout', 'stderr'), fc.uint8Array({ maxLength: 30 })))
  fc.assert(
    fc.property(blocks, fc.integer({ min: 1, max: 13 }), (sent, step) => {
      const bytes = Buffer.concat(sent.map(([stream, piece]) => block(stream, piece)))
      const got = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
      const splitter = new StreamSplitter((stream, piece) => {
        got[stream] = Buffer.concat([got[stream], piece])
      })
      for (let at = 0; at < bytes.length; at += step) splitter.write(bytes.subarray(at, at + step))
      for (const name of ['stdout', 'stderr'] as const)
        expect(got[name]).toEqual(Buffer.concat(sent.filter(([stream]) => stream === name).map(([, piece]) => piece)))
    }),
  )
})

it('a stream that there is not is refused', () => {
  const splitter = new StreamSplitter(() => {})
  expect(() => splitter.write(Buffer.from([3, 0, 0, 0, 0, 0, 0, 1, 0]))).toThrowError(
    expect.toSatisfy((error) => CodedError.is(error, 'SANDBOX_BROKEN')),
  )
})
