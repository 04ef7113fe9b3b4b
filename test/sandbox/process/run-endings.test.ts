import { expect, it, vi } from 'vitest'
import { OutputCapture } from '../../../src/sandbox/process/output-capture.ts'
import { RunEnding } from '../../../src/sandbox/process/run-ending.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (read: { readonly bytes: Uint8Array }): string => new TextDecoder().decode(read.bytes)

it('keeps both streams up to one limit, and says once that it was too little', () => {
  const told: string[] = []
  const onOverflow = vi.fn()
  const capture = new OutputCapture({
    bytesMax: 5,
    onOutput: (stream, piece) => told.push(`${stream}:${new TextDecoder().decode(piece)}`),
    onOverflow,
  })
  capture.write('stdout', bytes('abc'))
  capture.write('stderr', bytes('de'))
  expect([capture.isOver, capture.bytesLeft]).toEqual([false, 0])
  capture.write('stdout', bytes(''))
  expect(onOverflow).not.toHaveBeenCalled()
  capture.write('stderr', bytes('f'))
  capture.write('stdout', bytes('g'))
  expect(onOverflow).toHaveBeenCalledTimes(1)
  expect(told).toEqual(['stdout:abc', 'stderr:de'])
  expect([text(capture.read('stdout')), text(capture.read('stderr'))]).toEqual(['abc', 'de'])
  expect([capture.read('stdout').isTruncated, capture.read('stderr').isTruncated]).toEqual([true, true])
})

it('cuts a piece where the limit is', () => {
  const capture = new OutputCapture({ bytesMax: 2, onOverflow: () => {} })
  capture.write('stdout', bytes('abc'))
  expect([text(capture.read('stdout')), capture.bytes, capture.isOver]).toEqual(['ab', 2, true])
})

it('the first reason of an end stands, and stops once', () => {
  const stop = vi.fn()
  const signal = new AbortController()
  const ending = new RunEnding({ wallMs: 60_000, signal: signal.signal, stop })
  ending.end('memory')
  signal.abort()
  ending.end('cpu')
  expect([ending.reason, ending.settle('exited'), stop.mock.calls.length]).toEqual(['memory', 'memory', 1])
})

it('a program that ended by itself is stopped by nothing afterwards', () => {
  const stop = vi.fn()
  const signal = new AbortController()
  const ending = new RunEnding({ wallMs: 60_000, signal: signal.signal, stop })
  expect(ending.settle('exited')).toBe('exited')
  signal.abort()
  ending.end('time')
  expect([ending.reason, stop.mock.calls.length]).toEqual(['exited', 0])
})

it('a signal that was aborted before ends it at once', () => {
  const stop = vi.fn()
  const ending = new RunEnding({ wallMs: 60_000, signal: AbortSignal.abort(), stop })
  expect([ending.reason, stop.mock.calls.length]).toEqual(['cancelled', 1])
})
