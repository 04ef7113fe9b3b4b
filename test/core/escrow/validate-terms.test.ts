import { describe, expect, test } from 'vitest'
import { AMOUNT_MAX, amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import {
  DEFAULT_ESCROW_RULES,
  DEFAULT_TIMERS,
  TEST_ESCROW_RULES,
  TIMER_MAX_MS,
} from '../../../src/core/escrow/escrow-rules.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import { TERMS_REFUSALS, refuseTerms } from '../../../src/core/escrow/validate-terms.ts'
import {
  ARBITERS,
  PAYER,
  USD,
  creditTerms,
  didNamed,
  hashNamed,
  ms,
  nanos,
  notaryTerms,
  termsOf,
} from './escrow-builder.ts'

const base = termsOf()
const credit = creditTerms()
const line = { limitNanos: nanos(150), owedNanos: nanos(0), accountHead: hashNamed('') }

const TIMERS = [
  'offerMs',
  'holdMs',
  'startMs',
  'beatMs',
  'deliverMs',
  'graceMs',
  'acceptMs',
  'evidenceMs',
  'ruleMs',
  'refundMs',
  'retainMs',
] as const

/** Terms that break one rule, and one only. */
const BROKEN: readonly (readonly [code: keyof typeof TERMS_REFUSALS, what: string, terms: EscrowTerms])[] = [
  ['TERMS_PARTIES', 'payer is worker', termsOf({ worker: PAYER })],
  ['TERMS_NOTARY_SET', 'n = 2', termsOf({ notarySet: { ...base.notarySet, n: 2, m: 2 } })],
  ['TERMS_NOTARY_SET', 'm = 2 of 4', termsOf({ notarySet: { ...base.notarySet, n: 4, m: 2 }, custodyLabel: 'C3' })],
  ['TERMS_NOTARY_SET', 'n = 0', termsOf({ notarySet: { ...base.notarySet, n: 0, m: 1 } })],
  ['TERMS_NOTARY_SET', 'an epoch of one half', termsOf({ notarySet: { ...base.notarySet, epoch: 0.5 } })],
  ['TERMS_ARBITERS', 'k above their number', termsOf({ arbiters: { members: ARBITERS, k: 4 } })],
  ['TERMS_ARBITERS', 'k = 0 with arbiters', termsOf({ arbiters: { members: ARBITERS, k: 0 } })],
  [
    'TERMS_ARBITERS',
    'one twice',
    termsOf({ arbiters: { members: [...ARBITERS.slice(0, 1), ...ARBITERS.slice(0, 1)], k: 1 } }),
  ],
  ['TERMS_ARBITERS', 'not sorted', termsOf({ arbiters: { members: ARBITERS.toReversed(), k: 2 } })],
  ['TERMS_ARBITERS', 'a party', termsOf({ arbiters: { members: [PAYER], k: 1 } })],
  [
    'TERMS_ARBITERS',
    'seventeen',
    termsOf({
      arbiters: { members: Array.from({ length: 17 }, (_, index) => didNamed(`a${'abcdefghijkmnopqr'[index]}`)), k: 1 },
    }),
  ],
  ['TERMS_CUSTODY', 'one notary without saying so', termsOf({ custodyLabel: 'C3' })],
  ['TERMS_CUSTODY', 'another model', termsOf({ custodyLabel: 'C2/f=0' })],
  [
    'TERMS_PRICE',
    'no price',
    termsOf({ maxNanos: nanos(0), fees: { ...base.fees, capNanos: nanos(0), flatNanos: nanos(0) } }),
  ],
  ['TERMS_PRICE', 'a sum beyond 64 bits', termsOf({ maxNanos: amountFromNanos(AMOUNT_MAX) })],
  ['TERMS_MILESTONES', 'not rising', termsOf({ milestonesNanos: [nanos(10), nanos(10)] })],
  ['TERMS_MILESTONES', 'above the price', termsOf({ milestonesNanos: [nanos(101)] })],
  ['TERMS_MILESTONES', 'a first of 0', termsOf({ milestonesNanos: [nanos(0)] })],
  [
    'TERMS_MILESTONES',
    'too many',
    termsOf({ maxNanos: nanos(1_000), milestonesNanos: Array.from({ length: 65 }, (_, index) => nanos(index + 1)) }),
  ],
  ...TIMERS.filter((field) => TEST_ESCROW_RULES.minimums[field] > 0).map(
    (field) =>
      [
        'TERMS_TIMERS',
        `${field} one below its minimum`,
        termsOf({ timers: { ...base.timers, [field]: TEST_ESCROW_RULES.minimums[field] - 1 } }),
      ] as const,
  ),
  ...TIMERS.map(
    (field) =>
      [
        'TERMS_TIMERS',
        `${field} one above its maximum`,
        termsOf({ timers: { ...base.timers, [field]: TIMER_MAX_MS + 1 } }),
      ] as const,
  ),
  ['TERMS_TIMERS', 'half a millisecond', termsOf({ timers: { ...base.timers, acceptMs: ms(1_000.5) } })],
  [
    'TERMS_TIMER_ORDER',
    'start as late as delivery',
    termsOf({ timers: { ...base.timers, startMs: base.timers.deliverMs } }),
  ],
  [
    'TERMS_TIMER_ORDER',
    'evidence as late as the ruling',
    termsOf({ timers: { ...base.timers, evidenceMs: base.timers.ruleMs } }),
  ],
  ['TERMS_BONDS', 'C3 without the worker', termsOf({ bonds: { ...base.bonds, workerNanos: nanos(0) } })],
  ['TERMS_BONDS', 'C3 without the payer', termsOf({ bonds: { ...base.bonds, payerNanos: nanos(0) } })],
  ['TERMS_BONDS', 'C2 with a bond', notaryTerms({ bonds: base.bonds })],
  ['TERMS_BONDS', 'C1 with a dispute bond', creditTerms({ bonds: { ...credit.bonds, disputeNanos: nanos(1) } })],
  ['TERMS_PENALTIES', 'p1 above the bond', termsOf({ penalties: { p1Nanos: nanos(31), p2Nanos: nanos(0) } })],
  ['TERMS_PENALTIES', 'p2 above the bond', termsOf({ penalties: { p1Nanos: nanos(0), p2Nanos: nanos(31) } })],
  ['TERMS_FEES', 'a cap above the price', termsOf({ fees: { ...base.fees, capNanos: nanos(101) } })],
  ['TERMS_FEES', 'a flat fee above the cap', termsOf({ fees: { ...base.fees, flatNanos: nanos(4) } })],
  ['TERMS_FEES', 'more than all', termsOf({ fees: { ...base.fees, perMillion: 1_000_001 } })],
  ['TERMS_FEES', 'in C1', creditTerms({ fees: { ...credit.fees, capNanos: nanos(1) } })],
  ['TERMS_ARBITER_FEES', 'above the dispute bond', termsOf({ fees: { ...base.fees, arbiterNanos: nanos(6) } })],
  ['TERMS_FALLBACK', 'a share above one', termsOf({ fallbackPerMillion: 1_000_001 })],
  ['TERMS_FALLBACK', 'a negative share', termsOf({ fallbackPerMillion: -1 })],
  ['TERMS_CREDIT', 'a line without C1', termsOf({ credit: line })],
  ['TERMS_CREDIT', 'C1 without a line', creditTerms({ credit: undefined })],
  ['TERMS_CREDIT', 'credits of somebody else', creditTerms({ currency: USD })],
  ['TERMS_CREDIT', 'a price that passes the line', creditTerms({ credit: { ...line, owedNanos: nanos(51) } })],
  ['TERMS_SIGN_BY', 'no instant to be signed by', termsOf({ signBy: timestampFromMs(0) })],
  ['TERMS_SIGN_BY', 'half a millisecond', termsOf({ signBy: timestampFromMs(0.5) })],
  ['TERMS_SIGN_BY', 'an instant beyond exact integers', termsOf({ signBy: timestampFromMs(2 ** 53) })],
  ['TERMS_TEXT', 'a network without a name', termsOf({ net: '' })],
  ['TERMS_TEXT', 'a network in capitals', termsOf({ net: 'Main' })],
  ['TERMS_TEXT', 'a verifier with a space', termsOf({ verifier: 'word count' })],
  ['TERMS_TEXT', 'a short salt', termsOf({ salt: 'AAAA' })],
]

describe('terms', () => {
  test('of every custody model are contracts', () => {
    const all = [
      termsOf(),
      notaryTerms(),
      creditTerms(),
      notaryTerms({ arbiters: { members: [], k: 0 }, fees: { ...base.fees, arbiterNanos: nanos(0) } }),
    ]
    expect(all.map((terms) => refuseTerms(terms, TEST_ESCROW_RULES))).toEqual(all.map(() => undefined))
  })

  test('with four notaries carry the plain label', () => {
    expect(
      refuseTerms(termsOf({ notarySet: { ...base.notarySet, n: 4, m: 3 }, custodyLabel: 'C3' }), TEST_ESCROW_RULES),
    ).toBeUndefined()
  })

  test('up to each limit are contracts', () => {
    const timers = Object.fromEntries(TIMERS.map((field) => [field, TEST_ESCROW_RULES.minimums[field]]))
    const atMinimums = { ...base.timers, ...timers, deliverMs: ms(101), ruleMs: ms(101) }
    const terms = [
      termsOf({ timers: atMinimums }),
      termsOf({ fees: { capNanos: nanos(100), flatNanos: nanos(100), perMillion: 1_000_000, arbiterNanos: nanos(5) } }),
      termsOf({ penalties: { p1Nanos: nanos(30), p2Nanos: nanos(30) } }),
      termsOf({ milestonesNanos: [nanos(1), nanos(100)] }),
      creditTerms({ credit: { ...line, owedNanos: nanos(50) } }),
    ]
    expect(terms.map((each) => refuseTerms(each, TEST_ESCROW_RULES))).toEqual(terms.map(() => undefined))
  })

  test('with the default spans are contracts under the default rules', () => {
    expect(refuseTerms(termsOf({ timers: DEFAULT_TIMERS }), DEFAULT_ESCROW_RULES)).toBeUndefined()
    expect(refuseTerms(termsOf(), DEFAULT_ESCROW_RULES)).toBe('TERMS_TIMERS')
  })

  test.each(BROKEN)('%s: %s', (code, _what, terms) => {
    expect(refuseTerms(terms, TEST_ESCROW_RULES)).toBe(code)
  })

  test('every refusal is met', () => {
    expect(new Set(BROKEN.map(([code]) => code))).toEqual(new Set(Object.keys(TERMS_REFUSALS)))
  })
})
