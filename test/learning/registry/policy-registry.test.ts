import { describe, expect, it } from 'vitest'
import { GATE_DEFAULTS } from '../../../src/core/learning/gate/gate-thresholds.ts'
import { trainPolicy } from '../../../src/core/learning/train-policy.ts'
import { formatPolicyArtefact, parsePolicyArtefact } from '../../../src/core/policy/policy-artefact.ts'
import type { PolicyRegistry } from '../../../src/ports/policy-registry.ts'
import { createPolicyRegistry } from '../../../src/learning/registry/policy-registry.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { syntheticRows } from '../../core/learning/synthetic-rows.ts'

function artefactText(seed: number, parent?: string): string {
  const trained = trainPolicy(syntheticRows(60, seed), {
    candidates: ['strong', 'weak'],
    withCosts: false,
    lineage: { dataCardHash: `card-${seed}`, codeVersion: '0.0.0' },
    seed,
  })
  const lineage = { ...trained.lineage, ...(parent !== undefined && { parent }) }
  return formatPolicyArtefact({ ...trained, lineage })
}

const texts = [artefactText(1), artefactText(2), artefactText(3)]
const [first = '', second = '', third = ''] = texts

/** Reports are signed by being honest about it: the real signature is tested where it is made. */
type Report = {
  readonly candidate: string
  readonly passed: boolean
  readonly signed: boolean
  readonly at?: string
}

function open(store: KeyValueStore, limits = {}): PolicyRegistry {
  let second = 0
  return createPolicyRegistry(
    {
      store,
      now: () => `2026-01-01T00:00:${String((second += 1)).padStart(2, '0')}.000Z`,
      readGateReport(text) {
        const { candidate, passed, signed, at = null } = JSON.parse(text) as Report
        if (!signed) return undefined
        const reasons = passed ? [] : ['too bad']
        const compared = { candidateSha256: null, incumbent: 'priors-1', incumbentSha256: null }
        const judgedBy = { thresholds: GATE_DEFAULTS, changedThresholds: [], sha256: text, dataSha256: 'data' }
        return { candidate, ...compared, hasPassed: passed, at, reasons, ...judgedBy }
      },
    },
    limits,
  )
}

const dayOf = (day: number): string => `2026-01-${String(day + 1).padStart(2, '0')}T00:00:00.000Z`

const reportOf = (report: Report): string => JSON.stringify(report)

describe('the registry of policies', () => {
  it('names an artefact by its content, keeps its text byte for byte, and takes it twice without effect', async () => {
    const registry = open(createMemoryKeyValueStore())
    const { version, isNew } = await registry.register(first)
    expect(isNew).toBe(true)
    expect(version).toMatch(/^policy-1-[0-9a-f]{12}$/)
    expect(await registry.register(first)).toEqual({ version, isNew: false })
    expect(await registry.text(version)).toBe(first)
    expect(formatPolicyArtefact(await registry.get(version))).toBe(first)
    expect((await registry.list()).policies).toHaveLength(1)
  })

  it('lists the oldest first with what was measured, and tells a lineage as far as it goes', async () => {
    const registry = open(createMemoryKeyValueStore())
    const parent = (await registry.register(artefactText(4, 'policy-1-000000000000'))).version
    const child = (await registry.register(artefactText(5, parent))).version
    const { policies, damaged } = await registry.list()
    expect(damaged).toEqual([])
    expect(policies.map(({ version }) => version)).toEqual([parent, child])
    expect(policies[1]).toMatchObject({
      family: 'linear',
      parent,
      dataCardHash: 'card-5',
      codeVersion: '0.0.0',
      madeAt: expect.stringMatching(/^2026/),
      candidates: ['strong', 'weak'],
      gates: [],
    })
    const lineage = await registry.lineage(child)
    expect(lineage.policies.map(({ version }) => version)).toEqual([child, parent])
    expect(lineage.missing).toBe('policy-1-000000000000')
  })

  it('names a damaged artefact, hides no other, and is repaired by the same artefact', async () => {
    const store = createMemoryKeyValueStore()
    const registry = open(store)
    const { version } = await registry.register(first)
    const other = (await registry.register(second)).version
    const bytes = (await store.get(`artefact/${version}`)) ?? new Uint8Array()
    bytes[100] = (bytes[100] ?? 0) ^ 1
    await store.put(`artefact/${version}`, bytes)
    const listed = await registry.list()
    expect(listed.damaged).toEqual([version])
    expect(listed.policies.map((policy) => policy.version)).toEqual([other])
    await expect(registry.get(version)).rejects.toMatchObject({ code: 'POLICY_DAMAGED', details: { version } })
    expect(await registry.register(first)).toEqual({ version, isNew: true })
    expect(await registry.text(version)).toBe(first)
  })

  it('names an artefact of which the record or the text is gone', async () => {
    const store = createMemoryKeyValueStore()
    const registry = open(store)
    const versions: string[] = []
    for (const text of texts) versions.push((await registry.register(text)).version)
    const [one = '', two = '', three = ''] = versions
    await store.delete(`artefact/${one}`)
    await store.put(`record/${two}`, new TextEncoder().encode('{"format":1}'))
    expect((await registry.list()).damaged.toSorted()).toEqual([one, two].toSorted())
    expect((await registry.list()).policies.map(({ version }) => version)).toEqual([three])
    await expect(registry.describe(two)).rejects.toMatchObject({ code: 'POLICY_DAMAGED' })
    expect(await registry.remove(two)).toBe(true)
    await expect(registry.describe(two)).rejects.toMatchObject({ code: 'POLICY_UNKNOWN' })
  })

  it('refuses what is no artefact, and names that are none', async () => {
    const registry = open(createMemoryKeyValueStore())
    await expect(registry.register(first.replace('"seed"', '"sead"').slice(1))).rejects.toMatchObject({
      code: 'POLICY_ARTEFACT_INVALID',
    })
    for (const version of ['policy-1-000000000000', '../secret', '']) {
      await expect(registry.get(version)).rejects.toMatchObject({ code: 'POLICY_UNKNOWN' })
      expect(await registry.remove(version)).toBe(false)
    }
  })

  it('refuses one policy or one byte too many, counts parallel registrations, and takes one again after a removal', async () => {
    const registry = open(createMemoryKeyValueStore(), { policiesMax: 2 })
    const results = await Promise.allSettled(texts.map(async (text) => await registry.register(text)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    await expect(registry.register(third)).rejects.toMatchObject({ code: 'POLICY_REGISTRY_FULL' })
    const [oldest] = (await registry.list()).policies
    expect(await registry.remove(oldest?.version ?? '')).toBe(true)
    expect((await registry.register(third)).isNew).toBe(true)
    const small = open(createMemoryKeyValueStore(), { bytesMax: first.length + second.length - 1 })
    await small.register(first)
    await expect(small.register(second)).rejects.toMatchObject({ code: 'POLICY_REGISTRY_FULL' })
    await expect(open(createMemoryKeyValueStore(), { artefactBytesMax: 10 }).register(first)).rejects.toMatchObject({
      code: 'POLICY_REGISTRY_FULL',
    })
  })

  it('keeps signed gate reports of this artefact only, the newest first, and at most twenty', async () => {
    const store = createMemoryKeyValueStore()
    const registry = open(store)
    const { version } = await registry.register(first)
    const passed = reportOf({ candidate: version, passed: true, signed: true })
    await registry.attachGateReport(version, reportOf({ candidate: version, passed: false, signed: true }))
    await registry.attachGateReport(version, passed)
    expect((await registry.gateReports(version)).map(({ text }) => text)[0]).toBe(passed)
    expect((await registry.describe(version)).gates.map(({ hasPassed }) => hasPassed)).toEqual([true, false])
    for (const report of [
      reportOf({ candidate: version, passed: true, signed: false }),
      reportOf({ candidate: 'policy-1-000000000000', passed: true, signed: true }),
    ]) {
      await expect(registry.attachGateReport(version, report)).rejects.toMatchObject({ code: 'POLICY_GATE_MISSING' })
    }
    for (let count = 0; count < 20; count += 1)
      await registry.attachGateReport(
        version,
        reportOf({ candidate: version, passed: true, signed: true, at: dayOf(count) }),
      )
    expect((await registry.gateReports(version)).map(({ at }) => at)).toEqual(
      Array.from({ length: 20 }, (_, count) => dayOf(19 - count)),
    )
    await store.put(
      `gate/${version}/0000000022`,
      new TextEncoder().encode(reportOf({ candidate: version, passed: true, signed: false })),
    )
    expect(await registry.gateReports(version)).toHaveLength(19)
    await registry.remove(version)
    expect(await store.count()).toBe(0)
  })

  it('takes the newest gate report by what was signed: one that is brought again hides nothing', async () => {
    const store = createMemoryKeyValueStore()
    const registry = open(store)
    const { version } = await registry.register(first)
    const at = (day: number, passed: boolean): string =>
      reportOf({ candidate: version, passed, signed: true, at: dayOf(day) })
    await registry.attachGateReport(version, at(1, true))
    await registry.attachGateReport(version, at(2, false))
    expect((await registry.attachGateReport(version, at(1, true))).at).toBe(dayOf(1))
    expect((await registry.gateReports(version)).map(({ hasPassed }) => hasPassed)).toEqual([false, true])
    // One that was never kept here, of a time before: no newer for coming later.
    await registry.attachGateReport(version, at(0, true))
    expect((await registry.gateReports(version)).map((report) => report.at)).toEqual([2, 1, 0].map(dayOf))
    for (let day = 3; day < 23; day += 1) await registry.attachGateReport(version, at(day, false))
    const before = await store.count()
    await registry.attachGateReport(version, at(1, true))
    expect((await registry.gateReports(version)).some(({ hasPassed }) => hasPassed)).toBe(false)
    expect(await store.count()).toBe(before)
  })

  it('reads an artefact that a newer registration would give the same name', async () => {
    const registry = open(createMemoryKeyValueStore())
    const { version } = await registry.register(first)
    // The same content, written with other white space: no other policy.
    const again = JSON.stringify(JSON.parse(first), undefined, 1)
    expect(parsePolicyArtefact(again).candidates).toEqual(['strong', 'weak'])
    expect(await registry.register(again)).toEqual({ version, isNew: false })
  })
})
