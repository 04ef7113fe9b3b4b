import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { followStop } from '../../../src/node/rights/follow-stop.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-stop-'))
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true, force: true })
})

it('a program that runs is ended once everything is stopped, and not before', () => {
  const { signal, end } = followStop(folder)
  vi.advanceTimersByTime(10_000)
  expect(signal.aborted).toBe(false)
  writeFileSync(join(folder, 'stopped.json'), 'whatever')
  vi.advanceTimersByTime(250)
  expect(signal.reason).toMatchObject({ code: 'NODE_STOPPED' })
  expect(vi.getTimerCount()).toBe(0)
  end()
})
