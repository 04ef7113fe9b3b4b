import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startUpstreamServer, type UpstreamServer } from '../fixtures/upstream-server.ts'
import { NodeVictim } from './kill-node.ts'
import { buildFaultyDisk } from './faulty-disk.ts'

const disk = await buildFaultyDisk()
if ('reason' in disk) console.warn(`The served node over the faulty disk is left out: ${disk.reason}`)
const shim = 'shim' in disk ? disk.shim : ''

let upstream: UpstreamServer
const victims: NodeVictim[] = []
beforeAll(async () => {
  upstream = await startUpstreamServer({
    isRecording: false,
    behaviour: { kind: 'answer', text: 'one two three four five', delayMs: 10, usage: { input: 30, output: 20 } },
  })
})
afterAll(async () => {
  await upstream.close()
  for (const victim of victims) await victim.remove()
})

async function createVictim(seed: number): Promise<NodeVictim> {
  const victim = await NodeVictim.create({ seed, upstreamUrl: upstream.baseUrl })
  victims.push(victim)
  return victim
}

describe('a served node that is killed', () => {
  test(
    'has charged every answer that a caller received, keeps its records and its cache, and starts again',
    { timeout: 60_000 },
    async () => {
      const victim = await createVictim(1)
      const long = await victim.live({ kind: 'kill', afterMs: 2_500 })
      expect(long.failures).toEqual([])
      expect([long.answers > 0, long.flushed > 0]).toEqual([true, true])
      expect((await victim.live({ kind: 'kill', afterMs: 150 })).failures).toEqual([])
    },
  )
})

describe.runIf(shim !== '')('a served node whose power is cut', () => {
  test('has charged every answer that a caller received, and starts again', { timeout: 60_000 }, async () => {
    const victim = await createVictim(2)
    const outcome = await victim.live({ kind: 'power-cut', shim, at: 500 })
    expect(outcome.failures).toEqual([])
    expect(outcome.answers).toBeGreaterThan(0)
    // In the middle of a later start.
    expect((await victim.live({ kind: 'power-cut', shim, at: 12 })).failures).toEqual([])
  })

  test.each([
    ['the journal of budgets', '/budgets/', 500],
    ['records and cache', '/store/', 1_200],
  ])('is caught when nobody syncs %s', { timeout: 60_000 }, async (_what, ignore, at) => {
    const victim = await createVictim(3)
    // A first life lets the folders exist; what is lost then is what callers were promised, not a half-made directory.
    expect((await victim.live({ kind: 'kill', afterMs: 100 })).failures).toEqual([])
    expect((await victim.live({ kind: 'power-cut', shim, at, ignore })).failures).not.toEqual([])
  })
})
