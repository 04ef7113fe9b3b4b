import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { createActorSystem, createSystemEnvironment, type ActorSystem } from '../../../src/node/actors/index.ts'
import { clusterInitOf } from './process-cluster.ts'

let folder = ''
let errors: unknown[] = []
let told: () => void = () => {}
const systems: ActorSystem[] = []

/** Node `name`; what it reports is in `errors`, and `told` runs with each. */
function start(name: string, listen?: readonly string[]): ActorSystem {
  const reportError = (error: unknown): void => {
    errors.push(error)
    told()
  }
  const system = createActorSystem({
    cluster: { ...clusterInitOf(name, folder), ...(listen !== undefined && { listen }) },
    environment: { ...createSystemEnvironment(), reportError },
    logger: () => {},
  })
  systems.push(system)
  return system
}

const codeOf = (error: unknown): unknown => (CodedError.is(error) ? error.code : error)

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-listening-'))
  errors = []
  await start('a').ready
})

afterEach(async () => {
  await Promise.all(systems.splice(0).map(async (system) => await system.stop()))
  rmSync(folder, { recursive: true, force: true })
})

test('a node whose address is taken says so to whoever waits for it, and to nobody else', async () => {
  const failure: unknown = await start('a').ready.catch((error: unknown) => error)
  expect(codeOf(failure)).toBe('NETWORK_LISTEN_FAILED')
  expect(String(failure)).toContain(join(folder, 'a'))
  expect(errors).toEqual([])
})

test('a node whose address is taken reports it where nobody waits', async () => {
  const isTold = new Promise<void>((resolve) => (told = resolve))
  const system = start('a')
  await isTold
  expect(errors.map(codeOf)).toEqual(['NETWORK_LISTEN_FAILED'])
  expect(codeOf(await system.ready.catch((error: unknown) => error))).toBe('NETWORK_LISTEN_FAILED')
})

test('a node that could open one address of two keeps none', async () => {
  const free = `/unix${join(folder, 'free')}`
  await start('b', [free, `/unix${join(folder, 'a')}`]).ready.catch(() => {})
  await start('c', [free]).ready
  expect(errors).toEqual([])
})

test('a node that is stopped before it listens reports nothing', async () => {
  const system = start('a')
  await system.stop()
  expect(codeOf(await system.ready.catch((error: unknown) => error))).toBe('ACTOR_SYSTEM_STOPPED')
  expect(errors).toEqual([])
})
