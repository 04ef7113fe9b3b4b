import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import { createSubprocessSandbox } from '../../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { findControlGroups } from '../../../src/sandbox/subprocess/limits/control-group-places.ts'
import { isLeftOut } from '../runtimes-here.ts'
import { controlGroups, descendants, openHome } from '../subject.ts'
import { Probe, reachedIn } from './probe.ts'

const isOut = isLeftOut('subprocess')
const MIB = 1_048_576
const LIMITS = { memoryBytes: 48 * MIB, processes: 8, diskBytes: 4 * MIB, outputBytes: 2 * MIB, cpuMs: 15_000 }
const CONTAINED_WITHIN_MS = 1_000

let probe: Probe
let home: Awaited<ReturnType<typeof openHome>>
let watched: SandboxRuntime
let grouped: SandboxRuntime

beforeAll(async () => {
  home = await openHome()
  probe = await Probe.compile()
  watched = createSubprocessSandbox({ home: home.path, useControlGroups: false })
  grouped = createSubprocessSandbox({ home: home.path })
})

afterAll(async () => {
  await Promise.all([watched.close(), grouped.close()])
  await probe.remove()
  await home.remove()
})

async function expectNothingLeft(): Promise<void> {
  const left = [...(await home.runs()), ...(await descendants('bwrap')), ...(await descendants('probe'))]
  expect([...left, ...(await controlGroups())]).toEqual([])
}

describe.skipIf(isOut)('memory that belongs to several processes', () => {
  it.each(['shared', 'segments'] as const)('%s ends at its limit where control groups count it', async (name) => {
    const counts = findControlGroups() !== undefined
    const result = await grouped.run(probe.request([name, 1_024 * MIB], { ...LIMITS, wallMs: 1_000 }))
    // Where nobody counts it there is none, and the program waits for ever.
    expect(result).toMatchObject({ reason: counts ? 'memory' : 'time', leftBehind: [] })
    expect(reachedIn(result.stdout)).toEqual([])
    await expectNothingLeft()
  })
})

describe.skipIf(isOut).each([
  ['watched', (): SandboxRuntime => watched],
  ['in control groups where they can be made', (): SandboxRuntime => grouped],
] as const)('a flood, %s,', (_how, sandbox) => {
  it.each([
    ['private', 1_024 * MIB, 'memory'],
    ['forks', 1_000, 'processes'],
    ['threads', 1_000, 'processes'],
    ['many', 10_000_000, 'disk'],
  ] as const)('%s, ends at its limit', async (name, amount, reason) => {
    const result = await sandbox().run(probe.request([name, amount], LIMITS))
    expect(result).toMatchObject({ reason, leftBehind: [] })
    expect(reachedIn(result.stdout)).toEqual([])
    await expectNothingLeft()
  })

  it('of memory that is nowhere mapped gets no further than any other', async () => {
    const result = await sandbox().run(probe.request(['unmapped', 1_024 * MIB], LIMITS))
    expect(reachedIn(result.stdout)).toEqual([])
    await expectNothingLeft()
  })

  it('whoever hears no signal and hides in another session ends at its time', async () => {
    const result = await sandbox().run(probe.request(['stubborn'], { ...LIMITS, wallMs: 300 }))
    expect(result).toMatchObject({ reason: 'time', leftBehind: [] })
    expect(result.usage.wallMs).toBeLessThan(300 + CONTAINED_WITHIN_MS)
    await expectNothingLeft()
  })

  it('what a program leaves running ends with it', async () => {
    const result = await sandbox().run(probe.request(['orphan'], LIMITS))
    expect(result).toMatchObject({ reason: 'exited', code: 0, leftBehind: [] })
    expect(new TextDecoder().decode(result.stdout)).toBe('left\n')
    await expectNothingLeft()
  })
})

it.skipIf(isOut).each([
  ['private', 96 * MIB],
  ['shared', 96 * MIB],
  ['segments', 96 * MIB],
  ['unmapped', 96 * MIB],
  ['forks', 40],
  ['threads', 40],
  ['many', 2_000],
  ['sparse', 1_024 * 1_024 * MIB],
] as const)('%s goes beyond the limit where nothing contains it', async (name, amount) => {
  expect(reachedIn(await probe.runFree([name, amount]))).toEqual([name])
})

it.skipIf(isOut)('a file that is larger than the disk is not even begun', async () => {
  const result = await watched.run(probe.request(['sparse', 1_024 * 1_024 * MIB], LIMITS, ['sparse']))
  expect(reachedIn(result.stdout)).toEqual([])
  expect(result.files.map(({ path, bytes }) => [path, bytes.length])).toEqual([['sparse', 0]])
})

it.skipIf(isOut)('of odd files only plain ones come out, and holes as zeroes', async () => {
  const out = ['pipe', 'socket', 'zero', 'here/one', 'one', 'two', 'hole']
  const result = await watched.run(probe.request(['odd-files'], LIMITS, out))
  expect(result.files.map(({ path, bytes }) => [path, bytes.length])).toEqual([
    ['one', 1],
    ['two', 1],
    ['hole', MIB],
  ])
  expect(result.truncated.files).toBe(false)
})

describe.skipIf(isOut)('a name that is a file at one moment and a link at the next', () => {
  const SECRET = 'the secret of this machine'
  let secretPath: string

  beforeAll(async () => {
    secretPath = join(probe.directory, 'secret')
    await writeFile(secretPath, SECRET)
  })

  it('hands out nothing of this machine', async () => {
    const out = ['plain', 'away', 'real/file', 'elsewhere/secret', 'real/secret', 'elsewhere/file']
    for (const wallMs of [120, 131, 147]) {
      const result = await watched.run(probe.request(['swap', secretPath], { ...LIMITS, wallMs }, out))
      expect(result.reason).toBe('time')
      for (const { bytes } of result.files) expect(new TextDecoder().decode(bytes)).toBe('x')
    }
  })

  it('hands it out to whoever reads by name, where nothing contains it', async () => {
    const work = join(probe.directory, 'work')
    const child = spawn(join(probe.directory, 'probe'), ['swap', secretPath], {
      cwd: work,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const seen = new Set<string>()
    for (let tries = 0; tries < 20_000 && !seen.has(SECRET); tries += 1)
      seen.add(await readFile(join(work, 'plain'), 'utf8').catch(() => ''))
    child.kill('SIGKILL')
    expect(seen).toContain(SECRET)
  })
})
