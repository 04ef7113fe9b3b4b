import { defineAgent, type Terminated } from 'kernell-os/actors'
import { CodedError } from 'kernell-os/core'
import { fromPromise } from 'xstate'
import { describe, expect, it } from 'vitest'
import { invalid, type DeskLimits, type JobInput, type JobOutput } from '../../agents/request-desk/protocol.ts'
import { createRequestDesk } from '../../agents/request-desk/request-desk.ts'
import { ask, createWorld, refusalOf, type Failed } from './agent-fixture.ts'

type Work = { readonly how: string; readonly release: Promise<void> | undefined }

const open: { id: string; aborted: boolean; release: () => void }[] = []

const agent = defineAgent({
  name: 'worker',
  logic: createRequestDesk<DeskLimits>({
    name: 'worker',
    verb: 'work',
    read: (event) => {
      if (typeof event['how'] !== 'string') throw invalid('how must be a text')
      return { how: event['how'] }
    },
    job: fromPromise<JobOutput<{ type: string; how: string }>, JobInput<DeskLimits, Work>>(
      async ({ input, signal }) => {
        const { how } = input.request
        input.report('began', { how })
        if (how === 'throw') throw new CodedError('MODEL_TIMEOUT', { message: 'too slow' })
        if (how === 'fail') return { kind: 'failed', error: new CodedError('MODEL_TIMEOUT', { message: 'too slow' }) }
        if (how === 'wait') {
          const entry = { id: how, aborted: false, release: () => {} }
          open.push(entry)
          signal.addEventListener('abort', () => (entry.aborted = true))
          await new Promise<void>((resolve) => (entry.release = resolve))
        }
        return { kind: 'done', reply: { type: 'worked', how } }
      },
    ),
  }),
})

function start(limits: DeskLimits = {}) {
  open.length = 0
  const world = createWorld()
  return { world, ref: world.spawn(agent, limits) }
}

const stateOf = (ref: {
  getSnapshot(): unknown
}): { running: { id: string }[]; waiting: { id: string }[]; answered: number; failed: number } =>
  (ref.getSnapshot() as { context: { desk: never } }).context.desk

describe('an agent that takes requests', () => {
  it('answers with the reply of its job, and tells what happens', async () => {
    const { world, ref } = start()
    expect(await ask(world, ref, { type: 'work', how: 'now', id: 'a' })).toEqual({
      type: 'worked',
      how: 'now',
      id: 'a',
    })
    expect(ref.emitted).toEqual([
      { type: 'started', id: 'a' },
      { type: 'progress', id: 'a', step: 'began', how: 'now' },
      { type: 'finished', id: 'a', reply: 'worked' },
    ])
  })

  it.each(['throw', 'fail'])('passes the error of a job on (%s)', async (how) => {
    const { world, ref } = start()
    const reply = await ask<Failed>(world, ref, { type: 'work', how })
    expect(reply).toEqual({
      type: 'failed',
      id: 'request-1',
      error: { code: 'MODEL_TIMEOUT', message: 'too slow', details: {} },
    })
    expect(await ask(world, ref, { type: 'work', how: 'now' })).toMatchObject({ type: 'worked' })
  })

  it('refuses what it cannot read, and what has an id that is none or is taken', async () => {
    const { world, ref } = start()
    ref.send({ type: 'work', how: 'wait', id: 'a' })
    const bad = [{ how: 7 }, { how: 'now', id: 'two words' }, { how: 'now', id: 7 }, { how: 'now', id: 'a' }]
    for (const fields of bad)
      expect((await ask<Failed>(world, ref, { type: 'work', ...fields })).error.code).toBe('REQUEST_INVALID')
    expect(stateOf(ref).running.map(({ id }) => id)).toEqual(['a'])
  })

  it('works on so many at once, keeps so many waiting in order, and refuses the next one', async () => {
    const { world, ref } = start({ jobsMax: 2, waitingMax: 1 })
    for (const id of ['a', 'b', 'c']) ref.send({ type: 'work', how: 'wait', id })
    const refused = await ask<Failed>(world, ref, { type: 'work', how: 'now' })
    expect(refused.error.code).toBe('ACTOR_MAILBOX_FULL')
    expect([stateOf(ref).running, stateOf(ref).waiting].map((list) => list.map(({ id }) => id))).toEqual([
      ['a', 'b'],
      ['c'],
    ])
    open[0]?.release()
    await world.settle()
    expect([stateOf(ref).running, stateOf(ref).waiting].map((list) => list.map(({ id }) => id))).toEqual([
      ['b', 'c'],
      [],
    ])
  })

  it('cancels a request that is worked on, and aborts its calls', async () => {
    const { world, ref } = start()
    const pending = ask<Failed>(world, ref, { type: 'work', how: 'wait', id: 'a' })
    await world.settle()
    expect(await ask(world, ref, { type: 'cancel', id: 'a' })).toEqual({ type: 'cancelled', id: 'a', wasOpen: true })
    expect((await pending).error.code).toBe('REQUEST_ABORTED')
    expect(open[0]?.aborted).toBe(true)
    expect(await ask(world, ref, { type: 'cancel', id: 'a' })).toMatchObject({ wasOpen: false })
  })

  it('cancels a request that waits, without starting it', async () => {
    const { world, ref } = start({ jobsMax: 1 })
    ref.send({ type: 'work', how: 'wait', id: 'a' })
    const waiting = ask<Failed>(world, ref, { type: 'work', how: 'now', id: 'b' })
    await world.settle()
    ref.send({ type: 'cancel', id: 'b' })
    expect((await waiting).error.code).toBe('REQUEST_ABORTED')
    expect(ref.emitted.filter(({ type }) => type === 'started').map(({ id }) => id)).toEqual(['a'])
  })

  it('gives a request up when it has had its time, and a late end of it is not heard', async () => {
    const { world, ref } = start({ timeoutMs: 1_000 })
    const pending = ref.ask<Failed>({ type: 'work', how: 'wait', id: 'a' }, { timeoutMs: 100_000 })
    await world.advance(900)
    expect(stateOf(ref).running).toHaveLength(1)
    await world.advance(200)
    expect((await pending).error.code).toBe('REQUEST_ABORTED')
    expect(open[0]?.aborted).toBe(true)
    open[0]?.release()
    await world.settle()
    expect(stateOf(ref)).toMatchObject({ running: [], answered: 0, failed: 1 })
  })

  it('takes the time limit back when a request ends, so that the same id can come again', async () => {
    const { world, ref } = start({ timeoutMs: 1_000 })
    await ask(world, ref, { type: 'work', how: 'now', id: 'a' })
    await world.advance(900)
    ref.send({ type: 'work', how: 'wait', id: 'a' })
    await world.advance(200)
    expect(stateOf(ref).running.map(({ id }) => id)).toEqual(['a'])
  })

  it('aborts everything when it is stopped, and whoever asked hears of it', async () => {
    const { world, ref } = start()
    const pending = ref.ask({ type: 'work', how: 'wait' }, { timeoutMs: 100_000 })
    const refused = expect(pending).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
    await world.settle()
    await ref.stop()
    await refused
    expect(open.map(({ aborted }) => aborted)).toEqual([true])
  })

  it('ignores what is none of its events', async () => {
    const { world, ref } = start()
    const ended: Terminated[] = []
    ref.watch((terminated) => void ended.push(terminated))
    for (const type of ['else', 'progress', 'desk.expired', 'xstate.done.actor.nobody', 'xstate.error.actor.nobody'])
      ref.send({ type, id: 'a', actorId: 'nobody' })
    await world.settle()
    expect([ended, ref.emitted]).toEqual([[], []])
  })

  it.each([{ jobsMax: 0 }, { jobsMax: 1.5 }, { waitingMax: -1 }, { timeoutMs: 0 }, { timeoutMs: Number.NaN }])(
    'is not started with bounds out of range: %j',
    (limits) => {
      expect(refusalOf(() => start(limits))).toBeInstanceOf(RangeError)
    },
  )
})
