import { describe, expect, it } from 'vitest'
import { whyNoNamespaces } from './namespace.ts'
import { NETWORK_CASES, playAll } from './network-torture.ts'
import type { NetworkCase } from './play-case.ts'

const isRequired = (process.env['KERNELL_REQUIRE'] ?? '').split(',').includes('namespaces')

/** Two of the cases that `npm run torture -- network` plays. */
const CASES: readonly NetworkCase[] = [
  { at: 'WORKING', trouble: { kind: 'kill', party: 'seller' } },
  { at: 'HELD', trouble: { kind: 'wire', wire: 'buyer-seller', fault: { kind: 'reset' }, ms: 0 } },
]

describe('a paid task between three processes', () => {
  it(
    'comes to one outcome in all books when a process is killed and a wire is cut',
    { timeout: 240_000 },
    async (context) => {
      const why = whyNoNamespaces()
      if (why !== undefined && !isRequired) context.skip(why)
      const failures: string[] = []
      const fail = (what: string): void => void failures.push(what)
      const ends = await playAll(CASES, { seed: 1, deadlineMs: undefined, log: () => {}, fail })
      expect(failures).toEqual([])
      expect(ends.map(({ isTroubled, state }) => [isTroubled, state])).toEqual([
        [true, 'FINAL'],
        [true, 'FINAL'],
      ])
    },
  )

  it('is played with everything at every moment', () => {
    expect(NETWORK_CASES).toHaveLength(7 * (3 + 3 + 3 * 8))
  })
})
