import { TaskNotCancelableError } from '@a2a-js/sdk/errors'
import { beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../../../src/base/errors.ts'
import { FleetTasks } from '../../../../src/node/a2a/fleet/fleet-tasks.ts'
import { TaskNewsDesk } from '../../../../src/node/a2a/fleet/task-news.ts'
import { openKeptTasks } from '../../../../src/node/a2a/kept-task-store.ts'
import type { AgentTaskLook, AgentTaskName, SharedAgentTaskStore } from '../../../../src/ports/agent-task-store.ts'
import type { Timers } from '../../../../src/ports/timers.ts'
import { createMemoryKeyValueStore } from '../../../../src/storage/memory/memory-key-value-store.ts'

const A: AgentTaskName = { owner: 'acme', id: 'a' }
const OWN: AgentTaskLook = { phase: 'running', isOwn: true, isAlive: true, wishes: 0, answered: 0, refusal: '' }

/** Time that passes when a test says so. */
class Time implements Timers {
  nowMs = 0
  readonly #due = new Set<{ readonly atMs: number; readonly run: () => void }>()

  schedule(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { atMs: this.nowMs + delayMs, run: callback }
    this.#due.add(timer)
    return { cancel: () => void this.#due.delete(timer) }
  }

  get waiting(): number {
    return this.#due.size
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    for (const timer of this.#due) {
      if (timer.atMs > this.nowMs) continue
      this.#due.delete(timer)
      timer.run()
    }
    await settled()
  }
}

/** Whatever is under way in memory has been done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

type World = Awaited<ReturnType<typeof startWorld>>

async function startWorld() {
  const time = new Time()
  const told: unknown[] = []
  const held = new Set<string>()
  const heard: { tell: (names: readonly AgentTaskName[] | undefined) => void; lose: (reason: unknown) => void } = {
    tell: () => undefined,
    lose: () => undefined,
  }
  const seen: { look: AgentTaskLook | undefined; wish: number | undefined; whileLooking: () => void } = {
    look: OWN,
    wish: undefined,
    whileLooking: () => undefined,
  }
  const cancel: { answer: () => Promise<unknown> } = { answer: async () => await Promise.resolve() }
  const store: SharedAgentTaskStore = Object.assign(await openKeptTasks(createMemoryKeyValueStore()), {
    look: async () => {
      const { look } = seen
      await Promise.resolve()
      seen.whileLooking()
      return look
    },
    askCancel: async () => await Promise.resolve(seen.wish),
    refuseCancel: async (name: AgentTaskName, refusal: object) => {
      told.push(['refused', name, refusal])
      await Promise.resolve()
    },
    watch: (listener: typeof heard.tell) => {
      heard.tell = listener
      return () => undefined
    },
    onLost: (listener: typeof heard.lose) => {
      heard.lose = listener
      return () => undefined
    },
    close: async () => await Promise.resolve(),
  })
  const fleet = new FleetTasks(
    {
      store,
      tasks: {
        isHeld: ({ id }) => held.has(id),
        heldNames: () => [...held].map((id) => ({ owner: 'acme', id })),
        forget: ({ id }) => {
          held.delete(id)
          told.push(['forgotten', id])
        },
        settle: async () => {
          told.push('settled')
          await Promise.resolve()
        },
      },
      configs: { forget: () => undefined },
      timers: time,
      clock: { monotonicMs: () => time.nowMs },
      onError: (error) => told.push(error),
    },
    {
      cancel: async () => await cancel.answer(),
      abort: (taskId, reason) => told.push(['aborted', taskId, CodedError.is(reason) ? reason.code : reason]),
      forget: ({ id }) => told.push(['let go', id]),
    },
  )
  fleet.start()
  return { time, told, held, heard, seen, cancel, fleet }
}

let world: World
beforeEach(async () => {
  world = await startWorld()
})

describe('the part of a gateway in the tasks of its fleet', () => {
  it('lets go of a task that waits since a turn here once another one goes on with it, and asks nothing of others', async () => {
    const { fleet, seen, heard, told } = world
    fleet.note(A, 'waiting')
    heard.tell([A, { owner: 'acme', id: 'b' }])
    await settled()
    expect(told).toEqual([])
    seen.look = { ...OWN, isOwn: false }
    heard.tell([A])
    await settled()
    heard.tell([A])
    await settled()
    expect(told).toEqual([['let go', 'a']])
  })

  it('ends its own work on a task that was deleted or taken, also where it only knows that something was missed', async () => {
    for (const look of [undefined, { ...OWN, isOwn: false }]) {
      world = await startWorld()
      world.held.add('a')
      world.seen.look = look
      world.heard.tell(undefined)
      await settled()
      expect(world.told).toEqual([
        ['forgotten', 'a'],
        ['aborted', 'a', 'A2A_TASK_INTERRUPTED'],
      ])
    }
  })

  it('leaves work alone that begins while it looks, since it is not yet in what it sees', async () => {
    const { fleet, seen, heard, told, held } = world
    fleet.note(A, 'waiting')
    seen.look = { ...OWN, isOwn: false }
    seen.whileLooking = () => held.add('a')
    heard.tell([A])
    await settled()
    expect(told).toEqual([])
  })

  it.each([
    [new TaskNotCancelableError('too late'), 'too late'],
    [new CodedError('STORE_TIMEOUT', { message: 'the server took too long' }), 'the server took too long'],
    [new Error('secret of the program'), 'The gateway that has the task failed to cancel it.'],
  ])('says why it does not cancel, and nothing of the program: %s', async (error, text) => {
    const { held, seen, heard, told, cancel } = world
    held.add('a')
    seen.look = { ...OWN, wishes: 2, answered: 1 }
    let asked = 0
    const answering = Promise.withResolvers<never>()
    cancel.answer = async () => {
      asked += 1
      return await answering.promise
    }
    heard.tell([A])
    heard.tell([A])
    await settled()
    answering.reject(error)
    await settled()
    expect([asked, told]).toEqual([1, [['refused', A, { wish: 2, text }]]])
    seen.look = { ...OWN, wishes: 2, answered: 2 }
    heard.tell([A])
    await settled()
    expect(asked).toBe(1)
  })

  it('waits for another gateway while that is alive, and at most a minute', async () => {
    const { fleet, seen, time, heard } = world
    expect(await fleet.cancelElsewhere(A)).toBe(false)
    seen.wish = 1
    seen.look = { ...OWN, isOwn: false, wishes: 1 }
    const timers = time.waiting
    const waiting = fleet.cancelElsewhere(A).catch((error: unknown) => error)
    for (let second = 0; second <= 60; second += 1) await time.pass(1_000)
    expect(await waiting).toMatchObject({ code: 'GATEWAY_TIMEOUT' })
    expect(time.waiting).toBeLessThanOrEqual(timers)
    for (const [look, result] of [
      [undefined, true],
      [{ ...OWN, phase: 'ended', isOwn: false }, true],
      [{ ...OWN, isOwn: false, isAlive: false }, false],
    ] as const) {
      seen.look = { ...OWN, isOwn: false, wishes: 1 }
      const asking = fleet.cancelElsewhere(A)
      await settled()
      seen.look = look
      heard.tell([A])
      expect(await asking).toBe(result)
    }
    seen.look = { ...OWN, isOwn: false, wishes: 1, answered: 1, refusal: 'no' }
    await expect(fleet.cancelElsewhere(A)).rejects.toMatchObject({ name: 'TaskNotCancelableError', message: 'no' })
  })

  it('ends all of its work when others may take it, and looks again and again what the dead have left', async () => {
    const { heard, told, time, fleet } = world
    heard.lose('lost')
    for (let round = 0; round < 3; round += 1) await time.pass(2_000)
    expect(told).toEqual([['aborted', undefined, 'lost'], 'settled', 'settled', 'settled'])
    await fleet.stop()
    await time.pass(10_000)
    expect([told.length, time.waiting]).toEqual([4, 0])
  })
})

describe('news of a task', () => {
  it('come once for what changed since the last time, and nobody waits on who has left', async () => {
    const time = new Time()
    const desk = new TaskNewsDesk(time)
    const news = desk.follow(A)
    desk.tell(A)
    desk.tell({ ...A, owner: 'other' })
    await news.next(1_000)
    const waiting = news.next(1_000)
    await time.pass(1_000)
    await waiting
    const told = news.next(1_000)
    desk.tell(undefined)
    await told
    expect(time.waiting).toBe(0)
    const left = news.next(1_000)
    news.end()
    await left
    news.end()
    expect(time.waiting).toBe(0)
  })

  it('end with the signal, on which nothing is left', async () => {
    const time = new Time()
    const news = new TaskNewsDesk(time).follow(A)
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners += 1
      add(...given)
    }
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...given)
    }
    for (let round = 0; round < 20; round += 1) {
      const waiting = news.next(1_000, signal)
      await time.pass(1_000)
      await waiting
    }
    expect(listeners).toBe(0)
    const waiting = news.next(1_000, signal)
    controller.abort()
    await waiting
    await news.next(1_000, signal)
    expect([listeners, time.waiting]).toEqual([0, 0])
  })
})
