import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import {
  formatDisputeEvent,
  formatDisputeState,
  parseDisputeEvent,
  parseDisputeState,
} from '../../../src/core/disputes/dispute-codec.ts'
import { DISPUTE_MACHINE, timerOf } from '../../../src/core/disputes/dispute-machine.ts'
import { areDisputeTermsSound } from '../../../src/core/disputes/dispute-terms.ts'
import type {
  DisputeEffect,
  DisputeEvent,
  DisputeState,
  DisputeTerms,
} from '../../../src/core/disputes/dispute-state.ts'
import { bondOfRound, panelOf } from '../../../src/core/disputes/vote-round.ts'
import { evidenceRootOf } from '../../../src/core/escrow/evidence-root.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { didOf, hashOf } from '../reputation/reputation-market.ts'
import { appealed, ARBITERS, committed, filed, fired, PAYER, revealed, TERMS, WORKER } from './dispute-court.ts'

type Outcome = { readonly state: DisputeState; readonly effects: readonly DisputeEffect[] }
type Change = Partial<DisputeTerms> & { readonly predicate?: 'passed' | 'failed' | 'undecided' }

function opened({ predicate = 'undecided', ...change }: Change = {}): DisputeState {
  return DISPUTE_MACHINE.initial({ terms: { ...TERMS, ...change }, predicate, at: timestampFromMs(0) })
}

function run(first: DisputeState, events: readonly DisputeEvent[]): Outcome {
  let state = first
  const effects: DisputeEffect[] = []
  for (const event of events) {
    expect(parseDisputeEvent(JSON.parse(canonicalJson(formatDisputeEvent(event))))).toEqual(event)
    const step = DISPUTE_MACHINE.transition(state, event)
    const text = canonicalJson(formatDisputeState(step.state))
    expect(parseDisputeState(JSON.parse(text), step.state.terms)).toEqual(step.state)
    if (step.effects.some(({ type }) => type === 'event-refused')) expect(step.state).toBe(state)
    expect(DISPUTE_MACHINE.violations(step.state)).toEqual([])
    expect(paidIn(step.effects)).toBe(stakedIn(state, step.effects))
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}

function paidIn(effects: readonly DisputeEffect[]): bigint {
  return effects
    .flatMap((effect) => (effect.type === 'bonds-settled' ? effect.payments : []))
    .reduce((sum, { nanos }) => sum + nanos, 0n)
}

/** What was at stake in the round that a step settled. */
function stakedIn(state: DisputeState, effects: readonly DisputeEffect[]): bigint {
  if (!effects.some(({ type }) => type === 'bonds-settled')) return 0n
  if (state.kind !== 'committing' && state.kind !== 'revealing') throw new TypeError(state.kind)
  const bond = bondOfRound(state.terms.arbiterBondNanos, state.round)
  return bond * BigInt(state.panel.length) + (state.appeal?.bondNanos ?? 0n)
}

function codeOf(state: DisputeState, event: DisputeEvent): string {
  const [effect] = run(state, [event]).effects
  return effect?.type === 'event-refused' ? effect.code : 'taken'
}

const ROOT = evidenceRootOf(TERMS.contract, [])
const PANEL = panelOf(TERMS, ROOT, 0)

/** One whole round by those of the panel who vote. */
function votes(round: number, nanos: readonly bigint[], at: number): readonly DisputeEvent[] {
  const panel = panelOf(TERMS, ROOT, round)
  const all = nanos.map((amount, index) => ({ iss: panel[index] ?? didOf(99), amount }))
  return [
    ...all.map(({ iss, amount }) => committed(iss, { root: ROOT, round, nanos: amount, at })),
    ...(all.length < panel.length ? [fired('commit', at + 500)] : []),
    ...all.map(({ iss, amount }) =>
      revealed(iss, { root: ROOT, round, nanos: amount, at: at + (all.length < panel.length ? 500 : 0) }),
    ),
  ]
}

describe('the order: predicate, replicas, arbiters', () => {
  it.each([
    ['passed', 900n, 101n],
    ['failed', 100n, 901n],
  ] as const)('a predicate that has %s decides at T_evidence', (predicate, workerNanos, payerNanos) => {
    const { effects } = run(opened({ predicate, isDeterministic: true }), [fired('evidence', 1_000)])
    expect(effects).toEqual([
      { type: 'record-closed', contract: TERMS.contract, evidenceRoot: ROOT },
      {
        type: 'dispute-ended',
        contract: TERMS.contract,
        basis: 'predicate',
        evidenceRoot: ROOT,
        ruling: { workerNanos, payerNanos, signers: [] },
      },
    ])
  })

  it('facts that come in time change what the predicate says', () => {
    const found: DisputeEvent = { type: 'predicate-evaluated', outcome: 'failed', at: timestampFromMs(999) }
    const { state } = run(opened(), [found, fired('evidence', 1_000)])
    expect(state).toMatchObject({ kind: 'ended', basis: 'predicate', ruling: { workerNanos: 100n } })
  })

  it.each([
    ['delivered', 900n],
    ['other', 100n],
  ])('replicas of a deterministic task that say %s decide', (result, workerNanos) => {
    const said: DisputeEvent = { type: 'replicas-ended', result: hashOf(result), at: timestampFromMs(1_999) }
    const { state, effects } = run(opened({ isDeterministic: true }), [fired('evidence', 1_000), said])
    expect(effects.map(({ type }) => type)).toEqual([
      'record-closed',
      'replicas-wanted',
      'start-timer',
      'dispute-ended',
    ])
    expect(state).toMatchObject({ kind: 'ended', basis: 'replication', ruling: { workerNanos, signers: [] } })
  })

  it('without a credible result, or in time, arbiters are called', () => {
    const replicating = run(opened({ isDeterministic: true }), [fired('evidence', 1_000)]).state
    const none: DisputeEvent = { type: 'replicas-ended', result: undefined, at: timestampFromMs(1_500) }
    expect(run(replicating, [none]).state.kind).toBe('committing')
    expect(run(replicating, [fired('replicate', 2_000)]).state.kind).toBe('committing')
    expect(codeOf(replicating, { ...none, at: timestampFromMs(2_000) })).toBe('DISPUTE_DEADLINE_PASSED')
    expect(run(opened(), [fired('evidence', 1_000)]).state.kind).toBe('committing')
  })

  it('without arbiters nobody decides', () => {
    const { state } = run(opened({ arbiters: [], k: 0, panel: 0 }), [fired('evidence', 1_000)])
    expect(state).toMatchObject({ kind: 'ended', basis: 'none', ruling: undefined })
  })
})

describe('votes', () => {
  it('k equal votes of a majority are a ruling, whose parts sum to what is held', () => {
    const { state, effects } = run(opened(), [fired('evidence', 1_000), ...votes(0, [700n, 700n, 300n], 1_000)])
    expect(state).toMatchObject({
      kind: 'appealable',
      appealBy: 1_300,
      ruling: { workerNanos: 700n, payerNanos: 301n, signers: PANEL.slice(0, 2) },
    })
    expect(effects.find(({ type }) => type === 'bonds-settled')).toEqual({
      type: 'bonds-settled',
      round: 0,
      payments: PANEL.map((to) => ({ to, nanos: 10n, why: 'returned' })),
    })
    const ended = run(state, [fired('appeal', 1_300)])
    expect(ended.effects).toMatchObject([{ type: 'dispute-ended', basis: 'arbiters', ruling: { workerNanos: 700n } }])
  })

  it('who does not vote loses its bond to those who did, to the last nano-unit', () => {
    const { effects } = run(opened({ arbiterBondNanos: amountFromNanos(11n) }), [
      fired('evidence', 1_000),
      ...votes(0, [700n, 700n], 1_000),
    ])
    expect(effects.find(({ type }) => type === 'bonds-settled')).toMatchObject({
      payments: [
        { to: PANEL[0], nanos: 11n, why: 'returned' },
        { to: PANEL[1], nanos: 11n, why: 'returned' },
        { to: PANEL[0], nanos: 6n, why: 'forfeited' },
        { to: PANEL[1], nanos: 5n, why: 'forfeited' },
      ],
    })
  })

  it('who commits and does not reveal loses it as well', () => {
    const events = votes(0, [700n, 700n, 700n], 1_000).slice(0, 5)
    const { state, effects } = run(opened(), [fired('evidence', 1_000), ...events, fired('reveal', 1_400)])
    expect(effects.find(({ type }) => type === 'bonds-settled')).toMatchObject({
      payments: [{ nanos: 10n }, { nanos: 10n }, { nanos: 5n }, { nanos: 5n }],
    })
    expect(state).toMatchObject({ kind: 'appealable', ruling: { signers: PANEL.slice(0, 2) } })
  })

  it('where nobody has k votes nobody wins, and a panel of twice the size is called with twice the bond', () => {
    const { state, effects } = run(opened(), [fired('evidence', 1_000), ...votes(0, [700n, 300n, 500n], 1_000)])
    expect(state).toMatchObject({ kind: 'committing', round: 1, appeal: undefined })
    expect(effects.findLast(({ type }) => type === 'panel-called')).toEqual({
      type: 'panel-called',
      contract: TERMS.contract,
      round: 1,
      panel: panelOf(TERMS, ROOT, 1),
      bondNanos: 20n,
    })
    expect(panelOf(TERMS, ROOT, 1)).toHaveLength(6)
    expect(panelOf(TERMS, ROOT, 2)).toEqual(ARBITERS)
  })

  it('the panel is drawn by the beacon that is known when the record is closed', () => {
    const beacon = hashOf('checkpoint')
    const { state } = run(opened(), [{ type: 'timer-fired', name: 'evidence', at: timestampFromMs(1_000), beacon }])
    expect(state).toMatchObject({ kind: 'committing', panel: panelOf(TERMS, beacon, 0) })
    expect(panelOf(TERMS, beacon, 0)).not.toEqual(PANEL)
  })

  it('where nobody votes at all, the parties have the bonds, and after four rounds the fallback decides', () => {
    let outcome = run(opened(), [fired('evidence', 1_000)])
    const paid: bigint[] = []
    for (let at = 1_500; outcome.state.kind === 'committing'; at += 500) {
      outcome = run(outcome.state, [fired('commit', at)])
      paid.push(paidIn(outcome.effects))
    }
    expect(paid).toEqual([30n, 120n, 280n, 560n])
    expect(outcome.state).toMatchObject({ kind: 'ended', basis: 'none', ruling: undefined })
  })

  it.each([
    [[700n, 700n, 700n, 300n, 300n, 300n], 'committing'],
    [[700n, 700n, 700n, 300n, 300n, 1n], 'committing'],
    [[700n, 700n, 700n, 700n, 300n, 1n], 'appealable'],
  ])('half of a panel of six is no majority, though it is more than k: %s', (nanos, kind) => {
    const second = run(opened(), [fired('evidence', 1_000), ...votes(0, [1n, 2n, 3n], 1_000)]).state
    expect(run(second, votes(1, nanos, 1_000)).state.kind).toBe(kind)
  })

  it('two votes of three are no ruling when k is three', () => {
    const { state } = run(opened({ k: 3 }), [fired('evidence', 1_000), ...votes(0, [700n, 700n, 300n], 1_000)])
    expect(state).toMatchObject({ kind: 'committing', round: 1 })
  })
})

describe('appeals', () => {
  const ruled = run(opened(), [fired('evidence', 1_000), ...votes(0, [700n, 700n, 300n], 1_000)]).state
  const again = run(ruled, [appealed(PAYER, 50n, 1_299)]).state

  it('cost their bond, which doubles, and call twice the panel', () => {
    expect(codeOf(ruled, appealed(PAYER, 49n, 1_299))).toBe('DISPUTE_BOND_SHORT')
    expect(codeOf(ruled, appealed(ARBITERS[0] ?? PAYER, 50n, 1_299))).toBe('DISPUTE_SIGNER_WRONG')
    expect(again).toMatchObject({ kind: 'committing', round: 1, appeal: { by: 'payer', bondNanos: 50n } })
    const second = run(again, votes(1, [600n, 600n, 600n, 600n, 600n, 600n], 1_299))
    expect(second.effects.find(({ type }) => type === 'ruling-proposed')).toMatchObject({ appealBondNanos: 100n })
  })

  it('that win have it back, and that lose pay those who ruled', () => {
    const won = run(again, votes(1, [600n, 600n, 600n, 600n, 600n, 600n], 1_299))
    expect(won.effects.flatMap((effect) => (effect.type === 'bonds-settled' ? effect.payments : [])).at(-1)).toEqual({
      to: PAYER,
      nanos: 50n,
      why: 'returned',
    })
    const lost = run(again, votes(1, [700n, 700n, 700n, 700n, 0n, 0n], 1_299))
    const payments = lost.effects.flatMap((effect) => (effect.type === 'bonds-settled' ? effect.payments : []))
    expect(payments.filter(({ why }) => why === 'forfeited').map(({ nanos }) => nanos)).toEqual([14n, 12n, 12n, 12n])
  })

  it('are not possible when no time is left before T_rule', () => {
    const late = run(opened({ ruleBy: timestampFromMs(2_100) }), [
      fired('evidence', 1_000),
      ...votes(0, [7n, 7n, 7n], 1_000),
    ])
    expect(late.state).toMatchObject({ kind: 'ended', basis: 'arbiters', ruling: { workerNanos: 7n } })
  })
})

describe('deadlines count to the tick', () => {
  const gathering = opened()
  const committing = run(gathering, [fired('evidence', 1_000)]).state
  const revealing = run(committing, votes(0, [700n, 700n, 700n], 1_000).slice(0, 3)).state
  const appealable = run(revealing, votes(0, [700n, 700n, 700n], 1_000).slice(3)).state
  const vote = { root: ROOT, round: 0, nanos: 700n }
  const voter = PANEL[0] ?? PAYER

  it.each([
    ['evidence', gathering, 1_000, (at: number) => filed(PAYER, 'x', at)],
    ['commit', committing, 1_500, (at: number) => committed(voter, { ...vote, at })],
    ['reveal', revealing, 1_400, (at: number) => revealed(voter, { ...vote, at })],
    ['appeal', appealable, 1_300, (at: number) => appealed(PAYER, 50n, at)],
  ] as const)('%s', (name, state, deadline, eventAt) => {
    expect(state.kind === 'ended' ? undefined : timerOf(state)).toEqual({
      type: 'start-timer',
      name,
      firesAt: deadline,
    })
    expect(codeOf(state, eventAt(deadline - 1))).toBe('taken')
    expect(codeOf(state, eventAt(deadline))).toBe('DISPUTE_DEADLINE_PASSED')
    expect(codeOf(state, eventAt(deadline + 1))).toBe('DISPUTE_DEADLINE_PASSED')
    expect(codeOf(state, fired(name, deadline - 1))).toBe('DISPUTE_TIMER_EARLY')
    expect(codeOf(state, fired(name, deadline))).toBe('taken')
    expect(codeOf(state, fired(name, deadline + 1))).toBe('taken')
  })

  it('a commit timer that fires after T_rule punishes nobody', () => {
    const { state, effects } = run(committing, [fired('commit', 10_000)])
    expect(state).toMatchObject({ kind: 'ended', basis: 'none' })
    expect(effects[0]).toMatchObject({ payments: PANEL.map((to) => ({ to, nanos: 10n, why: 'returned' })) })
  })

  it('refuses by code what does not belong', () => {
    const outsider = ARBITERS.find((did) => !PANEL.includes(did)) ?? PAYER
    expect(codeOf(gathering, filed(didOf(50), 'x', 1))).toBe('DISPUTE_SIGNER_WRONG')
    expect(codeOf(run(gathering, [filed(PAYER, 'x', 5)]).state, filed(PAYER, 'x', 6))).toBe('DISPUTE_EVIDENCE_KNOWN')
    expect(codeOf(run(gathering, [filed(PAYER, 'x', 5)]).state, filed(PAYER, 'y', 4))).toBe('DISPUTE_TIME_BACK')
    expect(codeOf(gathering, filed(WORKER, 'x', 1, 16 * 1_024 * 1_024 + 1))).toBe('DISPUTE_EVIDENCE_FULL')
    expect(codeOf(gathering, committed(voter, { ...vote, at: 1 }))).toBe('DISPUTE_STATE_WRONG')
    expect(codeOf(committing, committed(outsider, { ...vote, at: 1_001 }))).toBe('DISPUTE_SIGNER_WRONG')
    const once = run(committing, [committed(voter, { ...vote, at: 1_001 })]).state
    expect(codeOf(once, committed(voter, { ...vote, nanos: 1n, at: 1_002 }))).toBe('DISPUTE_COMMITMENT_EXISTS')
    expect(codeOf(revealing, revealed(voter, { ...vote, nanos: 701n, at: 1_002 }))).toBe('DISPUTE_REVEAL_WRONG')
    expect(codeOf(revealing, revealed(voter, { ...vote, nanos: 1_002n, at: 1_002 }))).toBe('DISPUTE_AMOUNT_LARGE')
    expect(codeOf(revealing, revealed(voter, { ...vote, root: hashOf('x'), at: 1_002 }))).toBe('DISPUTE_ROOT_WRONG')
    const silent = run(once, [fired('commit', 1_500)]).state
    expect(codeOf(silent, revealed(PANEL[1] ?? PAYER, { ...vote, at: 1_501 }))).toBe('DISPUTE_COMMITMENT_MISSING')
    expect(codeOf(opened({ k: 4 }), filed(PAYER, 'x', 1))).toBe('DISPUTE_TERMS_BAD')
    expect(areDisputeTermsSound({ ...TERMS, arbiters: [PAYER, ...ARBITERS] })).toBe(false)
  })

  it('takes no more pieces than the escrow does', () => {
    let state = gathering
    let count = 0
    for (; codeOf(state, filed(WORKER, `w${count}`, 1)) === 'taken'; count += 1)
      state = run(state, [filed(WORKER, `w${count}`, 1)]).state
    expect(codeOf(state, filed(WORKER, 'more', 1))).toBe('DISPUTE_EVIDENCE_FULL')
    expect(codeOf(state, filed(PAYER, 'mine', 1))).toBe('taken')
    const closed = run(state, [fired('evidence', 1_000)]).state
    expect(closed.kind === 'gathering' ? undefined : closed.root).toBe(
      evidenceRootOf(
        TERMS.contract,
        Array.from({ length: count }, (_, index) => ({ party: 'worker', hash: hashOf(`w${index}`) }) as const),
      ),
    )
  })
})

describe('any sequence', () => {
  const steps = fc.array(
    fc.record({
      act: fc.constantFrom('file', 'commit', 'reveal', 'appeal', 'fire'),
      who: fc.nat(9),
      nanos: fc.constantFrom(0n, 700n, 1_001n),
      wait: fc.constantFrom(0, 1, 99, 300, 400, 500),
    }),
    { maxLength: 60 },
  )

  it('ends by timers alone, keeps its invariants and pays out what was at stake', () => {
    fc.assert(
      fc.property(steps, (acts) => {
        let state = opened()
        let at = 0
        const eventOf = (act: string, iss: Did, nanos: bigint): DisputeEvent => {
          const round = 'round' in state ? state.round : 0
          const root = 'root' in state ? state.root : ROOT
          if (act === 'file') return filed(iss, `piece ${at}`, at)
          if (act === 'commit') return committed(iss, { root, round, nanos, at })
          if (act === 'reveal') return revealed(iss, { root, round, nanos, at })
          if (act === 'appeal') return appealed(iss, 50n << BigInt(round), at)
          return fired(state.kind === 'ended' ? 'appeal' : timerOf(state).name, at)
        }
        for (const { act, who, nanos, wait } of acts) {
          at += wait
          const iss = [PAYER, WORKER, ...ARBITERS][who] ?? didOf(60)
          state = run(state, [eventOf(act, iss, nanos)]).state
        }
        for (let count = 0; state.kind !== 'ended'; count += 1) {
          expect(count).toBeLessThan(12)
          const { name, firesAt } = timerOf(state)
          at = Math.max(at, firesAt)
          state = run(state, [fired(name, at)]).state
        }
      }),
      { numRuns: 200 },
    )
  })
})
