import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ZERO_AMOUNT } from '../../../src/base/money.ts'
import { contractOf } from '../../../src/core/books/books-machine.ts'
import {
  formatGovernedBooksEvent,
  formatGovernedBooksState,
  parseGovernedBooksEvent,
  parseGovernedBooksState,
} from '../../../src/core/books/governed-books-codec.ts'
import { formatBooksState } from '../../../src/core/books/books-codec.ts'
import {
  GOVERNED_BOOKS_MACHINE,
  type GovernedBooksEvent,
  type GovernedBooksState,
  nextGovernedFiringOf,
} from '../../../src/core/books/governed-books.ts'
import { hashTrieGet } from '../../../src/core/collections/hash-trie.ts'
import { isTerminal } from '../../../src/core/escrow/escrow-state.ts'
import { escrowRulesOf } from '../../../src/core/governance/parameter-set.ts'
import { timelockBound } from '../../../src/core/governance/contract-steps.ts'
import {
  type Body,
  contractNamed,
  hashNamed,
  nanos,
  notaryTerms,
  PAYER,
  RULES_HASH,
  START,
  termsOf,
  WORKER,
} from '../escrow/escrow-builder.ts'
import { at, Books } from './books-builder.ts'
import { type Deal, FIRST_HASH, FIRST_SET, GovernedEconomy, TABLE, VOTERS } from './governed-economy.ts'

const [VOTER = PAYER, OTHER_VOTER = PAYER] = VOTERS
const DEAL: Deal = { id: contractNamed('one'), terms: termsOf({ parametersHash: FIRST_HASH }) }
const OTHER: Deal = {
  id: contractNamed('two'),
  terms: termsOf({ parametersHash: FIRST_HASH, salt: 'BAAAAAAAAAAAAAAAAAAAAA' }),
}

function soundOf(economy: GovernedEconomy): readonly string[] {
  return GOVERNED_BOOKS_MACHINE.violations(economy.state)
}

/** Carried by both voters, executable from 20,200 on. */
function carried(economy: GovernedEconomy, perMillion = 20_000n): string {
  expect(economy.propose(perMillion, { timelockMs: 20_000, at: 100 })).toBe('')
  const proposal = economy.governance.proposals.at(-1)?.id ?? ''
  for (const iss of VOTERS)
    expect(economy.govern({ type: 'vote-cast', proposal, choice: 'for' } as never, { iss, at: 100 })).toBe('')
  return proposal
}

/** Mostly what the contract waits for. */
function fittingBody(bodies: readonly Body[], kind: string | undefined, pick: number): Body {
  const waited: Readonly<Record<string, readonly Body['type'][]>> = {
    HELD: ['started'],
    WORKING: ['delivered'],
    DELIVERED: ['accepted', 'accepted', 'rejected'],
    SETTLED: ['refund-requested'],
  }
  const types = pick % 5 === 0 ? [] : (waited[kind ?? ''] ?? [])
  const type = types[pick % Math.max(1, types.length)]
  return bodies.find((body) => body.type === type) ?? bodies[pick % bodies.length] ?? { type: 'started' }
}

describe('books with governance', () => {
  test('a contract counts for the timelock from its hold to its end', () => {
    const economy = new GovernedEconomy()
    expect(economy.agree(DEAL, 0)).toBe('')
    expect(timelockBound(economy.governance)).toBe(0)
    expect(economy.say(DEAL, { iss: PAYER, at: 0, body: { type: 'hold-requested' } })).toBe('')
    expect(contractOf(economy.state.books, DEAL.id)?.kind).toBe('HELD')
    expect(timelockBound(economy.governance)).toBe(10_000 + 500 + 5_000)
    expect(economy.propose(20_000n, { timelockMs: 15_500, at: 1 })).toBe('GOVERNANCE_TIMELOCK_SHORT')
    expect(economy.propose(20_000n, { timelockMs: 15_501, at: 1 })).toBe('')
    economy.advance(1_000)
    expect(contractOf(economy.state.books, DEAL.id)?.kind).toBe('VOIDED')
    expect(timelockBound(economy.governance)).toBe(0)
    expect(soundOf(economy)).toEqual([])
  })

  test('a live contract ends under its set, new ones are made under the next, and the old set leaves with the last contract', () => {
    const economy = new GovernedEconomy()
    const proposal = carried(economy)
    expect(economy.hold(DEAL, 15_000)).toBe('')
    economy.say(DEAL, { iss: WORKER, at: 15_000, body: { type: 'started' } })
    economy.agree(OTHER, 20_150)
    expect(economy.govern({ type: 'execution-requested', proposal } as never, { iss: VOTER, at: 20_199 })).toBe(
      'GOVERNANCE_TIMELOCK_RUNNING',
    )
    expect(economy.govern({ type: 'execution-requested', proposal } as never, { iss: VOTER, at: 20_200 })).toBe('')
    const { current } = economy.governance
    expect(current).not.toBe(FIRST_HASH)
    expect(hashTrieGet(economy.state.books.parameters, FIRST_HASH)).toBeDefined()
    expect(hashTrieGet(economy.state.books.parameters, current)).toBeDefined()
    expect(economy.say(OTHER, { iss: PAYER, at: 20_300, body: { type: 'hold-requested' } })).toBe(
      'BOOKS_PARAMETERS_OLD',
    )
    const late = { id: contractNamed('three'), terms: termsOf({ parametersHash: FIRST_HASH }) }
    expect(economy.agree(late, 20_300)).toBe('BOOKS_CONTRACT_UNKNOWN')
    expect(economy.hold({ id: contractNamed('four'), terms: termsOf({ parametersHash: current }) }, 20_300)).toBe('')
    const hash = hashNamed('result')
    const delivered: Body = {
      type: 'delivered',
      result: hash,
      manifest: hash,
      meter: hash,
      verdict: hash,
      claimNanos: nanos(90),
    }
    economy.say(DEAL, { iss: WORKER, at: 20_300, body: delivered })
    economy.say(DEAL, { iss: PAYER, at: 20_300, body: { type: 'accepted', amountNanos: nanos(90) } })
    expect(contractOf(economy.state.books, DEAL.id)).toMatchObject({
      kind: 'SETTLED',
      terms: { parametersHash: FIRST_HASH },
    })
    expect(hashTrieGet(economy.state.books.parameters, FIRST_HASH)).toBeDefined()
    economy.advance(23_300)
    expect(contractOf(economy.state.books, DEAL.id)?.kind).toBe('FINAL')
    expect(hashTrieGet(economy.state.books.parameters, FIRST_HASH)).toBeUndefined()
    expect(soundOf(economy)).toEqual([])
  })

  test('books that are older than their governance keep what they hold, and it counts from the founding on', () => {
    const old = new Books()
    old.send({ type: 'parameters-published', hash: FIRST_HASH, rules: escrowRulesOf(FIRST_SET), at: START })
    for (const deal of [DEAL, { ...OTHER, terms: { ...OTHER.terms, parametersHash: RULES_HASH } }]) {
      old.say(deal, { iss: PAYER, at: 0, body: { type: 'offered', expiresAt: at(900) } })
      old.say(deal, { iss: PAYER, at: 0, body: { type: 'awarded' } })
      old.say(deal, { iss: PAYER, at: 0, body: { type: 'contract-signed', signers: [PAYER, WORKER] } })
      old.say(deal, { iss: PAYER, at: 0, body: { type: 'hold-requested' } })
      expect(contractOf(old.state, deal.id)?.kind).toBe('HELD')
    }
    let state: GovernedBooksState = GOVERNED_BOOKS_MACHINE.initial({ at: START, set: termsOf().notarySet })
    const replay = (events: readonly GovernedBooksEvent[]): void => {
      for (const event of events) state = GOVERNED_BOOKS_MACHINE.transition(state, event).state
    }
    replay(old.events.filter((event) => event.type !== 'parameters-retired'))
    expect(formatBooksState(state.books)).toBe(formatBooksState(old.state))
    expect(state.governance).toBeUndefined()
    const proposal = {
      type: 'governance-event-received',
      event: { type: 'weights-published', table: TABLE, at: START },
    }
    expect(GOVERNED_BOOKS_MACHINE.transition(state, proposal as GovernedBooksEvent)).toEqual({
      state,
      effects: [{ type: 'event-refused', code: 'BOOKS_GOVERNANCE_NONE', contract: undefined }],
    })
    replay([{ type: 'governance-founded', parameters: FIRST_SET, at: START }])
    expect(state.governance?.contracts.size).toBe(2)
    expect(state.governance?.sets.map(({ liveContracts }) => liveContracts)).toEqual([1])
    expect(GOVERNED_BOOKS_MACHINE.violations(state)).toEqual([])
    const again = GOVERNED_BOOKS_MACHINE.transition(state, {
      type: 'governance-founded',
      parameters: FIRST_SET,
      at: START,
    })
    expect(again.state).toBe(state)
    expect(again.effects).toMatchObject([{ code: 'BOOKS_GOVERNANCE_FOUNDED' }])
    replay([{ type: 'stamp-advanced', at: at(1_000) }])
    expect(state.governance?.contracts.size).toBe(0)
    expect(GOVERNED_BOOKS_MACHINE.violations(state)).toEqual([])
  })

  test('sets beside the governed one count until somebody has weight', () => {
    const economy = new GovernedEconomy({ isWeighted: false })
    const beside = { ...DEAL, terms: { ...DEAL.terms, parametersHash: hashNamed('beside') } }
    economy.send({
      type: 'parameters-published',
      hash: hashNamed('beside'),
      rules: escrowRulesOf(FIRST_SET),
      at: START,
    })
    expect(economy.hold(beside, 0)).toBe('')
    const later = { ...OTHER, terms: { ...OTHER.terms, parametersHash: hashNamed('beside') } }
    expect(economy.agree(later, 0)).toBe('')
    expect(timelockBound(economy.governance)).toBe(10_000 + 500 + 5_000)
    economy.send({ type: 'governance-event-received', event: { type: 'weights-published', table: TABLE, at: START } })
    expect(economy.say(later, { iss: PAYER, at: 0, body: { type: 'hold-requested' } })).toBe('BOOKS_PARAMETERS_OLD')
    const third = { id: contractNamed('third'), terms: beside.terms }
    expect(economy.agree(third, 0)).toBe('BOOKS_CONTRACT_UNKNOWN')
    economy.advance(1_000)
    expect(soundOf(economy)).toEqual([])
    expect(economy.governance.contracts.size).toBe(0)
  })

  test('a contract with oneself does not undo what was carried', () => {
    const economy = new GovernedEconomy()
    const proposal = carried(economy)
    const rules = escrowRulesOf(FIRST_SET)
    const { deliverMs, ruleMs } = rules.maximums
    const timers = { ...DEAL.terms.timers, deliverMs, ruleMs }
    const long = { id: contractNamed('long'), terms: { ...DEAL.terms, worker: PAYER, timers } }
    const same = economy.hold(long, 15_000)
    const other = { id: contractNamed('long'), terms: { ...DEAL.terms, timers } }
    expect(same === '' ? same : economy.hold(other, 15_000)).toBe('')
    expect(timelockBound(economy.governance)).toBeGreaterThan(20_000)
    expect(economy.govern({ type: 'execution-requested', proposal } as never, { iss: PAYER, at: 20_200 })).toBe('')
    expect(economy.governance.current).not.toBe(FIRST_HASH)
    expect(contractOf(economy.state.books, long.id)?.terms.parametersHash).toBe(FIRST_HASH)
    expect(soundOf(economy)).toEqual([])
  })

  test.each([
    ['an unknown set', { parametersHash: hashNamed('none') }, 'BOOKS_PARAMETERS_UNKNOWN'],
    ['a share above the cap', { fees: { ...termsOf().fees, perMillion: 50_001 } }, 'BOOKS_PARAMETERS_FEES'],
    ['a flat fee above the cap', { fees: { ...termsOf().fees, flatNanos: nanos(1_001) } }, 'BOOKS_PARAMETERS_FEES'],
    [
      'a bond below the share',
      {
        bonds: { ...termsOf().bonds, workerNanos: nanos(9) },
        penalties: { p1Nanos: ZERO_AMOUNT, p2Nanos: ZERO_AMOUNT },
      },
      'BOOKS_PARAMETERS_BONDS',
    ],
  ])('an offer with %s is refused and changes nothing', (_name, changes, code) => {
    const economy = new GovernedEconomy()
    const before = economy.state
    const deal = { id: contractNamed('offered'), terms: { ...DEAL.terms, ...changes } }
    expect(economy.say(deal, { iss: PAYER, at: 0, body: { type: 'offered', expiresAt: at(900) } })).toBe(code)
    expect(economy.state).toBe(before)
  })

  test('a stamp ends votes and contracts that are due, and the next firing says when to come', () => {
    const economy = new GovernedEconomy()
    carried(economy)
    expect(nextGovernedFiringOf(economy.state)).toBe(at(200))
    economy.advance(199)
    expect(economy.governance.proposals[0]?.kind).toBe('voting')
    economy.advance(200)
    expect(economy.governance.proposals[0]?.kind).toBe('queued')
    expect(nextGovernedFiringOf(economy.state)).toBe(at(120_200))
    economy.advance(120_200)
    expect(economy.governance.proposals[0]?.kind).toBe('expired')
    expect(economy.say(DEAL, { iss: PAYER, at: 120_199, body: { type: 'offered', expiresAt: at(120_300) } })).toBe(
      'BOOKS_STAMP_BACKWARD',
    )
  })

  test('an economy of random acts keeps every invariant, its money, and one update of a held contract', () => {
    const deals = [DEAL, OTHER, { id: contractNamed('five'), terms: notaryTerms({ parametersHash: FIRST_HASH }) }]
    const hash = hashNamed('work')
    const bodies: readonly Body[] = [
      { type: 'started' },
      { type: 'delivered', result: hash, manifest: hash, meter: hash, verdict: hash, claimNanos: nanos(80) },
      { type: 'accepted', amountNanos: nanos(80) },
      { type: 'rejected', reason: 'wrong', evidence: hash, concededNanos: nanos(20) },
      { type: 'cancelled', amountNanos: nanos(10), signers: [PAYER, WORKER] },
      { type: 'refund-requested', amountNanos: nanos(5) },
      { type: 'settle-requested' },
    ]
    const kinds = [
      'hold',
      'hold',
      'say',
      'say',
      'say',
      'say',
      'propose',
      'vote',
      'vote',
      'execute',
      'cancel',
      'wait',
    ] as const
    const act = fc.record({
      kind: fc.constantFrom(...kinds),
      deal: fc.nat(2),
      pick: fc.nat(999),
      wait: fc.constantFrom(0, 0, 0, 1, 120, 900, 3_000, 21_000),
    })
    const ended = new Map<string, number>()
    let executions = 0
    const run = (acts: readonly { kind: (typeof kinds)[number]; deal: number; pick: number; wait: number }[]): void => {
      const economy = new GovernedEconomy()
      let now = 10
      for (const { kind, deal: index, pick, wait } of acts) {
        now += wait
        const named = deals[index] ?? DEAL
        // Under the set in force, each its own contract.
        const { current } = economy.governance
        const deal = { id: contractNamed(`${named.id}/${current}`), terms: { ...named.terms, parametersHash: current } }
        const proposals = economy.governance.proposals
        const proposal = proposals[pick % Math.max(1, proposals.length)]?.id ?? hash
        if (kind === 'hold') economy.hold(deal, now)
        else if (kind === 'say') {
          const body = fittingBody(bodies, contractOf(economy.state.books, deal.id)?.kind, pick)
          const isByWorker = ['started', 'delivered', 'refund-requested'].includes(body.type)
          economy.say(deal, { iss: isByWorker ? WORKER : PAYER, at: now, body })
        } else if (kind === 'propose')
          economy.propose(BigInt(10_000 + (pick % 3)), { timelockMs: [0, 15_501, 20_000][pick % 3] ?? 0, at: now })
        else if (kind === 'vote') {
          const voter = pick % 2 === 0 ? VOTER : OTHER_VOTER
          economy.govern({ type: 'vote-cast', proposal, choice: 'for' } as never, { iss: voter, at: now })
        } else if (kind === 'wait') economy.advance(now)
        else {
          const type = kind === 'execute' ? 'execution-requested' : 'cancellation-requested'
          if (economy.govern({ type, proposal } as never, { iss: VOTER, at: now }) === '' && kind === 'execute')
            executions += 1
        }
        expect(soundOf(economy)).toEqual([])
      }
      // A timer that fires late starts the next one late.
      for (let later = 10_000; later <= 90_000; later += 10_000) economy.advance(now + later)
      expect(soundOf(economy)).toEqual([])
      expect([...economy.updates.keys()].toSorted()).toEqual([...economy.held].toSorted())
      expect([...economy.updates.values()].every((count) => count === 1)).toBe(true)
      expect(economy.governance.contracts.size).toBe(0)
      for (const id of economy.held) {
        const state = contractOf(economy.state.books, id)
        expect(state === undefined || isTerminal(state)).toBe(true)
        if (state !== undefined) ended.set(state.kind, (ended.get(state.kind) ?? 0) + 1)
      }
      const text = formatGovernedBooksState(economy.state)
      const read = parseGovernedBooksState(JSON.parse(text))
      expect(read === undefined ? '' : formatGovernedBooksState(read)).toBe(text)
      let again = new GovernedEconomy().state
      for (const event of economy.events.slice(new GovernedEconomy().events.length)) {
        const parsed = parseGovernedBooksEvent(JSON.parse(formatGovernedBooksEvent(event)))
        if (parsed === undefined) throw new TypeError(`unreadable ${event.type}`)
        again = GOVERNED_BOOKS_MACHINE.transition(again, parsed).state
      }
      expect(formatGovernedBooksState(again)).toBe(text)
    }
    fc.assert(fc.property(fc.array(act, { minLength: 10, maxLength: 60 }), run), { numRuns: 60, seed: 5 })
    expect(Object.keys(Object.fromEntries(ended)).length).toBeGreaterThanOrEqual(3)
    expect(executions).toBeGreaterThan(0)
  })
})
