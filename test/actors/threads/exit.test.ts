import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Terminated } from '../../../src/actors/actor-ref.ts'
import type { SupervisionEvent } from '../../../src/actors/supervision/supervision-event.ts'
import { CodedError } from '../../../src/base/errors.ts'
import * as agents from './thread-agents.ts'
import { createThreadSystem } from './thread-system.ts'

describe('a system with threads that stops', () => {
  test.each(['rings', 'ports'])('leaves nothing that keeps the process alive (%s)', async (transport) => {
    const script = fileURLToPath(new URL('exit-child.ts', import.meta.url))
    const said = await new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(process.execPath, [script, transport], { timeout: 18_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? child.exitCode : error.signal, stdout, stderr }),
      )
    })
    expect(said).toEqual({ code: 0, stdout: '{"type":"recalled","heard":[2]}\nstopped\n', stderr: '' })
  })

  test('handles what waits, ends its actors, and takes no more', async () => {
    const { system, errors } = createThreadSystem()
    const recorder = system.spawn(agents.recorder, { id: 'r' })
    const reason = new Promise((resolve) => void recorder.watch((terminated) => resolve(terminated.reason)))
    const seen: unknown[] = []
    recorder.subscribe((snapshot) => void seen.push((snapshot as { readonly context?: unknown }).context))
    for (let value = 0; value < 3; value += 1) recorder.send({ type: 'note', value })
    await system.stop()
    expect(await reason).toBe('stopped')
    expect(seen.at(-1)).toEqual([0, 1, 2])
    expect(() => system.spawn(agents.recorder)).toThrow(/stopped/)
    expect(recorder.send({ type: 'note' })).toBe(false)
    await system.stop()
    expect(errors).toEqual([])
  })

  test('does not wait for a worker that is stuck longer than it was told, and says who held it', async () => {
    const { system } = createThreadSystem({ threads: 2 })
    const said: string[] = []
    Object.defineProperty(system, '_logger', { value: (...parts: unknown[]) => void said.push(parts.join(' ')) })
    const told: SupervisionEvent[] = []
    system.onSupervision((event) => void told.push(event))
    const vandal = system.spawn(agents.vandal, { id: 'vandal', placement: { worker: 1 } })
    const neighbour = system.spawn(agents.recorder, { id: 'neighbour', placement: { worker: 1 } })
    const far = system.spawn(agents.recorder, { id: 'far', placement: { worker: 2 } })
    await system.ready
    await far.ask({ type: 'recall' })
    await neighbour.ask({ type: 'recall' })
    const ends = Promise.all(
      [vandal, neighbour, far].map((ref) => new Promise<Terminated>((resolve) => void ref.watch(resolve))),
    )
    vandal.send({ type: 'spin' })
    for (let value = 0; value < 3; value += 1) neighbour.send({ type: 'note', value })
    await new Promise<void>((resolve) => void setImmediate(resolve))
    const startedMs = performance.now()
    await system.stop({ drainMs: 100 })
    // Far below what was waited before somebody could say how long: 5,000.
    expect(performance.now() - startedMs).toBeLessThan(3_000)
    expect(
      (await ends).map(({ id, reason, error }) => [id, reason, CodedError.is(error) ? error.code : undefined]),
    ).toEqual([
      ['vandal', 'killed', 'ACTOR_STUCK'],
      ['neighbour', 'killed', 'ACTOR_WORKER_LOST'],
      ['far', 'stopped', undefined],
    ])
    expect(told).toMatchObject([{ type: 'actor-failed', id: 'vandal', error: { code: 'ACTOR_STUCK' } }])
    expect(said).toEqual([expect.stringMatching(/Worker 1 .*vandal/)])
    const letters = system.deadLetters.recent().map(({ target, event, reason: why }) => [target, event.value, why])
    expect(letters.filter(([target]) => target === neighbour.address)).toEqual(
      [0, 1, 2].map((value) => [neighbour.address, value, 'thread-lost']),
    )
  })

  test('also before its workers have started', async () => {
    const { system } = createThreadSystem({ threads: 1 })
    const recorder = system.spawn(agents.recorder)
    recorder.send({ type: 'note' })
    await system.stop()
    expect(recorder.send({ type: 'note' })).toBe(false)
  })
})
