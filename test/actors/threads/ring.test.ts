import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRingMemory, HEADER_UNITS, VALUE } from '../../../src/actors/threads/ring-layout.ts'
import { RingReader } from '../../../src/actors/threads/ring-reader.ts'
import { RingWriter } from '../../../src/actors/threads/ring-writer.ts'
import { boardIndex, createThreadBoard, PARKED, RUNG, STATE_WORD } from '../../../src/actors/threads/thread-board.ts'

const BYTES = 1_024
const UNITS_MAX = BYTES / 8 / 4

function createPair(): {
  writer: RingWriter
  reader: RingReader
  states: () => readonly (number | undefined)[]
  park: () => void
} {
  const memory = createRingMemory(BYTES)
  const board = createThreadBoard(2)
  const words = [0, 1].map((thread) => boardIndex(thread, STATE_WORD))
  const park = (): void => words.forEach((word) => (board.words[word] = PARKED))
  park()
  return {
    park,
    writer: new RingWriter({ memory, board, readerThread: 1 }),
    reader: new RingReader({ memory, board, writerThread: 0 }),
    states: () => words.map((word) => board.words[word]),
  }
}

/** Fills a record with its number; false when there was no room. */
function write(writer: RingWriter, units: number, number: number): boolean {
  const place = writer.reserve(units)
  if (place < 0) return false
  writer.ints.set([units, VALUE, 7, 9], place * 2)
  for (let unit = HEADER_UNITS; unit < units; unit += 1) writer.floats[place + unit] = number
  writer.commit(units)
  return true
}

function read(reader: RingReader): readonly [units: number, numbers: readonly number[]] | undefined {
  const place = reader.peek()
  if (place < 0) return undefined
  const units = reader.ints[place * 2] ?? 0
  const numbers = [...reader.floats.subarray(place + HEADER_UNITS, place + units)]
  reader.advance()
  return [units, numbers]
}

describe('a ring', () => {
  test('gives back what was written, in order, at every place of its memory', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('write' as const), units: fc.integer({ min: HEADER_UNITS, max: UNITS_MAX }) }),
        fc.record({ kind: fc.constantFrom('read' as const, 'publish' as const, 'release' as const) }),
      ),
      { maxLength: 400, size: 'max' },
    )
    fc.assert(
      fc.property(steps, (sequence) => {
        const { writer, reader } = createPair()
        const written: number[] = []
        let published = 0
        let taken = 0
        for (const step of sequence) {
          if (step.kind === 'write') {
            if (write(writer, step.units, written.length)) written.push(step.units)
          } else if (step.kind === 'publish') {
            writer.publish()
            published = written.length
          } else if (step.kind === 'release') reader.release()
          else {
            const record = read(reader)
            if (taken === published) expect(record).toBeUndefined()
            else {
              const units = written[taken] ?? 0
              expect(record).toEqual([units, Array.from({ length: units - HEADER_UNITS }, () => taken)])
              taken += 1
            }
          }
        }
      }),
      { numRuns: 300, seed: 3 },
    )
  })

  test('takes the largest record wherever it stands when it is empty', () => {
    const { writer, reader } = createPair()
    for (let number = 0; number < 500; number += 1) {
      expect(write(writer, HEADER_UNITS + (number % 5), number)).toBe(true)
      expect(write(writer, UNITS_MAX, number)).toBe(true)
      writer.publish()
      expect([read(reader)?.[0], read(reader)?.[0]]).toEqual([HEADER_UNITS + (number % 5), UNITS_MAX])
      reader.release()
    }
  })

  test('has no room when it is full, and has it again when the reader released', () => {
    const { writer, reader } = createPair()
    let count = 0
    while (write(writer, 4, count)) count += 1
    expect(count).toBe(BYTES / 8 / 4)
    writer.publish()
    expect(reader.isEmpty()).toBe(false)
    read(reader)
    expect(writer.reserve(4)).toBe(-1)
    reader.release()
    expect(writer.reserve(4)).toBe(0)
    expect(writer.reserve(5)).toBe(-1)
  })

  test('rings for the reader when it is parked, and for the writer when that wants room', () => {
    const { writer, reader, states, park } = createPair()
    write(writer, 4, 0)
    expect(states()).toEqual([PARKED, PARKED])
    writer.publish()
    expect(states()).toEqual([PARKED, RUNG])
    read(reader)
    reader.release()
    expect(states()).toEqual([PARKED, RUNG])
    write(writer, 4, 0)
    writer.publish()
    writer.wantRoom()
    read(reader)
    reader.release()
    expect(states()).toEqual([RUNG, RUNG])
    park()
    write(writer, 4, 0)
    writer.publish()
    read(reader)
    reader.release()
    expect(states()).toEqual([PARKED, RUNG])
  })

  test('goes on where counts of 32 bits begin again', () => {
    const memory = createRingMemory(BYTES)
    const words = new Int32Array(memory.buffer)
    words[0] = 2 ** 31 - 16
    words[32] = 2 ** 31 - 16
    const board = createThreadBoard(2)
    const writer = new RingWriter({ memory, board, readerThread: 1 })
    const reader = new RingReader({ memory, board, writerThread: 0 })
    for (let number = 0; number < 100; number += 1) {
      expect(write(writer, 7, number)).toBe(true)
      writer.publish()
      expect(read(reader)?.[1][0]).toBe(number)
      reader.release()
    }
  })

  test.each([1_000, 512, 2 ** 27, 0, Number.NaN])('cannot have %d bytes', (bytes) => {
    expect(() => createRingMemory(bytes)).toThrow(RangeError)
  })
})
