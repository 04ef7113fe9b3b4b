import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { FrameReader, type GuestEvent } from '../../../src/sandbox/guest/frame-reader.ts'
import { GuestFiles } from '../../../src/sandbox/guest/guest-files.ts'

const PIECE_MAX = 16_384

function frame(letter: string, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const head = Buffer.alloc(5)
  head.write(letter, 0, 'latin1')
  head.writeUInt32LE(payload.length, 1)
  return Buffer.concat([head, payload])
}

function fileHead(index: number, size: number): Uint8Array {
  const head = Buffer.alloc(11)
  head.writeUInt16LE(index, 0)
  head.writeBigUInt64LE(BigInt(size), 3)
  return head
}

const numbers = (...values: readonly bigint[]): Uint8Array => {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(value, index * 8)
  return bytes
}

const WHOLE = Buffer.concat([
  frame('R'),
  frame('S'),
  frame('U', numbers(1_500n, 4_096n)),
  frame('o', Buffer.from('out')),
  frame('e', Buffer.from('err')),
  frame('X', Uint8Array.of(0x6d, 1, 9)),
  frame('f', fileHead(0, 3)),
  frame('b', Buffer.from('abc')),
  frame('Z'),
])

function readAll(bytes: Uint8Array, reader = new FrameReader()): readonly GuestEvent[] {
  return [...reader.read(bytes)]
}

const isBroken = (error: unknown): boolean => CodedError.is(error, 'SANDBOX_BROKEN')

describe('frames of a supervisor', () => {
  it('are read as it says them', () => {
    expect(readAll(WHOLE)).toEqual([
      { type: 'ready' },
      { type: 'started' },
      { type: 'usage', cpuMs: 1.5, memoryBytesPeak: 4_096 },
      { type: 'output', stream: 'stdout', piece: Uint8Array.from(Buffer.from('out')) },
      { type: 'output', stream: 'stderr', piece: Uint8Array.from(Buffer.from('err')) },
      { type: 'ended', limit: 'memory', code: undefined, signal: 9 },
      { type: 'file', index: 0, isExecutable: false, size: 3 },
      { type: 'file-piece', piece: Uint8Array.from(Buffer.from('abc')) },
      { type: 'done' },
    ])
  })

  it('are the same however they are cut', () => {
    const whole = readAll(WHOLE)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (lengths) => {
        const reader = new FrameReader()
        const events: GuestEvent[] = []
        for (let at = 0, turn = 0; at < WHOLE.length; turn += 1) {
          const length = lengths[turn % lengths.length] ?? 1
          events.push(...reader.read(WHOLE.subarray(at, at + length)))
          at += length
        }
        expect(events).toEqual(whole)
      }),
    )
  })

  it.each([
    ['another letter', frame('Q')],
    ['a name that every object has', Buffer.from('__proto__')],
    ['output before the start', frame('o', Buffer.from('x'))],
    ['a second start', Buffer.concat([frame('S'), frame('S')])],
    ['an end before the start', frame('X', Uint8Array.of(0, 0, 0))],
    [
      'output after the end',
      Buffer.concat([frame('S'), frame('X', Uint8Array.of(0, 0, 0)), frame('o', Buffer.from('x'))]),
    ],
    [
      'a piece of no file',
      Buffer.concat([frame('S'), frame('X', Uint8Array.of(0, 0, 0)), frame('b', Buffer.from('x'))]),
    ],
    ['anything after the last', Buffer.concat([WHOLE, frame('Z')])],
    ['a limit that there is not', Buffer.concat([frame('S'), frame('X', Uint8Array.of(1, 0, 0))])],
    ['an end that is neither', Buffer.concat([frame('S'), frame('X', Uint8Array.of(0, 2, 0))])],
    ['a number that is too large', Buffer.concat([frame('S'), frame('U', numbers(2n ** 63n, 0n))])],
    [
      'a size that is too large',
      Buffer.concat([frame('S'), frame('X', Uint8Array.of(0, 0, 0)), frame('f', Buffer.alloc(11, 0xff))]),
    ],
    ['empty output', Buffer.concat([frame('S'), frame('o')])],
  ])('refuses %s', (_what, bytes) => {
    expect(() => readAll(bytes)).toThrowError(expect.toSatisfy(isBroken))
  })

  it('that are too long are refused by their heads, before anything of them is kept', () => {
    const head = frame('o', Buffer.alloc(PIECE_MAX + 1)).subarray(0, 5)
    const reader = new FrameReader()
    expect(readAll(frame('S'), reader)).toHaveLength(1)
    expect(() => readAll(head, reader)).toThrowError(expect.toSatisfy(isBroken))
  })

  it('of a copy begin where its original waited', () => {
    expect(() => readAll(frame('R'), new FrameReader({ isCopy: true }))).toThrowError(expect.toSatisfy(isBroken))
    expect(readAll(frame('S'), new FrameReader({ isCopy: true }))).toEqual([{ type: 'started' }])
  })

  it('may hold anything: it is an event or refused, and no more comes out than went in', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .array(
          fc.tuple(
            fc.constantFrom('R', 'S', 'N', 'B', 'o', 'e', 'U', 'X', 'f', 'b', 'Z'),
            fc.uint8Array({ maxLength: 40 }),
          ),
          { maxLength: 12 },
        )
        .map((frames) => Buffer.concat(frames.map(([letter, payload]) => frame(letter, payload)))),
    )
    fc.assert(
      fc.property(anything, (bytes) => {
        const reader = new FrameReader()
        let length = 0
        try {
          for (const event of reader.read(Buffer.concat([frame('S'), bytes])))
            if (event.type === 'output' || event.type === 'file-piece') length += event.piece.length
        } catch (error) {
          if (!isBroken(error)) throw error
        }
        expect(length).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: 500 },
    )
  })

  it('whose message holds other characters than a line shows them as question marks', () => {
    expect(readAll(frame('B', Buffer.from('no\u001b[2Jgo\n')))).toEqual([{ type: 'broken', message: 'no?[2Jgo?' }])
  })
})

describe('files that a supervisor hands out', () => {
  const piece = (text: string): Uint8Array => Buffer.from(text)

  it('are those that were asked for, in order, up to the limit', () => {
    const files = new GuestFiles(['a', 'b', 'c'], 4)
    files.begin({ index: 0, isExecutable: true, size: 3 })
    files.add(piece('abc'))
    files.begin({ index: 2, isExecutable: false, size: 3 })
    files.add(piece('def'))
    const { files: got, isTruncated, bytes } = files.read()
    expect(
      got.map(({ path, bytes: content, isExecutable }) => [path, Buffer.from(content).toString(), isExecutable]),
    ).toEqual([
      ['a', 'abc', true],
      ['c', 'd', undefined],
    ])
    expect([isTruncated, bytes]).toEqual([true, 4])
  })

  it('an empty one comes out, and one of which nothing is left does not', () => {
    const files = new GuestFiles(['a', 'b'], 0)
    files.begin({ index: 0, isExecutable: false, size: 0 })
    files.begin({ index: 1, isExecutable: false, size: 5 })
    expect(files.read()).toMatchObject({ files: [{ path: 'a' }], isTruncated: true })
  })

  it.each([
    ['not asked for', [1]],
    ['twice', [0, 0]],
  ])('are refused: %s', (_what, indexes) => {
    const files = new GuestFiles(['a'], 10)
    expect(() => {
      for (const index of indexes) files.begin({ index, isExecutable: false, size: 1 })
    }).toThrowError(expect.toSatisfy(isBroken))
  })

  it('are refused where they are longer than was said', () => {
    const files = new GuestFiles(['a'], 10)
    files.begin({ index: 0, isExecutable: false, size: 1 })
    expect(() => files.add(piece('ab'))).toThrowError(expect.toSatisfy(isBroken))
  })
})
