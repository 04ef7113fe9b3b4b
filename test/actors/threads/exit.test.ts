import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
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

  test('does not wait for a worker that is stuck', async () => {
    const { system } = createThreadSystem({ threads: 1, stopMs: 300 })
    const vandal = system.spawn(agents.vandal)
    const reason = new Promise((resolve) => void vandal.watch((terminated) => resolve(terminated.reason)))
    await system.ready
    vandal.send({ type: 'spin' })
    await new Promise<void>((resolve) => void setImmediate(resolve))
    await system.stop()
    expect(await reason).toBe('killed')
  })

  test('also before its workers have started', async () => {
    const { system } = createThreadSystem({ threads: 1 })
    const recorder = system.spawn(agents.recorder)
    recorder.send({ type: 'note' })
    await system.stop()
    expect(recorder.send({ type: 'note' })).toBe(false)
  })
})
