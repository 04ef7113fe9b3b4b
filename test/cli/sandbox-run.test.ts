import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isLeftOut } from '../sandbox/runtimes-here.ts'
import { type InProcessInit, type InProcessRun, runInProcess } from './run-in-process.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-cli-'))
})

afterEach(async () => await rm(folder, { recursive: true, force: true }))

async function run(
  words: readonly string[],
  { policy = { isolation: 't3' }, ...init }: InProcessInit & { readonly policy?: unknown } = {},
): Promise<InProcessRun> {
  await writeFile(join(folder, 'policy.json'), JSON.stringify(policy))
  return await runInProcess(['sandbox', 'run', '--policy', 'policy.json', ...words], { ...init, workingDir: folder })
}

describe.skipIf(isLeftOut('subprocess'))('kernell sandbox run', () => {
  it('answers with what the program did and used', async () => {
    const { exitCode, json } = await run(['--json', '--', '/bin/sh', '-c', 'echo out; echo err >&2; exit 3'])
    expect(exitCode).toBe(1)
    expect(json()).toEqual({
      runtime: 'subprocess',
      reason: 'exited',
      code: 3,
      signal: null,
      usage: {
        wall_ms: expect.any(Number),
        start_ms: expect.any(Number),
        cpu_ms: expect.any(Number),
        memory_bytes_peak: expect.any(Number),
        output_bytes: 8,
      },
      stdout: 'out\n',
      stderr: 'err\n',
      truncated: { stdout: false, stderr: false, files: false },
      left_behind: [],
    })
  })

  it('gives it the standard input and the variables that are named, and nothing else', async () => {
    const options = {
      policy: { isolation: 't3', environment: ['NAMED'] },
      input: 'typed',
      environment: { NAMED: 'yes', OTHER: 'no' },
    }
    const script = 'cat; echo "[$NAMED][$OTHER]"'
    expect((await run(['--stdin', '--', '/bin/sh', '-c', script], options)).output).toBe('typed[yes][]\n')
    expect((await run(['--', '/bin/sh', '-c', script], options)).output).toBe('[yes][]\n')
  })

  it('ends with 3 when the program came to a limit, and says which', async () => {
    const policy = { isolation: 't3', limits: { wallMs: 200 } }
    const { exitCode, errors } = await run(['--', '/bin/sleep', '1000'], { policy })
    expect(exitCode).toBe(3)
    expect(errors).toContain('ended by time')
    expect(errors).toMatch(/: it came to wallMs \(\d+\): raise limits\.wallMs\n/)
  })

  it('shows on a terminal what would act on it, and passes everything on as it is elsewhere', async () => {
    const words = ['--', '/usr/bin/printf', '\\033]0;title\\007\\t.']
    expect((await run(words, { isTerminal: true })).output).toBe('\\u{1b}]0;title\\u{7}\t.\n')
    expect((await run(words)).output).toBe('\u001b]0;title\u0007\t.')
  })

  it('hands bytes in and out that are no text', async () => {
    const { json } = await run(['--stdin', '--json', '--', '/bin/cat'], { input: Uint8Array.of(0xff, 0xfe, 0) })
    expect(json()).toMatchObject({ stdout_base64: '//4A' })
  })

  it('runs without a policy, under the usual limits and those of flags', async () => {
    const plain = { workingDir: folder }
    await writeFile(join(folder, 'table.csv'), '1,2')
    const words = ['sandbox', 'run', '--file', 'table.csv', '--file-out', 'out.txt', '--']
    const script = 'cat table.csv; tr , . <table.csv >out.txt'
    expect((await runInProcess([...words, 'sh', '-c', script], plain)).output).toBe('1,2')
    expect(await readFile(join(folder, 'out.txt'), 'utf8')).toBe('1.2')
    const again = await runInProcess([...words, 'true'], plain)
    expect([again.exitCode, again.errors]).toEqual([2, expect.stringContaining('is there already')])
    const late = await runInProcess(['sandbox', 'run', '--limit', 'wallMs=200', '--', 'sleep', '1000'], plain)
    expect(late.exitCode).toBe(3)
    // Under root it runs as nobody.
    await chmod(folder, 0o755)
    const read = ['sandbox', 'run', '--read', 'table.csv', '--', 'cat', join(folder, 'table.csv')]
    expect((await runInProcess(read, plain)).output).toBe('1,2')
  })
})

describe('kernell sandbox run', () => {
  it('says how a program is named, and what to do with a file of this machine', async () => {
    const { exitCode, errors } = await runInProcess(['sandbox', 'run', '--', './hello.sh'], { workingDir: folder })
    expect([exitCode, errors]).toEqual([
      2,
      expect.stringContaining('with --file a file of yours lies in its directory'),
    ])
  })

  it('says of a function that it returned', async () => {
    await writeFile(join(folder, 'double.mjs'), 'export const double = (number) => number * 2')
    const { output, errors } = await run(['--', 'double.mjs', 'double', '21'], { policy: { isolation: 't2' } })
    expect(output).toBe('42\n')
    expect(errors).toContain('quickjs: returned after')
  })

  it('refuses what nothing here is strong enough for, and says of each why', async () => {
    const { exitCode, errors } = await run(['--runtime', 'subprocess', '--', '/bin/true'], {
      policy: { isolation: 't5' },
    })
    expect(exitCode).toBe(3)
    expect(errors).toContain('subprocess: it is t3, and t5 is required')
  })

  it.each([
    [['--', '/bin/true'], { isolation: 't9' }, 'isolation'],
    [['--'], undefined, 'Name the program'],
    [['--runtime', 'lxc', '--', '/bin/true'], undefined, '--runtime must be one of'],
    [['--runtime', 'wasm', '--', 'none.wasm'], undefined, 'Name the function'],
    [['--runtime', 'wasm', '--', 'none.wasm', 'run', '{'], undefined, 'is no JSON'],
    [['--runtime', 'quickjs', '--', 'none.js'], undefined, 'none.js'],
  ])('refuses %j and says what is wrong', async (words, policy, message) => {
    const { exitCode, errors } = await run(words, policy === undefined ? {} : { policy })
    expect(exitCode).not.toBe(0)
    expect(errors).toContain(message)
  })
})
