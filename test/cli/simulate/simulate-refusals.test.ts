import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeSource } from '../../../src/cli/simulate/describe-scenario.ts'
import { runInProcess } from '../run-in-process.ts'

const TICKING = join(import.meta.dirname, 'scenarios/ticking.ts')
const folder = mkdtempSync(join(tmpdir(), 'kernell-simulate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Failure = { readonly error: { readonly code: string; readonly message: string } }

async function refusalOf(words: readonly string[]): Promise<{ code: number; error: Failure['error'] }> {
  const run = await runInProcess(['simulate', ...words, '--json'], { workingDir: folder })
  return { code: run.exitCode, error: (run.json() as Failure).error }
}

describe('kernell simulate refuses before anything is played', () => {
  it.each([
    [['--seed', '-1'], '--seed must be'],
    [['--seed', '4294967296'], '--seed must be'],
    [['--seeds', '5..1'], '--seeds must be'],
    [['--seeds', '5'], '--seeds must be'],
    [['--seeds', '0..4294967296'], '--seeds must be'],
    [['--seed', '1', '--seeds', '1..2'], '--seed goes with one seed'],
    [['--seeds', '1..2', '--trace', 't.jsonl'], '--trace goes with one seed'],
    [['--seeds', '1..2', '--until', '7'], '--until goes with one seed'],
    [['--seed', '1', '--resume', 'r.jsonl'], '--resume goes with --seeds'],
    [['--threads', '2'], '--threads goes with --seeds'],
    [['--seeds', '1..2', '--threads', '0'], '--threads must be'],
    [['--seeds', '1..2', '--timeout', '0'], '--timeout must be'],
    [['--seeds', '3..3', '--plot', 'a.svg'], 'no spread'],
    [['--signatures', 'none'], '--signatures must be one of'],
    [['--set', 'agents'], '--set takes NAME=VALUE'],
    [['--agents', '4', '--set', 'agents=5'], 'given twice'],
    [['--plot', 'picture.jpeg'], '--plot must end in'],
    [['--report', 'report.pdf'], '--report must end in'],
    [['--trace', 'same', '--report', 'a.html', '--plot', 'a.svg', 'a.svg'], 'named twice'],
    [['--trace', TICKING], 'named twice'],
    [['--seeds', '1..2', '--resume', 'same.svg', '--plot', 'same.svg'], 'named twice'],
    [['--until', '1.5'], '--until must be'],
    [['--faults', '1,,2'], '--faults takes ids'],
    [['--seeds', '1..2', '--faults', '1'], '--faults goes with one seed'],
    [['--data', 'absent.jsonl'], 'is not there'],
  ])('%j', async (words, message) => {
    const { code, error } = await refusalOf([TICKING, ...words])
    expect(error.code).toBe('COMMAND_INVALID')
    expect(error.message).toContain(message)
    expect(code).toBe(2)
  })

  it('a run of no scenario', async () => {
    const { code, error } = await refusalOf(['--seed', '3'])
    expect([code, error.code]).toEqual([2, 'COMMAND_INVALID'])
    expect(error.message).toContain('--seed needs a scenario')
  })

  it('more than one scenario', async () => {
    expect((await refusalOf([TICKING, TICKING])).error.code).toBe('COMMAND_INVALID')
  })

  it('a scenario that is not known, and one that comes later', async () => {
    expect(await refusalOf(['agent-netwrk'])).toMatchObject({ code: 2, error: { code: 'SIMULATION_SCENARIO_UNKNOWN' } })
    const { error } = await refusalOf(['fleet', '--seed', '1'])
    expect(error.code).toBe('SIMULATION_SCENARIO_UNKNOWN')
    expect(error.message).toContain('not there yet')
  })

  it.each([
    [['--agents', '0'], 'agents: '],
    [['--nodes', '3'], 'nodes'],
    [['--set', 'color=red'], 'color'],
    [['--set', 'wrong=everything'], 'wrong: '],
    [['--set', '__proto__={"agents":5}'], '__proto__'],
  ])('options that the scenario does not take: %j', async (words, message) => {
    const { code, error } = await refusalOf([TICKING, ...words])
    expect(error).toMatchObject({ code: 'SIMULATION_OPTIONS_INVALID' })
    expect(error.message).toContain(message)
    expect(code).toBe(2)
  })

  it.each([
    ['absent.ts', undefined, 'is not there'],
    ['broken.ts', 'export default {', 'cannot be loaded'],
    ['throws.ts', "throw new Error('at import')", 'at import'],
    ['empty.ts', 'export const nothing = 1', 'its default export'],
    ['nameless.ts', "export default { name: 'Not A Name' }", '`name` must be'],
    ['schemaless.ts', "export default { name: 'a', summary: 'b', schema: {} }", '`schema` must be'],
    ['closed.ts', "export default { name: 'a', summary: 'b', schema: { safeParse() {} } }", '`open` must be'],
    ['exits.ts', 'process.exit(0)', 'ended its thread'],
    ['waits.ts', 'await new Promise(() => {})', 'ended its thread'],
    ['no-package.ts', "import 'a-package-that-is-nowhere'", 'cannot be loaded'],
  ])('a module that is no scenario: %s', async (name, text, message) => {
    if (text !== undefined) writeFileSync(join(folder, name), text)
    const { code, error } = await refusalOf([`./${name}`])
    expect(error.code).toBe('SIMULATION_SCENARIO_INVALID')
    expect(error.message).toContain(message)
    expect(code).toBe(2)
  })

  it('a module that does not come to its end, by a time limit and by Ctrl-C', async () => {
    const file = join(folder, 'loops.ts')
    writeFileSync(file, 'for (;;);')
    const source = { kind: 'file', url: pathToFileURL(file).href, sha256: '' } as const
    const load = async (signal: AbortSignal): Promise<unknown> =>
      await describeSource({ source, options: {}, timeoutMs: 100, terminal: { note: () => undefined }, signal })
    await expect(load(new AbortController().signal)).rejects.toMatchObject({ code: 'SIMULATION_SCENARIO_INVALID' })
    await expect(load(AbortSignal.abort('stopped'))).rejects.toBe('stopped')
  })

  describe('files that cannot be written', () => {
    beforeAll(() => writeFileSync(join(folder, 'a-file'), 'kept'))

    it.each(['--report=missing/report.html', '--plot=missing/plot.svg', '--trace=missing/trace.jsonl', '--trace=.'])(
      '%s',
      async (flag) => {
        const before = readdirSync(folder)
        const { code, error } = await refusalOf([TICKING, flag, '--set', 'wrong=throw', '--set', 'at=[1]'])
        // Its scenario would have thrown: it was not played.
        expect(error.code).toBe('STORE_WRITE_FAILED')
        expect(code).toBe(1)
        expect(readdirSync(folder)).toEqual(before)
      },
    )

    it('and what could be written is not there either when another cannot', async () => {
      await refusalOf([TICKING, '--plot', 'good.svg', '--report', 'missing/report.html'])
      expect(existsSync(join(folder, 'good.svg'))).toBe(false)
    })
  })
})
