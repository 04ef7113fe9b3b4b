import { describe, expect, test } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { GENESIS, hashOfBlock } from '../../../src/core/notary/block.ts'
import { certificatesOf } from '../../../src/core/notary/certificate.ts'
import type { NotaryEffect, NotaryEvent } from '../../../src/core/notary/notary-event.ts'
import { NOTARY_MACHINE } from '../../../src/core/notary/notary-machine.ts'
import { type NotaryState, PENDING_MAX } from '../../../src/core/notary/notary-state.ts'
import { APPLICATION_START } from '../../torture/notary-local.ts'
import { entryOf, execute, hashOf, inputOf, NOW, setOf } from '../../torture/notary-world.ts'
import { blockOf } from './notary-fixtures.ts'

const SET = setOf(1)

/** Runs events, and answers executions and the replica's own signatures. */
function run(
  from: NotaryState,
  events: readonly NotaryEvent[],
): { state: NotaryState; effects: readonly NotaryEffect[] } {
  const queue = [...events]
  const effects: NotaryEffect[] = []
  let state = from
  for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
    const step = NOTARY_MACHINE.transition(state, event)
    state = step.state
    effects.push(...step.effects)
    expect(NOTARY_MACHINE.violations(state)).toEqual([])
    const { me } = state.input
    for (const effect of step.effects) {
      if (effect.type === 'execute') {
        const made = execute(hashOf(`state ${effect.slot}`), effect.at, effect.entries)
        queue.unshift({ type: 'block-executed', now: NOW, ticket: effect.ticket, ...made })
      }
      if (effect.type === 'cast-vote') {
        const vote = { ...effect.statement, member: me, signature: `by ${me}` }
        queue.unshift({ type: 'vote-received', now: NOW, vote })
      }
    }
  }
  return { state, effects }
}

const replica = (me: number): NotaryState => NOTARY_MACHINE.initial(inputOf(SET, me))
const submit = (...names: string[]): NotaryEvent => ({
  type: 'entries-submitted',
  now: NOW,
  entries: names.map(entryOf),
})
const typesOf = (effects: readonly NotaryEffect[]): readonly string[] => effects.map(({ type }) => type)
const refusalOf = (effects: readonly NotaryEffect[]): string | undefined => {
  const [first] = effects
  return first?.type === 'event-refused' ? first.code : undefined
}

/** The state whose application is a hash chain from the true start, as blocks of the fixtures are. */
function receive(state: NotaryState, event: NotaryEvent): { state: NotaryState; effects: readonly NotaryEffect[] } {
  return NOTARY_MACHINE.transition(state, event)
}

function proposalOf(block: ReturnType<typeof blockOf>, view = 0): NotaryEvent {
  const signature = { member: view % 4, signature: 'by leader' }
  return { type: 'proposal-received', now: NOW, proposal: { view, block, changes: [], signature } }
}

describe('one notary alone', () => {
  const alone = NOTARY_MACHINE.initial({ ...inputOf(setOf(0), 0), batchMax: 64 })

  test('decides with one signature, without rounds and timers', () => {
    const { effects, state } = run(alone, [submit('a', 'b')])
    expect(typesOf(effects)).toEqual(['execute', 'cast-vote', 'apply-block'])
    expect(state.head.slot).toBe(1)
    const applied = effects.find((effect) => effect.type === 'apply-block')
    if (applied?.type !== 'apply-block') throw new TypeError('nothing applied')
    expect(certificatesOf(setOf(0), applied.decision)).toHaveLength(2)
  })

  test('signs nothing from a state behind its high-water file', () => {
    const floor = { view: 0, slot: 5, phase: 'commit' } as const
    const { state } = run(alone, [{ type: 'floor-raised', now: NOW, floor }])
    expect(refusalOf(receive(state, submit('a')).effects)).toBe('NOTARY_STATE_BEHIND')
  })
})

describe('a replica', () => {
  const good = blockOf(['a'])
  const started = run(replica(2), [submit('a')]).state

  test('votes for a proposal only after the application came to the same', () => {
    const step = receive(started, proposalOf(good))
    expect(typesOf(step.effects)).toEqual(['execute'])
    const { tickets } = step.state
    const made = execute(APPLICATION_START, good.at, good.entries)
    const voted = receive(step.state, { type: 'block-executed', now: NOW, ticket: tickets, ...made })
    expect(voted.effects[0]).toMatchObject({
      type: 'cast-vote',
      statement: { phase: 'prepare', block: hashOfBlock(good) },
    })
    const other = execute(hashOf('other'), good.at, good.entries)
    const diverged = receive(step.state, { type: 'block-executed', now: NOW, ticket: tickets, ...other })
    expect(refusalOf(diverged.effects)).toBe('NOTARY_EXECUTION_DIVERGED')
    expect(diverged.state.cast).toBeUndefined()
  })

  test.each([
    ['NOTARY_STAMP_FAR', blockOf(['a'], { at: timestampFromMs(NOW + 11) })],
    ['NOTARY_STAMP_FAR', blockOf(['a'], { at: timestampFromMs(NOW - 11) })],
    ['NOTARY_BLOCK_WRONG', blockOf(['a', 'b'])],
    ['NOTARY_BLOCK_WRONG', { ...good, previous: hashOf('other') }],
    ['NOTARY_SLOT_AHEAD', { ...good, slot: 2 }],
    ['NOTARY_SLOT_DECIDED', { ...good, slot: 0 }],
  ])('refuses a proposal with %s and stays as it was', (code, block) => {
    const step = receive(started, proposalOf(block))
    expect(refusalOf(step.effects)).toBe(code)
    expect(step.state).toBe(started)
  })

  test('takes a stamp at epsilon, before and behind its clock', () => {
    for (const at of [NOW - 10, NOW + 10]) {
      expect(typesOf(receive(started, proposalOf(blockOf(['a'], { at: timestampFromMs(at) }))).effects)).toEqual([
        'execute',
      ])
    }
  })

  test('works on the first proposal of a leader that proposes twice', () => {
    const first = receive(started, proposalOf(good))
    const second = receive(first.state, proposalOf(blockOf(['b'])))
    expect(typesOf(second.effects)).toEqual(['event-refused'])
    expect(second.state).toBe(first.state)
  })

  test('stops when it sees a vote of its own that it did not cast', () => {
    const vote = { phase: 'prepare', view: 0, slot: 1, block: hashOf('x'), member: 2, signature: 'by 2' } as const
    const { state, effects } = receive(started, { type: 'vote-received', now: NOW, vote })
    expect([state.kind, refusalOf(effects)]).toEqual(['stopped', 'NOTARY_CLONE_SEEN'])
    expect(refusalOf(receive(state, proposalOf(good)).effects)).toBe('NOTARY_STOPPED')
  })

  test('refuses what is beyond its limits', () => {
    const names = Array.from({ length: PENDING_MAX }, (_, index) => `m${index}`)
    const full = receive(replica(2), submit(...names)).state
    expect(refusalOf(receive(full, submit('one more')).effects)).toBe('NOTARY_QUEUE_FULL')
    expect(refusalOf(receive(full, submit('m7')).effects)).toBe('NOTARY_ENTRY_EXISTS')
  })

  test('says nothing of a view that it leaves while it may have forgotten votes', () => {
    const floor = { view: 3, slot: 2, phase: 'commit' } as const
    const { state } = receive(started, { type: 'floor-raised', now: NOW, floor })
    const late = receive(state, { type: 'timer-fired', now: NOW, name: 'progress' })
    expect(typesOf(late.effects)).toEqual(['start-timer', 'ask-progress'])
    expect(refusalOf(receive(state, proposalOf(good)).effects)).toBe('NOTARY_STATE_BEHIND')
  })

  test('goes no further alone than to the view behind that of the others, and on when enough have come there', () => {
    const fire = { type: 'timer-fired', now: NOW, name: 'progress' } as const
    const change = (member: number, view: number): NotaryEvent => {
      const head = { slot: 0, block: GENESIS, quorum: undefined }
      return { type: 'change-received', now: NOW, change: { view, head, prepared: undefined, member, signature: '' } }
    }
    const { me } = started.input
    const [one = 0, other = 0] = started.input.set.members.map((_, index) => index).filter((index) => index !== me)
    const waiting = receive(started, submit('m1')).state
    const left = receive(receive(waiting, fire).state, change(me, 1)).state
    expect(left).toMatchObject({ kind: 'changing', view: 1 })
    const alone = receive(left, fire)
    expect(alone.state.view).toBe(1)
    expect(typesOf(alone.effects)).toEqual(['start-timer', 'ask-progress'])
    const two = receive(left, change(one, 1)).state
    expect(receive(two, fire).state.view).toBe(1)
    const met = receive(two, change(other, 1))
    expect(typesOf(met.effects)).toContain('start-timer')
    expect(receive(met.state, fire).state.view).toBe(2)
  })

  test('says its change again to who waits for it, but answers nobody while it repeats it anyway', () => {
    const fire = { type: 'timer-fired', now: NOW, name: 'progress' } as const
    const head = { slot: 0, block: GENESIS, quorum: undefined }
    const change = (member: number, view: number): NotaryEvent => {
      return { type: 'change-received', now: NOW, change: { view, head, prepared: undefined, member, signature: '' } }
    }
    const { me } = started.input
    const other = me === 0 ? 1 : 0
    const left = receive(receive(receive(started, submit('m1')).state, fire).state, change(me, 1)).state
    const both = receive(left, change(other, 1)).state
    // Its own timer says it again.
    expect(typesOf(receive(both, change(other, 1)).effects)).toEqual(['event-refused'])
    const atRest: NotaryState = { ...both, pending: [] }
    expect(receive(atRest, change(other, 1)).effects.at(-1)).toMatchObject({
      type: 'send-again',
      votes: [],
      change: { member: me, view: 1 },
    })
    expect(typesOf(receive(atRest, change(me, 1)).effects)).toEqual(['event-refused'])
  })
})
