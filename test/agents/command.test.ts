import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  makeFolder,
  removeFolders,
  runBinary,
  startBinary,
  type BinaryInit,
  type BinaryRun,
} from '../cli/run-binary.ts'
import { startUpstreamServer, type UpstreamServer } from '../fixtures/upstream-server.ts'

let upstream: UpstreamServer
beforeEach(async () => {
  upstream = await startUpstreamServer({ models: ['small'] })
})
afterEach(async () => {
  await upstream.close()
})
afterAll(removeFolders)

/** Runs the command on a node whose only provider is the test's. */
async function run(words: readonly string[], init: BinaryInit = {}): Promise<BinaryRun> {
  return await runBinary(words, { ...init, environment: { OPENAI_BASE_URL: upstream.baseUrl, ...init.environment } })
}

const errorOf = ({ output }: BinaryRun): { code: string; message: string } =>
  (JSON.parse(output) as { error: { code: string; message: string } }).error

describe('kernell agent list', () => {
  it('names the agents, what they are for and what they take', async () => {
    const { code, output } = await runBinary(['agent', 'list'])
    expect(code).toBe(0)
    expect(output).toContain('summarizer  summarises texts of any length')
    expect(output).toMatch(/^ {2}text +text, required +what is to be summarised$/m)
  })

  it('is one document with --json', async () => {
    const { output } = await runBinary(['agent', 'list', '--json'])
    const { agents } = JSON.parse(output) as { agents: { name: string; summary: string; input: object[] }[] }
    expect(agents.map(({ name }) => name)).toContain('planner')
    expect(agents.find(({ name }) => name === 'echo')).toEqual({
      name: 'echo',
      summary: 'says what it hears: does a message get to an actor and back',
      input: [{ name: 'payload', kind: 'json', required: false, describe: 'what is to come back' }],
    })
  })
})

describe('kernell agent run', () => {
  it('prints the answer on stdout and the progress on stderr', async () => {
    upstream.respondWith({ kind: 'answer', text: 'In short: water.' })
    const { code, output, errors } = await run([
      'agent',
      'run',
      'summarizer',
      '--input',
      '{"text": "A long story about water."}',
    ])
    expect([code, output]).toEqual([0, 'In short: water.\n'])
    expect(errors).toMatch(/started\nwriting\nfinished reply=summarized/)
    expect(upstream.callCount).toBe(1)
  })

  it('prints one document with --json', async () => {
    upstream.respondWith({ kind: 'answer', text: 'In short: water.' })
    const { output } = await run(['agent', 'run', 'summarizer', '--json', '--input', '-'], {
      input: '{"text": "Water."}',
    })
    expect(JSON.parse(output)).toMatchObject({ type: 'summarized', summary: 'In short: water.', parts: 1, calls: 1 })
  })

  it('ends with 1 when a part of the work failed, and says so', async () => {
    upstream.respondWith({ kind: 'status', status: 400, body: '{"error": {"message": "no"}}' })
    const words = ['agent', 'run', 'pipeline', '--input', '{"items": ["a", "b"], "stages": [{"prompt": "{item}"}]}']
    const { code, output, errors } = await run(words)
    expect([code, output]).toEqual([1, expect.stringMatching(/^\[1 failed: \w+\]\n\[2 failed: \w+\]\n$/)])
    expect(errors).toContain('A part of the work failed')
    const document = await run([...words, '--json'])
    expect([document.code, JSON.parse(document.output)]).toMatchObject([
      1,
      { delivered: 0, failed: 2, hasFailures: true },
    ])
  })

  it('reads the input from a file', async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'in.json'), '{"payload": "from a file"}')
    expect((await run(['agent', 'run', 'echo', '--input', '@in.json'], { folder })).output).toBe('"from a file"\n')
  })

  it('needs no model for what needs none', async () => {
    const { code, output } = await runBinary(['agent', 'run', 'monitor', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ type: 'status', rounds: 1, alarms: [] })
  })

  it('says what to configure when no model is there', async () => {
    const result = await runBinary(['agent', 'run', 'researcher', '--json', '--input', '{"question": "Why?"}'])
    expect([result.code, errorOf(result).code]).toEqual([1, 'ROUTER_NO_MODEL'])
    expect(errorOf(result).message).toContain('OPENAI_API_KEY')
  })

  it.each([
    [[], 'COMMAND_INVALID'],
    [['reseacher'], 'COMMAND_INVALID'],
    [['echo', '--input', '{'], 'COMMAND_INVALID'],
    [['echo', '--input', '@absent.json'], 'COMMAND_INVALID'],
    [['echo', '--input', '{"other": 1}'], 'REQUEST_INVALID'],
    [['echo', '--tenant', 'two words'], 'COMMAND_INVALID'],
    [['verifier', '--input', '{"task": "a", "answer": "b", "judges": 99}'], 'REQUEST_INVALID'],
  ])('agent run %j is wrong usage', async (words, errorCode) => {
    const result = await run(['agent', 'run', ...words, '--json'])
    expect([result.code, errorOf(result).code]).toEqual([2, errorCode])
  })

  it.each([
    ['researcher', { question: 'Why is the old bridge closed?', questionsMax: 1 }],
    ['planner', { task: 'Find out why the old bridge is closed.', stepsMax: 1 }],
  ])(
    'lets the %s recall what an earlier run for the tenant kept',
    async (agent, fields) => {
      upstream.respondWith({ kind: 'answer', text: 'A bearing of the bridge broke.' })
      const folder = makeFolder()
      const runAgent = async (...more: readonly string[]): Promise<number> => {
        const words = ['agent', 'run', agent, '--input', JSON.stringify(fields), '--json', ...more]
        const { code, output, errors } = await run(words, { folder })
        expect([code, errors.includes('recalled memories=')]).toEqual([0, more[0] !== '--without-memory'])
        return (JSON.parse(output) as { recalled: number }).recalled
      }
      expect(await runAgent()).toBe(0)
      const before = upstream.callCount
      expect(await runAgent()).toBeGreaterThan(0)
      const prompts = upstream.calls.slice(before).map(({ body }) => JSON.stringify(body))
      expect(prompts.some((prompt) => prompt.includes(agent === 'planner' ? '(succeeded)' : 'bearing'))).toBe(true)
      expect(await runAgent('--tenant', 'other')).toBe(0)
      expect(await runAgent('--without-memory')).toBe(0)
      const purged = await run(['data', 'purge', '--all', '--memories', '--yes'], { folder })
      expect(purged.output).toMatch(
        /^Deleted 0 records, 0 pieces of feedback and shadow runs, [1-9]\d* memories, 0 unfinished plans; 0 records are left\n$/,
      )
    },
    60_000,
  )

  it('is stopped in order by Ctrl-C: the call upstream is ended, and nothing is printed as an answer', async () => {
    upstream.respondWith({ kind: 'hang' })
    const started = startBinary(['agent', 'run', 'summarizer', '--json', '--input', '{"text": "Water."}'], {
      environment: { OPENAI_BASE_URL: upstream.baseUrl },
    })
    await upstream.waitForCalls(1)
    started.child.kill('SIGINT')
    const result = await started.ended
    expect([result.code, errorOf(result).code]).toEqual([130, 'REQUEST_ABORTED'])
    await upstream.waitForAborts(1)
  })
})
