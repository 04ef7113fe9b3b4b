import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createActor, SimulatedClock, type AnyActorLogic, type AnyActorRef } from 'xstate'
import { EVENT_TYPES, machineSpecs } from './machine-specs.ts'
import { buildMachine } from './random-machine.ts'
import { tableLogic } from './table-logic.ts'

const events = fc.array(fc.record({ type: fc.constantFrom(...EVENT_TYPES, 'clock'), by: fc.nat({ max: 5 }) }), {
  minLength: 1,
  maxLength: 20,
})

/** One run of a machine: what is seen from outside after each step. */
type Look = {
  readonly snapshot: unknown
  readonly persisted: unknown
  readonly isSame: boolean
  readonly log: readonly string[]
}

/** Runs `logic` with XState's own actor and writes down every action that it executes. */
class Run {
  readonly log: string[]
  readonly clock = new SimulatedClock()
  readonly actor: AnyActorRef

  constructor(logic: AnyActorLogic, log: string[]) {
    this.log = log
    this.actor = createActor(logic, {
      id: 'm',
      input: { given: 1 },
      clock: this.clock,
      logger: (...words: unknown[]) => log.push(`logged ${JSON.stringify(words)}`),
      inspect: (inspected) => {
        if (inspected.type !== '@xstate.action') return
        log.push(`execute ${inspected.action.type} ${JSON.stringify(inspected.action.params)}`)
      },
    })
    // Errors are part of the snapshot; nobody else is to hear of them.
    this.actor.subscribe({ error: () => undefined })
    this.actor.on('*', (event) => log.push(`emitted ${JSON.stringify(event)}`))
  }

  /** `clock` lets half a second pass for each of `by`. */
  take(event: { readonly type: string; readonly by: number }): void {
    if (event.type === 'clock') this.clock.increment(500 * event.by)
    else this.actor.send(event)
  }

  look(before: unknown): Look {
    const snapshot: unknown = this.actor.getSnapshot()
    const { status } = snapshot as { readonly status: string }
    const persisted = status === 'error' ? undefined : this.actor.getPersistedSnapshot()
    return { snapshot, persisted, isSame: snapshot === before, log: this.log.splice(0) }
  }

  get value(): unknown {
    return (this.actor.getSnapshot() as { readonly value: unknown }).value
  }

  get status(): string {
    return (this.actor.getSnapshot() as { readonly status: string }).status
  }
}

function expectEqualLooks(actual: Look, expected: Look): void {
  const { error, ...rest } = actual.snapshot as { readonly error: unknown }
  const { error: expectedError, ...expectedRest } = expected.snapshot as { readonly error: unknown }
  expect(rest).toStrictEqual(expectedRest)
  expect(Object.keys(actual.snapshot as object)).toEqual(Object.keys(expected.snapshot as object))
  expect(textOf(error)).toBe(textOf(expectedError))
  expect(actual.persisted).toStrictEqual(expected.persisted)
  expect(actual.isSame).toBe(expected.isSame)
  expect(actual.log).toEqual(expected.log)
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.constructor.name} ${error.message}` : String(error)
}

describe('a machine run by tables', () => {
  it('is the same as the machine run by XState, after every step, for random machines and events', () => {
    // XState warns of events that come after the end.
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    let machines = 0
    let steps = 0
    let deepMoves = 0
    let statuses = ''
    fc.assert(
      fc.property(machineSpecs, events, (spec, sent) => {
        const log: string[] = []
        const machine = buildMachine(spec, log)
        const logic = tableLogic(machine)
        const expected = new Run(machine, log)
        const begun = expected.look(undefined)
        const ours = new Run(logic as never, log)
        expectEqualLooks(ours.look(undefined), begun)
        const together = (act: (run: Run) => void): void => {
          const looks = [expected, ours].map((run) => {
            const before: unknown = run.actor.getSnapshot()
            act(run)
            return run.look(before)
          })
          expectEqualLooks(looks[1] as Look, looks[0] as Look)
        }
        together((run) => run.actor.start())
        for (const event of sent) {
          if (expected.status !== 'active') break
          const { value } = expected
          together((run) => run.take(event))
          steps += 1
          if (typeof value === 'object' && !isDeepStrictEqual(value, expected.value)) deepMoves += 1
        }
        machines += 1
        statuses += `${expected.status} `
        expect(logic.counts.hosted).toBe(0)
      }),
      { numRuns: 1_500 },
    )
    expect(machines).toBeGreaterThanOrEqual(1_500)
    expect(steps).toBeGreaterThan(4_000)
    expect(deepMoves).toBeGreaterThan(100)
    for (const status of ['active', 'done', 'error']) expect(statuses).toContain(status)
  })
})
