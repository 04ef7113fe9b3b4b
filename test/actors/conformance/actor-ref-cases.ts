/** What an `ActorRef` promises, wherever its actor is. The same cases run against actors of this thread, of another one, and of another machine. */
import { expect } from 'vitest'
import type { ActorRef, Terminated } from '../../../src/actors/actor-ref.ts'
import type { AgentDefinition } from '../../../src/actors/agent-definition.ts'
import { CodedError } from '../../../src/base/errors.ts'
import type { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import * as agents from '../threads/thread-agents.ts'

export type ActorRefSubject = {
  readonly system: ActorSystem
  /** Starts an actor where this suite wants it. */
  readonly spawn: (agent: AgentDefinition, input?: unknown) => ActorRef
}

export type ActorRefCase = { readonly name: string; readonly run: (subject: ActorRefSubject) => Promise<void> }

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : error
  }
}

function ended(ref: ActorRef): Promise<Terminated> {
  return new Promise((resolve) => void ref.watch(resolve))
}

const noted = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

export const ACTOR_REF_CASES: readonly ActorRefCase[] = [
  {
    name: 'messages of one sender are handled in the order in which they were sent',
    run: async ({ spawn }) => {
      const ref = spawn(agents.recorder, ['first'])
      for (const value of noted(200)) expect(ref.send({ type: 'note', value })).toBe(true)
      expect(await ref.ask({ type: 'recall' })).toEqual({ type: 'recalled', heard: ['first', ...noted(200)] })
    },
  },
  {
    name: 'values arrive as they were sent',
    run: async ({ spawn }) => {
      const ref = spawn(agents.recorder)
      const value = {
        map: new Map([[1, new Set(['x'])]]),
        date: new Date(5),
        big: 7n,
        bytes: Uint8Array.of(1, 2),
        none: undefined,
      }
      ref.send({ type: 'note', value })
      expect(await ref.ask({ type: 'recall' })).toEqual({ type: 'recalled', heard: [value] })
    },
  },
  {
    name: 'what is no event is a TypeError',
    run: async ({ spawn }) => {
      const ref = spawn(agents.recorder)
      expect(() => ref.send('note' as unknown as { type: string })).toThrow(TypeError)
      await Promise.resolve()
    },
  },
  {
    name: 'an actor that was asked and fails, fails the ask',
    run: async ({ spawn }) => {
      expect(await codeOf(spawn(agents.recorder).ask({ type: 'boom' }))).toBe('ACTOR_FAILED')
    },
  },
  {
    name: 'an ask without an answer fails in time, and one that is aborted with the reason of its signal',
    run: async ({ spawn }) => {
      const ref = spawn(agents.recorder)
      expect(await codeOf(ref.ask({ type: 'note', value: 1 }, { timeoutMs: 1 }))).toBe('ACTOR_ASK_TIMEOUT')
      const controller = new AbortController()
      const asked = codeOf(ref.ask({ type: 'note', value: 2 }, { signal: controller.signal }))
      controller.abort('enough')
      expect(await asked).toBe('enough')
    },
  },
  {
    name: 'an answer may come from another actor',
    run: async ({ spawn }) => {
      const recorder = spawn(agents.recorder, ['x'])
      const middleman = spawn(agents.middleman)
      expect(await middleman.ask({ type: 'recall', to: recorder })).toEqual({ type: 'recalled', heard: ['x'] })
    },
  },
  {
    name: 'a reference that comes back is the same one',
    run: async ({ spawn }) => {
      const ref = spawn(agents.sender)
      const here = await ref.ask<{ type: string; address: string; self: unknown }>({ type: 'where' })
      expect([here.address, here.self === ref]).toEqual([ref.address, true])
    },
  },
  {
    name: 'a stopped actor is told of once, also to whoever watches late, and what is sent to it is a dead letter',
    run: async ({ spawn, system }) => {
      const ref = spawn(agents.recorder)
      const seen: Terminated[] = []
      ref.watch((end) => seen.push(end))
      await ref.stop()
      const { id, address } = ref
      const end = { type: 'kernell.terminated', id, address, reason: 'stopped' }
      expect(await ended(ref)).toEqual(end)
      expect(seen).toEqual([end])
      expect(ref.send({ type: 'note', value: 1 })).toBe(false)
      expect(system.deadLetters.recent().at(-1)).toEqual({
        target: address,
        event: { type: 'note', value: 1 },
        reason: 'stopped',
      })
      await ref.stop()
    },
  },
  {
    name: 'to ask, and to deliver to, an actor that has ended fails',
    run: async ({ spawn }) => {
      const ref = spawn(agents.recorder)
      await ref.stop()
      await ended(ref)
      expect(await codeOf(ref.ask({ type: 'recall' }))).toBe('ACTOR_STOPPED')
      expect(await codeOf(ref.deliver({ type: 'note' }))).toBe('ACTOR_STOPPED')
    },
  },
  {
    name: 'a delivered message is in the mailbox, and one mailbox with credit takes as many as come',
    run: async ({ spawn }) => {
      const ref = spawn(agents.narrow)
      await Promise.all(noted(40).map(async (number) => await ref.deliver({ type: 'count', from: 'me', number })))
      expect(await ref.ask({ type: 'report' })).toMatchObject({ count: 40, faults: 0 })
    },
  },
  {
    name: 'an actor that fails for good says so, with its error',
    run: async ({ spawn }) => {
      const ref = spawn(agents.brittle)
      const end = ended(ref)
      ref.send({ type: 'boom' })
      const { reason, error } = await end
      expect([reason, String(error)]).toEqual(['failed', 'RangeError: boom'])
      expect(ref.getSnapshot().status).toBe('error')
    },
  },
  {
    name: 'an actor that is done gives its output',
    run: async ({ spawn }) => {
      const ref = spawn(agents.lamp)
      const end = ended(ref)
      ref.send({ type: 'flip' })
      ref.send({ type: 'flip' })
      const { reason, output } = await end
      expect([reason, output]).toEqual(['done', { flips: 1 }])
    },
  },
  {
    name: 'whoever subscribes sees snapshots, and the end',
    run: async ({ spawn }) => {
      const ref = spawn(agents.recorder)
      const contexts: unknown[] = []
      const complete = new Promise<void>((resolve) => {
        const next = (snapshot: unknown): void => void contexts.push((snapshot as { context: unknown }).context)
        ref.subscribe({ next, complete: resolve })
      })
      await ref.ask({ type: 'recall' })
      ref.send({ type: 'note', value: 1 })
      await ref.ask({ type: 'recall' })
      await ref.stop()
      await complete
      expect(contexts.at(-1)).toEqual([1])
    },
  },
  {
    name: 'what an actor emits is heard, until nobody listens',
    run: async ({ spawn }) => {
      const ref = spawn(agents.crier)
      const heard: unknown[] = []
      const subscription = ref.on('said', (event) => heard.push(event))
      ref.send({ type: 'say', value: 1 })
      await ref.ask({ type: 'ask' })
      subscription.unsubscribe()
      ref.send({ type: 'say', value: 2 })
      await ref.ask({ type: 'ask' })
      expect(heard).toEqual([{ type: 'said', value: 1 }])
    },
  },
  {
    name: 'an actor that watches another is told by an event',
    run: async ({ spawn }) => {
      const ref = spawn(agents.recorder)
      const watchman = spawn(agents.watchman)
      watchman.send({ type: 'watch', target: ref })
      await watchman.ask({ type: 'seen' })
      await ref.ask({ type: 'recall' })
      await ref.stop()
      await ended(ref)
      for (;;) {
        const { seen } = await watchman.ask<{ type: string; seen: string[] }>({ type: 'seen' })
        if (seen.length > 0) {
          expect(seen).toEqual([`${ref.id} stopped`])
          return
        }
      }
    },
  },
]
