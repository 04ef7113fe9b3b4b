import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import type { Derivation, DerivationInit } from '../../../src/learning/derivations/derivation.ts'
import {
  createDerivationLedger,
  type DerivationLedger,
  type DerivationLedgerInit,
} from '../../../src/learning/derivations/derivation-ledger.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'

type Setup = { readonly store: KeyValueStore; readonly ledger: DerivationLedger }
function setUp(init: DerivationLedgerInit = {}): Setup {
  const store = createMemoryKeyValueStore()
  const hashTenant = (tenant: string): string => sha256Hex(`salt ${tenant}`)
  return { store, ledger: createDerivationLedger({ store, hashTenant }, init) }
}

const day = (number: number): string => `2026-01-${String(number).padStart(2, '0')}T00:00:00.000Z`

function build(change: Partial<DerivationInit> = {}): DerivationInit {
  return {
    kind: 'export',
    path: '/out/records.jsonl',
    version: null,
    made_at: day(9),
    from: day(2),
    to: day(5),
    rows: 3,
    hash: 'ab',
    tenants: ['acme', 'other'],
    ...change,
  }
}
const seen = ({ kind, path, version, made_at, from, to, rows, hash }: DerivationInit): Derivation => ({
  kind,
  path,
  version,
  made_at,
  from,
  to,
  rows,
  hash,
})

async function bytesOf(store: KeyValueStore): Promise<string> {
  let text = ''
  for await (const { key, value } of store.iterate()) text += `${key} ${new TextDecoder().decode(value)}\n`
  return text
}
const pathsOf = (derivations: readonly Derivation[]): readonly (string | null)[] => derivations.map(({ path }) => path)

test('an entry that cannot be read is counted and hides no other', async () => {
  const { store, ledger } = setUp()
  await ledger.record(build())
  await store.put('export broken', new TextEncoder().encode('{"kind":"export"'))
  await store.put('export foreign', new TextEncoder().encode('{"kind":"novel","made_at":"x","rows":1}'))
  expect(await ledger.list()).toEqual([seen(build())])
  expect(ledger.unreadableCount).toBe(2)
})

test('the ledger names no tenant', async () => {
  const { store, ledger } = setUp()
  await ledger.record(build())
  expect(await bytesOf(store)).not.toContain('acme')
  expect(await ledger.derivedFrom({ kind: 'tenant', tenant: 'acme' })).toHaveLength(1)
})

describe('what is derived from records that are deleted', () => {
  test.each([
    ['all of them', { kind: 'all' } as const, ['/a', '/b', '/c', '/d']],
    ['those of a tenant', { kind: 'tenant', tenant: 'acme' } as const, ['/a', '/c', '/d']],
    ['those of a tenant that nobody counted', { kind: 'tenant', tenant: 'new' } as const, ['/c']],
    ['those before an instant', { kind: 'before', before: day(4) } as const, ['/a', '/d']],
    ['those before the first', { kind: 'before', before: day(1) } as const, ['/d']],
  ])('%s', async (_what, deleted, paths) => {
    const { ledger } = setUp()
    await ledger.record(build({ path: '/d', made_at: day(13), from: null }))
    await ledger.record(build({ path: '/a', made_at: day(10) }))
    await ledger.record(build({ path: '/b', made_at: day(11), tenants: ['other'], from: day(4) }))
    await ledger.record(build({ path: '/c', made_at: day(12), tenants: null, from: day(6) }))
    expect(pathsOf(await ledger.derivedFrom(deleted))).toEqual(paths)
  })

  test('is still said the next time, unless its path names the tenant', async () => {
    const { store, ledger } = setUp()
    await ledger.record(build({ path: '/out/acme.jsonl' }))
    await ledger.record(build({ path: '/out/all.jsonl' }))
    await ledger.forgetTenant('acme')
    expect(pathsOf(await ledger.derivedFrom({ kind: 'tenant', tenant: 'acme' }))).toEqual(['/out/all.jsonl'])
    expect(await bytesOf(store)).not.toContain('acme')
  })
})

describe('what is made from files', () => {
  test('has the tenants and the time of those that are known', async () => {
    const { ledger } = setUp()
    await ledger.record(build({ path: '/a', from: day(3), to: day(4), tenants: ['acme'] }))
    await ledger.record(build({ path: '/b', from: day(1), to: day(2), tenants: ['other'], hash: 'cd' }))
    const made = build({
      kind: 'policy',
      path: null,
      version: 'v1',
      from: null,
      to: null,
      tenants: [],
      sources: [{ path: '/a' }, { path: '/moved', hash: 'cd' }, { path: '/elsewhere' }],
    })
    expect(await ledger.record(made)).toBe(true)
    const [policy] = (await ledger.list()).filter(({ kind }) => kind === 'policy')
    expect(policy).toEqual({ ...seen(made), from: day(1), to: day(4) })
    for (const tenant of ['acme', 'other'])
      expect((await ledger.derivedFrom({ kind: 'tenant', tenant })).map(({ kind }) => kind)).toContain('policy')
    expect(await ledger.derivedFrom({ kind: 'tenant', tenant: 'third' })).toEqual([])
  })

  test('is of no interest when none of them came from here', async () => {
    const { ledger } = setUp()
    expect(await ledger.record(build({ tenants: [], sources: [{ path: '/public.jsonl' }] }))).toBe(false)
    expect(await ledger.list()).toEqual([])
  })
})

test('the same file again replaces its entry, and the oldest entries make room', async () => {
  const { ledger } = setUp({ entriesMax: 2 })
  for (const [at, path] of ['/a', '/b', '/b', '/c'].entries())
    await ledger.record(build({ path, made_at: day(10 + at), rows: at }))
  expect((await ledger.list()).map(({ path, rows }) => [path, rows])).toEqual([
    ['/b', 2],
    ['/c', 3],
  ])
})

test('with more tenants than are counted, any may be in it', async () => {
  const { ledger } = setUp({ tenantsMax: 1 })
  await ledger.record(build())
  expect(await ledger.derivedFrom({ kind: 'tenant', tenant: 'third' })).toHaveLength(1)
})
