import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { amountFromNanos } from '../../src/base/money.ts'
import { interruptReason } from '../../src/cli/print-failure.ts'
import { runInProcess } from './run-in-process.ts'
import type { Script } from './scripted-node.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-route-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function taskFile(rows: readonly unknown[]): string {
  const file = join(folder, `tasks-${rows.length}.jsonl`)
  writeFileSync(file, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'))
  return file
}

const failing: Script = (prompt) => {
  if (prompt === 'refused') return new CodedError('BUDGET_EXCEEDED', { message: 'The budget node is spent' })
  return prompt === 'broken' ? new CodedError('ROUTER_ALL_FAILED', { message: 'All failed' }) : {}
}

describe('kernell route TASK', () => {
  it('prints the answer alone on the output, and what it cost beside it', async () => {
    const run = await runInProcess(['route', 'hello', 'world'])
    expect(run).toMatchObject({ exitCode: 0, output: 'answer to hello world\n' })
    expect(run.errors).toContain('cheap_api · openai/small · $0.0001')
  })

  it('prints the documented members with --json', async () => {
    const run = await runInProcess(['route', 'hello', '--json'])
    expect(run.errors).toBe('')
    expect(run.json()).toEqual({
      task_id: 'task-1',
      output: 'answer to hello',
      route: 'cheap',
      tier: 'cheap_api',
      model: 'openai/small',
      provider: 'openai',
      cost_usd: 0.0001,
      premium_usd: 0.001,
      latency_ms: 12.5,
      attempts: [
        {
          model: 'openai/small',
          provider: 'openai',
          tier: 'cheap_api',
          outcome: 'accepted',
          reason: null,
          tokens_in: 10,
          tokens_out: 20,
          usage_estimated: false,
          cost_usd: 0.0001,
          latency_ms: 12.5,
        },
      ],
      overhead: [],
      was_cached: false,
      verified: true,
      decision: expect.objectContaining({
        route: 'cheap',
        needs_decomposition: false,
        expected_cost_usd: 0.00015,
        max_budget_usd: 0,
        policy_version: 'priors-1',
      }) as unknown,
    })
  })

  it('says null, never 0, for a cost that is not known', async () => {
    const run = await runInProcess(['route', 'hello', '--json'], {
      script: () => ({ costNanos: undefined, premiumCostNanos: undefined }),
    })
    expect(run.json()).toMatchObject({ cost_usd: null, premium_usd: null })
  })

  it('explains itself when asked', async () => {
    const run = await runInProcess(['route', 'hello', '--explain'])
    expect(run.errors).toContain('The cheapest route whose predicted quality meets the bound')
    expect(run.errors).toContain('its price is unknown')
  })

  it('reads the task from standard input for -', async () => {
    const run = await runInProcess(['route', '-'], { input: 'from a pipe\n' })
    expect(run.output).toBe('answer to from a pipe\n')
  })

  it.each([
    [['route', ''], ''],
    [['route', '  '], ''],
    [['route', '-'], ' \n'],
    [['estimate', ''], ''],
  ])('%j without text is refused', async (words, input) => {
    const run = await runInProcess(words, { input })
    expect(run.exitCode).toBe(2)
    expect(run.errors).toContain('is empty')
    expect(run.nodes).toHaveLength(0)
  })

  it('says for Ctrl-C what Ctrl-C is', async () => {
    const script: Script = () => interruptReason()
    const run = await runInProcess(['route', 'hello'], { script })
    expect(run.exitCode).toBe(130)
    expect(run.errors).toContain('Stopped by the operator')
    expect(run.errors).not.toContain('deadline')
  })

  it('hands every control to the router', async () => {
    const words = [
      '--quality',
      '0.9',
      '--max-cost-usd',
      '0.01',
      '--allow',
      'cheap,openai',
      '--cache',
      'no-store',
      '--system',
      'Be brief.',
      '--tenant',
      'acme',
    ]
    const run = await runInProcess(['route', 'hello', ...words])
    expect(run.nodes[0]?.requests[0]).toEqual({
      caller: { tenant: 'acme' },
      target: { kind: 'auto' },
      controls: expect.objectContaining({
        quality: 0.9,
        maxCostNanos: 10_000_000n,
        cache: 'no-store',
        tiers: ['cheap_api'],
        providers: ['openai'],
      }) as unknown,
      request: {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'hello' },
        ],
      },
    })
  })

  it.each([
    [['--quality', '2'], '--quality'],
    [['--max-cost-usd', 'much'], '--max-cost-usd'],
    [['--allow', 'nobody'], '--allow'],
    [['--cache', 'maybe'], '--cache'],
    [['--route', 'dear'], '--route must be one of local, cheap, premium'],
    [['--route', 'cheap', '--model', 'm'], '--route and --model exclude each other'],
  ])('refuses %s', async (flags, message) => {
    const run = await runInProcess(['route', 'hello', ...flags])
    expect(run.exitCode).toBe(2)
    expect(run.errors).toContain(message)
  })

  it('ends with 3 and says so when a budget refuses', async () => {
    const run = await runInProcess(['route', 'refused', '--json'], { script: failing })
    expect(run.exitCode).toBe(3)
    expect(run.json()).toEqual({
      error: {
        code: 'BUDGET_EXCEEDED',
        message: 'The budget node is spent',
        details: { remedy: expect.stringContaining('Raise the limit') as unknown },
      },
    })
  })

  it('closes the node, also after a failure', async () => {
    const run = await runInProcess(['route', 'broken'], { script: failing })
    expect(run.exitCode).toBe(1)
    expect(run.nodes.map((node) => node.isClosed)).toEqual([true])
  })
})

describe('kernell route --file', () => {
  const rows = [{ id: 'a', prompt: 'one' }, { prompt: 'two' }, { id: 7, prompt: 'three' }]

  it('prints every task in order, and totals', async () => {
    const run = await runInProcess(['route', '--file', taskFile(rows), '--json'])
    const { tasks, totals } = run.json() as { tasks: { id: string; output: string }[]; totals: unknown }
    expect(tasks.map((task) => [task.id, task.output])).toEqual([
      ['a', 'answer to one'],
      ['2', 'answer to two'],
      ['7', 'answer to three'],
    ])
    expect(totals).toEqual({
      tasks: 3,
      failed: 0,
      cost_usd: 0.0003,
      premium_usd: 0.003,
      savings: 0.9,
      savings_estimated: true,
      unpriced: 0,
    })
  })

  it('calls savings measured only where every task ran on premium', async () => {
    const script: Script = () => ({
      tier: 'premium_api',
      costNanos: amountFromNanos(5n),
      premiumCostNanos: amountFromNanos(5n),
    })
    const run = await runInProcess(['route', '--file', taskFile(rows), '--json'], { script })
    expect(run.json().totals).toMatchObject({ savings: 0, savings_estimated: false })
  })

  it('leaves tasks of unknown cost out of the sums and counts them', async () => {
    const script: Script = (prompt) => (prompt === 'two' ? { costNanos: undefined } : {})
    const run = await runInProcess(['route', '--file', taskFile(rows), '--json'], { script })
    expect(run.json().totals).toMatchObject({ cost_usd: 0.0002, premium_usd: 0.002, savings: 0.9, unpriced: 1 })
  })

  it('runs as many tasks at a time as asked, and no more', async () => {
    const many = Array.from({ length: 12 }, (_, index) => ({ prompt: `task ${index}` }))
    const run = await runInProcess(['route', '--file', taskFile(many), '--concurrency', '3'])
    expect(run.nodes[0]?.runningMax).toBe(3)
    expect(run.nodes[0]?.requests).toHaveLength(12)
  })

  it('prints a table by tier with savings against always-premium', async () => {
    const script: Script = (prompt) =>
      prompt === 'one' ? { tier: 'deterministic', costNanos: amountFromNanos(0n) } : {}
    const run = await runInProcess(['route', '--file', taskFile(rows)], { script })
    const cells = run.output.split('\n').map((line) => line.trim().split(/\s{2,}/))
    expect(cells).toContainEqual(['tier', 'tasks', 'share', 'cost', 'premium', 'saved', 'p50', 'p99'])
    expect(cells).toContainEqual(['deterministic', '1', '33.3 %', '$0', '$0.001', '100.0 %', '13 ms', '13 ms'])
    expect(cells).toContainEqual(['all', '3', '100.0 %', '$0.0002', '$0.003', '93.3 %', '13 ms', '13 ms'])
    expect(run.output).toContain('93.3 % saved')
    expect(run.errors).toBe('')
  })

  it('carries on after a failure, lists it, and ends with 1; with 3 when only refusals happened', async () => {
    const mixed = await runInProcess(
      ['route', '--file', taskFile([{ prompt: 'broken' }, { prompt: 'refused' }, { prompt: 'one' }, { prompt: 'x' }])],
      { script: failing },
    )
    expect(mixed.exitCode).toBe(1)
    expect(mixed.output).toContain('2 failed')
    expect(mixed.output).toContain('1 x BUDGET_EXCEEDED: The budget node is spent')
    const refusals = await runInProcess(
      ['route', '--file', taskFile([{ prompt: 'refused' }, { prompt: 'one' }]), '--json'],
      { script: failing },
    )
    expect(refusals.exitCode).toBe(3)
    expect((refusals.json().tasks as unknown[])[0]).toMatchObject({ id: '1', error: { code: 'BUDGET_EXCEEDED' } })
  })

  it.each([
    [['{"prompt":""}'], 'line 1 has no text in "prompt"'],
    [['{"prompt":"a"}', '{nonsense'], 'line 2 is not JSON'],
    [['{"prompt":"a"}', '{nonsense', '7'], 'line 2 is not JSON, line 3 has no text in "prompt"'],
    [Array.from({ length: 14 }, () => '[]'), 'line 10 has no text in "prompt", and 4 more'],
  ])('refuses the file %j before anything runs', async (lines, message) => {
    const run = await runInProcess(['route', '--file', taskFile(lines)])
    expect(run.exitCode).toBe(2)
    expect(run.errors).toContain(message)
    expect(run.errors).toContain('each line is {"id"?')
    expect(run.nodes).toHaveLength(0)
  })

  it('reads a file with a byte order mark, and refuses one that is not UTF-8', async () => {
    const file = join(folder, 'encoded.jsonl')
    writeFileSync(file, '\ufeff{"id":"a","prompt":"one"}\n')
    expect((await runInProcess(['route', '--file', file, '--json'])).json().tasks).toMatchObject([{ id: 'a' }])
    writeFileSync(file, Buffer.from([...Buffer.from('{"prompt":"caf'), 0xe9, 0x22, 0x7d]))
    const run = await runInProcess(['route', '--file', file])
    expect(run.exitCode).toBe(2)
    expect(run.errors).toContain('is not UTF-8 text')
  })

  it.each(['--concurrency', '--limit'])('alone takes %s', async (flag) => {
    const run = await runInProcess(['route', 'hello', flag, '3'])
    expect(run.exitCode).toBe(2)
    expect(run.errors).toContain(`${flag} needs --file`)
  })

  it.each([
    [['data', 'build', '--input', 'in.jsonl', '--output', 'out.jsonl'], 'Nothing was written; run the command again.'],
    [['policy', 'train', '--data', 'in.jsonl'], 'Run the same command with --resume'],
    [['data', 'audit', '--input', 'in.jsonl'], 'Run the command again.'],
  ])('an abort of %j says how to go on', async (words, remedy) => {
    const workingDir = mkdtempSync(join(folder, 'stopped-'))
    writeFileSync(join(workingDir, 'in.jsonl'), '{}\n')
    const run = await runInProcess(words, { workingDir, signal: AbortSignal.abort(interruptReason()) })
    expect(run.exitCode).toBe(130)
    expect(run.errors).toContain(remedy)
    expect(run.errors).not.toContain('cache')
  })

  it('stops at an abort and prints what was finished', async () => {
    const stopping = new AbortController()
    const script: Script = () => {
      stopping.abort(interruptReason())
      return {}
    }
    const many = Array.from({ length: 50 }, (_, index) => ({ prompt: `task ${index}` }))
    const run = await runInProcess(['route', '--file', taskFile(many)], { script, signal: stopping.signal })
    expect(run.exitCode).toBe(130)
    expect(run.output).toMatch(/Paid \$0\.000\d for \d of \d tasks/)
    expect(run.errors).toContain('of 50 tasks were finished')
    expect(run.nodes[0]?.requests.length).toBeLessThan(10)
    expect(run.nodes[0]?.isClosed).toBe(true)
  })
})
