import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { runMcpConformance } from './conformance.ts'

it('the official suite finds nothing in the node but what is listed with a reason', { timeout: 120_000 }, async () => {
  expect(await runMcpConformance({ isJson: false })).toBe(0)
  const { expected } = JSON.parse(readFileSync(new URL('frozen-suite.json', import.meta.url), 'utf8')) as {
    readonly expected: readonly { readonly reason: string }[]
  }
  expect(expected.filter(({ reason }) => reason.length < 40)).toEqual([])
})
