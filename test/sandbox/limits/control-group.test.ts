import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ControlGroup } from '../../../src/sandbox/subprocess/limits/control-group.ts'

/** A directory in place of the kernel's: what is written there, and what is made of what stands there. The kernel of one version cannot show the files of the other. */
let place: string

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'kernell-group-'))
})

afterEach(async () => await rm(place, { recursive: true, force: true }))

const group = (version: 1 | 2): ControlGroup =>
  new ControlGroup({
    places: { version, memory: place, pids: place, cpu: place },
    name: 'run',
    limits: { memoryBytes: 1_048_576, processes: 3 },
    ownProcesses: 1,
  })

async function read(name: string): Promise<string> {
  return await readFile(join(place, 'run', name), 'utf8')
}

it.each([
  [2, { 'memory.max': '1048576', 'memory.swap.max': '0', 'pids.max': '4', 'cgroup.procs': '7' }],
  [
    1,
    {
      'memory.limit_in_bytes': '1048576',
      'memory.memsw.limit_in_bytes': '1048576',
      'pids.max': '4',
      'cgroup.procs': '7',
    },
  ],
] as const)('version %i: lays the limits on, and takes a process in', async (version, files) => {
  group(version).add(7)
  for (const [name, content] of Object.entries(files)) expect(await read(name), name).toBe(content)
})

it.each([
  [2, { 'cpu.stat': 'usage_usec 1500\nuser_usec 1\n', 'memory.peak': '99\n', 'memory.events': 'oom 0\noom_kill 1\n' }],
  [
    1,
    {
      'cpuacct.usage': '1500000\n',
      'memory.max_usage_in_bytes': '99\n',
      'memory.oom_control': 'under_oom 0\noom_kill 1\n',
    },
  ],
] as const)('version %i: reads what was used, and what was refused', async (version, files) => {
  const made = group(version)
  for (const [name, content] of Object.entries(files)) await writeFile(join(place, 'run', name), content)
  await writeFile(join(place, 'run/pids.events'), 'max 0\n')
  const sample = { cpuMs: 1.5, memoryBytesPeak: 99, isOutOfMemory: true, isOutOfProcesses: false }
  expect(made.sample()).toEqual(sample)
  await writeFile(join(place, 'run/pids.events'), 'max 2\n')
  expect(made.sample()).toEqual({ ...sample, isOutOfProcesses: true })
  // Once the group is gone, what was seen last stands.
  await rm(join(place, 'run'), { recursive: true })
  expect(made.sample()).toEqual({ ...sample, isOutOfProcesses: true })
  expect(await made.remove()).toEqual([])
})

it('leaves nothing where it cannot be made whole', () => {
  const broken = { version: 2, memory: place, pids: join(place, 'none'), cpu: place } as const
  const limits = { memoryBytes: 1, processes: 1 }
  const make = (): ControlGroup => new ControlGroup({ places: broken, name: 'run', limits, ownProcesses: 0 })
  expect(make).toThrow('ENOENT')
  expect(make).toThrow('ENOENT')
})
