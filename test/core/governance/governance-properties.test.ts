import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { emptyHashTrie, hashTrieSet } from '../../../src/core/collections/hash-trie.ts'
import {
  formatGovernanceEvent,
  formatGovernanceState,
  parseGovernanceEvent,
  parseGovernanceState,
} from '../../../src/core/governance/governance-codec.ts'
import { GOVERNANCE_MACHINE } from '../../../src/core/governance/governance-machine.ts'
import type { GovernanceEvent } from '../../../src/core/governance/governance-state.ts'
import {
  DEFAULT_PARAMETERS,
  escrowRulesOf,
  findParameterFault,
  hashOfParameters,
  PARAMETER_NAMES,
} from '../../../src/core/governance/parameter-set.ts'
import { DEFAULT_ESCROW_RULES } from '../../../src/core/escrow/escrow-rules.ts'
import { tallyOf, VOTE_CHOICES, type VoteChoice } from '../../../src/core/governance/tally.ts'
import { isWeightTable } from '../../../src/core/governance/weight-table.ts'
import { GovernanceWorld, type GovernanceMachine, SET, tableOf, voter } from './governance-world.ts'

const VOTERS = [0, 1, 2, 3, 4, 5, 6, 7]
const weights = fc.array(fc.bigInt({ min: 1n, max: 100n }), { minLength: 8, maxLength: 8 })
const ballots = fc.array(fc.option(fc.constantFrom(...VOTE_CHOICES), { nil: undefined }), {
  minLength: 8,
  maxLength: 8,
})
const wishes = fc.array(fc.option(fc.nat(7), { nil: undefined }), { minLength: 8, maxLength: 8 })

describe('a vote', () => {
  it('comes to the same in every order, and to what a plain count says', () => {
    fc.assert(
      fc.property(
        weights,
        ballots,
        wishes,
        fc.shuffledSubarray(VOTERS, { minLength: 8 }),
        (rows, choices, to, order) => {
          const outcomes = [VOTERS, order].map((turn) => {
            const world = new GovernanceWorld()
            world.table = tableOf(rows)
            world.take({ type: 'weights-published', table: world.table, at: world.now })
            // Delegations are made in one order, since which of two closes a cycle depends on it.
            const made = VOTERS.map((from) => (to[from] === undefined ? undefined : world.delegate(from, to[from])))
            const { id } = world.propose()
            for (const by of turn) {
              const choice = choices[by]
              if (choice !== undefined) world.vote(id, by, { choice })
            }
            const known = world.proposal(id)
            if (known.kind !== 'voting') throw new Error(known.kind)
            const tally = tallyOf(known)
            world.fire(id, 'close', 1000)
            const path = (from: number): VoteChoice | undefined =>
              choices[from] ?? (to[from] !== undefined && made[from] === undefined ? path(to[from]) : undefined)
            const sum = (choice: VoteChoice): bigint =>
              VOTERS.reduce((total, from) => total + (path(from) === choice ? (rows[from] ?? 0n) : 0n), 0n)
            expect([tally.for, tally.against, tally.abstain]).toEqual([sum('for'), sum('against'), sum('abstain')])
            expect(tally.for + tally.against + tally.abstain <= tally.total).toBe(true)
            return { tally, kind: world.proposal(id).kind }
          })
          expect(outcomes[1]).toEqual(outcomes[0])
        },
      ),
      { numRuns: 500 },
    )
  })

  it('counts no weight twice, whatever the delegations', () => {
    fc.assert(
      fc.property(weights, ballots, wishes, (rows, choices, to) => {
        let votes = emptyHashTrie<VoteChoice>()
        let delegations = emptyHashTrie<ReturnType<typeof voter>>()
        for (const index of VOTERS) {
          const [choice, next] = [choices[index], to[index]]
          if (choice !== undefined) votes = hashTrieSet(votes, voter(index), choice)
          if (next !== undefined) delegations = hashTrieSet(delegations, voter(index), voter(next))
        }
        const tally = tallyOf({ weights: tableOf(rows), votes, delegations })
        expect(tally.for + tally.against + tally.abstain <= tally.total).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

/** A machine that writes down every event and state and reads it back. */
function recording(events: GovernanceEvent[]): GovernanceMachine {
  return {
    violations: GOVERNANCE_MACHINE.violations,
    transition: (state, event) => {
      const read = parseGovernanceEvent(JSON.parse(JSON.stringify(formatGovernanceEvent(event))))
      expect(read).toEqual(event)
      events.push(event)
      const step = GOVERNANCE_MACHINE.transition(state, event)
      const json = canonicalJson(formatGovernanceState(step.state))
      const again = parseGovernanceState(JSON.parse(json))
      if (again === undefined) throw new Error(`not read: ${json}`)
      expect(canonicalJson(formatGovernanceState(again))).toBe(json)
      return { state: step.effects.some(({ type }) => type === 'event-refused') ? state : again, effects: step.effects }
    },
  }
}

describe('random commands', () => {
  const command = fc.oneof(
    fc.record({
      kind: fc.constant('propose' as const),
      by: fc.nat(4),
      n: fc.integer({ min: 300, max: 2000 }),
      value: fc.nat(3),
    }),
    fc.record({ kind: fc.constant('vote' as const), by: fc.nat(4), n: fc.nat(5), value: fc.nat(2) }),
    fc.record({ kind: fc.constant('delegate' as const), by: fc.nat(4), n: fc.nat(5), value: fc.nat(5) }),
    fc.record({ kind: fc.constant('execute' as const), by: fc.nat(4), n: fc.nat(5), value: fc.constant(0) }),
    fc.record({ kind: fc.constant('cancel' as const), by: fc.nat(4), n: fc.nat(5), value: fc.constant(0) }),
    fc.record({
      kind: fc.constant('open' as const),
      by: fc.nat(4),
      n: fc.integer({ min: 90, max: 900 }),
      value: fc.constant(0),
    }),
    fc.record({ kind: fc.constant('close' as const), by: fc.nat(4), n: fc.constant(0), value: fc.constant(0) }),
    fc.record({ kind: fc.constant('wait' as const), by: fc.constant(0), n: fc.nat(900), value: fc.constant(0) }),
  )

  it('keep the invariants, and every event and state reads back', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const events: GovernanceEvent[] = []
        const world = new GovernanceWorld(recording(events))
        let at = 0
        for (const { kind, by, n, value } of commands) {
          const id = world.state.proposals[n % Math.max(1, world.state.proposals.length)]?.id
          if (kind === 'wait') at += n
          if (kind === 'propose') {
            world.propose({ at, by, timelock: n, change: { name: 'fee.perMillionMax', value: BigInt(value) } })
          }
          if (kind === 'vote' && id !== undefined) world.vote(id, by, { at, choice: VOTE_CHOICES[value] ?? 'for' })
          if (kind === 'delegate') world.delegate(by, value === 5 ? undefined : value, at)
          if (kind === 'execute' && id !== undefined) world.execute(id, at)
          if (kind === 'cancel' && id !== undefined) world.cancel(id, by, at)
          if (kind === 'open') world.open(`contract ${by}`, { deliver: n, rule: n, at })
          if (kind === 'close') world.close(`contract ${by}`, at)
        }
        const replayed = events.reduce(
          (state, event) => GOVERNANCE_MACHINE.transition(state, event).state,
          GOVERNANCE_MACHINE.initial({ parameters: SET, at: events[0]?.at ?? world.now }),
        )
        expect(formatGovernanceState(replayed)).toEqual(formatGovernanceState(world.state))
      }),
      { numRuns: 200 },
    )
  })
})

describe('parameter sets', () => {
  it('begin with one that is sound, and hold the rules of the escrow', () => {
    expect(findParameterFault(DEFAULT_PARAMETERS)).toBeUndefined()
    expect(escrowRulesOf(DEFAULT_PARAMETERS)).toEqual(DEFAULT_ESCROW_RULES)
    expect(PARAMETER_NAMES).toHaveLength(34)
  })

  it('are named by every value', () => {
    const hashes = PARAMETER_NAMES.map((name) => hashOfParameters({ ...SET, [name]: SET[name] + 1n }))
    expect(new Set([...hashes, hashOfParameters(SET)]).size).toBe(PARAMETER_NAMES.length + 1)
  })
})

describe('tables of weights', () => {
  it('ascend, hold each voter once, and no weight of 0', () => {
    const table = tableOf([1n, 2n])
    expect(isWeightTable(table)).toBe(true)
    expect(isWeightTable({ ...table, rows: table.rows.toReversed() })).toBe(false)
    expect(isWeightTable({ ...table, rows: [...table.rows.slice(0, 1), ...table.rows.slice(0, 1)] })).toBe(false)
    expect(isWeightTable(tableOf([1n, 0n]))).toBe(false)
    expect(isWeightTable(tableOf([]))).toBe(false)
    expect(isWeightTable(tableOf([2n ** 64n - 1n, 1n]))).toBe(false)
  })
})

describe('the codec', () => {
  it.each([
    undefined,
    {},
    { type: 'timer-fired', name: 'close', proposal: 'x', at: 0 },
    { type: 'contract-closed', contract: '0'.repeat(64), at: 0.5 },
    { type: 'contract-closed', contract: '0'.repeat(64), at: 0, more: 1 },
    { type: 'weights-published', table: { source: 'luck', rows: [] }, at: 0 },
  ])('refuses %j', (json) => {
    expect(parseGovernanceEvent(json)).toBeUndefined()
    expect(parseGovernanceState(json)).toBeUndefined()
  })
})
