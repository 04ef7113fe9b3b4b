import { expect, it } from 'vitest'
import { durationFromMs } from '../../../src/base/time.ts'
import { DEFAULT_FIREWALL_POLICY } from '../../../src/core/firewall/firewall-policy.ts'
import type { IntentPlan } from '../../../src/core/firewall/intent-plan.ts'
import { firewallOf } from '../../../src/node/firewall/open-firewall.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { createTaskHasher } from '../../../src/telemetry/task-hasher.ts'

const PLAN: IntentPlan = {
  proposedBy: 'agent',
  writtenAfter: [],
  sources: [{ id: 'ask', kind: 'user', locator: 'chat', confidentiality: 'internal', integrity: 'trusted' }],
  sinks: [{ id: 'out', kind: 'reply', locator: 'chat' }],
  steps: [{ id: 'say', action: 'answer', uses: ['ask'], sink: 'out' }],
}
const APPROVAL = { declassified: [], approver: 'ada', lifetimeMs: durationFromMs(60_000) } as const

it('the firewall of a node is one, by one policy, and its approvals are of no other node', async () => {
  const parts = { store: createMemoryKeyValueStore(), clock: createSystemClock(), random: createSystemRandom() }
  const open = firewallOf({ ...parts, secret: new Uint8Array(32).fill(1), policy: DEFAULT_FIREWALL_POLICY })
  const firewall = await open(DEFAULT_FIREWALL_POLICY)
  expect(await open({ ...DEFAULT_FIREWALL_POLICY })).toBe(firewall)
  await expect(open({ sources: [], sinks: [] })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  const other = await firewallOf({ ...parts, secret: new Uint8Array(32).fill(2), policy: DEFAULT_FIREWALL_POLICY })(
    DEFAULT_FIREWALL_POLICY,
  )
  const token = firewall.approve(PLAN, APPROVAL)
  await expect(other.admit(PLAN, token)).rejects.toMatchObject({ code: 'APPROVAL_INVALID' })
  await expect(firewall.admit(PLAN, token)).resolves.toBeInstanceOf(Map)
})

it('no record of a task is an approval: tasks are hashed under another key', async () => {
  const secret = new Uint8Array(32).fill(1)
  const parts = { store: createMemoryKeyValueStore(), clock: createSystemClock(), random: createSystemRandom() }
  const firewall = await firewallOf({ ...parts, secret, policy: DEFAULT_FIREWALL_POLICY })(DEFAULT_FIREWALL_POLICY)
  const [body = ''] = firewall.approve(PLAN, APPROVAL).split('.')
  const text = Buffer.from(body, 'base64').toString('utf8')
  const recorded = createTaskHasher(secret)(text)
  await expect(firewall.admit(PLAN, `${body}.${recorded}`)).rejects.toMatchObject({ code: 'APPROVAL_INVALID' })
})
