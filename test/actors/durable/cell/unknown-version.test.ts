import { describe, expect, test } from 'vitest'
import { defineAgent } from '../../../../src/actors/define-agent.ts'
import { DurableSystem } from '../durable-system.ts'
import { contextOf, counter } from './counter-agent.ts'

describe('an unknown version', () => {
  const v2 = defineAgent({ name: 'counter', version: 2, durable: true, logic: counter.logic })
  const migrating = defineAgent({
    name: 'counter',
    version: 2,
    durable: true,
    logic: counter.logic,
    migrate: (snapshot) => {
      const { context, ...rest } = snapshot as { context: number }
      return { ...rest, context: context + 100 }
    },
  })

  test.each(['before', 'after'])(
    'stops the actor with its code (spawned %s the store is open), and loses nothing',
    async (when) => {
      const first = new DurableSystem()
      await first.during(first.spawn(counter, 'a').deliver({ type: 'add', by: 1 }))
      const second = await first.crash()
      if (when === 'after') {
        await second.settle()
        expect(() => second.spawn(v2, 'a')).toThrow(expect.objectContaining({ code: 'ACTOR_VERSION_UNKNOWN' }))
      } else {
        const codes: unknown[] = []
        const ref = second.spawn(v2, 'a')
        ref.watch(({ error }) => void codes.push((error as { code?: string }).code))
        await second.settle()
        expect(codes).toEqual(['ACTOR_VERSION_UNKNOWN'])
        await second.during(ref.deliver({ type: 'add', by: 5 }))
      }
      const third = await second.crash()
      const ref = third.spawn(migrating, 'a')
      await third.settle()
      expect(contextOf(ref)).toBe(when === 'after' ? 101 : 106)
    },
  )
})
