import { describe, expect, test } from 'vitest'
import {
  DEDUPE_AGE_MS_MAX,
  DEDUPE_KEYS_MAX,
  DEDUPE_SENDERS_MAX,
  rememberKey,
  rememberSender,
} from '../../../../src/actors/durable/state/dedupe-window.ts'
import type { DedupeWindow } from '../../../../src/actors/durable/state/dedupe-window.ts'

describe('the window of keys', () => {
  test('forgets the oldest beyond its bound, and what is too old', () => {
    const window: DedupeWindow = new Map()
    for (let sequence = 0; sequence <= DEDUPE_KEYS_MAX; sequence += 1) {
      rememberKey(window, { key: `k${sequence}`, at: sequence, sequence }, () => false)
    }
    expect([window.size, window.has('k0'), window.has('k1')]).toEqual([DEDUPE_KEYS_MAX, false, true])
    rememberKey(window, { key: 'late', at: DEDUPE_AGE_MS_MAX + 500, sequence: 9_999 }, () => false)
    expect([window.has('k499'), window.has('k500')]).toEqual([false, true])
  })

  test('keeps the key of a message that waits', () => {
    const window: DedupeWindow = new Map()
    rememberKey(window, { key: 'waits', at: 0, sequence: 0 }, () => true)
    rememberKey(window, { key: 'new', at: 3 * DEDUPE_AGE_MS_MAX, sequence: 1 }, (sequence) => sequence === 0)
    expect(window.has('waits')).toBe(true)
    rememberKey(window, { key: 'newer', at: 3 * DEDUPE_AGE_MS_MAX, sequence: 2 }, () => false)
    expect([...window.keys()]).toEqual(['new', 'newer'])
  })

  test('forgets the sender that was silent longest', () => {
    const senders = new Map<string, number>()
    for (let number = 0; number < DEDUPE_SENDERS_MAX; number += 1) rememberSender(senders, `s${number}`, 1)
    rememberSender(senders, 's0', 2)
    rememberSender(senders, 'new', 1)
    expect([senders.size, senders.get('s0'), senders.has('s1')]).toEqual([DEDUPE_SENDERS_MAX, 2, false])
  })
})
