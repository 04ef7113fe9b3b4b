import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { DEFAULT_ESCROW_RULES, DEFAULT_TIMERS } from '../../../src/core/escrow/escrow-rules.ts'
import type { EscrowTerms, EscrowTimers } from '../../../src/core/escrow/escrow-terms.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { NotarySet } from '../../../src/core/notary/notary-set.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { refuseContract, type SellerPolicy } from '../../../src/market/parties/selling/seller-policy.ts'
import type { SkillNote } from '../../../src/market/parties/role/party-notes.ts'
import { sellerPolicyOf } from '../../../src/market/parties/role/party-policies.ts'
import type { UsableParameters } from '../../../src/market/parties/parameters/usable-parameters.ts'
import { didNamed, NOTARY, RULES_HASH, START, termsOf } from '../../core/escrow/escrow-builder.ts'
import { nanos, SET } from './market-world.ts'

const CREDIT = 1_000_000_000n
const PRICE = nanos(CREDIT)
const [FRIEND, STRANGER] = [didNamed('arba'), didNamed('arbz')]

/** Of a node that has offered a skill and said nothing else. */
function policyWith(
  note: Partial<SkillNote> = {},
  { payerPpm = 500_000, before = [] }: { readonly payerPpm?: number; readonly before?: readonly object[] } = {},
): SellerPolicy {
  const noteOf = (): object => ({ agent: 'echo', custody: ['C1', 'C2', 'C3'], ...note })
  const contracts = before.map((contract, index) => [String(index), { role: 'worker', ...contract }])
  const party = { noteOf, journal: { notesOf: () => contracts } } as unknown as Party
  const parameters = { rules: new Map([[RULES_HASH, DEFAULT_ESCROW_RULES]]) } as unknown as UsableParameters
  const set = { ...SET, members: [{ key: NOTARY, address: '/memory/n' }] } as NotarySet
  return sellerPolicyOf(party, { set, parameters, payerPpmOf: () => payerPpm })
}

type Changes = Partial<EscrowTerms>

/** Of a price of one credit in C3, as `market buy` writes them, but for some of their members. */
function judge(
  changes: Changes,
  note: Partial<SkillNote> = {},
  known: Parameters<typeof policyWith>[1] = {},
): string | undefined {
  const policy = policyWith(note, known)
  const [notarySet] = policy.notarySets
  const terms = termsOf({
    signBy: timestampFromMs(START + 120_000),
    ...(notarySet && { notarySet }),
    maxNanos: PRICE,
    arbiters: { members: [], k: 0 },
    bonds: { payerNanos: nanos(CREDIT / 10n), workerNanos: nanos(CREDIT / 10n), disputeNanos: nanos(CREDIT) },
    penalties: { p1Nanos: nanos(CREDIT / 20n), p2Nanos: nanos(CREDIT / 20n) },
    fees: { capNanos: nanos(CREDIT / 100n), flatNanos: nanos(0), perMillion: 10_000, arbiterNanos: nanos(0) },
    timers: DEFAULT_TIMERS,
    milestonesNanos: [],
    fallbackPerMillion: 0,
    ...changes,
  })
  const room = { openContracts: 0, openNanos: 0n }
  const asked = { net: terms.net, now: START, skill: 'text.echo', priceNanos: PRICE, ...room }
  return refuseContract(policy, { ...asked, terms })
}

const timers = (changes: Partial<Record<keyof EscrowTimers, number>>): Changes => ({
  timers: { ...DEFAULT_TIMERS, ...changes } as EscrowTimers,
})
const ruledBy = (...members: readonly Did[]): Changes => ({ arbiters: { members, k: 1 } })

describe('the seller of a node that was told nothing but its price', () => {
  it('signs what a buyer writes', () => {
    expect(judge({})).toBeUndefined()
  })

  it('takes no arbiter, since whoever rules may give its bond away', () => {
    expect(judge(ruledBy(STRANGER))).toBe('MARKET_ARBITERS_DECLINED')
    expect(judge(ruledBy(FRIEND), { arbiters: [FRIEND] })).toBeUndefined()
    expect(judge(ruledBy(FRIEND, STRANGER), { arbiters: [FRIEND] })).toBe('MARKET_ARBITERS_DECLINED')
  })

  it('puts no more at stake than shares of the price, and no more than the payer', () => {
    const bonds = (payer: bigint, worker: bigint): Changes => ({
      bonds: { payerNanos: nanos(payer), workerNanos: nanos(worker), disputeNanos: nanos(0) },
    })
    const penalties = (p1: bigint, p2: bigint): Changes => ({ penalties: { p1Nanos: nanos(p1), p2Nanos: nanos(p2) } })
    expect(judge(bonds(CREDIT / 2n, CREDIT / 2n))).toBeUndefined()
    expect(judge(bonds(CREDIT, CREDIT / 2n + 1n))).toBe('MARKET_LIMIT_PASSED')
    expect(judge(bonds(CREDIT / 10n - 1n, CREDIT / 10n))).toBe('MARKET_LIMIT_PASSED')
    expect(judge(penalties(CREDIT / 10n, CREDIT / 10n))).toBeUndefined()
    const most = bonds(CREDIT / 2n, CREDIT / 2n)
    expect(judge({ ...most, ...penalties(CREDIT / 10n + 1n, 0n) })).toBe('MARKET_LIMIT_PASSED')
    expect(judge({ ...most, ...penalties(0n, CREDIT / 10n + 1n) })).toBe('MARKET_LIMIT_PASSED')
  })

  it.each([
    ['holdMs', 300_001],
    ['startMs', 600_001],
    ['beatMs', 86_400_001],
    ['acceptMs', 7 * 86_400_000 + 1],
    ['ruleMs', 7 * 86_400_000 + 1],
  ] as const)('does not wait for longer than it says: %s', (name, span) => {
    expect(judge(timers({ [name]: span }))).toBe('MARKET_LIMIT_PASSED')
    expect(judge(timers({ [name]: span - 1 }))).toBeUndefined()
  })

  it('signs for two minutes ahead, clocks apart', () => {
    expect(judge({ signBy: timestampFromMs(START + 150_000) })).toBeUndefined()
    expect(judge({ signBy: timestampFromMs(START + 150_001) })).toBe('MARKET_SIGN_BY_WRONG')
  })
})

describe('a payer that has kept more than it has paid', () => {
  it('gives half where nobody rules, arbiters that may be silent included', () => {
    expect(judge({}, {}, { payerPpm: 499_999 })).toBe('MARKET_FALLBACK_LOW')
    expect(judge({ fallbackPerMillion: 500_000 }, {}, { payerPpm: 499_999 })).toBeUndefined()
    expect(judge(ruledBy(FRIEND), { arbiters: [FRIEND] }, { payerPpm: 0 })).toBe('MARKET_FALLBACK_LOW')
    const half = { ...ruledBy(FRIEND), fallbackPerMillion: 500_000 }
    expect(judge(half, { arbiters: [FRIEND] }, { payerPpm: 0 })).toBeUndefined()
  })
})

describe('a payer whose predicates fail on what it was sold', () => {
  const contract = (outcome: string, maxNanos: number, other: Did = termsOf().payer): object => ({
    outcome,
    other,
    ended: 'FINAL',
    terms: JSON.stringify({ maxNanos: String(maxNanos) }),
  })
  const paid = (outcome: string, maxNanos: number, paidNanos: number): object => ({
    ...contract(outcome, maxNanos),
    paidNanos: String(paidNanos),
  })
  const after = (...before: readonly object[]): string | undefined => judge({}, {}, { before })

  it('gives half as well, until it has paid for more', () => {
    expect(after(contract('failed', 5))).toBe('MARKET_FALLBACK_LOW')
    expect(after(contract('failed', 5), contract('passed', 4))).toBe('MARKET_FALLBACK_LOW')
    expect(after(contract('failed', 5), contract('passed', 5))).toBeUndefined()
    expect(after(contract('failed', 5, STRANGER))).toBeUndefined()
  })

  it('is trusted as before where it has paid for what failed', () => {
    expect(after(paid('failed', 5, 5))).toBeUndefined()
    expect(after(paid('failed', 5, 2))).toBe('MARKET_FALLBACK_LOW')
    expect(after(paid('failed', 5, 3))).toBeUndefined()
  })

  it('has paid nothing by a contract that ended without a payment', () => {
    expect(after(paid('failed', 5, 0), paid('passed', 9, 0))).toBe('MARKET_FALLBACK_LOW')
    expect(after(paid('failed', 5, 0), paid('passed', 9, 5))).toBeUndefined()
  })
})

describe('a seller that asks for a share of what is disputed', () => {
  const asking = { fallbackPerMillionMin: 500_000, arbiters: [FRIEND] }

  it('signs for no less where nobody rules', () => {
    expect(judge({ fallbackPerMillion: 499_999 }, asking)).toBe('MARKET_FALLBACK_LOW')
    expect(judge({ fallbackPerMillion: 500_000 }, asking)).toBeUndefined()
  })

  it('asks for it whether arbiters are named or not: they may be silent', () => {
    expect(judge(ruledBy(FRIEND), asking)).toBe('MARKET_FALLBACK_LOW')
    expect(judge({ ...ruledBy(FRIEND), fallbackPerMillion: 500_000 }, asking)).toBeUndefined()
  })
})

describe('what a node lends in C1 to payers that it has not named', () => {
  function lends(notes: Readonly<Record<string, string>>): readonly [bigint, boolean] {
    const noteOf = (topic: string, key: string): unknown => {
      const nanosText = notes[`${topic} ${key}`]
      return nanosText === undefined ? undefined : { nanos: nanosText }
    }
    const parameters = { rules: new Map() } as unknown as UsableParameters
    const policy = sellerPolicyOf({ noteOf } as unknown as Party, { set: SET, parameters, payerPpmOf: () => 500_000 })
    return [policy.creditTotalNanos(), policy.hasOwnLine(FRIEND)]
  }

  it('is ten lines in all, or what it says', () => {
    expect(lends({})).toEqual([0n, false])
    expect(lends({ 'credit-line every-payer': '5' })).toEqual([50n, false])
    expect(lends({ 'credit-line every-payer': '5', [`credit-line ${FRIEND}`]: '7' })).toEqual([50n, true])
    expect(lends({ 'credit-line every-payer': '5', 'credit-total every-payer': '9' })).toEqual([9n, false])
  })
})
