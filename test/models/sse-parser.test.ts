import { describe, expect, test } from 'vitest'
import { SseParser } from '../../src/models/sse-parser.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Events of a stream that arrives in these pieces. */
function parse(pieces: Iterable<Uint8Array>, eventBytesMax = 1000): string[] {
  const parser = new SseParser(eventBytesMax)
  const events: string[] = []
  for (const piece of pieces) events.push(...parser.push(piece))
  events.push(...parser.finish())
  return events
}

const STREAM =
  '\uFEFF: comment\n\nevent: message\ndata: {"a":"grüße 🎈"}\n\ndata:two\r\ndata: lines\r\n\r\nid: 7\nretry: 10\ndata\n\n' +
  'datafile: x\n\ndata: cr\r\rdata:  one space is eaten\n\n: ping\n\ndata: [DONE]\n\n'
const EVENTS = ['{"a":"grüße 🎈"}', 'two\nlines', '', 'cr', ' one space is eaten', '[DONE]']

describe('server-sent events', () => {
  test('comments, names, ids, empty data and every kind of line end', () => {
    expect(parse([encode(STREAM)])).toEqual(EVENTS)
  })

  test('a byte order mark before the first line is no part of it, a later one is', () => {
    expect(parse([encode('\uFEFFdata: first\n\n\uFEFFdata: lost\n\ndata: \uFEFFkept\n\n')])).toEqual([
      'first',
      '\uFEFFkept',
    ])
    const bytes = encode('\uFEFFdata: first\n\n')
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(parse([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(['first'])
    }
  })

  test('cut in two at every byte', () => {
    const bytes = encode(STREAM)
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(parse([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(EVENTS)
    }
  })

  test('one byte at a time', () => {
    const bytes = encode(STREAM)
    expect(parse(Array.from(bytes, (_byte, index) => bytes.subarray(index, index + 1)))).toEqual(EVENTS)
  })

  test('an event is out as soon as its empty line is in', () => {
    const parser = new SseParser(1000)
    expect(parser.push(encode('data: a\n'))).toEqual([])
    expect(parser.push(encode('\ndata: b'))).toEqual(['a'])
    expect(parser.push(encode('\n\n'))).toEqual(['b'])
    expect(parser.push(encode('data: c\r\rdata: d'))).toEqual(['c'])
  })

  test('the last event counts although nothing closes it', () => {
    expect(parse([encode('data: a\n\ndata: b')])).toEqual(['a', 'b'])
    expect(parse([encode('')])).toEqual([])
  })

  test('a line or an event without end is refused at the limit, not collected', () => {
    expect(() => parse([encode('data: '), encode('x'.repeat(1001))])).toThrow(RangeError)
    expect(() => parse(Array.from({ length: 200 }, () => encode('data: 12345678\n')))).toThrow(RangeError)
  })
})
