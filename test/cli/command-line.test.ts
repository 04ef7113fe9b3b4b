import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { runInProcess } from './run-in-process.ts'

describe('wrong usage', () => {
  it.each([
    [['srve'], 'Did you mean `kernell serve`?'],
    [['models'], 'needs one of: list, import, probe, pull'],
    [['models', 'lst'], 'Did you mean `kernell models list`?'],
    [['evla', 'cost'], 'Did you mean `kernell eval cost`?'],
    [['route', '--explan'], 'Did you mean --explain?'],
    [['route'], 'Give either a task or --file'],
    [['route', 'a', '--file', 'b'], 'Give either a task or --file'],
    [['serve', 'extra'], 'does not take "extra"'],
    [['serve', '--port'], 'port'],
    [['serve', '--port', '70000'], '--port must be a whole number from 0 to 65535'],
    [['serve', '--json=yes'], 'json'],
    [['route', '--file', 'absent.jsonl'], 'absent.jsonl is not there'],
    [['estimate'], 'A task is missing'],
    [['models', 'import', 'x.json'], '--format is missing'],
    [['models', 'pull', 'ftp://x/y.gguf'], 'is not an https:'],
    [['doctor', '--config', 'absent.jsonc'], ''],
  ])('%j ends with 2 (doctor: 1) and a hint', async (words, hint) => {
    const run = await runInProcess(words)
    expect(run.exitCode).toBe(words[0] === 'doctor' ? 1 : 2)
    expect(run.errors + run.output).toContain(hint)
  })

  it('is one JSON document on the output with --json, and nothing beside it', async () => {
    const run = await runInProcess(['serve', '--prot', '1', '--json'])
    expect(run.errors).toBe('')
    expect(run.json()).toEqual({
      error: {
        code: 'COMMAND_INVALID',
        message: 'Unknown flag --prot. Did you mean --port?',
        details: expect.objectContaining({ flag: '--prot', nearest: '--port' }) as unknown,
      },
    })
  })

  it('of the configuration names the key', async () => {
    const run = await runInProcess(['estimate', 'x', '--json'], { environment: { KERNELL_QUALITY: '7' } })
    expect(run.exitCode).toBe(2)
    expect(run.json()).toMatchObject({ error: { code: 'CONFIG_INVALID', details: { key: 'policy.quality' } } })
  })
})

describe('the default command', () => {
  it.each([[[]], [['--port', '0']], [['--json']]])('%j serves', async (words) => {
    const stopped = AbortSignal.abort()
    const run = await runInProcess(words, { signal: stopped, environment: { KERNELL_PORT: '0' } })
    expect(run).toMatchObject({ exitCode: 0, output: expect.stringMatching(/listening on|"event":"ready"/) as unknown })
  })
})

describe('help', () => {
  it('lists every command', async () => {
    const run = await runInProcess(['help'])
    for (const { name, summary } of COMMANDS) expect(run.output).toContain(`  ${name.padEnd(15)}${summary}`)
  })

  it.each(COMMANDS.map((entry) => [entry.name, entry] as const))(
    'of %s says usage and every flag',
    async (name, entry) => {
      const command = await entry.load()
      expect([command.name, command.summary]).toEqual([name, entry.summary])
      const run = await runInProcess([...name.split(' '), '--help'])
      expect(run.exitCode).toBe(0)
      expect(run.output).toContain(`usage: kernell ${name}`)
      for (const flag of [...Object.keys(command.flags), 'json', 'data-dir', 'config'])
        expect(run.output).toContain(`--${flag}`)
      expect((await runInProcess(['help', ...name.split(' ')])).output).toBe(run.output)
    },
  )

  it.each([20, 40, 80, 200])('fits %i columns but for what cannot be broken', async (columns) => {
    const run = await runInProcess(['help'], { columns })
    const widest = Math.max(...run.output.split('\n').map((line) => line.length))
    expect(widest).toBeLessThanOrEqual(Math.max(columns, 'usage: kernell [COMMAND] [flags]'.length))
  })
})

describe('kernell estimate', () => {
  it('prints the expectation without running anything', async () => {
    const run = await runInProcess(['estimate', 'hello', '--json'])
    expect(run.json()).toMatchObject({
      route: 'cheap',
      expected_cost_usd: 0.00015,
      expected_latency_s: 0.9,
      expected_tokens_in: 12,
      expected_tokens_out: 100,
      premium_usd: 0.0015,
      deterministic_tool: null,
      decision: { plan: [{ model: 'openai/small', tier: 'cheap_api', role: 'answer' }] },
    })
  })

  it('prints a plan for people', async () => {
    const run = await runInProcess(['estimate', 'hello'])
    expect(run.output).toContain('plan       openai/small (cheap_api)')
  })
})

describe('kernell models list', () => {
  it('shows what can be called, and the rest with --all', async () => {
    const callable = await runInProcess(['models', 'list', '--json'])
    const all = await runInProcess(['models', 'list', '--all', '--json'])
    expect((callable.json().models as { id: string }[]).map((model) => model.id)).toEqual(['openai/small'])
    expect(
      (all.json().models as { id: string; available: boolean }[]).map((model) => [model.id, model.available]),
    ).toEqual([
      ['openai/small', true],
      ['anthropic/other', false],
    ])
  })

  it('says unknown for a price that is not known', async () => {
    expect((await runInProcess(['models', 'list'])).output).toContain('unknown')
  })

  it('becomes lines on a terminal that is too narrow for a table', async () => {
    const run = await runInProcess(['models', 'list'], { columns: 30 })
    expect(run.output).toContain('model: openai/small\n')
  })
})

describe('kernell version', () => {
  it('is a bare number, or a document', async () => {
    expect((await runInProcess(['version'])).output).toBe('0.0.0\n')
    expect((await runInProcess(['--version', '--json'])).json()).toMatchObject({ version: '0.0.0' })
  })
})
