import { CodedError } from '../../src/base/errors.ts'
import { describe, expect, it } from 'vitest'
import { openInstallationKey } from '../../src/node/learning/rollout/open-signer.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import { createNodeSigner } from '../../src/keys/node-signatures.ts'
import { gateReportOf, policyThatTrusts, PRIORS, type SamplePolicy } from '../fixtures/sample-policies.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from '../gateway/real-node.ts'

const TRUSTS_CHEAP = policyThatTrusts('thrifty-1', 'grand-1', 1)
const TRUSTS_PREMIUM = policyThatTrusts('grand-1', 'thrifty-1', 2)
const by = 'test'
const codeOf = (error: unknown): string => (CodedError.is(error) ? error.code : 'no coded error')

const ANSWER = { kind: 'answer', text: 'The sea is calm tonight, and the moon lies on it like a road.' } as const

type Running = Awaited<ReturnType<typeof startRealGateway>>

async function startWith(document: ConfigDocument = {}): Promise<AsyncDisposable & { readonly running: Running }> {
  const thrifty = await startUpstreamServer({ models: ['thrifty-1'], behaviour: ANSWER })
  const grand = await startUpstreamServer({ models: ['grand-1'], behaviour: ANSWER })
  const running = await startRealGateway({
    ...tiersAt({ cheap: thrifty.baseUrl, premium: grand.baseUrl }),
    telemetry: { consent: true },
    cache: { enabled: false },
    ...document,
    policy: {
      rollout: { autoAdvance: false, shadowShare: 0, slo: { costMargin: 1000, latencyMargin: 1000 } },
      ...document.policy,
    },
  })
  return {
    running,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      await thrifty.close()
      await grand.close()
    },
  }
}

async function register(node: KernellNode, policy: SamplePolicy, incumbent = PRIORS): Promise<string> {
  const { version } = await node.policies.register(policy.text)
  const signer = await openInstallationKey(node.config.dataDir)
  await node.policies.attachGateReport(version, gateReportOf({ candidate: policy, incumbent, signer }))
  return version
}

async function chat(url: string, content: string): Promise<{ readonly status: number; readonly policy: string }> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content }] }),
  })
  await response.json()
  const line = response.headers.get('x-kernell-decision') ?? ''
  return { status: response.status, policy: / policy=(\S+)/.exec(line)?.[1] ?? '' }
}

describe('a promoted policy', () => {
  it(
    'decides from the next request on, while two hundred requests are under way: none fails and each says who decided',
    { timeout: 60_000 },
    async () => {
      await using started = await startWith()
      const { node, url } = started.running
      const version = await register(node, TRUSTS_PREMIUM)
      const seen: { readonly at: number; readonly done: number; readonly policy: string; readonly status: number }[] =
        []
      let isOver = false
      const load = Array.from({ length: 16 }, async (_, worker) => {
        for (let count = 0; !isOver; count += 1) {
          const at = performance.now()
          const { status, policy } = await chat(url, `Write a line about the sea, number ${worker}-${count}.`)
          seen.push({ at, done: performance.now(), status, policy })
        }
      })
      const whenSeen = async (count: number): Promise<void> => {
        while (seen.length < count) await new Promise((resolve) => setImmediate(resolve))
      }
      await whenSeen(100)
      const asked = performance.now()
      await node.policies.promote({ version, stage: 'full', by })
      const promoted = performance.now()
      const before = seen.length
      await whenSeen(before + 100)
      const rolledBackAsked = performance.now()
      await node.policies.rollBack({ by })
      const rolledBack = performance.now()
      await whenSeen(seen.length + 100)
      isOver = true
      await Promise.all(load)
      expect(seen.filter(({ status }) => status !== 200)).toEqual([])
      // What was asked after the promotion was answered is decided by the new policy; what ended before it was asked, by the old one.
      const of = (from: number, to: number): ReadonlySet<string> =>
        new Set(seen.filter(({ at, done }) => at > from && done < to).map(({ policy }) => policy))
      expect([...of(0, asked)]).toEqual(['priors-1'])
      expect([...of(promoted, rolledBackAsked)]).toEqual([version])
      expect([...of(rolledBack, Number.POSITIVE_INFINITY)]).toEqual(['priors-1'])
      expect(promoted - asked).toBeLessThan(1_000)
      expect(rolledBack - rolledBackAsked).toBeLessThan(1_000)
      console.log(
        `served ${(promoted - asked).toFixed(1)} ms after it was asked for, rolled back after ${(rolledBack - rolledBackAsked).toFixed(1)} ms; ${seen.length} requests, none failed`,
      )
      const records: string[] = []
      for await (const record of node.records.list())
        records.push(`${record.policy_version} ${record.policy_stage} ${record.policy_arm}`)
      expect(records).toHaveLength(seen.length)
      expect([...new Set(records)].toSorted()).toEqual(
        [`${version} full candidate`, 'priors-1 legacy_only incumbent'].toSorted(),
      )
      expect(started.running.failures).toEqual([])
    },
  )

  it('gives the same prompts the new decisions at the policy endpoint, and the whole of a canary is its share', async () => {
    await using started = await startWith()
    const { node, url } = started.running
    const version = await register(node, TRUSTS_PREMIUM)
    const prompts = Array.from({ length: 400 }, (_, index) => `Which river is number ${index}?`)
    const decide = async (): Promise<readonly string[]> => {
      const response = await fetch(`${url}/v1/policy/decide`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompts }),
      })
      const { answers } = (await response.json()) as {
        answers: { decision: { policy_version: string }; explanation: { plan: { modelId: string }[] } }[]
      }
      return answers.map(({ decision, explanation }) => `${decision.policy_version} ${explanation.plan[0]?.modelId}`)
    }
    expect(new Set(await decide())).toEqual(new Set(['priors-1 thrifty/thrifty-1']))
    await node.policies.promote({ version, stage: 'canary', percent: 25, by })
    const canary = await decide()
    const inCanary = canary.filter((line) => line.startsWith(version)).length
    expect(inCanary).toBeGreaterThan(60)
    expect(inCanary).toBeLessThan(140)
    await node.policies.promote({ version, stage: 'canary', percent: 50, by })
    const wider = await decide()
    // Who was in stays in.
    expect(
      wider.filter((line, index) => canary[index]?.startsWith(version) === true && !line.startsWith(version)),
    ).toEqual([])
    await node.policies.promote({ version, stage: 'full', isWithoutReference: true, by })
    expect(new Set(await decide())).toEqual(new Set([`${version} grand/grand-1`]))
  })

  it('needs a passing report of this node about this very artefact and the policy that serves now', async () => {
    await using started = await startWith()
    const { node } = started.running
    const signer = await openInstallationKey(node.config.dataDir)
    const { version } = await node.policies.register(TRUSTS_PREMIUM.text)
    const promote = async (): Promise<unknown> =>
      await node.policies.promote({ version, by }).then(({ effect, status }) => `${effect} ${status.stage}`, codeOf)
    expect(await promote()).toBe('POLICY_GATE_MISSING')
    const attach = async (report: Partial<Parameters<typeof gateReportOf>[0]>): Promise<unknown> =>
      await node.policies
        .attachGateReport(version, gateReportOf({ candidate: TRUSTS_PREMIUM, signer, ...report }))
        .then(() => 'kept', codeOf)
    // Another incumbent, another artefact of the same name, a refusal.
    expect(await attach({ incumbent: TRUSTS_CHEAP })).toBe('kept')
    expect(await promote()).toBe('POLICY_GATE_MISSING')
    expect(await attach({ candidate: { version, sha256: 'f'.repeat(64) } })).toBe('kept')
    expect(await promote()).toBe('POLICY_GATE_MISSING')
    expect(await attach({ candidate: TRUSTS_CHEAP })).toBe('POLICY_GATE_MISSING')
    expect(await attach({})).toBe('kept')
    expect(await attach({ hasPassed: false })).toBe('kept')
    expect(await promote()).toBe('POLICY_GATE_MISSING')
    // The newest report about the two counts.
    // One that is brought again is no newer for it.
    expect(await attach({})).toBe('kept')
    expect(await promote()).toBe('POLICY_GATE_MISSING')
    expect(await attach({ at: '2026-01-02T00:00:00.000Z' })).toBe('kept')
    expect(await promote()).toBe('done shadow')
    const stranger = createNodeSigner(new Uint8Array(32).fill(9))
    expect(await attach({ signer: stranger })).toBe('POLICY_GATE_MISSING')
  })

  it('follows another only where a report compares the two, and a rollback goes back through both', async () => {
    await using started = await startWith()
    const { node } = started.running
    const first = await register(node, TRUSTS_CHEAP)
    await node.policies.promote({ version: first, stage: 'full', isWithoutReference: true, by })
    const second = await register(node, TRUSTS_PREMIUM)
    await expect(node.policies.promote({ version: second, by })).rejects.toMatchObject({ code: 'POLICY_GATE_MISSING' })
    await register(node, TRUSTS_PREMIUM, TRUSTS_CHEAP)
    await node.policies.promote({ version: second, stage: 'full', isWithoutReference: true, by })
    expect(node.policies.status()).toMatchObject({ stage: 'full', candidate: second, incumbent: first })
    await expect(node.policies.remove(first)).rejects.toMatchObject({ code: 'POLICY_IN_USE' })
    await node.policies.rollBack({ by })
    expect(node.policies.status()).toMatchObject({ stage: 'legacy_only', candidate: null, incumbent: first })
    await node.policies.rollBack({ by })
    expect(node.policies.status()).toMatchObject({ stage: 'legacy_only', incumbent: 'priors-1', rollbacks: 2 })
    await expect(node.policies.rollBack({ by })).rejects.toMatchObject({ code: 'POLICY_ROLLOUT_REFUSED' })
    expect(await node.policies.remove(second)).toBe(true)
  })
})
