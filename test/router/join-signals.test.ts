import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { joinSignals } from '../../src/router/join-signals.ts'

describe('a joined signal', () => {
  it.each([0, 1])('aborts with the reason of whichever comes first: %i', (which) => {
    const parts = [new AbortController(), new AbortController()] as const
    const { signal } = joinSignals(parts[0].signal, parts[1].signal)
    expect(signal.aborted).toBe(false)
    parts[which]?.abort('reason')
    parts[1 - which]?.abort('later')
    expect([signal.aborted, signal.reason]).toEqual([true, 'reason'])
  })

  it('is aborted from the start when one of them is', () => {
    const live = new AbortController().signal
    expect(joinSignals(AbortSignal.abort('a'), live).signal.reason).toBe('a')
    expect(joinSignals(live, AbortSignal.abort('b')).signal.reason).toBe('b')
    expect(joinSignals(undefined, AbortSignal.abort('c')).signal.reason).toBe('c')
  })

  it('leaves no listener behind', () => {
    const parts = [new AbortController(), new AbortController()] as const
    const joined = joinSignals(parts[0].signal, parts[1].signal)
    joined.leave()
    joined.leave()
    parts[0].abort('reason')
    expect([joined.signal.aborted, ...parts.map(({ signal }) => getEventListeners(signal, 'abort').length)]).toEqual([
      false,
      0,
      0,
    ])
  })
})
