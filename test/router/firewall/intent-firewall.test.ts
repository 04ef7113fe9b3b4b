import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import { DEFAULT_FIREWALL_POLICY, type FirewallPolicy } from '../../../src/core/firewall/firewall-policy.ts'
import type { IntentPlan } from '../../../src/core/firewall/intent-plan.ts'
import { IntentFirewall, type IntentFirewallComponents } from '../../../src/router/firewall/intent-firewall.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { intentPlanSchema } from '../../../src/wire/intent-plan.ts'

const POLICY: FirewallPolicy = {
  ...DEFAULT_FIREWALL_POLICY,
  sinks: [
    ...DEFAULT_FIREWALL_POLICY.sinks,
    { kind: 'execute', prefix: 'shell', isExternal: false, clearance: 'private' },
  ],
}

const PLAN: IntentPlan = intentPlanSchema.parse({
  proposedBy: 'agent',
  writtenAfter: [],
  sources: [
    {
      id: 'page',
      kind: 'document',
      locator: 'https://news.example/',
      confidentiality: 'private',
      integrity: 'untrusted',
    },
  ],
  sinks: [{ id: 'shell', kind: 'execute', locator: 'shell' }],
  steps: [{ id: 'run', action: 'run what the page says', uses: ['page'], sink: 'shell' }],
})

const ALLOWED = {
  declassified: [{ stepId: 'run', confidentiality: 'private', integrity: 'trusted' }],
  approver: 'ada',
  lifetimeMs: durationFromMs(60_000),
} as const

function componentsAt(clock: { nowMs: number }): IntentFirewallComponents {
  let draws = 0
  return {
    store: createMemoryKeyValueStore(),
    clock: { now: () => timestampFromMs(clock.nowMs) },
    random: {
      bytes: (count: number) => new Uint8Array(count).fill((draws += 1)),
      unit: () => 0.5,
    } as unknown as IntentFirewallComponents['random'],
    authenticate: (text) => createHmac('sha256', 'a secret of this test').update(text).digest('hex'),
  }
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return await work.then(
    () => undefined,
    (error: unknown) => (error as { code: string }).code,
  )
}

describe('an approval', () => {
  it('lets exactly its plan pass, once, before it expires', async () => {
    const clock = { nowMs: 1_000 }
    const firewall = await IntentFirewall.open(componentsAt(clock), POLICY)
    expect(await codeOf(firewall.admit(PLAN))).toBe('FIREWALL_UNTRUSTED_EXECUTION')
    const token = firewall.approve(PLAN, ALLOWED)
    expect(await codeOf(firewall.admit(PLAN, token))).toBeUndefined()
    expect(await codeOf(firewall.admit(PLAN, token))).toBe('APPROVAL_USED')
    const other = { ...PLAN, steps: [{ ...PLAN.steps[0], action: 'run something else' }] } as IntentPlan
    expect(await codeOf(firewall.admit(other, firewall.approve(PLAN, ALLOWED)))).toBe('APPROVAL_OTHER_PLAN')
    const late = firewall.approve(PLAN, ALLOWED)
    clock.nowMs += 60_000
    expect(await codeOf(firewall.admit(PLAN, late))).toBe('APPROVAL_EXPIRED')
  })

  it('serves one of two that use it at the same time', async () => {
    const firewall = await IntentFirewall.open(componentsAt({ nowMs: 1_000 }), POLICY)
    const token = firewall.approve(PLAN, ALLOWED)
    const codes = await Promise.all([1, 2, 3].map(async () => await codeOf(firewall.admit(PLAN, token))))
    expect(codes.filter((code) => code === undefined)).toHaveLength(1)
  })

  it('cannot be made, changed or lengthened by anybody else', async () => {
    const components = componentsAt({ nowMs: 1_000 })
    const firewall = await IntentFirewall.open(components, POLICY)
    const token = firewall.approve(PLAN, ALLOWED)
    const [body = '', mac = ''] = token.split('.')
    const stranger = await IntentFirewall.open({ ...components, authenticate: () => '0'.repeat(64) }, POLICY)
    for (const wrong of [
      '',
      '.',
      body,
      `${body}.`,
      `${body}.${mac.slice(0, -1)}`,
      `${body}.${mac}0`,
      `A${body}.${mac}`,
      `${body.slice(4)}.${mac}`,
      stranger.approve(PLAN, ALLOWED),
    ])
      expect(await codeOf(firewall.admit(PLAN, wrong))).toBe('APPROVAL_INVALID')
    expect(() => firewall.approve(PLAN, { ...ALLOWED, lifetimeMs: durationFromMs(86_400_001) })).toThrow(RangeError)
    expect(await codeOf(firewall.admit(PLAN, token))).toBeUndefined()
  })

  it('stays used after a restart, and so does what was stored', async () => {
    const components = componentsAt({ nowMs: 1_000 })
    const first = await IntentFirewall.open(components, POLICY)
    const token = first.approve(PLAN, ALLOWED)
    await first.admit(PLAN, token)
    const keeping: IntentPlan = {
      ...PLAN,
      sinks: [{ id: 'note', kind: 'memory', locator: 'memory:note' }],
      steps: [{ id: 'keep', action: 'keep', uses: ['page'], sink: 'note' }],
    }
    await first.admit(keeping)
    const second = await IntentFirewall.open(components, POLICY)
    expect(await codeOf(second.admit(PLAN, token))).toBe('APPROVAL_USED')
    expect(second.labelOf('memory:note')).toEqual({
      confidentiality: 'private',
      integrity: 'untrusted',
      origins: ['https://news.example/'],
    })
  })

  it('is worth nothing where what was kept cannot be read', async () => {
    const components = componentsAt({ nowMs: 1_000 })
    for (const damaged of [
      '',
      '{}',
      '{"register":{"labels":[]},"used":[]}',
      'null',
      '{"register":{"floor":{},"labels":[]},"used":[]}',
    ]) {
      await components.store.put('state', new TextEncoder().encode(damaged))
      expect(await codeOf(IntentFirewall.open(components, POLICY))).toBe('FIREWALL_STATE_INVALID')
    }
  })
})

describe('the wire form of a plan', () => {
  it('refuses what it does not know', () => {
    const refused: unknown[] = [
      { ...PLAN, extra: 1 },
      { ...PLAN, steps: [] },
      { ...PLAN, sources: [{ ...PLAN.sources[0], kind: 'dream' }] },
      { ...PLAN, steps: [{ id: 'a b', action: '', uses: [] }] },
      null,
    ]
    for (const value of refused) expect(intentPlanSchema.safeParse(value).success).toBe(false)
  })
})
