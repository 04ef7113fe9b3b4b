import { expect, test } from 'vitest'
import { raceNotary } from '../../torture/race-notary.ts'

test('64 connections of four processes ask for the same, and it is done once', { timeout: 120_000 }, async () => {
  const results = await raceNotary({ processes: 4, connections: 16, seed: 1 })
  expect(
    results.map(({ request, answers, receipts, conflict, violations }) => ({
      request,
      answers,
      receipts,
      conflict,
      violations,
    })),
  ).toEqual(
    ['capture', 'void', 'settle'].map((request) => ({
      request,
      answers: 64,
      receipts: 1,
      conflict: 'ENVELOPE_NONCE_USED',
      violations: [],
    })),
  )
})
