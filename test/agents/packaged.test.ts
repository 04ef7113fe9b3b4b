import { describe, expect, it } from 'vitest'
import { createActorSystem, type ActorRef } from 'kernell-os/actors'
import { CodedError } from 'kernell-os/core'
import { findAgent, PACKAGED_AGENTS } from '../../agents/packaged/registry.ts'
import type { AgentProgress, AgentResult } from '../../agents/packaged/packaged-agent.ts'
import { answer, CALLER, createScriptedRouter, failure, type RouterScript } from './agent-fixture.ts'

const NODE = { health: () => ({ checks: [{ name: 'disk', state: 'failed' as const, detail: 'full' }] }) }

async function run(
  name: string,
  input: unknown,
  script: RouterScript = () => 'fine',
  signal = new AbortController().signal,
) {
  const system = createActorSystem()
  const spawned: ActorRef[] = []
  const actors = {
    environment: system.environment,
    spawn: (...parts: Parameters<typeof system.spawn>) => {
      const ref = system.spawn(...parts)
      spawned.push(ref)
      return ref
    },
  }
  const progress: AgentProgress[] = []
  const router = createScriptedRouter(script)
  const agent = findAgent(name)
  try {
    const surroundings = { actors, router, caller: CALLER, node: NODE, input, signal }
    const result = await agent?.run({ ...surroundings, onProgress: (event) => void progress.push(event) })
    // The agent is stopped when its work is done.
    expect(spawned.map(({ id }) => system.get(id))).toEqual([undefined])
    return { ...(result as AgentResult), progress, router }
  } finally {
    await system.stop()
  }
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'none'
  } catch (error) {
    return CodedError.is(error) ? error.code : String(error)
  }
}

const PLAN = JSON.stringify([
  { id: 'a', description: 'Do a.', depends_on: [] },
  { id: 'b', description: 'Do b.', depends_on: ['a'] },
])

describe('an agent that is run once', () => {
  it.each<[string, unknown, RouterScript | undefined, string, object]>([
    ['echo', { payload: { deep: [1] } }, undefined, '{"deep":[1]}', { type: 'heard', count: 1 }],
    ['summarizer', { text: 'long', words: 20 }, undefined, 'fine', { summary: 'fine', spentNanos: '1000' }],
    ['researcher', { question: 'why?', questionsMax: 1 }, undefined, 'fine', { answer: 'fine', gaps: [] }],
    [
      'verifier',
      { task: 'name a river', answer: 'The Rhine is a river.', judges: 1, models: ['m'] },
      () => '{"verdict": "accept", "confidence": 1, "reason": "true"}',
      'accepted (confidence 1.00)\nsmall: accept, true',
      { verdict: 'accepted' },
    ],
    ['planner', { task: 'do', isPlanOnly: true }, () => PLAN, 'a <- [] Do a.\nb <- [a] Do b.', { isComplete: false }],
    [
      'planner',
      { task: 'do' },
      (prompt) => (prompt.includes('JSON array only.') ? PLAN : prompt.slice(-5)),
      'Do b.',
      { isComplete: true },
    ],
    [
      'cache-warmer',
      { prompts: ['a', 'b'], restMs: 1 },
      () => answer('x', { cache: 'exact' }),
      '2 were in the cache, 0 were asked and accepted, 0 were not accepted, 0 need no cache, 0 failed.',
      { alreadyWarm: 2, left: 0 },
    ],
    [
      'pipeline',
      {
        items: ['x', 'bad', 'z'],
        stages: [{ prompt: 'say {item}' }, { prompt: 'again {item}', name: 'second', workers: 1 }],
      },
      (prompt) => (prompt.includes('bad') ? failure('MODEL_REQUEST_REFUSED') : prompt),
      'again say x\n[2 failed: MODEL_REQUEST_REFUSED]\nagain say z',
      { delivered: 2, failed: 1 },
    ],
    ['monitor', {}, undefined, 'disk: unwell, full', { rounds: 1, alarms: ['disk'] }],
    [
      'treasurer',
      {
        accounts: [
          { name: 'all', limitUsd: 1 },
          { name: 'a', limitUsd: '0.5', parent: 'all' },
        ],
        operations: [
          { reserve: '1', account: 'a', usd: 0.4 },
          { reserve: '2', account: 'a', usd: 0.4 },
          { settle: '1', usd: '0.1' },
          { release: '2' },
        ],
      },
      undefined,
      'a: spent 0.1, held 0, left 0.4\nall: spent 0.1, held 0, left 0.9',
      {
        operations: [
          { type: 'granted' },
          { error: { code: 'BUDGET_EXCEEDED' } },
          { wasOpen: true },
          { wasOpen: false },
        ],
      },
    ],
  ])('%s %j', async (name, input, script, text, document) => {
    const result = await run(name, input, script)
    expect(result.text).toBe(text)
    expect(result.document).toMatchObject(document)
    // The document is what JSON can say.
    expect(JSON.parse(JSON.stringify(result.document))).toEqual(result.document)
  })

  it.each<[string, unknown, RouterScript | undefined, boolean]>([
    ['echo', { payload: 1 }, undefined, false],
    ['summarizer', { text: 'long' }, undefined, false],
    ['verifier', { task: 'name a river', answer: 'The Rhine.', judges: 2 }, undefined, false],
    [
      'verifier',
      { task: 'name a river', answer: 'The Rhine.', judges: 2 },
      (_prompt, _request, index) =>
        index === 0 ? '{"verdict": "accept", "confidence": 1, "reason": "so"}' : failure('ROUTER_NO_MODEL'),
      true,
    ],
    ['planner', { task: 'do', isPlanOnly: true }, () => PLAN, false],
    ['planner', { task: 'do' }, (prompt) => (prompt.includes('JSON array only.') ? PLAN : 'done'), false],
    [
      'planner',
      { task: 'do' },
      (prompt) => {
        if (prompt.includes('JSON array only.')) return PLAN
        return prompt.includes('Do b.') ? failure('ROUTER_NO_MODEL') : 'done'
      },
      true,
    ],
    ['researcher', { question: 'why?', questionsMax: 1 }, undefined, false],
    [
      'researcher',
      { question: 'why?', questionsMax: 2 },
      (prompt, _request, index) => {
        if (index === 0) return '["one?", "two?"]'
        return prompt.includes('two?') && index < 3 ? failure('ROUTER_NO_MODEL') : 'since'
      },
      true,
    ],
    ['cache-warmer', { prompts: ['a', 'b'], restMs: 1 }, undefined, false],
    [
      'cache-warmer',
      { prompts: ['a', 'b'], restMs: 1 },
      (prompt) => (prompt === 'b' ? failure('ROUTER_NO_MODEL') : 'x'),
      true,
    ],
    ['pipeline', { items: ['x'], stages: [{ prompt: 'say {item}' }] }, undefined, false],
    ['pipeline', { items: ['x', 'y'], stages: [{ prompt: '{item}' }] }, () => failure('ROUTER_NO_MODEL'), true],
    ['monitor', {}, undefined, true],
    ['monitor', { failuresToAlarm: 2 }, undefined, false],
    ['treasurer', { accounts: [{ name: 'a', limitUsd: 1 }] }, undefined, false],
    [
      'treasurer',
      { accounts: [{ name: 'a', limitUsd: 1 }], operations: [{ reserve: '1', account: 'a', usd: 2 }] },
      undefined,
      true,
    ],
  ])('%s %j says whether a part of it failed', async (name, input, script, hasFailures) => {
    const result = await run(name, input, script)
    expect([result.hasFailures, result.document]).toMatchObject([hasFailures, { hasFailures }])
  })

  it('tells its progress', async () => {
    const { progress } = await run('summarizer', { text: 'long' })
    expect(progress.map(({ type, step }) => step ?? type)).toEqual(['started', 'writing', 'finished'])
  })

  it('hands on whom to ask and what it may cost', async () => {
    const { router } = await run('summarizer', { text: 'long', model: 'mine', maxCostUsd: '0.000002' })
    expect(router.requests).toMatchObject([
      { target: { kind: 'model', modelId: 'mine' }, controls: { maxCostNanos: 2_000n } },
    ])
  })

  it.each(['summarizer', 'researcher', 'planner', 'verifier', 'cache-warmer'])(
    '%s says what to configure when no model is',
    async (name) => {
      const inputs: Record<string, object> = {
        summarizer: { text: 'x' },
        researcher: { question: 'x' },
        planner: { task: 'x' },
        verifier: { task: 'x', answer: 'The answer is y.' },
        'cache-warmer': { prompts: ['x'] },
      }
      expect(await codeOf(run(name, inputs[name], () => failure('ROUTER_NO_MODEL')))).toBe('ROUTER_NO_MODEL')
    },
  )

  it.each<[string, unknown]>([
    ['echo', []],
    ['echo', 7],
    ['echo', { payloed: 1 }],
    ['summarizer', {}],
    ['summarizer', { text: 7 }],
    ['summarizer', { text: 'x', words: 1.5 }],
    ['summarizer', { text: 'x', maxCostUsd: -1 }],
    ['summarizer', { text: 'x', maxCostUsd: true }],
    ['planner', { task: 'x', isPlanOnly: 'yes' }],
    ['planner', { task: 'x', parallelMax: 0 }],
    ['verifier', { task: 'x', answer: 'y', judges: 3, quorum: 5 }],
    ['cache-warmer', { prompts: ['a', 7] }],
    ['pipeline', { items: ['a'], stages: [] }],
    ['pipeline', { items: ['a'], stages: [{ prompt: '' }] }],
    ['pipeline', { items: ['a'], stages: [{ prompt: 'no place for the text' }] }],
    ['monitor', { rounds: 0 }],
    ['treasurer', { accounts: [{ name: 'a' }] }],
    ['treasurer', { accounts: [{ name: 'a', limitUsd: 1, parent: 'b' }] }],
  ])('%s refuses %j', async (name, input) => {
    expect(await codeOf(run(name, input))).toBe('REQUEST_INVALID')
  })

  it.each<[string, object]>([
    ['summarizer', { text: 'x' }],
    ['pipeline', { items: ['a', 'b'], stages: [{ prompt: '{item}' }] }],
    ['monitor', { rounds: 1_000 }],
  ])('%s ends with the reason of the signal, and leaves no call behind', async (name, input) => {
    const leaving = new AbortController()
    const actors = createActorSystem()
    const router = createScriptedRouter(() => 'hang!')
    const surroundings = { actors, router, caller: CALLER, node: NODE, input, signal: leaving.signal }
    const refused = expect(findAgent(name)?.run(surroundings)).rejects.toThrow('gone')
    await new Promise((resolve) => setImmediate(resolve))
    leaving.abort(new Error('gone'))
    await refused
    expect(router.hanging.aborted).toBe(router.hanging.open)
    await actors.stop()
  })

  it('describes every field', () => {
    for (const { fields, summary } of PACKAGED_AGENTS) {
      expect(summary).toMatch(/^[a-z].*[^.]$/)
      expect(fields.filter(({ describe: text }) => !/^[a-z({].*[^.]$/.test(text))).toEqual([])
      expect(new Set(fields.map(({ name }) => name)).size).toBe(fields.length)
    }
  })
})
