import { describe, expect, test } from 'vitest'
import { effectDoneBefore } from '../../../../src/actors/durable/consequences/effect-runner.ts'
import type { EffectCall, EffectHandler } from '../../../../src/actors/durable/consequences/effect-runner.ts'
import { CodedError } from '../../../../src/base/errors.ts'
import { ControlledLog } from '../controlled-log.ts'
import { WALL_START_MS } from '../manual-environment.ts'
import { HOUR, openRecorder, recorder, seenBy, tell } from './recorder.ts'

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
    const world = await openRecorder(agent, { log })
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
    const next = await world.reopen(agent)
    next.store.registerEffect('pay', service.handler)
    await next.settle()
    expect([seenBy(next), service.calls.length]).toEqual([[result], 1])
  })

  test('runs again with the same key when the process died before its result was stored', async () => {
    const world = await openRecorder(agent)
    const service = new Service()
    world.store.registerEffect('pay', async (input, call) => {
      service.handler(input, call)
      await new Promise(() => {})
    })
    tell(world, 'pay')
    await world.settle()
    const next = await world.reopen(agent)
    next.store.registerEffect('pay', service.handler)
    await next.settle()
    expect(service.calls.map(({ key }) => key)).toEqual(['a/1/0', 'a/1/0'])
    expect(service.calls[0]?.signal.aborted).toBe(true)
    expect(seenBy(next)).toMatchObject([{ type: 'kernell.effect.done', wasDoneBefore: true }])
  })

  test('of a turn that failed never runs', async () => {
    const world = await openRecorder(agent)
    const service = new Service()
    world.store.registerEffect('pay', service.handler)
    tell(world, 'pay and fail')
    await world.settle()
    expect([service.calls, world.store.pendingEffects()]).toEqual([[], []])
  })

  test('waits for a handler to be registered', async () => {
    const world = await openRecorder(agent)
    tell(world, 'two')
    await world.settle()
    expect(world.store.pendingEffects().map(({ waitsFor }) => waitsFor)).toEqual(['handler', 'handler'])
    const service = new Service()
    const next = await world.reopen(agent)
    next.store.registerEffect('pay', service.handler)
    await next.settle()
    expect(service.calls.map(({ key }) => key)).toEqual(['a/1/0', 'a/1/1'])
  })

  test('is tried as often as its handler says, and its failure is told', async () => {
    const world = await openRecorder(agent)
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
    const world = await openRecorder(agent)
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
    const next = await world.reopen(agent)
    await next.settle()
    expect([calls, next.store.pendingEffects()]).toEqual([1, []])
  })

  test('that needs approval does not run before it, whatever happens', async () => {
    const world = await openRecorder(agent)
    const service = new Service()
    world.store.registerEffect('pay', service.handler)
    tell(world, 'pay if allowed')
    await world.settle()
    const next = await world.reopen(agent)
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
    const world = await openRecorder(agent)
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
    const next = await world.reopen(agent)
    next.store.registerEffect('pay', service.handler)
    await next.settle()
    expect([service.calls, next.store.pendingApprovals()]).toEqual([[], []])
  })

  test('whose handler insists on approval is asked for even where its actor did not', async () => {
    const world = await openRecorder(agent)
    const service = new Service()
    world.store.registerEffect('pay', service.handler, { needsApproval: true })
    tell(world, 'pay')
    await world.settle()
    const [approval] = world.store.pendingApprovals()
    expect([service.calls, approval]).toMatchObject([[], { question: 'Run pay?', details: { amount: 5 } }])
    const next = await world.reopen(agent)
    next.store.registerEffect('pay', service.handler, { needsApproval: true })
    await next.settle()
    expect(next.store.pendingApprovals()).toHaveLength(1)
    await Promise.all([
      next.store.resolveApproval(approval?.id ?? '', { decision: 'approved', by: 'ann' }),
      next.settle(),
    ])
    expect(service.calls).toHaveLength(1)
  })

  test.each([
    [
      'throws',
      (): never => {
        throw new TypeError('no cents')
      },
    ],
    ['asks nothing', () => ({}) as never],
    ['answers nothing', () => undefined as never],
    ['asks with what cannot be stored', () => ({ question: 'Pay?', details: () => 1 })],
  ] as const)(
    'whose question for approval %s fails and does not run, also after a restart',
    async (_name, needsApproval) => {
      const world = await openRecorder(agent)
      const service = new Service()
      world.store.registerEffect('pay', service.handler, { needsApproval })
      tell(world, 'pay')
      await world.settle()
      expect([world.store.pendingApprovals(), world.store.pendingEffects(), world.environment.errors]).toEqual([
        [],
        [],
        [],
      ])
      expect(seenBy(world)).toMatchObject([{ type: 'kernell.effect.failed' }])
      const next = await world.reopen(agent)
      next.store.registerEffect('pay', service.handler, { needsApproval })
      await next.settle()
      expect([service.calls, next.store.pendingEffects()]).toEqual([[], []])
    },
  )

  test('of a removed actor is aborted and forgotten', async () => {
    const world = await openRecorder(agent)
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
    const world = await openRecorder(
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
