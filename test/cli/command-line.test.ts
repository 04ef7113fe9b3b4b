import { describe, expect, it } from 'vitest'
import { PACKAGED_AGENTS } from 'kernell-os/agents'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { EXIT_CODES } from '../../src/cli/exit-codes.ts'
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

/** One line, however the terminal breaks it. */
const wordsOf = (output: string): string => ` ${output.replaceAll(/\s+/g, ' ')} `

describe('help', () => {
  it('lists every command', async () => {
    const run = await runInProcess(['help'])
    const words = wordsOf(run.output)
    for (const { name, summary } of COMMANDS) expect(words).toContain(` ${name} ${summary} `)
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

describe('help', () => {
  it.each(['agent', 'models', 'data', 'policy', 'eval'])('of the group %s shows its commands', async (group) => {
    const run = await runInProcess(['help', group])
    expect(run.exitCode).toBe(0)
    expect(run.output).toContain(`usage: kernell ${group} `)
    const words = wordsOf(run.output)
    for (const { name, summary } of COMMANDS)
      expect([name, words.includes(` ${name} ${summary} `)]).toEqual([name, name.startsWith(`${group} `)])
    expect((await runInProcess([group, '--help'])).output).toBe(run.output)
  })

  it('still takes a group with a wrong command for wrong usage', async () => {
    const run = await runInProcess(['help', 'models', 'lst'])
    expect([run.exitCode, run.errors]).toEqual([2, expect.stringContaining('Did you mean `kernell models list`?')])
  })

  it('names every exit code', async () => {
    const { output } = await runInProcess(['help'])
    const codes = output.slice(output.indexOf('Exit:')).match(/\d+/g)
    expect(codes).toEqual(Object.values(EXIT_CODES).map(String))
  })

  it.each([24, 60])('of a command fits %i columns but for its examples and what cannot be broken', async (columns) => {
    for (const { name } of COMMANDS) {
      const { output } = await runInProcess(['help', ...name.split(' ')], { columns })
      const prose = output.split('\nexamples:')[0] ?? ''
      const wide = prose.split('\n').filter((line) => line.length > columns && line.trim().includes(' '))
      expect([name, wide]).toEqual([name, []])
    }
  })

  it('honours COLUMNS, on a terminal and in a pipe', async () => {
    for (const isPiped of [false, true]) {
      const narrow = await runInProcess(['help', 'serve'], { isPiped, environment: { COLUMNS: '50' } })
      const wide = await runInProcess(['help', 'serve'], { isPiped, environment: { COLUMNS: '200' } })
      const widest = (text: string): number =>
        Math.max(...(text.split('\nexamples:')[0] ?? '').split('\n').map((line) => line.length))
      expect([widest(narrow.output) <= 50, widest(wide.output) > 100]).toEqual([true, true])
    }
    for (const COLUMNS of ['', '0', '-3', 'wide'])
      expect((await runInProcess(['help'], { environment: { COLUMNS } })).output).toBe(
        (await runInProcess(['help'])).output,
      )
  })

  it('of agent run says how to delete what agents remember, as a command that works', async () => {
    const { output } = await runInProcess(['help', 'agent', 'run'], { columns: 2_000 })
    const words = /`kernell (data purge [^`]+)`/.exec(output)?.[1]?.split(' ') ?? []
    const run = await runInProcess(words)
    expect([words.includes('--memories'), run.exitCode, run.errors]).toEqual([true, 0, ''])
  })
})

describe('kernell agent list', () => {
  it.each([
    ['a pipe', { isPiped: true }],
    ['a wide terminal', { columns: 300 }],
    ['a narrow terminal', { columns: 44 }],
  ])('says everything on %s', async (_name, init) => {
    const { output } = await runInProcess(['agent', 'list'], init)
    const words = output.replace(/\s+/g, ' ')
    expect(output).not.toContain('…')
    for (const { summary, fields } of PACKAGED_AGENTS) {
      expect(words).toContain(summary)
      for (const { describe: what } of fields) expect(words).toContain(what)
    }
    const columns = 'columns' in init ? init.columns : Infinity
    expect(output.split('\n').filter((line) => line.length > columns && line.trim().includes(' '))).toEqual([])
  })

  it('keeps each field on one line in a pipe', async () => {
    const { output } = await runInProcess(['agent', 'list'], { isPiped: true })
    expect(output.split('\n').filter((line) => line.startsWith('  ')).length).toBe(
      PACKAGED_AGENTS.flatMap(({ fields }) => fields).length,
    )
  })
})

describe('a table', () => {
  it('is cut on a terminal and whole in a pipe', async () => {
    expect((await runInProcess(['models', 'list', '--all'], { columns: 75 })).output).toContain('…')
    expect((await runInProcess(['models', 'list', '--all'], { isPiped: true })).output).not.toContain('…')
    const narrow = { isPiped: true, environment: { COLUMNS: '75' } }
    expect((await runInProcess(['models', 'list', '--all'], narrow)).output).toContain('…')
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
