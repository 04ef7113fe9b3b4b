import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import {
  formatAccessEvent,
  formatAccessState,
  parseAccessEvent,
  parseAccessState,
} from '../../../src/core/access/access-codec.ts'
import { type AccessEntry, isLabel, SECRETS_MAX } from '../../../src/core/access/access-entry.ts'
import {
  ACCESS_MACHINE,
  type AccessEvent,
  type AccessState,
  budgetIdOf,
  parseBudgetId,
} from '../../../src/core/access/access-machine.ts'
import { effectiveAccess } from '../../../src/core/access/effective-access.ts'
import { bucketMapEntries, bucketMapGet } from '../../../src/core/budget/bucket-map.ts'

const at = timestampFromMs(1_000)
const digest = (count: number): string => count.toString(16).padStart(64, '0')
const base = { isParentConfigured: false, isDisabled: false, createdAt: at, changedAt: at, revision: 1 }

function keyEntry(id: string, parent: string, sha256: string): AccessEntry {
  return {
    ...base,
    kind: 'key',
    id,
    parent,
    key: { role: 'member', secrets: [{ sha256, prefix: 'kos_x', createdAt: at }] },
  }
}

const created = (entry: AccessEntry): AccessEvent => ({ type: 'entry-created', entry, budgets: [] })
const ORGANISATION = created({ ...base, kind: 'organisation', id: 'holding' })
const TENANT = created({ ...base, kind: 'tenant', id: 'acme', parent: 'organisation:holding' })
const TEAM = created({ ...base, kind: 'team', id: 'acme/search', parent: 'tenant:acme' })
const KEY = created(keyEntry('k1', 'team:acme/search', digest(1)))

function play(events: readonly AccessEvent[], from = ACCESS_MACHINE.initial()): AccessState {
  let state = from
  for (const event of events) {
    const step = ACCESS_MACHINE.transition(state, event)
    expect(step.effects, JSON.stringify(event.type)).toMatchObject([{ type: 'access-changed' }])
    state = step.state
  }
  expect(ACCESS_MACHINE.violations(state)).toEqual([])
  return state
}

function refusalOf(state: AccessState, event: AccessEvent): unknown {
  const step = ACCESS_MACHINE.transition(state, event)
  const [effect] = step.effects
  if (effect?.type !== 'event-refused') return undefined
  expect(step.state).toBe(state)
  return effect.code
}

describe('an entry', () => {
  it('is in something that is there, of the right kind', () => {
    const empty = ACCESS_MACHINE.initial()
    expect(refusalOf(empty, TENANT)).toBe('PARENT_UNKNOWN')
    expect(refusalOf(empty, TEAM)).toBe('PARENT_UNKNOWN')
    expect(refusalOf(empty, KEY)).toBe('PARENT_UNKNOWN')
    const state = play([ORGANISATION, TENANT, TEAM, KEY])
    expect(refusalOf(state, created(keyEntry('k2', 'organisation:holding', digest(2))))).toBe('EVENT_INVALID')
    expect(refusalOf(state, created({ ...base, kind: 'team', id: 'other/search', parent: 'tenant:acme' }))).toBe(
      'EVENT_INVALID',
    )
    const team = { ...keyEntry('k2', 'team:configured', digest(2)), isParentConfigured: true }
    expect(refusalOf(state, created(team))).toBe('PARENT_UNKNOWN')
  })

  it('has an id and secrets of its own', () => {
    const state = play([ORGANISATION, TENANT, TEAM, KEY])
    for (const event of [ORGANISATION, TENANT, TEAM, KEY]) expect(refusalOf(state, event)).toBe('ENTRY_EXISTS')
    expect(refusalOf(state, created(keyEntry('k2', 'tenant:acme', digest(1))))).toBe('ENTRY_EXISTS')
    for (const id of ['', 'a b', 'a/b', '../x', 'a\n', 'é', 'x'.repeat(129)])
      expect(refusalOf(state, created({ ...base, kind: 'tenant', id })), id).toBe('EVENT_INVALID')
    for (const id of ['acme/', 'acme/a/b', 'acme', '/x', 'acme/a:b'])
      expect(refusalOf(state, created({ ...base, kind: 'team', id, parent: 'tenant:acme' })), id).toBe('EVENT_INVALID')
  })

  it('is removed when nothing is in it, and its budgets with it', () => {
    const set: AccessEvent = {
      type: 'budget-set',
      scope: 'tenant:acme',
      window: 'day',
      limitNanos: amountFromNanos(5n),
      isForeign: false,
      at,
    }
    let state = play([ORGANISATION, TENANT, TEAM, KEY, set])
    for (const scope of ['organisation:holding', 'tenant:acme', 'team:acme/search'])
      expect(refusalOf(state, { type: 'entry-removed', scope, at }), scope).toBe('ENTRY_IN_USE')
    const order = ['key:k1', 'team:acme/search', 'tenant:acme', 'organisation:holding']
    state = play(
      order.map((scope) => ({ type: 'entry-removed', scope, at })),
      state,
    )
    expect(state).toEqual(ACCESS_MACHINE.initial())
  })

  it('that was kept elsewhere comes with its past, and what is new has none', () => {
    const kept = keyEntry('k7', 'tenant:acme', digest(7))
    const old = { sha256: digest(8), prefix: 'kos_z', createdAt: at, until: timestampFromMs(9_000) }
    const secrets = [...(kept.key?.secrets ?? []), old]
    const entry: AccessEntry = { ...kept, revision: 3, key: { role: 'admin', secrets, revokedAt: at } }
    const adopted: AccessEvent = { type: 'entry-adopted', entry, budgets: [] }
    const state = play([ORGANISATION, TENANT, adopted])
    expect(bucketMapGet(state.entries, 'key:k7')).toEqual(entry)
    expect(state.digests.size).toBe(2)
    expect(parseAccessEvent(JSON.parse(JSON.stringify(formatAccessEvent(adopted))))).toEqual(adopted)
    expect(refusalOf(state, adopted)).toBe('ENTRY_EXISTS')
    const before = play([ORGANISATION, TENANT])
    expect(refusalOf(before, created(entry))).toBe('EVENT_INVALID')
    expect(refusalOf(before, created({ ...kept, key: { role: 'member', secrets } }))).toBe('EVENT_INVALID')
    const endless = secrets.map(({ until: _until, ...secret }) => secret)
    for (const wrong of [[], endless, [old, old], Array(SECRETS_MAX + 1).fill(old)])
      expect(refusalOf(before, { ...adopted, entry: { ...entry, key: { role: 'member', secrets: wrong } } })).toBe(
        'EVENT_INVALID',
      )
    expect(refusalOf(before, { ...adopted, entry: { ...entry, revision: 0 } })).toBe('EVENT_INVALID')
  })

  it('that was changed meanwhile is not changed by who read it before', () => {
    const state = play([ORGANISATION])
    const change = { type: 'entry-changed', scope: 'organisation:holding', budgets: [], at } as const
    const next = play([{ ...change, change: { label: 'one' }, revision: 1 }], state)
    expect(refusalOf(next, { ...change, change: { label: 'two' }, revision: 1 })).toBe('ENTRY_CHANGED')
    expect(refusalOf(next, { ...change, change: { role: 'admin' }, revision: undefined })).toBe('EVENT_INVALID')
  })
})

describe('a key', () => {
  const state = play([ORGANISATION, TENANT, TEAM, KEY])
  const rotation = (count: number, graceMs: number, now = 1_000): AccessEvent => ({
    type: 'key-rotated',
    scope: 'key:k1',
    secret: { sha256: digest(count), prefix: 'kos_y', createdAt: timestampFromMs(now) },
    graceMs,
    at: timestampFromMs(now),
  })

  it('has few secrets, of which each but the newest has an end that only comes nearer', () => {
    let next = state
    for (let count = 2; count < 10; count += 1) next = play([rotation(count, 10_000 - count * 1_000)], next)
    const secrets = bucketMapGet(next.entries, 'key:k1')?.key?.secrets ?? []
    expect(secrets.length).toBe(SECRETS_MAX)
    expect(secrets.map(({ until }) => until)).toEqual([undefined, 2_000, 2_000, 2_000])
    expect(next.digests.size).toBe(SECRETS_MAX)
    expect(bucketMapGet(next.digests, digest(1))).toBeUndefined()
    // Those that are over go with the next one.
    expect(bucketMapGet(play([rotation(11, 5, 9_000)], next).entries, 'key:k1')?.key?.secrets.length).toBe(2)
  })

  it('that is revoked stays so', () => {
    const revoked = play([{ type: 'key-revoked', scope: 'key:k1', at }], state)
    expect(refusalOf(revoked, rotation(2, 0))).toBe('KEY_REVOKED')
    expect(refusalOf(revoked, { type: 'key-revoked', scope: 'key:k1', at })).toBe('KEY_REVOKED')
    expect(refusalOf(revoked, { type: 'key-revoked', scope: 'tenant:acme', at })).toBe('ENTRY_UNKNOWN')
  })

  it('may do what all levels allow, and nothing once one of them is away or disabled', () => {
    const change = (scope: string, of: object): AccessEvent => ({
      type: 'entry-changed',
      scope,
      change: of,
      budgets: [],
      revision: undefined,
      at,
    })
    const narrowed = play(
      [
        change('organisation:holding', { tiers: ['cheap_api', 'cache'], rates: { requestsPerMinute: 9 } }),
        change('team:acme/search', { tiers: ['premium_api', 'cheap_api'], models: ['a', 'b'] }),
        change('key:k1', { models: ['b', 'c'] }),
      ],
      state,
    )
    const surroundings = { entries: narrowed.entries, isConfigured: () => false }
    expect(effectiveAccess('key:k1', surroundings)).toMatchObject({
      tenant: 'acme',
      team: 'acme/search',
      organisation: 'holding',
      tiers: ['cheap_api'],
      models: ['b'],
      rates: [{ scope: 'organisation:holding', rates: { requestsPerMinute: 9 } }],
      barred: undefined,
    })
    const disabled = play([change('organisation:holding', { isDisabled: true })], narrowed)
    expect(effectiveAccess('key:k1', { ...surroundings, entries: disabled.entries })?.barred).toBe('disabled')
    const lost = { ...keyEntry('k2', 'tenant:gone', digest(7)), isParentConfigured: true }
    const orphaned = play([created(lost)], narrowed)
    const isConfigured = (scope: string): boolean => scope === 'tenant:gone'
    expect(effectiveAccess('key:k2', { entries: orphaned.entries, isConfigured })?.barred).toBeUndefined()
    expect(effectiveAccess('key:k2', { ...surroundings, entries: orphaned.entries })?.barred).toBe('without-owner')
  })
})

describe('whatever comes', () => {
  const scope = fc.constantFrom(
    'organisation:holding',
    'tenant:acme',
    'team:acme/search',
    'key:k1',
    'key:k2',
    'tenant:none',
  )
  const event: fc.Arbitrary<AccessEvent> = fc.oneof(
    fc.constantFrom(ORGANISATION, TENANT, TEAM, KEY, created(keyEntry('k2', 'tenant:acme', digest(2)))),
    fc.record({ type: fc.constant('entry-removed' as const), scope, at: fc.constant(at) }),
    fc.record({ type: fc.constant('key-revoked' as const), scope, at: fc.constant(at) }),
    fc.record({
      type: fc.constant('key-rotated' as const),
      scope,
      secret: fc.nat(12).map((count) => ({ sha256: digest(count), prefix: 'kos_z', createdAt: at })),
      graceMs: fc.nat(5_000),
      at: fc.nat(9_000).map(timestampFromMs),
    }),
    fc.record({
      type: fc.constant('budget-set' as const),
      scope,
      window: fc.constantFrom('day' as const, 'total' as const),
      limitNanos: fc.option(
        fc.nat(9).map((value) => amountFromNanos(BigInt(value))),
        { nil: undefined },
      ),
      isForeign: fc.boolean(),
      at: fc.constant(at),
    }),
    fc.record({
      type: fc.constant('entry-changed' as const),
      scope,
      change: fc.constantFrom(
        { label: 'x' },
        { label: null },
        { isDisabled: true },
        { tiers: ['cache' as const] },
        { rates: null },
      ),
      budgets: fc.constantFrom([], [{ window: 'hour' as const, limitNanos: amountFromNanos(3n) }]),
      revision: fc.option(fc.nat(3), { nil: undefined }),
      at: fc.constant(at),
    }),
  )

  it('keeps the books sound, and events and states are read back as they were written', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let state = ACCESS_MACHINE.initial()
        for (const each of events) {
          const read = parseAccessEvent(JSON.parse(JSON.stringify(formatAccessEvent(each))))
          expect(read).toEqual(each)
          state = ACCESS_MACHINE.transition(state, each).state
          expect(ACCESS_MACHINE.violations(state)).toEqual([])
        }
        const again = parseAccessState(JSON.parse(JSON.stringify(formatAccessState(state))))
        expect(again && bucketMapEntries(again.entries)).toEqual(bucketMapEntries(state.entries))
        expect(again && bucketMapEntries(again.digests)).toEqual(bucketMapEntries(state.digests))
        expect(again && bucketMapEntries(again.budgets)).toEqual(bucketMapEntries(state.budgets))
        expect(again && bucketMapEntries(again.sizes)).toEqual(bucketMapEntries(state.sizes))
      }),
      { numRuns: 300, seed: 9 },
    )
  })
})

describe('names', () => {
  it('of budgets are read back, whatever stands in the scope', () => {
    for (const scope of ['tenant:a@day', 'team:acme/a.b', 'node']) {
      expect(parseBudgetId(budgetIdOf(scope, 'hour'))).toEqual({ scope, window: 'hour' })
    }
    for (const id of ['', '@day', 'tenant:acme', 'tenant:acme@week', 'tenant:acme@'])
      expect(parseBudgetId(id)).toBeUndefined()
  })

  it('for people mislead nobody', () => {
    for (const text of ['Suche 東京', 'a <b>"quoted"</b>', "'; drop table"]) expect(isLabel(text), text).toBe(true)
    for (const text of [
      '',
      ' a',
      'a ',
      'a\nb',
      'a\u0000',
      'a\u202eb',
      'a\u200bb',
      'a\ud800',
      '\u2028',
      'x'.repeat(129),
    ])
      expect(isLabel(text), JSON.stringify(text)).toBe(false)
  })
})
