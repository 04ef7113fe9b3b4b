import { describe, expect, it } from 'vitest'
import type { Timestamp } from '../../src/base/time.ts'
import type { EscrowEffect } from '../../src/core/escrow/escrow-effect.ts'
import type { EscrowEvent } from '../../src/core/escrow/escrow-event.ts'
import { ESCROW_MACHINE } from '../../src/core/escrow/escrow-machine.ts'
import type { EscrowState } from '../../src/core/escrow/escrow-state.ts'
import { ESCROW_TIMER_NAMES, type EscrowTimerName } from '../../src/core/escrow/escrow-timers.ts'
import { fittedTo, messagesOf } from './escrow-acts.ts'
import { AHEAD, deadlinesOf, NOW, withDeadlines } from './escrow-deadlines.ts'
import { exploreEscrow } from './escrow-explore.ts'
import { isAllowed } from './escrow-rights.ts'
import { LYING_WORLDS } from './escrow-worlds.ts'

const MESSAGES = messagesOf()
const TICK_BEFORE = (NOW + 1) as Timestamp
const TICK_AFTER = (NOW - 1) as Timestamp

/** States of a small world: all, or so many of the first. */
function statesOf(name: string, most = Number.POSITIVE_INFINITY): readonly EscrowState[] {
  const states: EscrowState[] = []
  const world = LYING_WORLDS.find((known) => known.name === name)
  if (world === undefined) throw new TypeError(`no world ${name}`)
  const seen = new Set<string>()
  const { failures, isComplete } = exploreEscrow(world, {
    isOverdue: () => states.length > most,
    visit: ({ escrow }) => {
      // Evidence is counted in the exploration; one of each count is enough here.
      if (escrow === undefined || (escrow.kind === 'DISPUTED' && escrow.evidence.length > 3)) return
      const text = JSON.stringify(escrow, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
      if (!seen.has(text)) states.push(escrow)
      seen.add(text)
    },
  })
  if (isComplete !== (most === Number.POSITIVE_INFINITY) || failures.length > 0) throw new Error(failures.join('\n'))
  return states
}

/** The state with one deadline at an instant. */
function at(state: EscrowState, name: EscrowTimerName, instant: Timestamp): EscrowState {
  return withDeadlines(state, (other, known) => (other === name ? instant : known))
}

function outcomeOf(state: EscrowState, event: EscrowEvent): string {
  const { effects } = ESCROW_MACHINE.transition(state, event)
  return effects.map(nameOf).join(' ')
}

function nameOf(effect: EscrowEffect): string {
  if (effect.type === 'record-transition') return effect.edge
  return effect.type === 'event-refused' ? effect.code : effect.type
}

/** The second one has the timer `retry`, which books never need. */
const STATES = [...statesOf('C3-small'), ...statesOf('C2-apart-small', 500)]

describe('ticks around deadlines, in every state', () => {
  it('a message one tick before a deadline is as one long before; one at it or a tick after is as one long after', () => {
    let compared = 0
    const late = new Map<EscrowTimerName, number>()
    for (const state of STATES) {
      for (const name of deadlinesOf(state).keys()) {
        // T_evidence is over before T_rule, always.
        if (name === 'evidence' && (deadlinesOf(state).get('rule') ?? AHEAD) <= NOW) continue
        for (const { message } of fittedTo(MESSAGES, state)) {
          const [ahead, before] = [AHEAD, TICK_BEFORE].map((instant) => outcomeOf(at(state, name, instant), message))
          const [reached, after] = [NOW, TICK_AFTER].map((instant) => outcomeOf(at(state, name, instant), message))
          if (before !== ahead || after !== reached)
            throw new Error(`${state.kind} ${name} ${message.type}: ${ahead}, ${before}, ${reached}, ${after}`)
          compared += 1
          if (reached === 'ESCROW_DEADLINE_PASSED' && before?.includes('ESCROW_') === false)
            late.set(name, (late.get(name) ?? 0) + 1)
          const isEffective = before !== undefined && !before.startsWith('ESCROW_') && before !== 'event-exists'
          if (isEffective && !isAllowed(at(state, name, AHEAD), message))
            throw new Error(`${state.kind} ${message.type} is not allowed`)
        }
      }
    }
    expect(compared).toBeGreaterThan(100_000)
    // Deadlines of messages; the others are of timers alone, or open something.
    expect([...late.keys()].sort()).toEqual([
      'accept',
      'deliver',
      'evidence',
      'hold',
      'offer',
      'refund',
      'rule',
      'start',
    ])
  })

  it.each(ESCROW_TIMER_NAMES)('timer %s fires at its deadline and a tick after, not a tick before', (name) => {
    let fired = 0
    for (const state of STATES) {
      const event = { type: 'timer-fired', name, at: NOW } as const
      const there = outcomeOf(at(state, name, NOW), event)
      if (there === 'ESCROW_TIMER_IDLE') continue
      fired += 1
      expect(there).not.toMatch(/^ESCROW_/)
      expect(outcomeOf(at(state, name, TICK_AFTER), event)).toBe(there)
      expect(outcomeOf(at(state, name, TICK_BEFORE), event)).toBe('ESCROW_TIMER_EARLY')
    }
    expect(fired).toBeGreaterThan(0)
  })
})
