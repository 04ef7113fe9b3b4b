import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import type { SandboxRuntimeName } from '../../../src/core/sandbox/isolation.ts'
import { EngineClient } from '../../../src/sandbox/docker/engine-client.ts'
import { OwnedRuns } from '../../../src/sandbox/process/owned-runs.ts'
import {
  identifyProcess,
  isRunning,
  killProcess,
  type ProcessIdentity,
  waitUntilGone,
} from '../../../src/sandbox/process/process-identity.ts'
import { type GuestPlace, openRuntime } from './sandbox-subjects.ts'

const PARENT = fileURLToPath(new URL('doomed-parent.ts', import.meta.url))
const GONE_WITHIN_MS = 2_000
const READY_WITHIN_MS = 90_000
/** Up to when it is killed, counted from its start or from when it is ready. */
const EARLY_MS = 1_500
const LATE_MS = 2_000

export type KillInit = {
  readonly name: SandboxRuntimeName
  readonly seed: number
  readonly place: GuestPlace
  readonly plant: string
}

export type KillOutcome = {
  readonly failures: readonly string[]
  /** What ran below the parent when it was killed, itself included. */
  readonly processes: number
  /** Until all of it was gone, milliseconds. */
  readonly goneMs: number
  /** Directories, groups and containers that only the next start took away. */
  readonly reaped: number
}

/** Kills a process at a moment that the seed says, while hostile programs run in it, and looks at what is left: after two seconds, and after the next start. */
export async function killParent({ name, seed, place, plant }: KillInit): Promise<KillOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-torture-sandbox-'))
  const home = join(folder, 'home')
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary)
  const given = JSON.stringify({ name, seed, place, home, plant })
  const parent = spawn(process.execPath, [PARENT, given], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, TMPDIR: temporary },
  })
  const pid = parent.pid ?? 0
  try {
    await untilTheMoment(parent, seed)
    const below = stopAndList(pid)
    const killedAtMs = performance.now()
    parent.kill('SIGKILL')
    const left = await waitUntilGone(below, GONE_WITHIN_MS)
    const goneMs = performance.now() - killedAtMs
    // What waits to be let run is the next start's to end; what runs on is nobody's.
    const survivors = left
      .filter(({ pid: each }) => plant !== '' || treeOf(each).length > 1)
      .map((each) => `${name}: runs on after ${GONE_WITHIN_MS} ms: ${wordsOf(each)}`)
    // An engine goes on with what it was asked for, though nobody waits for it any more.
    if (name === 'docker') await pause(killedAtMs + GONE_WITHIN_MS - performance.now())
    const after = await listLeft({ name, pid, place, home })
    await startAgain(name, place, home)
    const stuck = left.filter(isRunning).map(({ pid: each }) => `process ${each}`)
    for (const each of left) killProcess(each)
    const still = [...stuck, ...(await listLeft({ name, pid, place, home })), ...namesIn(temporary)]
    return {
      failures: [...survivors, ...still.map((each) => `${name}: ${each} is there after the next start`)],
      processes: below.length,
      goneMs,
      reaped: after.length + left.length,
    }
  } finally {
    parent.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One in three dies before it is ready: while it tries the runtime out. */
async function untilTheMoment(parent: ChildProcess, seed: number): Promise<void> {
  const random = createRandomStream(seed)
  const isEarly = random.nextUnit() < 1 / 3
  if (!isEarly && parent.stdout !== null)
    await Promise.race([once(parent.stdout, 'data'), once(parent, 'exit'), pause(READY_WITHIN_MS)])
  await pause(random.nextUnit() * (isEarly ? EARLY_MS : LATE_MS))
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}

/** A stopped process starts no other, so that the list is whole once it is the same twice. It dies stopped, which is as dead. */
function stopAndList(pid: number): readonly ProcessIdentity[] {
  process.kill(pid, 'SIGSTOP')
  let before = -1
  for (;;) {
    const below = treeOf(pid)
    if (below.length === before) return below.flatMap((each) => identifyProcess(each) ?? [])
    before = below.length
  }
}

function treeOf(root: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(name) : undefined
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const below = (pid: number): readonly number[] => [pid, ...(children.get(pid) ?? []).flatMap(below)]
  return below(root)
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

type LeftInit = Pick<KillInit, 'name' | 'place'> & { readonly pid: number; readonly home: string }

/** What carries the name of a process that is no more. */
async function listLeft({ name, pid, place, home }: LeftInit): Promise<readonly string[]> {
  const isIts = (each: string): boolean => each.includes(`-${pid}-`)
  const containers = name === 'docker' ? await new EngineClient(place.socketPath).list() : []
  return [
    ...namesIn(home).filter(isIts),
    ...groupRoots().flatMap((root) => namesIn(root).filter(isIts)),
    ...containers.filter(({ owner }) => isIts(owner)).map(({ name: container }) => container),
  ]
}

/** Directories of control groups in which groups of runs of this session lie. */
function groupRoots(): readonly string[] {
  return readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, controllers = '', path = ''] = line.split(':')
      return [join(`/sys/fs/cgroup/${controllers}`, path), join('/sys/fs/cgroup', path)]
    })
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** A process and what is below it, each with its state and where in the kernel it waits. */
function wordsOf({ pid }: ProcessIdentity): string {
  return treeOf(pid).map(stateOf).join(', ')
}

function stateOf(pid: number): string {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const [name, state] = ['Name', 'State'].map((field) => new RegExp(`^${field}:\\t(.*)$`, 'm').exec(status)?.[1])
    return `${pid} ${name ?? ''} ${state ?? ''} in ${readFileSync(`/proc/${pid}/wchan`, 'latin1')}`
  } catch {
    return `${pid} gone by now`
  }
}

/** A start takes away what the last one left before it does anything else; to boot a machine for that shows no more. */
async function startAgain(name: SandboxRuntimeName, place: GuestPlace, home: string): Promise<void> {
  if (name === 'microvm') {
    await new OwnedRuns(home).reap()
    return
  }
  const runtime = openRuntime(name, { place, home, concurrencyMax: 1 })
  const state = await runtime.probe()
  await runtime.close()
  if (!state.works) throw new Error(`${name} does not start again: ${state.reason}`)
}
