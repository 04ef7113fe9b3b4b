import { describe, expect, it } from 'vitest'
import type { Did } from '../../../src/core/evidence/names.ts'
import {
  PROVEN_CALLERS_MAX,
  type ProvenCallers,
  withoutProvenCaller,
  withProvenCaller,
} from '../../../src/core/market/proven-callers.ts'

const named = (name: string): Did => `did:key:${name}` as Did
const HONEST = { node: named('honest-node'), block: '198.51.100.0/24' }
const FLOOD = { node: named('flood-node'), block: '192.0.2.0/24' }

function flooded(before: ProvenCallers, count: number): ProvenCallers {
  let callers = before
  for (let index = 0; index < count; index += 1) callers = withProvenCaller(callers, named(`flood-${index}`), FLOOD)
  return callers
}

describe('callers that were found where they said', () => {
  it('of one block displace each other, the least recent first, and nobody else', () => {
    const callers = flooded(withProvenCaller(new Map(), named('honest'), HONEST), PROVEN_CALLERS_MAX + 5)
    expect([callers.size, callers.get(named('honest'))]).toEqual([PROVEN_CALLERS_MAX, HONEST])
    expect([callers.has(named('flood-5')), callers.has(named('flood-6'))]).toEqual([false, true])
  })

  it('are recent again when they are found again, and are forgotten when they are not', () => {
    const full = flooded(new Map(), PROVEN_CALLERS_MAX)
    const again = flooded(withProvenCaller(full, named('flood-0'), FLOOD), 0)
    const more = withProvenCaller(again, named('one-more'), FLOOD)
    expect([more.has(named('flood-0')), more.has(named('flood-1'))]).toEqual([true, false])
    expect(withoutProvenCaller(more, named('flood-0')).has(named('flood-0'))).toBe(false)
    expect(withoutProvenCaller(more, named('nobody'))).toBe(more)
  })
})
