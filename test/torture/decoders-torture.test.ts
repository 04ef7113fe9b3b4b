import { describe, expect, test } from 'vitest'
import { ENVELOPE_REFUSALS } from '../../src/core/evidence/envelope-refusals.ts'
import { DECODER_PLANTS } from './decoders-plants.ts'
import { TOKEN_PLANTS } from './decoders-tokens.ts'
import { DECODERS_TORTURE, runDecoders } from './decoders-torture.ts'

const INIT = { runs: 4_000, deadlineMs: undefined, firstSeed: 1, plant: '', log: () => {} } as const

describe('decoders', () => {
  test('answer every mutation with a code, and the same run twice alike', () => {
    const { failures, counts } = runDecoders(INIT)
    expect(failures).toEqual([])
    expect(runDecoders({ ...INIT, runs: 300 }).counts['hash']).toBe(runDecoders({ ...INIT, runs: 300 }).counts['hash'])
    const seen = Object.keys(ENVELOPE_REFUSALS).filter((code) => counts[code] !== undefined)
    // Memory of nonces and proofs are not decoders'; two more are for messages that nobody made by chance.
    expect(seen.length).toBeGreaterThanOrEqual(24)
    expect(counts['accepted']).toBeGreaterThan(0)
  })

  test('read tokens as others write them, and name what is wrong', () => {
    const { failures, counts } = runDecoders({ ...INIT, runs: 6_000 })
    expect(failures).toEqual([])
    expect(counts['tokenCodesSeen']).toBeGreaterThanOrEqual(10)
    expect(counts['tokensAccepted']).toBeGreaterThan(0)
  })

  test.each(Object.keys({ ...DECODER_PLANTS, ...TOKEN_PLANTS }))('%s is noticed', (plant) => {
    expect(runDecoders({ ...INIT, runs: 3_000, plant }).failures.length).toBeGreaterThan(0)
  })
})

test('the plants are those that the torture lists', () => {
  expect(Object.keys(DECODERS_TORTURE.plants)).toEqual(Object.keys({ ...DECODER_PLANTS, ...TOKEN_PLANTS }))
})
