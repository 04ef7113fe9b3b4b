import { describe, expect, it } from 'vitest'
import {
  supervisionMachine,
  type SupervisionEffect,
  type SupervisionEvent,
} from '../../../src/core/supervision/supervision-machine.ts'
import {
  SUPERVISED_CHILDREN_MAX,
  type SupervisionInput,
  type SupervisionState,
} from '../../../src/core/supervision/supervision-state.ts'

const INPUT: SupervisionInput = { strategy: 'one-for-one', intensity: { restarts: 3, withinMs: 1_000 } }

/** Effects as short words: `stop a`, `start b`, `timer 0 100`, `escalate a failed`, `finish`, `refused`. */
function wordOf(effect: SupervisionEffect): string {
  switch (effect.type) {
    case 'stop-child':
      return `stop ${effect.id}`
    case 'start-child':
      return `start ${effect.id}`
    case 'start-timer':
      return `timer ${effect.timer} ${effect.delayMs}`
    case 'escalate':
      return `escalate ${effect.id} ${effect.reason}`
    case 'finish-stop':
      return 'finish'
    case 'event-refused':
      return 'refused'
  }
}

/** Event words: `add a permanent`, `started a`, `failed a 5` (or done, stopped, killed), `due 0`, `end a`, `stop`. */
function eventOf(words: string): SupervisionEvent {
  const [verb = '', id = '', rest = '0'] = words.split(' ')
  if (verb === 'add') return { type: 'child-added', id, restartKind: rest as 'permanent' }
  if (verb === 'started') return { type: 'child-started', id }
  if (verb === 'due') return { type: 'restart-due', timer: Number(id) }
  if (verb === 'end') return { type: 'child-stop-requested', id }
  if (verb === 'stop') return { type: 'stop-requested' }
  return { type: 'child-ended', id, reason: verb as 'failed', atMs: Number(rest) }
}

/** Runs `event words -> effect words` lines; the state must stay sound. */
function expectRun(input: SupervisionInput, lines: readonly string[]): SupervisionState {
  let state = supervisionMachine.initial(input)
  const seen = lines.map((line) => {
    const [words = ''] = line.split(' ->')
    const step = supervisionMachine.transition(state, eventOf(words))
    state = step.state
    expect(supervisionMachine.violations(state)).toEqual([])
    return `${words} ->${step.effects.map((effect) => ` ${wordOf(effect)}`).join(',')}`
  })
  expect(seen).toEqual(lines)
  return state
}

const THREE = ['add a permanent ->', 'add b permanent ->', 'add c permanent ->']

describe('supervision machine', () => {
  it('restarts only the failed child with one-for-one', () => {
    expectRun(INPUT, [...THREE, 'failed b -> start b', 'failed c -> start c', 'started b ->', 'started c ->'])
  })

  it('stops all newest first and starts all oldest first with one-for-all', () => {
    expectRun({ ...INPUT, strategy: 'one-for-all' }, [
      ...THREE,
      'failed b -> stop c',
      'stopped c -> stop a',
      'stopped a -> start a',
      'started a -> start b',
      'started b -> start c',
      'started c ->',
    ])
  })

  it('touches only younger children with rest-for-one', () => {
    expectRun({ ...INPUT, strategy: 'rest-for-one' }, [
      ...THREE,
      'failed b -> stop c',
      'stopped c -> start b',
      'started b -> start c',
      'started c ->',
    ])
  })

  it('takes a second failure into a common restart that is under way', () => {
    expectRun({ ...INPUT, strategy: 'rest-for-one' }, [
      ...THREE,
      'failed b -> stop c',
      'failed a ->',
      'killed c -> start a',
      'started a -> start b',
      'failed b -> start b',
      'started b -> start c',
    ])
  })

  it('waits for the back-off, longer each time', () => {
    const backOff = { firstMs: 100, maxMs: 1_000, quietMs: 500 }
    expectRun({ ...INPUT, backOff }, [
      ...THREE,
      'failed a 0 -> timer 0 100',
      'due 0 -> start a',
      'due 0 -> refused',
      'started a ->',
      'failed a 150 -> timer 1 200',
    ])
  })

  it('holds all back with one-for-all, and only the younger ones with rest-for-one, while one waits', () => {
    const backOff = { firstMs: 100, maxMs: 1_000, quietMs: 500 }
    expectRun({ ...INPUT, strategy: 'one-for-all', backOff }, [
      ...THREE,
      'failed c -> timer 0 100, stop b',
      'stopped b -> stop a',
      'stopped a ->',
      'due 0 -> start a',
    ])
    expectRun({ ...INPUT, strategy: 'rest-for-one', backOff }, [
      ...THREE,
      'failed c -> timer 0 100',
      'failed b -> timer 1 100',
      'due 1 -> start b',
      'started b ->',
      'due 0 -> start c',
    ])
  })

  it('ends all children newest first, then escalates, when the intensity is exceeded', () => {
    expectRun({ ...INPUT, intensity: { restarts: 1, withinMs: 1_000 } }, [
      ...THREE,
      'failed b 0 -> start b',
      'started b ->',
      'killed b 5 -> stop c',
      'stopped c -> stop a',
      'stopped a -> escalate b killed',
      'add d permanent -> refused',
    ])
  })

  it('does not count what leaves the window, nor ends that lead to no restart', () => {
    expectRun({ ...INPUT, intensity: { restarts: 1, withinMs: 100 } }, [
      'add a permanent ->',
      'add b temporary ->',
      'add c transient ->',
      'failed a 0 -> start a',
      'failed b 1 ->',
      'done c 2 ->',
      'started a ->',
      'failed a 101 -> start a',
    ])
  })

  it('stops in order and says so at the end', () => {
    expectRun(INPUT, [
      ...THREE,
      'stop -> stop c',
      'failed a ->',
      'stop -> refused',
      'stopped c -> stop b',
      'stopped b -> finish',
      'stop -> refused',
    ])
  })

  it('finishes at once without children', () => {
    expect(expectRun(INPUT, ['stop -> finish'])).toEqual({ kind: 'ended' })
  })

  it('ends one child for good: while it runs, while it stops for a restart, while it waits', () => {
    expectRun({ ...INPUT, strategy: 'one-for-all', backOff: { firstMs: 10, maxMs: 10, quietMs: 1 } }, [
      ...THREE,
      'end c -> stop c',
      'end c -> refused',
      'failed a -> timer 0 10',
      'stopped c -> stop b',
      'end b ->',
      'stopped b ->',
      'end a ->',
      'due 0 -> refused',
      'stop -> finish',
    ])
  })

  it('refuses what does not apply and changes nothing', () => {
    expectRun(INPUT, [
      'add a permanent ->',
      'add a permanent -> refused',
      'started a -> refused',
      'failed x -> refused',
      'end x -> refused',
      'due 0 -> refused',
      'failed a -> start a',
    ])
  })

  it('holds a bounded number of children', () => {
    let state = supervisionMachine.initial(INPUT)
    const add = (index: number): readonly SupervisionEffect[] => {
      const step = supervisionMachine.transition(state, eventOf(`add ${index} permanent`))
      state = step.state
      return step.effects
    }
    for (let index = 0; index < SUPERVISED_CHILDREN_MAX; index += 1) expect(add(index)).toEqual([])
    expect(add(SUPERVISED_CHILDREN_MAX).map(wordOf)).toEqual(['refused'])
  })
})
