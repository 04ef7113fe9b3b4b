import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { clusterMembers, createActorSystem, type ActorRef, type ActorSystem } from '../../../src/node/actors/index.ts'
import { clerkOf } from './cluster-child.ts'
import { clusterInitOf } from './process-cluster.ts'

const CHILD = fileURLToPath(new URL('cluster-child.ts', import.meta.url))
const PATIENCE = { timeoutMs: 60_000 }

type Child = { readonly process: ChildProcess; readonly says: (text: string) => Promise<void> }

let folder = ''
let home: ActorSystem
const children = new Map<string, Child>()

function start(name: string): Child {
  const child = spawn(process.execPath, [CHILD, name, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const waiting = new Map<string, () => void>()
  let last = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = line
    for (const [text, tell] of waiting) if (line.includes(text)) tell()
  })
  const says = async (text: string): Promise<void> => {
    if (last.includes(text)) return
    await new Promise<void>((resolve) => waiting.set(text, resolve))
    waiting.delete(text)
  }
  return { process: child, says }
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-cluster-'))
  for (const name of ['b', 'c']) children.set(name, start(name))
  home = createActorSystem({ cluster: clusterInitOf('a', folder), logger: () => {} })
  await Promise.all([...children.values()].map(async ({ says }) => await says('a up')))
}, 60_000)

afterEach(async () => {
  await home.stop()
  for (const { process: child } of children.values()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  children.clear()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

async function hostOf(ref: ActorRef): Promise<string> {
  return (await ref.ask<{ type: string; name: string }>({ type: 'who' }, PATIENCE)).name
}

function restarted(): Promise<void> {
  return new Promise((resolve) => void home.onSupervision(({ type }) => type === 'actor-restarted' && resolve()))
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.catch((error: unknown) => (CodedError.is(error) ? error.code : error))
}

/** Who acted, without repetitions: one that acts again after another one has, is there twice. */
function incarnations(): readonly string[] {
  const acts = readFileSync(join(folder, 'acts'), 'utf8').trim().split('\n')
  return acts.filter((act, index) => act !== acts[index - 1])
}

function expectOneAtATime(): void {
  const acted = incarnations()
  expect(new Set(acted).size).toBe(acted.length)
  expect(acted.length).toBeGreaterThan(1)
}

test('what a killed node had is placed anew, and callers are told', async () => {
  const ref = home.spawn(clerkOf('a', folder), { id: 'clerk', placement: { cluster: true } })
  const first = await hostOf(ref)
  const isPlacedAnew = restarted()
  const hanging = codeOf(ref.ask({ type: 'hang' }, PATIENCE))
  children.get(first)?.process.kill('SIGKILL')
  expect(await hanging).toBe('ACTOR_NODE_LOST')
  await isPlacedAnew
  expect(await hostOf(ref)).not.toBe(first)
  expectOneAtATime()
}, 60_000)

test('a node that was stopped and wakes up does not act for what it had', async () => {
  const ref = home.spawn(clerkOf('a', folder), { id: 'clerk', placement: { cluster: true } })
  const first = await hostOf(ref)
  const isPlacedAnew = restarted()
  children.get(first)?.process.kill('SIGSTOP')
  await isPlacedAnew
  const second = await hostOf(ref)
  expect(second).not.toBe(first)
  children.get(first)?.process.kill('SIGCONT')
  // Lost until it has a session again, which it gets when all that it had has ended.
  do expect(await hostOf(ref)).toBe(second)
  while (clusterMembers(home).find(({ name }) => name === first)?.phase !== 'up')
  expectOneAtATime()
}, 60_000)
