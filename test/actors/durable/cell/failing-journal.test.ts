import { describe, expect, test } from 'vitest'
import { defineAgent } from '../../../../src/actors/define-agent.ts'
import { CodedError } from '../../../../src/base/errors.ts'
import { ControlledLog } from '../controlled-log.ts'
import { DurableSystem } from '../durable-system.ts'
import { contextOf, counter } from './counter-agent.ts'

describe('a journal that cannot be written', () => {
  test('ends the durable actors with its code, and leaves the others alone', async () => {
    const log = new ControlledLog()
    const world = new DurableSystem({ log })
    const ref = world.spawn(counter, 'a')
    const volatile = world.spawn(defineAgent({ name: 'volatile', logic: counter.logic }), 'v')
    await world.settle()
    const ended: unknown[] = []
    ref.watch(({ reason, error }) => void ended.push([reason, (error as { code?: string }).code]))
    log.failFrom = 0
    ref.send({ type: 'add', by: 1 })
    await world.settle()
    expect(ended).toEqual([['failed', 'STORE_WRITE_FAILED']])
    expect(ref.send({ type: 'add', by: 1 })).toBe(false)
    await expect(ref.deliver({ type: 'add', by: 1 })).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    volatile.send({ type: 'add', by: 1 })
    await world.settle()
    expect(contextOf(volatile)).toBe(1)
  })

  test('or not be opened, is told to whoever waits for it', async () => {
    const log = new ControlledLog()
    log.read = () => {
      throw new CodedError('STORE_CORRUPTED', { message: 'injected' })
    }
    const world = new DurableSystem({ log })
    const ref = world.spawn(counter, 'a')
    const ended: string[] = []
    ref.watch(({ reason }) => void ended.push(reason))
    await expect(world.during(world.system.ready)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
    await world.settle()
    expect(ended).toEqual(['failed'])
    await world.during(world.system.stop())
  })
})
