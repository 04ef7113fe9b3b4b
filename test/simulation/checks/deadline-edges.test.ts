import { beforeAll, expect, it } from 'vitest'
import type { BookedStep } from '../../../src/market/notary/books/journaled-books.ts'
import { CheckBook } from '../../../src/simulation/checks/check-book.ts'
import { type DeadlineEdge, findEdgeFault } from '../../../src/simulation/checks/deadline-edges.ts'
import { contractOf } from '../../../src/simulation/checks/market-steps.ts'
import { checkMarket } from '../../../src/simulation/market/audit/check-market.ts'
import { openPair } from '../market/market-pair.ts'

let steps: readonly BookedStep[]
let edge: DeadlineEdge

/** A delivery that was accepted: its stamp is held against deadlines near it. */
beforeAll(async () => {
  const { market, stage, during } = await openPair(5, 1)
  await stage.world.run({ untilMs: 6_000 })
  const books = await during(checkMarket(market, new CheckBook(() => ({ atMs: 0, event: 0 }))))
  steps = books?.steps ?? []
  const accepted = steps.find((step) => contractOf(step)?.cause === 'accepted')
  const about = accepted && contractOf(accepted)
  if (accepted === undefined || about === undefined) throw new TypeError('Something is accepted')
  edge = {
    contract: about.contract,
    message: accepted.booked.message,
    type: 'escrow-accept',
    kind: 'DELIVERED',
    deadline: about.at + 1,
    askedAt: about.at,
    answeredAt: about.at + 1,
    effect: 'applied',
    code: undefined,
    isAlone: true,
  }
})

it('a message that counts by its stamp is right a millisecond before its deadline, and found at it', () => {
  expect(findEdgeFault(edge, steps)).toBeUndefined()
  expect(findEdgeFault({ ...edge, deadline: edge.askedAt }, steps)).toContain(`counted at ${edge.askedAt}`)
  const unseen = { ...edge, message: '0'.repeat(64) as DeadlineEdge['message'], deadline: edge.askedAt }
  expect(findEdgeFault(unseen, steps)).toContain('counted behind')
})

it('a refusal is found that was said before the deadline, and one behind which something that was due is late', () => {
  const refused = { ...edge, effect: 'refused', code: 'ESCROW_DEADLINE_PASSED' } as const
  const at = edge.askedAt
  // By these books the contract left its state at `at`.
  expect(findEdgeFault({ ...refused, askedAt: at - 2, answeredAt: at - 1, deadline: at }, steps)).toContain('DEADLINE')
  expect(findEdgeFault({ ...refused, askedAt: at, answeredAt: at, deadline: at }, steps)).toBeUndefined()
  const late = { ...refused, askedAt: at - 1, answeredAt: at - 1, deadline: at - 1 }
  expect(findEdgeFault(late, steps)).toContain(`happened at ${at}`)
  expect(findEdgeFault({ ...late, isAlone: false }, steps)).toBeUndefined()
  expect(findEdgeFault({ ...late, code: 'ENVELOPE_EXPIRED' }, steps)).toBeUndefined()
})
