import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type InProcessRun, runInProcess } from '../run-in-process.ts'

const TICKING = join(import.meta.dirname, 'scenarios/ticking.ts')
const folder = mkdtempSync(join(tmpdir(), 'kernell-simulate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function simulate(...words: readonly string[]): Promise<InProcessRun> {
  // A thread takes long to start; one is enough where nothing is said of them.
  const isOne = words.some((word) => word.startsWith('--seeds')) && !words.includes('--threads')
  return await runInProcess(['simulate', TICKING, ...words, ...(isOne ? ['--threads', '1'] : [])], {
    workingDir: folder,
  })
}

function linesOf(file: string): readonly Record<string, unknown>[] {
  return readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('kernell simulate SCENARIO --seed N', { timeout: 60_000 }, () => {
  it('reports the run as one JSON document', async () => {
    const run = await simulate('--seed', '3', '--agents', '4', '--json')
    expect(run.exitCode).toBe(0)
    expect(run.json()).toMatchObject({
      scenario: 'ticking',
      seed: 3,
      options: { agents: 4, steps: 20, at: [], wrong: 'nothing' },
      signatures: 'seeded',
      events: 80,
      agents: 4,
      hash: expect.stringMatching(/^[0-9a-f]{16,64}$/) as unknown,
      faults: {},
      checks: { convergence: 1, 'ticks-are-good': expect.any(Number) as unknown },
      handled: { router: 0, market: 0, learning: 0, actors: 80 },
      violations: [],
      metrics: { ticks: 80 },
      is_cut: false,
    })
    expect(run.json()['virtual_ms']).toBeGreaterThan(100)
  })

  it('gives the hash of the seed each time, and another one for another seed', async () => {
    const [first, again, other] = [
      await simulate('--json'),
      await simulate('--json'),
      await simulate('--seed=2', '--json'),
    ]
    expect(again.json()['hash']).toBe(first.json()['hash'])
    expect(other.json()['hash']).not.toBe(first.json()['hash'])
  })

  it('ends with 1 at a violation, and says how to play it again', async () => {
    const run = await simulate('--seed', '5', '--set', 'wrong=violation', '--set', 'at=[5]')
    expect(run.exitCode).toBe(1)
    expect(run.output).toContain('ticks-are-good: seed 5 is <b>bad</b>')
    expect(run.output).toContain(`Play it again: kernell simulate ${TICKING} --seed 5 --set wrong=violation --set`)
  })

  it('ends with 1 when the second run has another hash', async () => {
    const run = await simulate('--twice', '--set', 'wrong=unequal', 'at=[1]', '--json')
    expect(run.exitCode).toBe(1)
    expect(run.json()).toMatchObject({
      violations: [],
      unequal_hashes: [{ seed: 1, difference: expect.stringContaining('what came of them is not') as unknown }],
    })
    expect((await simulate('--twice', '--json')).json()).toMatchObject({ unequal_hashes: [] })
  })

  it('says what a scenario threw, and where', async () => {
    const run = await simulate('--set', 'wrong=throw', 'at=[1]', '--json')
    expect(run.exitCode).toBe(1)
    expect(run.json()).toMatchObject({
      error: {
        code: 'SIMULATION_SCENARIO_FAILED',
        message: expect.stringMatching(/seed 1 throws.*ticking\.ts/) as unknown,
      },
    })
  })

  it('is ended with its thread behind --timeout', async () => {
    const run = await simulate('--set', 'wrong=hang', 'at=[1]', '--timeout', '0.1', '--json')
    expect(run.json()).toMatchObject({ error: { code: 'SIMULATION_SEED_HUNG' } })
  })

  it('is ended with its thread where promises go on for ever at one instant', async () => {
    const run = await simulate('--set', 'wrong=promises', 'at=[1]', '--timeout', '0.5', '--json')
    expect(run.json()).toMatchObject({ error: { code: 'SIMULATION_SEED_HUNG' } })
  })

  it('blames the file of a trace that cannot be written, and nobody else', async () => {
    // Full from the beginning: what is short fails at its end, what is long on its way.
    const short = await simulate('--trace', '/dev/full', '--json')
    expect([short.exitCode, short.json()['events']]).toEqual([1, 60])
    expect(short.errors).toContain('The trace /dev/full cannot be written: ENOSPC')
    const long = await simulate('--trace', '/dev/full', '--steps', '10000', '--json')
    expect(long.exitCode).toBe(1)
    expect(long.json()).toMatchObject({
      error: { code: 'STORE_WRITE_FAILED', message: expect.stringContaining('The trace /dev/full') as unknown },
    })
  })

  it('refuses faults that its plan does not have', async () => {
    const run = await simulate('--faults', '3', '--json')
    expect(run.exitCode).toBe(2)
    expect(run.json()).toMatchObject({
      error: {
        code: 'SIMULATION_FAULT_UNKNOWN',
        message: expect.stringContaining('no fault 3. It has none') as unknown,
      },
    })
  })

  it('says that its thread died', async () => {
    const run = await simulate('--set', 'wrong=exit', 'at=[1]', '--json')
    expect(run.exitCode).toBe(1)
    expect(run.json()).toMatchObject({ error: { code: 'SIMULATION_SEED_LOST' } })
  })

  it('stops behind an event and shows the last ones', async () => {
    const run = await simulate('--until', '30', '--json')
    const {
      events,
      is_cut: isCut,
      last_events: last,
    } = run.json() as {
      events: number
      is_cut: boolean
      last_events: { index: number; at_ms: number }[]
    }
    expect({ events, isCut }).toEqual({ events: 31, isCut: true })
    expect(last.map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, at) => 11 + at))
    expect((await simulate('--until', '30')).output).not.toContain('No violation was found')
    expect((await simulate('--until', '30')).output).toContain('The last events:\n{"index":11,')
  })

  it('traces each event, in order, to a file', async () => {
    const run = await simulate('--trace', 'trace.jsonl', '--agents', '100', '--steps', '50', '--json')
    const lines = linesOf('trace.jsonl')
    expect(lines).toHaveLength(run.json()['events'] as number)
    expect(lines.every(({ index }, at) => index === at)).toBe(true)
    expect(lines[0]).toMatchObject({ index: 0, at_ms: 1 })
  })
})

describe('kernell simulate SCENARIO --seeds A..B', { timeout: 60_000 }, () => {
  it('plays each seed twice and adds up what came of them', async () => {
    const run = await simulate('--seeds', '10..19', '--threads', '2', '--json')
    expect(run.exitCode).toBe(0)
    expect(run.json()).toMatchObject({
      scenario: 'ticking',
      from: 10,
      to: 19,
      runs: 10,
      events: 600,
      faults: {},
      checks: { convergence: 10 },
      handled: { actors: 600 },
      unequal_hashes: [],
      violations: [],
      failures: [],
      metrics: { ticks: { n: 10, least: 60, median: 60, mean: 60, largest: 60 } },
    })
  })

  it('says the same whatever the number of threads', async () => {
    const words = ['--seeds', '1..12', '--set', 'wrong=violation', '--set', 'at=[3,11]', '--json']
    const [one, three] = [await simulate(...words, '--threads', '1'), await simulate(...words, '--threads', '3')]
    expect(three.output).toBe(one.output)
    expect(one.json()['violations']).toMatchObject([{ seed: 3, checker: 'ticks-are-good' }, { seed: 11 }])
    expect(one.exitCode).toBe(1)
  })

  it.each([
    ['throw', 'SIMULATION_SCENARIO_FAILED', 'seed 4 throws'],
    ['exit', 'SIMULATION_SEED_LOST', 'its thread died'],
    ['rejection', 'SIMULATION_SCENARIO_FAILED', 'nobody listens'],
  ])('reports a seed with the fault %s as failed, and plays the others', async (wrong, code, message) => {
    const run = await simulate(
      '--seeds',
      '1..8',
      '--threads',
      '2',
      '--set',
      `wrong=${wrong}`,
      '--set',
      'at=[4]',
      '--json',
    )
    expect(run.exitCode).toBe(1)
    expect(run.json()).toMatchObject({
      runs: 7,
      violations: [],
      failures: [{ seed: 4, code, message: expect.stringContaining(message) as unknown }],
    })
  })

  it('names seeds whose runs are unequal', async () => {
    const run = await simulate('--seeds', '1..4', '--set', 'wrong=unequal', '--set', 'at=[2]')
    expect(run.exitCode).toBe(1)
    expect(run.output).toContain('1 seeds had unequal hashes')
    expect(run.output).toMatch(/ {2}seed 2: [0-9a-f]+ and [0-9a-f]+; first difference/)
  })
})

describe('--resume', { timeout: 60_000 }, () => {
  it('leaves out finished seeds, plays those that had failed, and gives what one run gives', async () => {
    const file = 'seeds.jsonl'
    const whole = await simulate('--seeds', '1..9', '--json')
    await simulate('--seeds', '1..4', '--resume', file, '--json')
    expect(linesOf(file)).toHaveLength(5)
    const rest = await simulate('--seeds', '1..9', '--resume', file, '--json')
    expect(rest.output).toBe(whole.output)
    expect(
      linesOf(file)
        .slice(1)
        .map(({ seed }) => seed)
        .toSorted((left, right) => Number(left) - Number(right)),
    ).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    const nothing = await simulate('--seeds', '2..3', '--resume', file)
    expect(nothing.output).toContain('2 played, each twice (2 of them before)')
  })

  it('cuts a last line that is torn', async () => {
    const file = join(folder, 'torn.jsonl')
    await simulate('--seeds', '1..3', '--threads', '1', '--resume', file, '--json')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.slice(0, -10))
    const run = await simulate('--seeds', '1..3', '--threads', '1', '--resume', file, '--json')
    expect(run.json()).toMatchObject({ runs: 3 })
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it('begins a file anew whose head was not written whole', async () => {
    const file = join(folder, 'head.jsonl')
    await simulate('--seeds', '1..1', '--resume', file, '--json')
    const text = readFileSync(file, 'utf8')
    for (const begun of ['', text.slice(0, 40)]) {
      writeFileSync(file, begun)
      expect((await simulate('--seeds', '1..1', '--resume', file, '--json')).exitCode).toBe(0)
      expect(readFileSync(file, 'utf8')).toBe(text)
    }
  })

  it.each([
    ['other options', ['--agents', '7']],
    ['other signatures', ['--signatures', 'ed25519']],
  ])('refuses the file of %s, and leaves it as it is', async (_, words) => {
    const file = join(folder, 'other.jsonl')
    await simulate('--seeds', '1..2', '--resume', file, '--json')
    const text = readFileSync(file, 'utf8')
    const run = await simulate('--seeds', '1..2', ...words, '--resume', file, '--json')
    expect(run.json()).toMatchObject({ error: { code: 'SIMULATION_RESUME_OTHER' } })
    expect(run.output).toMatch(/belongs to another run: [a-z]+: .* there, .* here"/)
    expect(run.exitCode).toBe(2)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it('refuses the file of a scenario that says something else by now, in a module that it imports too', async () => {
    const [play, file] = [['./importing.ts', '--seeds', '1..1', '--resume', 'importing.jsonl', '--json'], 'spans.ts']
    const body = 'export const SPAN_MS = 5\n'
    writeFileSync(join(folder, file), body)
    writeFileSync(
      join(folder, 'importing.ts'),
      `import { defineScenario } from 'kernell-os/simulation'
      import { z } from 'zod'
      import { SPAN_MS } from './spans.ts'
      const stay = { playMs: SPAN_MS, convergeMs: 1, plan: [], isSettled: () => true, finish: async () => ({ metrics: {}, state: 0 }) }
      export default defineScenario({ name: 'importing', summary: 's', schema: z.strictObject({}), open: async (stage) => { stage.agents = 1; return stay } })`,
    )
    const run = async (): Promise<InProcessRun> => await runInProcess(['simulate', ...play], { workingDir: folder })
    expect((await run()).exitCode).toBe(0)
    expect((await run()).exitCode).toBe(0)
    writeFileSync(join(folder, file), body.replace('5', '7'))
    expect((await run()).json()).toMatchObject({ error: { code: 'SIMULATION_RESUME_OTHER' } })
  })

  it.each([
    ['that is no such file', 'hello\nworld\n'],
    ['with another file in it', '{"seed":1}\n'],
    ['of one line without an end', 'a document that took a year'],
    ['with something before the head', '{"kernell_simulationx'],
  ])('refuses a file %s', async (_, text) => {
    const file = join(folder, 'strange.txt')
    writeFileSync(file, text)
    const run = await simulate('--seeds', '1..2', '--resume', file, '--json')
    expect(run.json()).toMatchObject({ error: { code: 'SIMULATION_RESUME_OTHER' } })
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it('refuses a file that another process writes, and takes it over from one that is no more', async () => {
    const file = join(folder, 'locked.jsonl')
    writeFileSync(`${file}.lock`, `${process.ppid}\n`)
    const refused = await simulate('--seeds', '1..1', '--resume', file, '--json')
    expect(refused.json()).toMatchObject({ error: { code: 'STORE_LOCKED', details: { pid: process.ppid } } })
    expect(existsSync(file)).toBe(false)
    const { pid } = spawnSync(process.execPath, ['--version'])
    writeFileSync(`${file}.lock`, `${pid}\n`)
    expect((await simulate('--seeds', '1..1', '--resume', file, '--json')).exitCode).toBe(0)
    expect(existsSync(`${file}.lock`)).toBe(false)
  })

  it('refuses a file with a line in its middle that is no seed', async () => {
    const file = join(folder, 'middle.jsonl')
    await simulate('--seeds', '1..2', '--resume', file, '--json')
    const lines = readFileSync(file, 'utf8').split('\n')
    writeFileSync(file, [lines[0], '{"seed":', ...lines.slice(1)].join('\n'))
    const run = await simulate('--seeds', '1..2', '--resume', file, '--json')
    expect(run.json()).toMatchObject({
      error: { code: 'SIMULATION_RESUME_OTHER', message: expect.stringContaining('line 2') as unknown },
    })
  })

  /** Played once: each row changes a copy. */
  let wholeFile: Promise<string> | undefined
  it.each([
    ['violations', [null]],
    ['violations', [{ checker: 'a' }]],
    ['faults', { 'power-cut': 'x' }],
    ['virtualMs', null],
    ['unequal', 'hash'],
  ])('refuses a seed whose %s are %j', async (name, value) => {
    const file = join(folder, 'shape.jsonl')
    wholeFile ??= simulate('--seeds', '1..1', '--resume', file, '--json').then(() => readFileSync(file, 'utf8'))
    const [head = '', seed = ''] = (await wholeFile).split('\n')
    writeFileSync(file, `${head}\n${JSON.stringify({ ...(JSON.parse(seed) as object), [name]: value })}\n`)
    const run = await simulate('--seeds', '1..1', '--resume', file, '--json')
    expect(run.json()).toMatchObject({ error: { code: 'SIMULATION_RESUME_OTHER' } })
  })
})

describe('pictures and pages', { timeout: 60_000 }, () => {
  it('draws a run over virtual time as SVG and PNG', async () => {
    expect((await simulate('--plot', 'run.svg,run.png', '--json')).exitCode).toBe(0)
    const svg = readFileSync(join(folder, 'run.svg'), 'utf8')
    expect(svg).toContain('ticks over time')
    expect(svg).toContain('events over time')
    expect(readFileSync(join(folder, 'run.png')).subarray(1, 4).toString('latin1')).toBe('PNG')
  })

  it('draws how metrics spread over seeds', async () => {
    await simulate('--seeds', '1..5', '--plot', 'spread.svg', '--plot', 'spread.png', '--json')
    expect(readFileSync(join(folder, 'spread.svg'), 'utf8')).toContain('lastMs over seeds')
    expect(existsSync(join(folder, 'spread.png'))).toBe(true)
  })

  it.each([
    ['a run', ['--seed', '1']],
    ['seeds', ['--seeds', '1..2']],
  ])('prints what came of %s also where a file can be written no more', async (_, words) => {
    mkdirSync(join(folder, 'gone'))
    process.env.TICKING_REMOVES = join(folder, 'gone')
    const gone = ['--set', 'wrong=remove', '--set', 'at=[1]', '--report', 'gone/page.html']
    const run = await simulate(...words, ...gone, '--json')
    expect(run.json()).toMatchObject({ scenario: 'ticking', violations: [] })
    expect(run.errors).toContain('STORE_WRITE_FAILED')
    expect(run.exitCode).toBe(1)
  })

  it('says that there is nothing to draw, behind the results', async () => {
    const run = await simulate(
      '--seeds',
      '1..2',
      '--set',
      'wrong=throw',
      '--set',
      'at=[1,2]',
      '--plot',
      'no.svg',
      '--json',
    )
    expect(run.json()).toMatchObject({ runs: 0, found: { failures: 2 } })
    expect(run.errors).toContain('There is nothing to draw')
    const text = (await simulate('--seeds', '1..1', '--set', 'wrong=throw', '--set', 'at=[1]')).output
    expect(text).not.toMatch(/No violation was found|equal hashes/)
    expect(run.exitCode).toBe(1)
  })

  it('writes pages that need nothing else and hold what was found as text', async () => {
    const words = ['--set', 'wrong=violation', '--set', 'at=[2]', '--report', 'page.html']
    for (const seeds of [
      ['--seed', '2'],
      ['--seeds', '1..3'],
    ]) {
      expect((await simulate(...words, ...seeds)).exitCode).toBe(1)
      const page = readFileSync(join(folder, 'page.html'), 'utf8')
      expect(page).toContain('seed 2 is &lt;b&gt;bad&lt;/b&gt;')
      expect(page).not.toMatch(/<script|<b>|javascript:|\son\w+=|(?:src|href)=/)
      expect(page).toContain("default-src 'none'")
      expect(page).toContain('<caption>Looks of the checkers</caption>')
      expect(page).toMatch(/<svg [^>]*role="img"[^>]*>\s*<title>/)
      expect(page).toContain('--seed 2 --set wrong=violation')
    }
  })
})

describe('the list of scenarios', () => {
  it('shows what a scenario takes, with limits and defaults', async () => {
    const run = await simulate('--list', '--json')
    expect(run.json()).toEqual({
      scenarios: [
        {
          name: 'ticking',
          summary: expect.any(String) as unknown,
          options: [
            { name: 'agents', type: 'integer', default: 3, minimum: 1, maximum: 1_000 },
            { name: 'steps', type: 'integer', default: 20, minimum: 1, maximum: 1_000_000 },
            { name: 'at', type: 'array', default: [], describe: 'seeds at which it goes wrong' },
            expect.objectContaining({ name: 'wrong', type: 'string', default: 'nothing' }) as unknown,
          ],
        },
      ],
    })
    expect((await simulate('--list')).output).toContain('--agents N         integer from 1 to 1000; default 3')
  })

  it('is what is shown without a scenario', async () => {
    const run = await runInProcess(['simulate', '--json'])
    expect(run.exitCode).toBe(0)
    expect(Array.isArray(run.json()['scenarios'])).toBe(true)
  })
})
