import type { Terminated } from 'kernell-os/actors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  pipeline,
  type PipelineDrained,
  type PipelineInput,
  type PipelineReply,
  type PipelineResult,
  type PipelineStage,
} from '../../agents/pipeline/agent.ts'
import {
  flowViolations,
  isFlowEmpty,
  openFlow,
  stepFlow,
  type FlowEvent,
  type FlowState,
} from '../../agents/pipeline/flow.ts'
import { promptStage } from '../../agents/pipeline/prompt-stage.ts'
import { ask, CALLER, createScriptedRouter, createWorld, failure, refusalOf, type Failed } from './agent-fixture.ts'

/** A stage whose items wait until the test lets them go. */
function createGate(name: string, workers: number) {
  const open = new Map<unknown, { readonly release: (value: unknown) => void; readonly fail: (error: Error) => void }>()
  const aborted: unknown[] = []
  const stage: PipelineStage = {
    name,
    workers,
    run: async (value, { signal }) =>
      await new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => aborted.push(value))
        const end = (act: () => void): void => {
          open.delete(value)
          act()
        }
        open.set(value, { release: (result) => end(() => resolve(result)), fail: (error) => end(() => reject(error)) })
      }),
  }
  return {
    stage,
    aborted,
    held: () => [...open.keys()],
    release: (value: unknown) => open.get(value)?.release(value),
    fail: (value: unknown, error: Error) => open.get(value)?.fail(error),
  }
}

const pass: PipelineStage = { name: 'pass', workers: 8, run: (value) => Promise.resolve(value) }

function start(input: Partial<PipelineInput> & Pick<PipelineInput, 'stages'>) {
  const world = createWorld()
  const results: PipelineResult[] = []
  const sink = { send: (event: PipelineResult) => void results.push(event) }
  return { world, results, ref: world.spawn(pipeline, { sink, ...input }) }
}

const close = async ({ world, ref }: ReturnType<typeof start>): Promise<PipelineDrained> =>
  await ask(world, ref, { type: 'close' })

describe('the pipeline', () => {
  it('takes items through its stages, and says so to its sink and its listeners alike', async () => {
    const run = start({
      stages: [
        { name: 'double', run: (value) => Promise.resolve(Number(value) * 2) },
        { name: 'add', run: (value) => Promise.resolve(Number(value) + 1) },
      ],
    })
    for (const item of [1, 2, 3])
      expect(await ask(run.world, run.ref, { type: 'push', item })).toMatchObject({ type: 'accepted' })
    expect(await close(run)).toEqual({ type: 'drained', delivered: 3, failed: 0 })
    expect(run.results).toEqual([3, 5, 7].map((value, n) => ({ type: 'item-done', id: String(n + 1), value })))
    expect(run.ref.emitted).toEqual(run.results)
  })

  it('holds producers back while it is full, and lets them in one by one', async () => {
    const gate = createGate('gate', 1)
    const { world, ref } = start({ stages: [gate.stage], bufferMax: 1, waitingMax: 2 })
    const replies = ['a', 'b', 'c', 'd', 'e'].map((id) =>
      ref.ask<PipelineReply>({ type: 'push', id, item: id }, { timeoutMs: 60_000 }),
    )
    const answered: string[] = []
    replies.forEach(
      (reply) => void reply.then(({ type, ...rest }) => answered.push(`${'id' in rest ? rest.id : ''} ${type}`)),
    )
    await world.settle()
    // One is worked on, one is in the buffer, two producers wait, the fifth is refused.
    expect(answered.toSorted()).toEqual(['a accepted', 'b accepted', 'e failed'])
    expect(await replies[4]).toMatchObject({ error: { code: 'ACTOR_MAILBOX_FULL' } })
    gate.release('a')
    await world.settle()
    expect(answered).toContain('c accepted')
    expect(answered).not.toContain('d accepted')
  })

  it('lets a slow stage hold up the ones before it', async () => {
    const gate = createGate('gate', 1)
    const { world, ref } = start({ stages: [{ ...pass, workers: 1 }, gate.stage], bufferMax: 1, waitingMax: 9 })
    const accepted: string[] = []
    const waiting: Promise<unknown>[] = []
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f'])
      waiting.push(
        ref.ask<PipelineReply>({ type: 'push', id, item: id }, { timeoutMs: 60_000 }).then(() => accepted.push(id)),
      )
    await world.settle()
    // a at the gate, b before it, c made and stuck with its worker, d in the first buffer.
    expect([accepted, gate.held()]).toEqual([['a', 'b', 'c', 'd'], ['a']])
  })

  it('splits an item, and is done with it when all of its pieces are', async () => {
    const gate = createGate('gate', 4)
    const { world, ref, results } = start({
      stages: [
        { name: 'split', isSplitting: true, run: (text) => Promise.resolve(String(text).split('')) },
        gate.stage,
      ],
    })
    await ask(world, ref, { type: 'push', id: 'a', item: 'xyz' })
    await world.settle()
    gate.release('x')
    gate.fail('y', failure('REQUEST_INVALID'))
    await world.settle()
    expect(await ask<Failed>(world, ref, { type: 'push', id: 'a', item: 'again' })).toMatchObject({ type: 'failed' })
    gate.release('z')
    await world.settle()
    expect(results.map(({ type, id }) => `${type} ${id}`).toSorted()).toEqual([
      'item-done a.1',
      'item-done a.3',
      'item-failed a.2',
    ])
    expect(await ask(world, ref, { type: 'push', id: 'a', item: '' })).toMatchObject({ type: 'accepted' })
    // Split into nothing, it has come through.
    expect(await close({ world, ref, results })).toEqual({ type: 'drained', delivered: 2, failed: 1 })
  })

  it('goes on after an item that fails, and names the stage', async () => {
    const run = start({
      stages: [
        pass,
        {
          name: 'check',
          run: (value) => (value === 2 ? Promise.reject(new TypeError('not 2')) : Promise.resolve(value)),
        },
      ],
    })
    for (const item of [1, 2, 3]) await ask(run.world, run.ref, { type: 'push', item })
    expect(await close(run)).toEqual({ type: 'drained', delivered: 2, failed: 1 })
    expect(run.results).toContainEqual({
      type: 'item-failed',
      id: '2',
      stage: 'check',
      error: { code: 'INTERNAL_ERROR', message: 'not 2' },
    })
  })

  it('tries again only what may pass, after a pause, and not for ever', async () => {
    const tries: string[] = []
    const { world, ref, results } = start({
      stages: [
        {
          name: 'try',
          attemptsMax: 3,
          run: (value) => {
            tries.push(String(value))
            return Promise.reject(failure(value === 'busy' ? 'MODEL_OVERLOADED' : 'REQUEST_INVALID'))
          },
        },
      ],
    })
    for (const item of ['busy', 'bad']) ref.send({ type: 'push', item })
    await world.settle()
    expect(tries).toEqual(['busy'])
    await world.advance(300)
    await world.advance(600)
    expect(tries).toEqual(['busy', 'busy', 'busy', 'bad'])
    expect(results.map((result) => result.type === 'item-failed' && result.error.code)).toEqual([
      'MODEL_OVERLOADED',
      'REQUEST_INVALID',
    ])
  })

  it('a stage that splits and gives no list fails the item', async () => {
    const run = start({ stages: [{ name: 'split', isSplitting: true, run: () => Promise.resolve('no list') }] })
    await ask(run.world, run.ref, { type: 'push', item: 1 })
    expect(await close(run)).toMatchObject({ delivered: 0, failed: 1 })
  })

  it('refuses items once it is closed, answers everybody who closes it, and ends', async () => {
    const gate = createGate('gate', 1)
    const { world, ref } = start({ stages: [gate.stage] })
    const ended: Terminated[] = []
    ref.watch((terminated) => void ended.push(terminated))
    ref.send({ type: 'push', id: 'a', item: 'a' })
    const closers = [1, 2].map(() => ref.ask({ type: 'close' }, { timeoutMs: 60_000 }))
    expect((await ask<Failed>(world, ref, { type: 'push', id: 'b', item: 'b' })).error.code).toBe('ACTOR_STOPPED')
    expect(ended).toEqual([])
    gate.release('a')
    await world.settle()
    expect(await Promise.all(closers)).toEqual([1, 2].map(() => ({ type: 'drained', delivered: 1, failed: 0 })))
    expect(ended).toMatchObject([{ reason: 'done', output: { delivered: 1, failed: 0 } }])
  })

  it('aborts what is worked on when it is stopped', async () => {
    const gate = createGate('gate', 2)
    const { world, ref } = start({ stages: [gate.stage] })
    for (const item of ['a', 'b', 'c']) ref.send({ type: 'push', item })
    await world.settle()
    await ref.stop()
    expect(gate.aborted).toEqual(['a', 'b'])
  })

  it('is not started again by its supervisor, because its items would be gone', () => {
    expect(pipeline.restart.kind).toBe('temporary')
  })

  it.each([
    { stages: [] },
    { stages: [{ ...pass, workers: 0 }] },
    { stages: [pass], bufferMax: 0 },
    { stages: [pass], waitingMax: -1 },
    { stages: [{ ...pass, attemptsMax: 0 }] },
  ])('does not start with an input out of range (%#)', (input) => {
    expect(refusalOf(() => start(input))).toBeInstanceOf(RangeError)
  })

  it.each(['two words', 'a.1', 'a:1', '', 7])('refuses the id %j', async (id) => {
    const { world, ref } = start({ stages: [pass] })
    expect((await ask<Failed>(world, ref, { type: 'push', id, item: 1 })).error.code).toBe('REQUEST_INVALID')
  })
})

describe('a stage with a prompt', () => {
  it('asks the router about each item, and passes on its answers and errors', async () => {
    const router = createScriptedRouter((prompt) =>
      prompt.includes('bad') ? failure('MODEL_REQUEST_REFUSED') : prompt.toUpperCase(),
    )
    const stage = promptStage({ name: 'shout', router, caller: CALLER, prompt: 'say {item}!' })
    const run = start({ stages: [stage] })
    for (const item of ['$& yes', 'bad', 7]) await ask(run.world, run.ref, { type: 'push', item })
    await close(run)
    expect(run.results.map((result) => (result.type === 'item-done' ? result.value : result.error.code))).toEqual([
      'SAY $& YES!',
      'MODEL_REQUEST_REFUSED',
      'REQUEST_INVALID',
    ])
  })
})

describe('the flow', () => {
  it('loses no item, makes none, holds its bounds and comes to rest, whatever happens in which order', () => {
    const setup = fc.record({
      bufferMax: fc.integer({ min: 1, max: 3 }),
      workers: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
      items: fc.nat(12),
      choices: fc.infiniteStream(fc.record({ pick: fc.nat(1_000), pieces: fc.nat(3), fails: fc.boolean() })),
    })
    fc.assert(
      fc.property(setup, ({ bufferMax, workers, items, choices }) => {
        let state: FlowState = openFlow({ bufferMax, workers })
        const running: { stage: number; id: string }[] = []
        // Items that are on their way or have come out: what goes in and is made, less what fails and is used up.
        let alive = items
        let accepted = 0
        let delivered = 0
        const apply = (event: FlowEvent): void => {
          const step = stepFlow(state, event)
          state = step.state
          for (const effect of step.effects) {
            if (effect.type === 'accept-item') accepted += 1
            if (effect.type === 'start-work') running.push({ stage: effect.stage, id: effect.item.id })
            if (effect.type === 'deliver-item') delivered += 1
          }
          expect(flowViolations(state)).toEqual([])
        }
        for (let n = 0; n < items; n += 1) apply({ type: 'item-offered', item: { id: `i${n}`, value: n } })
        while (running.length > 0) {
          const { pick, pieces, fails } = choices.next().value
          const [work] = running.splice(pick % running.length, 1)
          if (work === undefined) break
          // Pieces multiply from stage to stage, so only the first one splits.
          const made = Array.from({ length: work.stage === 0 ? pieces : 1 }, (_, n) => ({
            id: `${work.id}.${n}`,
            value: n,
          }))
          alive += fails ? -1 : made.length - 1
          apply(fails ? { type: 'work-failed', ...work } : { type: 'work-done', ...work, items: made })
        }
        expect(isFlowEmpty(state)).toBe(true)
        expect([accepted, delivered, state.delivered]).toEqual([items, alive, alive])
      }),
    )
  })

  it('ignores the end of work that nobody does', () => {
    const state = openFlow({ bufferMax: 1, workers: [1] })
    expect(stepFlow(state, { type: 'work-done', stage: 0, id: 'x', items: [] }).effects).toEqual([])
    expect(stepFlow(state, { type: 'work-done', stage: 7, id: 'x', items: [] }).state).toBe(state)
  })
})
