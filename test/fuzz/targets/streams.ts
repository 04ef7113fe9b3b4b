import { SseParser } from '../../../src/models/sse-parser.ts'
import { StreamSplitter } from '../../../src/sandbox/docker/stream-splitter.ts'
import { FrameReader as SupervisorReader } from '../../../src/sandbox/guest/frame-reader.ts'
import { encodeFrame as encodeHosted, FrameReader as HostedReader } from '../../../src/sandbox/hosted/frames.ts'
import { parseHostMessage } from '../../../src/sandbox/hosted/messages.ts'
import { encodeFrame, type Frame, FrameReader } from '../../../src/wire/v1/frames.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand, piecesOf, refusing, textBytes } from './by-hand.ts'

const EVENT_BYTES_MAX = 65_536
const BODY_BYTES_MAX = 65_536

/** What comes in pieces: the answer must not depend on where they were cut. */
export const STREAM_TARGETS: readonly LazyTarget[] = [
  byHand({
    name: 'models/sse-parser:SseParser',
    kind: 'bytes',
    inputs: [
      textBytes('data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n'),
      textBytes('\ufeffevent: x\r\ndata: one\r\ndata: two\r\n\r\n: comment\rdata:three\r\rid: 4\n'),
    ],
    read: (input) => refusing([RangeError], () => eventsOf([input as Uint8Array])),
    recheck: (whole, input) => {
      const cut = refusing([RangeError], () => eventsOf(piecesOf(input as Uint8Array)))
      // A limit of one line may be met by a piece and not by the whole.
      if (whole === undefined || cut === undefined) return undefined
      return JSON.stringify(cut) === JSON.stringify(whole) ? undefined : 'other events where the stream was cut'
    },
  }),
  byHand({
    name: 'wire/v1/frames:FrameReader',
    kind: 'bytes',
    inputs: [framesOf(['', 'hello']), framesOf(['x'.repeat(300)])],
    read: (input) => [...new FrameReader(BODY_BYTES_MAX).push(input as Uint8Array)],
    recheck: (frames, input) => {
      const again = new Uint8Array(Buffer.concat((frames as readonly Frame[]).map(encodeFrame)))
      if (
        !Buffer.from(input as Uint8Array)
          .subarray(0, again.length)
          .equals(again)
      )
        return 'not written as it was read'
      const reader = new FrameReader(BODY_BYTES_MAX)
      const cut = piecesOf(input as Uint8Array).flatMap((piece) => [...reader.push(piece)])
      return cut.length === (frames as readonly Frame[]).length ? undefined : 'other frames where the stream was cut'
    },
  }),
  byHand({
    name: 'sandbox/guest/frame-reader:FrameReader',
    kind: 'bytes',
    inputs: [
      supervisorFrames(
        ['R', ''],
        ['S', ''],
        ['o', 'out'],
        ['U', '\u0001'.repeat(16)],
        ['X', '\u0000\u0000\u0003'],
        ['Z', ''],
      ),
      supervisorFrames(
        ['S', ''],
        ['X', 'm\u0001\u0009'],
        ['f', `\u0000\u0000\u0001${'\u0002'}${'\u0000'.repeat(7)}`],
        ['b', 'ab'],
        ['Z', ''],
      ),
      supervisorFrames(['N', '\u0002\u0000\u0000\u0000']),
      supervisorFrames(['B', 'no memory']),
    ],
    read: (input) => {
      const reader = new SupervisorReader()
      return piecesOf(input as Uint8Array).flatMap((piece) => [...reader.read(piece)])
    },
    recheck: (events, input) => {
      const whole = [...new SupervisorReader().read(input as Uint8Array)]
      return JSON.stringify(whole) === JSON.stringify(events) ? undefined : 'other events where the stream was cut'
    },
  }),
  byHand({
    name: 'sandbox/hosted/frames:FrameReader',
    kind: 'bytes',
    inputs: [
      encodeHosted({ type: 'output', stream: 'stdout' }, [textBytes('out')]),
      encodeHosted({ type: 'done', list: [1, 2, { a: null }] }, [textBytes(''), textBytes('two')]),
    ],
    // The child is ended for both errors.
    read: (input) =>
      refusing([RangeError, SyntaxError], () => new HostedReader().push(input as Uint8Array, BODY_BYTES_MAX)),
    recheck: (frames) => {
      for (const { header } of (frames ?? []) as readonly { readonly header: unknown }[])
        refusing([RangeError, SyntaxError, TypeError], () => parseHostMessage(header))
      return undefined
    },
  }),
  byHand({
    name: 'sandbox/docker/stream-splitter:StreamSplitter',
    kind: 'bytes',
    inputs: [
      Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 2, 0x68, 0x69, 2, 0, 0, 0, 0, 0, 0, 1, 0x65]),
      Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0]),
    ],
    read: (input) => splitOf([input as Uint8Array]),
    recheck: (whole, input) =>
      splitOf(piecesOf(input as Uint8Array)) === whole ? undefined : 'other streams where it was cut',
  }),
]

function eventsOf(pieces: readonly Uint8Array[]): readonly string[] {
  const parser = new SseParser(EVENT_BYTES_MAX)
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.finish()]
}

function splitOf(pieces: readonly Uint8Array[]): string {
  const streams = { stdout: '', stderr: '' }
  const splitter = new StreamSplitter((stream, piece) => {
    streams[stream] += Buffer.from(piece).toString('hex')
  })
  for (const piece of pieces) splitter.write(Buffer.from(piece))
  return JSON.stringify(streams)
}

function framesOf(bodies: readonly string[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      bodies.map((body, index) =>
        encodeFrame({ type: 'request', correlation: BigInt(index), credit: 3, body: textBytes(body) }),
      ),
    ),
  )
}

function supervisorFrames(...frames: readonly (readonly [letter: string, payload: string])[]): Uint8Array {
  const pieces = frames.map(([letter, payload]) => {
    const frame = Buffer.alloc(5 + payload.length)
    frame.write(letter, 'latin1')
    frame.writeUInt32LE(payload.length, 1)
    frame.write(payload, 5, 'latin1')
    return frame
  })
  return new Uint8Array(Buffer.concat(pieces))
}
