import { describe, expect, test } from 'vitest'
import { effectDoneBefore } from '../../../../src/actors/durable/work/effect-runner.ts'
import type { EffectCall, EffectHandler } from '../../../../src/actors/durable/work/effect-runner.ts'
import { CodedError } from '../../../../src/base/errors.ts'
import { ControlledLog, prefixOf } from '../controlled-log.ts'
import { World } from '../durable-world.ts'
import type { WorldActions, WorldAgent, WorldInit } from '../durable-world.ts'
import { ManualEnvironment, WALL_START_MS } from '../manual-environment.ts'

const HOUR = 3_600_000
type Seen = { readonly seen: readonly unknown[] }
type Command = { readonly type: string; readonly run?: string }

/** Does what it is told, and remembers every event that is not a command. */
function recorder(commands: Readonly<Record<string, (actions: WorldActions) => void>>): WorldAgent {
  return {
    name: 'recorder',
    version: 1,
    initial: { seen: [] },
    handle(state: Seen, event, actions) {
      const { run } = event as Command
      if (run === undefined) return { seen: [...state.seen, event] }
      commands[run]?.(actions)
      return state
    },
  }
}

async function open(agent: WorldAgent, init: Partial<WorldInit> = {}): Promise<World> {
  const world = await World.open({ agents: [agent], ...init })
  world.spawn('recorder', 'a')
  await world.settle()
  return world
}

/** The process died; time and the wall clock may have moved. */
async function restart(world: World, agent: WorldAgent, init: Partial<WorldInit> = {}): Promise<World> {
  world.isDead = true
  await world.store.close()
  return await World.open({ agents: [agent], log: world.log, environment: world.environment, ...init })
}

const tell = (world: World, run: string): void => world.send('a', { type: 'command', run })
const seenBy = (world: World): readonly unknown[] => (world.stateOf('a') as Seen).seen

describe('a durable timer', () => {
  const agent = recorder({
    set: (actions) => actions.setTimer('t', { delayMs: HOUR, event: { type: 'due' } }),
    sooner: (actions) => actions.setTimer('t', { delayMs: 10, event: { type: 'sooner' } }),
    at: (actions) => actions.setTimer('t', { at: WALL_START_MS + HOUR, event: { type: 'due' } }),
    cancel: (actions) => actions.cancelTimer('t'),
    'cancel and set': (actions) => {
      actions.cancelTimer('t')
      actions.setTimer('t', { delayMs: 5, event: { type: 'new' } })
    },
  })

  test('fires once, at its time', async () => {
    const world = await open(agent)
    tell(world, 'set')
    await world.environment.advance(HOUR - 1)
    expect(seenBy(world)).toEqual([])
    await world.environment.advance(1)
    await world.environment.advance(HOUR)
    expect(seenBy(world)).toEqual([{ type: 'due' }])
    const next = await restart(world, agent)
    await next.environment.advance(HOUR)
    expect(seenBy(next)).toEqual([{ type: 'due' }])
  })

  test('survives a restart with what is left of it, and fires at once when it is overdue', async () => {
    const world = await open(agent)
    tell(world, 'set')
    await world.environment.advance(HOUR / 2)
    const second = await restart(world, agent)
    await second.environment.advance(HOUR / 2 - 1)
    expect(seenBy(second)).toEqual([])
    second.isDead = true
    await second.store.close()
    await second.environment.advance(10 * HOUR)
    const third = await restart(second, agent)
    await third.environment.advance(1)
    expect(seenBy(third)).toEqual([{ type: 'due' }])
  })

  test('of the same id replaces the one before, also within one turn', async () => {
    const world = await open(agent)
    tell(world, 'set')
    tell(world, 'sooner')
    await world.environment.advance(2 * HOUR)
    tell(world, 'set')
    tell(world, 'cancel and set')
    await world.environment.advance(2 * HOUR)
    expect(seenBy(world)).toEqual([{ type: 'sooner' }, { type: 'new' }])
  })

  test('is cancelled for good, even when it is due already', async () => {
    const world = await open(agent)
    tell(world, 'set')
    await world.settle()
    tell(world, 'cancel')
    await world.settle()
    const next = await restart(world, agent)
    await next.environment.advance(2 * HOUR)
    expect(seenBy(next)).toEqual([])
    tell(next, 'set')
    await next.environment.advance(HOUR - 1)
    // The command waits in front of the timer that becomes due.
    tell(next, 'cancel')
    await next.environment.advance(1)
    expect([seenBy(next), next.failures]).toEqual([[], []])
  })

  test('that fired before it was cancelled, and is told of after, is not handled', async () => {
    const world = await open(agent)
    tell(world, 'set')
    await world.settle()
    const { owner } = world.spawn('recorder', 'a')
    const { id, generation, dueAt } = world.store.actor('a')?.timers?.get('t') ?? { id: '', generation: 0, dueAt: 0 }
    const due = { event: { type: 'due' }, fired: { id, generation, dueAt } }
    tell(world, 'cancel')
    world.due(owner, due)
    await world.settle()
    tell(world, 'set')
    world.due(owner, due)
    await world.settle()
    expect([seenBy(world), world.failures]).toEqual([[], []])
  })

  test('for a delay does not feel the wall clock, one for an instant follows it', async () => {
    const world = await open(agent)
    tell(world, 'set')
    await world.settle()
    world.environment.setWallBy(5 * HOUR)
    await world.environment.advance(60_000)
    expect(seenBy(world)).toEqual([])
    world.environment.setWallBy(-50 * HOUR)
    await world.environment.advance(HOUR)
    expect(seenBy(world)).toEqual([{ type: 'due' }])

    const other = await open(agent)
    tell(other, 'at')
    await other.settle()
    other.environment.setWallBy(-2 * HOUR)
    await other.environment.advance(HOUR)
    expect(seenBy(other)).toEqual([])
    other.environment.setWallBy(2 * HOUR)
    await other.environment.advance(60_000)
    expect(seenBy(other)).toEqual([{ type: 'due' }])
  })

  test('for a delay is never made longer by a clock that was set back while the process was down', async () => {
    const world = await open(agent)
    tell(world, 'set')
    await world.settle()
    world.environment.setWallBy(-100 * HOUR)
    const next = await restart(world, agent)
    await next.environment.advance(HOUR)
    expect(seenBy(next)).toEqual([{ type: 'due' }])
  })

  test('fires again when the process died before its turn was stored', async () => {
    const log = new ControlledLog()
    const world = await open(agent, { log })
    tell(world, 'set')
    await world.settle()
    const records = log.nextIndex
    await world.environment.advance(HOUR)
    expect(log.nextIndex).toBe(records + 1)
    world.isDead = true
    const next = await World.open({
      agents: [agent],
      log: await prefixOf(log, records),
      environment: world.environment,
    })
    await next.environment.advance(1)
    expect(seenBy(next)).toEqual([{ type: 'due' }])
  })

  test('wakes an actor that is not in memory', async () => {
    const world = await open(agent)
    tell(world, 'set')
    await world.settle()
    world.passivate('a')
    await world.environment.advance(HOUR)
    expect(world.isActive('a')).toBe(true)
    expect(seenBy(world)).toEqual([{ type: 'due' }])
  })
})

describe('a durable schedule', () => {
  const agent = recorder({
    once: (actions) => actions.setSchedule('s', { everyMs: HOUR, event: { type: 'tick' } }),
    all: (actions) => actions.setSchedule('s', { everyMs: HOUR, missed: 'all', event: { type: 'tick' } }),
    skip: (actions) => actions.setSchedule('s', { everyMs: HOUR, missed: 'skip', event: { type: 'tick' } }),
    daily: (actions) => actions.setSchedule('s', { cron: '0 6 * * *', event: { type: 'tick' } }),
    cancel: (actions) => actions.cancelTimer('s'),
  })
  const runsOf = (world: World): readonly (readonly [number, number])[] =>
    seenBy(world).map((event) => {
      const { dueAt, missedCount } = (event as { schedule: { dueAt: number; missedCount: number } }).schedule
      return [(dueAt - WALL_START_MS) / HOUR, missedCount]
    })

  test('runs again and again in its phase, through restarts, until it is cancelled', async () => {
    const world = await open(agent)
    tell(world, 'once')
    await world.environment.advance(2.5 * HOUR)
    const next = await restart(world, agent)
    await next.environment.advance(2 * HOUR)
    tell(next, 'cancel')
    await next.environment.advance(5 * HOUR)
    expect(runsOf(next)).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
    ])
  })

  test.each([
    [
      'once',
      [
        [5, 4],
        [6, 0],
      ],
    ],
    [
      'all',
      [
        [1, 4],
        [2, 3],
        [3, 2],
        [4, 1],
        [5, 0],
        [6, 0],
      ],
    ],
    ['skip', [[6, 5]]],
  ])('does with missed runs what its policy says (%s)', async (policy, expected) => {
    const world = await open(agent)
    tell(world, policy)
    await world.settle()
    world.isDead = true
    await world.store.close()
    await world.environment.advance(5.5 * HOUR)
    const next = await restart(world, agent)
    await next.environment.advance(1)
    await next.environment.advance(HOUR)
    expect(runsOf(next)).toEqual(expected)
  })

  test('follows a cron expression', async () => {
    const world = await open(agent, { environment: new ManualEnvironment(Date.parse('2026-03-01T05:00:00Z')) })
    tell(world, 'daily')
    await world.environment.advance(49.5 * HOUR)
    const days = seenBy(world).map((event) =>
      new Date((event as { schedule: { dueAt: number } }).schedule.dueAt).toISOString(),
    )
    expect(days).toEqual(['2026-03-01T06:00:00.000Z', '2026-03-02T06:00:00.000Z', '2026-03-03T06:00:00.000Z'])
  })

  test.each([
    [{ everyMs: 0 }, /period/],
    [{ everyMs: 1.5 }, /period/],
    [{ cron: 'now and then' }, /cron/],
    [{ cron: '* * * * *', timeZone: 'Nowhere' }, /cron/],
  ])('that makes no sense is refused (%j)', async (init, message) => {
    const wrong = recorder({
      wrong: (actions) => actions.setSchedule('s', { ...init, event: { type: 'tick' } }),
    })
    const world = await open(wrong)
    tell(world, 'wrong')
    await world.settle()
    expect(world.failures).toEqual([
      expect.objectContaining({ name: 'RangeError', message: expect.stringMatching(message) }),
    ])
  })
})

describe('an effect', () => {
  const agent = recorder({
    pay: (actions) => void actions.effect('pay', { amount: 5 }, { label: 'rent' }),
    'pay if allowed': (actions) =>
      void actions.effect(
        'pay',
        { amount: 5 },
        { needsApproval: { question: 'Pay?', expiresAt: WALL_START_MS + HOUR } },
      ),
    two: (actions) => {
      actions.effect('pay', 1)
      actions.effect('pay', 2)
    },
    'pay and fail': (actions) => {
      actions.effect('pay', 1)
      throw new Error('after all not')
    },
  })

  /** A service that does what it is asked once per key. */
  class Service {
    readonly calls: EffectCall[] = []
    readonly done = new Map<string, unknown>()
    readonly handler: EffectHandler = (input, call) => {
      this.calls.push(call)
      if (this.done.has(call.key)) return effectDoneBefore(this.done.get(call.key))
      this.done.set(call.key, input)
      return input
    }
  }

  test('runs when its turn is stored, and its result comes back once', async () => {
    const log = new ControlledLog()
    const world = await open(agent, { log })
    const service = new Service()
    world.store.registerEffect('pay', service.handler)
    log.isHeld = true
    tell(world, 'pay')
    await world.settle()
    expect([service.calls.length, world.store.pendingEffects().length]).toEqual([0, 1])
    log.release()
    await world.settle()
    expect(service.calls).toMatchObject([{ key: 'a/1/0', actor: 'a', attempt: 1 }])
    const result = {
      type: 'kernell.effect.done',
      id: 'a/1/0',
      name: 'pay',
      label: 'rent',
      output: { amount: 5 },
      wasDoneBefore: false,
    }
    expect([seenBy(world), world.store.pendingEffects()]).toEqual([[result], []])
    const next = await restart(world, agent)
    next.store.registerEffect('pay', service.handler)
    await next.settle()
    expect([seenBy(next), service.calls.length]).toEqual([[result], 1])
  })

  test('runs again with the same key when the process died before its result was stored', async () => {
    const world = await open(agent)
    const service = new Service()
    world.store.registerEffect('pay', async (input, call) => {
      service.handler(input, call)
      await new Promise(() => {})
    })
    tell(world, 'pay')
    await world.settle()
    const next = await restart(world, agent)
    next.store.registerEffect('pay', service.handler)
    await next.settle()
    expect(service.calls.map(({ key }) => key)).toEqual(['a/1/0', 'a/1/0'])
    expect(service.calls[0]?.signal.aborted).toBe(true)
    expect(seenBy(next)).toMatchObject([{ type: 'kernell.effect.done', wasDoneBefore: true }])
  })

  test('of a turn that failed never runs', async () => {
    const world = await open(agent)
    const service = new Service()
    world.store.registerEffect('pay', service.handler)
    tell(world, 'pay and fail')
    await world.settle()
    expect([service.calls, world.store.pendingEffects()]).toEqual([[], []])
  })

  test('waits for a handler to be registered', async () => {
    const world = await open(agent)
    tell(world, 'two')
    await world.settle()
    expect(world.store.pendingEffects().map(({ waitsFor }) => waitsFor)).toEqual(['handler', 'handler'])
    const service = new Service()
    const next = await restart(world, agent)
    next.store.registerEffect('pay', service.handler)
    await next.settle()
    expect(service.calls.map(({ key }) => key)).toEqual(['a/1/0', 'a/1/1'])
  })

  test('is tried as often as its handler says, and its failure is told', async () => {
    const world = await open(agent)
    const attempts: number[] = []
    world.store.registerEffect(
      'pay',
      (_input, { attempt }) => {
        attempts.push(attempt)
        throw new CodedError('MODEL_OVERLOADED', { message: 'busy' })
      },
      { attempts: 3, backOff: { firstMs: 100, maxMs: 150 } },
    )
    tell(world, 'pay')
    await world.environment.advance(99)
    expect(attempts).toEqual([1])
    await world.environment.advance(1)
    expect(attempts).toEqual([1, 2])
    await world.environment.advance(150)
    expect(attempts).toEqual([1, 2, 3])
    expect(seenBy(world)).toMatchObject([
      { type: 'kernell.effect.failed', id: 'a/1/0', error: { code: 'MODEL_OVERLOADED', message: 'busy' } },
    ])
  })

  test('that answers what cannot be stored has failed, and is not done again', async () => {
    const world = await open(agent)
    let calls = 0
    world.store.registerEffect('pay', () => {
      calls += 1
      return { close: () => {} }
    })
    tell(world, 'pay')
    await world.settle()
    expect(seenBy(world)).toMatchObject([
      { type: 'kernell.effect.failed', error: { code: 'ACTOR_STATE_NOT_STORABLE' } },
    ])
    const next = await restart(world, agent)
    await next.settle()
    expect([calls, next.store.pendingEffects()]).toEqual([1, []])
  })

  test('that needs approval does not run before it, whatever happens', async () => {
    const world = await open(agent)
    const service = new Service()
    world.store.registerEffect('pay', service.handler)
    tell(world, 'pay if allowed')
    await world.settle()
    const next = await restart(world, agent)
    next.store.registerEffect('pay', service.handler)
    await next.settle()
    expect(service.calls).toEqual([])
    const [approval] = next.store.pendingApprovals()
    expect(approval).toMatchObject({ question: 'Pay?', effect: { id: 'a/1/0', name: 'pay', input: { amount: 5 } } })
    await Promise.all([
      next.store.resolveApproval(approval?.id ?? '', { decision: 'approved', by: 'ann' }),
      next.settle(),
    ])
    expect([service.calls.length, seenBy(next)]).toMatchObject([1, [{ type: 'kernell.effect.done' }]])
  })

  test.each([
    ['rejected', 'rejected by ann'],
    ['expired', 'not approved in time'],
  ])('that is %s never runs, and the actor is told', async (decision, reason) => {
    const world = await open(agent)
    const service = new Service()
    world.store.registerEffect('pay', service.handler)
    tell(world, 'pay if allowed')
    await world.settle()
    if (decision === 'expired') await world.environment.advance(HOUR)
    else await Promise.all([world.store.resolveApproval('a/1/1', { decision: 'rejected', by: 'ann' }), world.settle()])
    expect(seenBy(world)).toMatchObject([
      {
        type: 'kernell.effect.failed',
        id: 'a/1/0',
        error: { code: 'ACTOR_EFFECT_REFUSED', message: `pay was ${reason}` },
      },
    ])
    const next = await restart(world, agent)
    next.store.registerEffect('pay', service.handler)
    await next.settle()
    expect([service.calls, next.store.pendingApprovals()]).toEqual([[], []])
  })

  test('whose handler insists on approval is asked for even where its actor did not', async () => {
    const world = await open(agent)
    const service = new Service()
    world.store.registerEffect('pay', service.handler, { needsApproval: true })
    tell(world, 'pay')
    await world.settle()
    const [approval] = world.store.pendingApprovals()
    expect([service.calls, approval]).toMatchObject([[], { question: 'Run pay?', details: { amount: 5 } }])
    const next = await restart(world, agent)
    next.store.registerEffect('pay', service.handler, { needsApproval: true })
    await next.settle()
    expect(next.store.pendingApprovals()).toHaveLength(1)
    await Promise.all([
      next.store.resolveApproval(approval?.id ?? '', { decision: 'approved', by: 'ann' }),
      next.settle(),
    ])
    expect(service.calls).toHaveLength(1)
  })

  test('of a removed actor is aborted and forgotten', async () => {
    const world = await open(agent)
    const signals: AbortSignal[] = []
    world.store.registerEffect('pay', async (_input, { signal }) => {
      signals.push(signal)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })
    tell(world, 'pay')
    await world.settle()
    await Promise.all([world.store.remove('a'), world.settle()])
    expect([signals[0]?.aborted, world.environment.errors, world.store.pendingEffects()]).toEqual([true, [], []])
  })

  test('runs beside at most so many others', async () => {
    const world = await open(
      recorder({ many: (actions) => Array.from({ length: 10 }, (_, number) => actions.effect('pay', number)) }),
      { store: { effectsAtOnce: 3 } },
    )
    const finish: (() => void)[] = []
    let running = 0
    let runningMax = 0
    world.store.registerEffect('pay', async () => {
      running += 1
      runningMax = Math.max(runningMax, running)
      await new Promise<void>((resolve) => finish.push(resolve))
      running -= 1
    })
    tell(world, 'many')
    await world.settle()
    for (let round = 0; round < 10; round += 1) {
      finish.shift()?.()
      await world.settle()
    }
    expect([runningMax, seenBy(world).length]).toEqual([3, 10])
  })
})

describe('an approval', () => {
  const agent = recorder({
    ask: (actions) => void actions.requestApproval({ question: 'Deploy?', details: { to: 'production' } }),
    'ask in time': (actions) => void actions.requestApproval({ question: 'Deploy?', expiresAt: WALL_START_MS + HOUR }),
  })

  test('waits through restarts, and its decision is an event', async () => {
    const world = await open(agent)
    tell(world, 'ask')
    await world.settle()
    const next = await restart(world, agent)
    expect(next.store.pendingApprovals()).toEqual([
      { id: 'a/1/0', actor: 'a', question: 'Deploy?', details: { to: 'production' }, requestedAt: WALL_START_MS },
    ])
    const decided = next.store.resolveApproval('a/1/0', { decision: 'rejected', by: 'ann', note: 'not today' })
    await Promise.all([decided, next.settle()])
    expect(await decided).toEqual({
      decision: 'rejected',
      by: 'ann',
      note: 'not today',
      at: WALL_START_MS,
      isNew: true,
    })
    expect([seenBy(next), next.store.pendingApprovals()]).toEqual([
      [
        {
          type: 'kernell.approval.decided',
          id: 'a/1/0',
          question: 'Deploy?',
          decision: 'rejected',
          by: 'ann',
          note: 'not today',
          at: WALL_START_MS,
        },
      ],
      [],
    ])
  })

  test('is decided once; who comes later is told by whom', async () => {
    const world = await open(agent)
    tell(world, 'ask')
    await world.settle()
    const first = world.store.resolveApproval('a/1/0', { decision: 'approved', by: 'ann' })
    const second = world.store.resolveApproval('a/1/0', { decision: 'rejected', by: 'bob' })
    await Promise.all([first, second, world.settle()])
    expect(await second).toMatchObject({ decision: 'approved', by: 'ann', isNew: false })
    const next = await restart(world, agent)
    const third = next.store.resolveApproval('a/1/0', { decision: 'rejected', by: 'eve' })
    await Promise.all([third, next.settle()])
    expect([await third, seenBy(next).length]).toMatchObject([{ decision: 'approved', by: 'ann', isNew: false }, 1])
  })

  test('is acknowledged only when it is stored, and shown only when its request is', async () => {
    const log = new ControlledLog()
    const world = await open(agent, { log })
    log.isHeld = true
    tell(world, 'ask')
    await world.settle()
    expect(world.store.pendingApprovals()).toEqual([])
    log.release()
    await world.settle()
    expect(world.store.pendingApprovals()).toHaveLength(1)
    log.isHeld = true
    let isAcknowledged = false
    const decided = world.store.resolveApproval('a/1/0', { decision: 'approved', by: 'ann' }).then(() => {
      isAcknowledged = true
    })
    await world.settle()
    expect(isAcknowledged).toBe(false)
    log.release()
    await decided
    expect(isAcknowledged).toBe(true)
  })

  test('expires at its time, also while nobody runs', async () => {
    const world = await open(agent)
    tell(world, 'ask in time')
    await world.settle()
    world.isDead = true
    await world.store.close()
    await world.environment.advance(2 * HOUR)
    const next = await restart(world, agent)
    const late = next.store.resolveApproval('a/1/0', { decision: 'approved', by: 'ann' })
    await Promise.all([late, next.environment.advance(1)])
    expect([await late, seenBy(next)]).toMatchObject([
      { decision: 'expired', isNew: false },
      [{ type: 'kernell.approval.decided', decision: 'expired' }],
    ])
  })

  test.each(['a/1/7', 'a/2/0', 'b/1/0', 'a', ''])('%j is not one', async (id) => {
    const world = await open(agent)
    await expect(world.store.resolveApproval(id, { decision: 'approved', by: 'ann' })).rejects.toMatchObject({
      code: 'ACTOR_NOT_STORED',
    })
  })
})
