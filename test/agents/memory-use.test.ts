import { createActorSystem, defineAgent } from 'kernell-os/actors'
import { estimateTokens } from 'kernell-os/core'
import type { MemoryGraph } from 'kernell-os/memory'
import { fromPromise } from 'xstate'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keepExperience, recallFor } from '../../agents/memory-use.ts'
import { startOfflineMemory } from '../../agents/offline/offline-memory.ts'
import { createRememberingJob, type InformedInput, type InformedOutput } from '../../agents/remembering-job.ts'

const system = createActorSystem()
const { signal } = new AbortController()
let memory: MemoryGraph
beforeEach(async () => {
  memory = await startOfflineMemory(system)
})
afterEach(async () => await memory.stop())

const keep = async (task: string, outcome: string): Promise<void> =>
  await keepExperience({ task, outcome, isSuccess: true, recalled: undefined }, memory, signal)

describe('what agents keep', () => {
  it('is there for the next such task', async () => {
    await keep('Why is the bridge closed?', 'A bearing broke.')
    const recalled = await recallFor('Why is the old bridge closed?', memory, signal)
    // The bare text of the task is the way to its lesson, and none itself.
    expect(recalled?.texts).toEqual(['A bearing broke.'])
  })

  it('counts neither as a success nor as a failure where neither is known', async () => {
    await keep('Why is the bridge closed?', 'A bearing broke.')
    const first = await recallFor('Why is the bridge closed?', memory, signal)
    await keepExperience({ task: 'Why?', outcome: 'The town is poor.', recalled: first }, memory, signal)
    const { items } = await memory.recall({ text: 'The town is poor. A bearing broke.', kinds: ['outcome'] })
    const figures = items.map(({ id, text }) => [text, memory.read(id)?.successes, memory.read(id)?.failures])
    expect(figures).toContainEqual(['The town is poor.', 0, 0])
    // Of the keeping alone: no feedback was given.
    expect(figures).toContainEqual(['A bearing broke.', expect.closeTo(1, 3), 0])
  })

  it.each(['水', '😀', '\uD83D'])('is the beginning of what is longer than a memory takes (%j)', async (letter) => {
    await keep(`bridge ${letter.repeat(40_000)}`, `bearing ${letter.repeat(40_000)}`)
    expect(memory.inspect()).toMatchObject({ nodes: 2, edges: 1 })
  })
})

describe('what is recalled', () => {
  it('is as much as there is room for, the best first, and only that is judged', async () => {
    const long = (name: string): string => `${name} of the bridge is closed. `.repeat(100)
    for (const name of ['The arch', 'The ramp', 'The pier', 'The rail', 'The deck']) await keep(name, long(name))
    const recalled = await recallFor('Why is the deck of the bridge closed?', memory, signal)
    const texts = recalled?.texts ?? []
    expect(texts.reduce((sum, text) => sum + estimateTokens(text), 0)).toBeLessThanOrEqual(2_000)
    expect([texts.length > 0 && texts.length < 5, texts[0]?.startsWith('The deck')]).toEqual([true, true])
    await keepExperience({ task: 'x', outcome: 'It is closed.', isSuccess: false, recalled }, memory, signal)
    const { items } = await memory.recall({ text: 'Why is the bridge closed?', kinds: ['outcome'] })
    const judged = items.filter(({ id, text }) => text !== 'It is closed.' && (memory.read(id)?.failures ?? 0) >= 0.99)
    expect(judged.map(({ id }) => id).toSorted()).toEqual(recalled?.ids.toSorted())
  })
})

describe('a job that remembers', () => {
  type Question = { readonly task: string }
  const inputs: InformedInput<object, Question>[] = []
  const reports: unknown[] = []

  async function run(work: () => InformedOutput<object>, isForgetful = false): Promise<unknown> {
    const logic = createRememberingJob<Question>({
      taskOf: ({ task }) => task,
      work: fromPromise<unknown, InformedInput<object, Question>>(({ input }) => {
        inputs.push(input)
        return Promise.resolve(work())
      }),
    })
    const resources = isForgetful ? {} : { memory }
    const report = (...said: unknown[]): void => void reports.push(said)
    const ref = system.spawn(defineAgent({ name: 'job', logic }), {
      input: { resources, request: { task: 'Why is the bridge closed?' }, report },
    })
    return await new Promise((resolve) => ref.watch(({ output }) => resolve(output)))
  }

  beforeEach(() => {
    for (const list of [inputs, reports]) list.length = 0
  })

  const learned: InformedOutput<object> = {
    kind: 'done',
    reply: {},
    lesson: { outcome: 'A bearing broke.', isSuccess: true },
  }

  it('shows its work what earlier ones led to', async () => {
    for (const _ of [1, 2]) expect(await run(() => learned)).toEqual(learned)
    expect(inputs.map(({ recalled }) => recalled?.texts.length)).toEqual([0, 1])
    expect(reports).toEqual([
      ['recalled', { memories: 0 }],
      ['recalled', { memories: 1 }],
    ])
  })

  it('keeps nothing of work that taught nothing, or threw', async () => {
    expect(await run(() => ({ kind: 'done', reply: {} }))).toMatchObject({ kind: 'done' })
    const broken = new Error('broken')
    const output = await run(() => {
      throw broken
    })
    expect(output).toEqual({ kind: 'failed', error: broken })
    expect(memory.inspect().nodes).toBe(0)
  })

  it('works without a memory', async () => {
    expect(await run(() => learned, true)).toEqual(learned)
    expect([inputs[0]?.recalled, reports]).toEqual([undefined, []])
  })
})
