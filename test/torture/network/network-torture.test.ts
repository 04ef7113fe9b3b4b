import { describe, expect, it } from 'vitest'
import { FOUR } from './cast.ts'
import { whyNoNamespaces } from './namespace.ts'
import { NETWORK_CASES, NOTARIES_CASES } from './network-cases.ts'
import { playAll } from './play-all.ts'
import { nameOf, type NetworkCase } from './play-case.ts'
import { UNTIL_OVER } from './trouble.ts'

const isRequired = (process.env['KERNELL_REQUIRE'] ?? '').split(',').includes('namespaces')

/** A few of the cases that `npm run torture -- network` and `notaries` play. */
const CASES: readonly NetworkCase[] = [
  { at: 'HELD', trouble: { kind: 'wire', wire: 'buyer-seller', fault: { kind: 'reset' }, ms: 0 } },
  { at: 'asked', trouble: { kind: 'down', parties: ['n0'], ms: UNTIL_OVER } },
  { at: 'WORKING', trouble: { kind: 'lie', party: 'n1', lie: 'notary-votes-twice', strength: 0.6 } },
]

describe('a paid task between processes', () => {
  it(
    'comes to one outcome in all journals when a wire is cut, a notary is away, and one votes twice',
    { timeout: 600_000 },
    async (context) => {
      const why = whyNoNamespaces()
      if (why !== undefined && !isRequired) context.skip(why)
      const failures: string[] = []
      const fail = (what: string): void => void failures.push(what)
      const ends = await playAll(CASES, { plan: FOUR, lanes: 1, seed: 1, deadlineMs: undefined, log: () => {}, fail })
      expect(failures).toEqual([])
      expect(ends.map(({ isTroubled, state }) => [isTroubled, state])).toEqual(CASES.map(() => [true, 'FINAL']))
    },
  )

  it('is played with everything at every moment', () => {
    expect(NETWORK_CASES).toHaveLength(7 * (3 + 3 + 3 * 8))
    expect(NOTARIES_CASES).toHaveLength(7 * (4 * 4 + 6 * 3 + 4 * 9))
    for (const cases of [NETWORK_CASES, NOTARIES_CASES]) expect(new Set(cases.map(nameOf)).size).toBe(cases.length)
  })
})
