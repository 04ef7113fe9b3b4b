import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ESCROW_EDGES } from '../../../src/core/escrow/escrow-edges.ts'
import { ESCROW_REFUSALS } from '../../../src/core/escrow/escrow-refusals.ts'
import { runTranscript } from './transcript.ts'

const FOLDER = new URL('transcripts/', import.meta.url)
const RUNS = readdirSync(FOLDER).map((file) => ({
  file,
  ...runTranscript(readFileSync(new URL(file, FOLDER), 'utf8')),
}))

describe('transcripts of contracts', () => {
  test.each(RUNS)('$file goes as written', ({ lines, violations }) => {
    expect(lines.map(({ command, actual }) => `${command} -> ${actual}`)).toEqual(
      lines.map(({ command, expected }) => `${command} -> ${expected}`),
    )
    expect(violations).toEqual([])
  })

  test('every edge is taken', () => {
    const taken = new Set(RUNS.flatMap(({ edges }) => edges))
    expect(ESCROW_EDGES.map(({ name }) => name).filter((name) => !taken.has(name))).toEqual([])
  })

  test('every refusal is met', () => {
    const met = new Set(RUNS.flatMap(({ refusals }) => refusals))
    expect(Object.keys(ESCROW_REFUSALS).filter((code) => !met.has(code))).toEqual([])
  })
})
