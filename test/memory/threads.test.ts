import { describe, expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { LanguageModel } from '../../src/ports/language-model.ts'
import { FaultyFileSystem } from '../../src/testing/faulty-file-system.ts'
import { createScriptedModel } from '../../src/testing/scripted-model.ts'
import { settle, startMemory } from './memory-fixture.ts'

/** One token for each word or mark. */
const countTokens = (text: string): number => text.match(/\w+|[^\w\s]/g)?.length ?? 0
const BUDGET = { thread: { budgetTokens: 80, keepRecentSteps: 1 }, countTokens }
const long = (topic: string): string =>
  `${topic} was looked into. ${topic} needs 12 more days. The coffee was cold that day.`

describe('a thread', () => {
  test('stands in full while it fits', async () => {
    const { memory } = await startMemory(BUDGET)
    await memory.addStep({ thread: 't', text: 'First.' })
    const view = await memory.addStep({ thread: 't', text: 'Second.' })
    expect(view).toEqual({
      summary: '',
      steps: [
        { id: '1', text: 'First.' },
        { id: '2', text: 'Second.' },
      ],
      text: '<<<DATA-0- step-1\nFirst.\nDATA-0->>>\n\n<<<DATA-0- step-2\nSecond.\nDATA-0->>>',
      stepCount: 2,
    })
    expect([memory.readThread('t'), memory.readThread('u'), memory.inspect().nodes]).toEqual([view, undefined, 0])
  })

  test('is folded by the model when it does not fit, and the summary is a node that recall finds', async () => {
    const languageModel = createScriptedModel({ replies: ['The engine and the brakes need 12 days each.'] })
    const { memory } = await startMemory({ ...BUDGET, languageModel })
    for (const topic of ['The engine', 'The brakes', 'The paint'])
      await memory.addStep({ thread: 'car', text: long(topic) })
    expect(memory.readThread('car')).toMatchObject({
      summary: 'The engine and the brakes need 12 days each.',
      steps: [{ id: '3', text: long('The paint') }],
      stepCount: 3,
    })
    expect(languageModel.calls).toHaveLength(1)
    const { items } = await memory.recall({ text: 'how long do engine and brakes take' })
    expect(items[0]).toMatchObject({ id: 'summary:car', kind: 'summary' })
  })

  test('is folded by extraction without a model', async () => {
    const { memory } = await startMemory(BUDGET)
    for (const topic of ['The engine', 'The brakes', 'The paint'])
      await memory.addStep({ thread: 'car', text: long(topic) })
    const view = memory.readThread('car')
    expect(view?.summary).toContain('needs 12 more days')
    expect(countTokens(view?.text ?? '')).toBeLessThanOrEqual(80)
    expect(memory.read('summary:car')?.text).toBe(view?.summary)
  })

  test('is folded by extraction when the model fails, and whoever watches is told', async () => {
    const failure = new CodedError('MODEL_UNREACHABLE', { message: 'down' })
    const languageModel = createScriptedModel({ replies: { kind: 'throw', error: failure } })
    const { memory, errors } = await startMemory({ ...BUDGET, languageModel })
    for (const topic of ['The engine', 'The brakes', 'The paint'])
      await memory.addStep({ thread: 'car', text: long(topic) })
    expect(errors).toEqual([failure])
    expect(memory.readThread('car')?.summary).toContain('12 more days')
  })

  test('keeps a step whose caller was aborted while the model was asked', async () => {
    const languageModel = createScriptedModel({ replies: { kind: 'hang' } })
    const { memory } = await startMemory({ ...BUDGET, languageModel })
    await memory.addStep({ thread: 'car', text: long('The engine') })
    await memory.addStep({ thread: 'car', text: long('The brakes') })
    const controller = new AbortController()
    const adding = memory.addStep({ thread: 'car', text: long('The paint') }, { signal: controller.signal })
    while (languageModel.calls.length === 0) await Promise.resolve()
    controller.abort(new Error('gone'))
    await expect(adding).rejects.toThrow('gone')
    expect(memory.readThread('car')?.stepCount).toBe(3)
  })

  test('is the same after a restart, without asking the model again', async () => {
    const disk = new FaultyFileSystem()
    const languageModel = createScriptedModel({ replies: ['In short: 12 days.'] })
    const first = await startMemory({ ...BUDGET, disk, languageModel })
    for (const topic of ['The engine', 'The brakes', 'The paint'])
      await first.memory.addStep({ thread: 'car', text: long(topic) })
    disk.crash('lose')
    const second = await startMemory({ ...BUDGET, disk, languageModel })
    expect(second.memory.readThread('car')).toEqual(first.memory.readThread('car'))
    expect([second.memory.violations(), languageModel.calls.length]).toEqual([[], 1])
  })

  test('takes its steps in the order in which they came, and each once', async () => {
    const { memory } = await startMemory({ ...BUDGET, thread: { budgetTokens: 2_000 } })
    const texts = Array.from({ length: 20 }, (_, index) => `Step number ${index}.`)
    await Promise.all(texts.map(async (text) => await memory.addStep({ thread: 't', text })))
    await memory.addStep({ thread: 't', text: 'Something else.', stepId: '20' })
    expect(memory.readThread('t')?.steps.map(({ text }) => text)).toEqual(texts)
  })

  test('is folded by one at a time, and loses no step that comes meanwhile', async () => {
    let running = 0
    let mostRunning = 0
    const scripted = createScriptedModel({ replies: () => 'short' })
    const languageModel: LanguageModel = {
      ...scripted,
      modelId: 'slow',
      provider: 'test',
      doStream: scripted.doStream.bind(scripted),
      async doGenerate(request, options) {
        running += 1
        mostRunning = Math.max(mostRunning, running)
        await settle()
        running -= 1
        return await scripted.doGenerate(request, options)
      },
    }
    const { memory } = await startMemory({ ...BUDGET, languageModel })
    const topics = ['The engine', 'The brakes', 'The paint', 'The seats', 'The roof']
    await Promise.all(topics.map(async (topic) => await memory.addStep({ thread: 'car', text: long(topic) })))
    expect(memory.readThread('car')).toMatchObject({ stepCount: 5, steps: [{ id: '5', text: long('The roof') }] })
    expect(mostRunning).toBe(1)
  })

  test('of very many small steps is folded before it is full', async () => {
    const { memory } = await startMemory({ countTokens: () => 1 })
    for (let step = 0; step < 600; step += 1) await memory.addStep({ thread: 't', text: `Step ${step}.` })
    const view = memory.readThread('t')
    expect([view?.stepCount, (view?.steps.length ?? 0) < 256, memory.violations()]).toEqual([600, true, []])
  })

  test('refuses what is too large or no name, and keeps nothing of it', async () => {
    const { memory, log } = await startMemory(BUDGET)
    await expect(memory.addStep({ thread: 't', text: 'é'.repeat(40_000) })).rejects.toMatchObject({
      code: 'MEMORY_TEXT_TOO_LARGE',
    })
    await expect(memory.addStep({ thread: 'a/b', text: 'x' })).rejects.toThrow(TypeError)
    await expect(memory.addStep({ thread: 't', text: ' ' })).rejects.toThrow(TypeError)
    expect([log.nextIndex, memory.readThread('t')]).toEqual([0, undefined])
  })
})

describe('closing a thread', () => {
  test('leaves all that fits as one node', async () => {
    const { memory } = await startMemory(BUDGET)
    await memory.addStep({ thread: 't', text: 'First.' })
    await memory.addStep({ thread: 't', text: 'Second.' })
    expect(await memory.closeThread('t')).toBe('summary:t')
    expect(memory.read('summary:t')).toMatchObject({ kind: 'summary', text: 'First.\nSecond.' })
    expect([memory.readThread('t'), memory.inspect().threads, await memory.closeThread('t')]).toEqual([
      undefined,
      0,
      undefined,
    ])
  })

  test('folds the steps that stand in full as well', async () => {
    const languageModel = createScriptedModel({ replies: ['one', 'two'] })
    const { memory } = await startMemory({ ...BUDGET, languageModel, thread: { budgetTokens: 30 } })
    await memory.addStep({ thread: 't', text: long('The engine') })
    await memory.addStep({ thread: 't', text: long('The brakes') })
    await memory.closeThread('t')
    expect(memory.read('summary:t')?.text).not.toBe('')
    expect(memory.inspect()).toMatchObject({ nodes: 1, threads: 0 })
  })
})
