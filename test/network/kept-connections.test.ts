import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Did } from '../../src/core/evidence/names.ts'
import {
  CALL_AGAIN_FIRST_MS,
  CALL_AGAIN_LAST_MS,
  KEPT_MAX,
  KeptConnections,
} from '../../src/network/kept-connections.ts'
import { identityOf } from './identities.ts'

const PEER = identityOf(1).did
const gone = new CodedError('NETWORK_UNREACHABLE', { message: 'gone' })

/** A transport whose answers the test gives, and timers that it runs. */
function openWorld(fraction = 1) {
  const calls: PromiseWithResolvers<void>[] = []
  const waits: { readonly delayMs: number; readonly run: () => void; isCancelled: boolean }[] = []
  const connected = new Set<Did>()
  const failures: unknown[] = []
  let lost: (peer: Did) => void = () => {}
  const kept = new KeptConnections({
    transport: {
      get connectedPeers() {
        return [...connected]
      },
      reach: async () => {
        const call = Promise.withResolvers<void>()
        calls.push(call)
        await call.promise
      },
      watchEnds: (watcher) => {
        lost = watcher
        return () => void (lost = () => {})
      },
    },
    timers: {
      schedule: (delayMs, run) => {
        const wait = { delayMs, run, isCancelled: false }
        waits.push(wait)
        return { cancel: () => (wait.isCancelled = true) }
      },
    },
    random: { fraction: () => fraction },
    onFailure: (cause) => failures.push(cause),
  })
  const settle = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))
  return {
    kept,
    calls,
    waits,
    failures,
    async answer(isReached: boolean): Promise<void> {
      if (isReached) connected.add(PEER)
      const call = calls.at(-1)
      if (isReached) call?.resolve()
      else call?.reject(gone)
      await settle()
    },
    async lose(): Promise<void> {
      connected.delete(PEER)
      lost(PEER)
      await settle()
    },
    async runTimer(): Promise<void> {
      const wait = waits.at(-1)
      if (wait?.isCancelled === false) wait.run()
      await settle()
    },
  }
}

describe('connections that are kept', () => {
  it('are opened, and opened again at once when they break', async () => {
    const world = openWorld()
    let told = 0
    world.kept.watch(() => (told += 1))
    world.kept.keep(PEER)
    world.kept.keep(PEER)
    await world.answer(true)
    expect([world.kept.here, world.calls.length, told]).toEqual([[PEER], 1, 1])
    await world.lose()
    expect([world.kept.here, world.calls.length]).toEqual([[], 2])
    await world.answer(true)
    expect([world.kept.here, world.waits.length, world.failures]).toEqual([[PEER], 0, []])
  })

  it('wait longer after each failure up to a limit, and begin anew once one was reached', async () => {
    const world = openWorld()
    world.kept.keep(PEER)
    for (let tries = 0; tries < 9; tries += 1) {
      await world.answer(false)
      if (tries < 8) await world.runTimer()
    }
    expect(world.waits.slice(0, 3).map(({ delayMs }) => delayMs)).toEqual([
      CALL_AGAIN_FIRST_MS,
      2 * CALL_AGAIN_FIRST_MS,
      4 * CALL_AGAIN_FIRST_MS,
    ])
    expect(world.waits.at(-1)?.delayMs).toBe(CALL_AGAIN_LAST_MS)
    await world.runTimer()
    await world.answer(true)
    await world.lose()
    await world.answer(false)
    expect(world.waits.at(-1)?.delayMs).toBe(CALL_AGAIN_FIRST_MS)
  })

  it('wait for a time that differs from one caller to the next', async () => {
    const world = openWorld(0)
    world.kept.keep(PEER)
    await world.answer(false)
    expect(world.waits[0]?.delayMs).toBe(CALL_AGAIN_FIRST_MS / 2)
  })

  it('do not wait where the network has just come back', async () => {
    const world = openWorld()
    world.kept.keep(PEER)
    await world.answer(false)
    world.kept.callNow()
    expect([world.calls.length, world.waits[0]?.isCancelled]).toEqual([2, true])
  })

  it('are not taken for open that broke while they were reached', async () => {
    const world = openWorld()
    world.kept.keep(PEER)
    world.calls[0]?.resolve()
    await world.lose()
    expect([world.kept.here, world.waits.length]).toEqual([[], 1])
  })

  it('end with their owner: nobody is called any more', async () => {
    const world = openWorld()
    world.kept.keep(PEER)
    await world.answer(false)
    world.kept.stop()
    expect(world.waits[0]?.isCancelled).toBe(true)
    world.kept.callNow()
    await world.lose()
    expect(world.calls.length).toBe(1)
  })

  it('are at most so many', () => {
    const world = openWorld()
    for (let number = 1; number <= KEPT_MAX; number += 1) world.kept.keep(identityOf(number).did)
    expect(() => world.kept.keep(identityOf(KEPT_MAX + 1).did)).toThrow(
      expect.objectContaining({ code: 'NETWORK_OVERLOADED' }) as Error,
    )
  })

  it('tell of what is no failure of the network, and go on', async () => {
    const world = openWorld()
    world.kept.keep(PEER)
    const cause = new TypeError('a fault')
    world.calls[0]?.reject(cause)
    await new Promise((resolve) => setImmediate(resolve))
    expect([world.failures, world.waits.length]).toEqual([[cause], 1])
  })
})
