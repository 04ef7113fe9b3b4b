import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { startDeadline } from '../../src/router/start-deadline.ts'
import type { Timers } from '../../src/ports/timers.ts'

/** Timers that fire when they are told to. */
function manualTimers(): { readonly timers: Timers; readonly pending: Map<() => void, number> } {
  const pending = new Map<() => void, number>()
  const schedule: Timers['schedule'] = (delayMs, callback) => {
    pending.set(callback, delayMs)
    return { cancel: () => void pending.delete(callback) }
  }
  return { timers: { schedule }, pending }
}

describe('the deadline of an attempt', () => {
  it('aborts with the reason of the caller', () => {
    const caller = new AbortController()
    const { signal } = startDeadline(manualTimers().timers, { delayMs: 50, signal: caller.signal })
    expect(signal.aborted).toBe(false)
    caller.abort('left')
    expect([signal.aborted, signal.reason]).toEqual([true, 'left'])
  })

  it('aborts when its time is over, with or without a caller to follow', () => {
    for (const signal of [undefined, new AbortController().signal]) {
      const { timers, pending } = manualTimers()
      const deadline = startDeadline(timers, { delayMs: 50, signal })
      expect([...pending.values()]).toEqual([50])
      for (const callback of pending.keys()) callback()
      expect(deadline.signal.reason).toMatchObject({ code: 'MODEL_TIMEOUT' })
    }
  })

  it('is over from the start when the caller has left already', () => {
    expect(startDeadline(manualTimers().timers, { delayMs: 50, signal: AbortSignal.abort('gone') }).signal.reason).toBe(
      'gone',
    )
  })

  it('aborts for another reason, and tells its listener of any, once and also late', () => {
    const told: string[] = []
    const deadline = startDeadline(manualTimers().timers, { delayMs: 50, signal: undefined })
    deadline.onAbort(() => told.push('replaced'))
    deadline.onAbort(() => told.push('first'))
    deadline.abort('stopped')
    deadline.abort('again')
    deadline.onAbort(() => told.push('late'))
    expect([deadline.signal.reason, told]).toEqual(['stopped', ['first', 'late']])
    const ended = startDeadline(manualTimers().timers, { delayMs: 50, signal: undefined })
    ended.end()
    ended.abort('too late')
    expect(ended.signal.aborted).toBe(false)
  })

  it('leaves nothing behind when it ends', () => {
    const caller = new AbortController()
    const { timers, pending } = manualTimers()
    const deadline = startDeadline(timers, { delayMs: 50, signal: caller.signal })
    deadline.end()
    deadline.end()
    caller.abort('late')
    expect([deadline.signal.aborted, pending.size, getEventListeners(caller.signal, 'abort').length]).toEqual([
      false,
      0,
      0,
    ])
  })
})
