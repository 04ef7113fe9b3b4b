import { describe, expect, it } from 'vitest'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import { openInstallationKey } from '../../src/node/learning/rollout/open-signer.ts'
import type { TelemetryEvent } from '../../src/wire/telemetry-event.ts'
import { gateReportOf, policyThatTrusts } from '../fixtures/sample-policies.ts'
import { startUpstreamServer, type UpstreamBehaviour, type UpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from '../gateway/real-node.ts'

const CANDIDATE = policyThatTrusts('grand-1', 'thrifty-1', 2)
const { version } = CANDIDATE
const by = 'test'
const GOOD = { kind: 'answer', text: 'The sea is calm tonight, and the moon lies on it like a road.' } as const
/** An answer that the verifier does not let pass: it was cut off. */
const BAD: UpstreamBehaviour = { kind: 'answer', text: '' }

type Parts = AsyncDisposable & {
  readonly node: KernellNode
  readonly url: string
  readonly failures: readonly unknown[]
  readonly thrifty: UpstreamServer
  readonly grand: UpstreamServer
}

type Behaviour = Exclude<Parameters<typeof startUpstreamServer>[0], undefined>['behaviour']

async function start(
  rollout: NonNullable<ConfigDocument['policy']>['rollout'],
  behaviour: Behaviour = GOOD,
): Promise<Parts> {
  const thrifty = await startUpstreamServer({ models: ['thrifty-1'], behaviour: GOOD })
  const grand = await startUpstreamServer({ models: ['grand-1'], behaviour })
  const running = await startRealGateway({
    ...tiersAt({ cheap: thrifty.baseUrl, premium: grand.baseUrl }),
    telemetry: { consent: true },
    cache: { enabled: false },
    policy: { rollout: { minStepMinutes: 0, ...rollout } },
  })
  const { node, url, failures } = running
  await node.policies.register(CANDIDATE.text)
  const signer = await openInstallationKey(node.config.dataDir)
  await node.policies.attachGateReport(version, gateReportOf({ candidate: CANDIDATE, signer }))
  return {
    node,
    url,
    failures,
    thrifty,
    grand,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      await thrifty.close()
      await grand.close()
    },
  }
}

async function chat(
  url: string,
  content: string,
  {
    headers = {},
    signal = null,
  }: { readonly headers?: Record<string, string>; readonly signal?: AbortSignal | null } = {},
): Promise<Response> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    signal,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content }] }),
  })
  await response.text()
  return response
}

const policyOf = (response: Response): string =>
  / policy=(\S+)/.exec(response.headers.get('x-kernell-decision') ?? '')?.[1] ?? ''

/** Passes the turn until something holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

async function recordsOf(node: KernellNode): Promise<readonly TelemetryEvent[]> {
  const records: TelemetryEvent[] = []
  for await (const record of node.records.list()) records.push(record)
  return records
}

describe('a canary', () => {
  it(
    'that answers badly is rolled back by itself, and the next request is decided without it',
    { timeout: 60_000 },
    async () => {
      await using parts = await start({ autoAdvance: false, slo: { costMargin: 1000 } }, BAD)
      const { node, url } = parts
      await node.policies.promote({ version, stage: 'canary', percent: 50, by })
      let asked = 0
      let breachMs = Number.NaN
      let lastMs = Number.NaN
      for (; asked < 400 && node.policies.status().stage === 'canary'; asked += 1) {
        lastMs = performance.now()
        await chat(url, `Write a line about the sea, number ${asked}.`)
      }
      await until(() => node.policies.status().stage !== 'canary')
      breachMs = performance.now()
      const next = await Promise.all(Array.from({ length: 20 }, (_, index) => chat(url, `And the river ${index}?`)))
      expect(new Set(next.map(policyOf))).toEqual(new Set(['priors-1']))
      const status = node.policies.status()
      expect(status).toMatchObject({ stage: 'legacy_only', candidate: null, rollbacks: 1 })
      expect(status.transitions[0]).toMatchObject({ cause: 'slo-breach', by: 'watch', control: { acceptedShare: 1 } })
      expect(breachMs - lastMs).toBeLessThan(2_000)
      // What opened the gate before is no reason to begin again.
      await expect(node.policies.promote({ version, stage: 'full', by })).rejects.toMatchObject({
        code: 'POLICY_GATE_MISSING',
        message: expect.stringContaining('because it did harm') as unknown,
      })
      console.log(
        `rolled back after ${status.transitions[0]?.canary?.requests} canary requests, ${(breachMs - lastMs).toFixed(0)} ms after the last of them was asked`,
      )
      expect(parts.failures).toEqual([])
    },
  )

  it('that keeps callers waiting until they leave is rolled back as well', { timeout: 60_000 }, async () => {
    await using parts = await start(
      { minCanaryRequests: 60, canarySteps: [50], slo: { costMargin: 1000, driftMargin: 1 } },
      { kind: 'hang' },
    )
    const { node, url, grand } = parts
    await node.policies.promote({ version, stage: 'canary', percent: 50, by })
    for (let asked = 0; asked < 300 && node.policies.status().stage === 'canary'; asked += 1) {
      const leaving = new AbortController()
      const hung = grand.waitForCalls(grand.callCount + 1)
      const answer = chat(url, `Write a line about the sea, number ${asked}.`, { signal: leaving.signal }).catch(
        () => undefined,
      )
      await Promise.race([answer, hung])
      leaving.abort()
      await grand.waitForAborts(grand.callCount)
    }
    await until(() => node.policies.status().stage !== 'canary')
    const { stage, transitions } = node.policies.status()
    expect(stage).toBe('legacy_only')
    expect(transitions[0]).toMatchObject({
      cause: 'slo-breach',
      breach: { slo: 'quality' },
      canary: { acceptedShare: 0, errorShare: 0 },
      control: { acceptedShare: 1 },
    })
  })

  it('that does well goes up step by step to everything', { timeout: 60_000 }, async () => {
    await using parts = await start({
      canarySteps: [30, 60],
      minCanaryRequests: 15,
      slo: { costMargin: 1000, latencyMargin: 1000, driftMargin: 1 },
    })
    const { node, url } = parts
    await node.policies.promote({ version, stage: 'canary', by })
    for (let count = 0; count < 400 && node.policies.status().stage !== 'full'; count += 1)
      await chat(url, `Write a line about the wind, number ${count}.`)
    const { stage, transitions } = node.policies.status()
    expect(stage).toBe('full')
    expect(transitions.map(({ percentAfter, by: who }) => `${percentAfter} ${who}`)).toEqual([
      '100 watch',
      '60 watch',
      '30 test',
    ])
  })

  it(
    'is judged by what is said of its answers, each task once and each tenant no more than it may',
    { timeout: 60_000 },
    async () => {
      await using parts = await start({ autoAdvance: false, slo: { costMargin: 1000 } })
      const { node, url } = parts
      await node.policies.promote({ version, stage: 'canary', percent: 50, by })
      const asked = { candidate: 0, incumbent: 0 }
      for (let count = 0; count < 24; count += 1) {
        const response = await chat(url, `Write a line about the wind, number ${count}.`)
        const arm = policyOf(response) === version ? 'candidate' : 'incumbent'
        asked[arm] += 1
        for (const thumbs of ['down', 'up']) {
          const feedback = await fetch(`${url}/v1/feedback`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ task_id: response.headers.get('x-kernell-task-id'), thumbs }),
          })
          expect(feedback.status).toBe(200)
        }
      }
      await until(() => node.policies.status().feedback.candidate.votes === 4)
      expect(Math.min(asked.candidate, asked.incumbent)).toBeGreaterThan(4)
      expect(node.policies.status().feedback).toEqual({
        candidate: { votes: 4, mean: 0 },
        incumbent: { votes: 4, mean: 0 },
        counted: 8,
        ignored: { unknown: 0, over: 0, voted: 8, mixed: 0, tenant: 32 },
      })
      expect(parts.failures).toEqual([])
    },
  )

  it('keeps a conversation in its arm, whatever is said in it', { timeout: 60_000 }, async () => {
    await using parts = await start({ autoAdvance: false, slo: { costMargin: 1000 } })
    await parts.node.policies.promote({ version, stage: 'canary', percent: 50, by })
    for (let conversation = 0; conversation < 8; conversation += 1) {
      const opening = { role: 'user', content: `Tell me about bridge ${conversation}.` }
      const arms = new Set<string>()
      for (const later of ['Why?', 'Go on.', 'Prove that the harbour is older.']) {
        const response = await fetch(`${parts.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            model: 'kernell',
            messages: [opening, { role: 'assistant', content: 'It is old.' }, { role: 'user', content: later }],
          }),
        })
        await response.text()
        arms.add(policyOf(response))
      }
      expect(arms.size).toBe(1)
    }
  })
})

describe('a candidate that answers everything at once', () => {
  it.each([
    ['errs', { errorShareMax: null }, { kind: 'status', status: 500 }],
    ['is dear', { latencyMargin: 1000 }, GOOD],
  ] as const)(
    'is rolled back within seconds of traffic when it %s, by what the policy before it did',
    { timeout: 60_000 },
    async (_what, slo, behaviour) => {
      await using parts = await start({ slo }, behaviour)
      const { node, url } = parts
      await expect(node.policies.promote({ version, stage: 'full', by })).rejects.toMatchObject({
        code: 'POLICY_ROLLOUT_REFUSED',
        details: { reason: 'NO_REFERENCE' },
      })
      for (let count = 0; count < 25; count += 1) await chat(url, `Write a line about the wind, number ${count}.`)
      await node.policies.promote({ version, stage: 'full', by })
      expect(node.policies.status()).toMatchObject({ stage: 'full', isCompared: true, servedLately: 25 })
      const promoted = performance.now()
      let asked = 0
      for (; asked < 100 && node.policies.status().stage === 'full'; asked += 1)
        await chat(url, `Write a line about the sea, number ${asked}.`)
      await until(() => node.policies.status().stage !== 'full')
      expect(performance.now() - promoted).toBeLessThan(5_000)
      expect(node.policies.status().transitions[0]).toMatchObject({
        cause: 'slo-breach',
        breach: { against: 'control' },
      })
      console.log(`rolled back from full after ${asked} requests`)
    },
  )
})

describe('the shadow', () => {
  it(
    'tries the candidate beside the answer, judges and compares it, and changes nothing else',
    { timeout: 60_000 },
    async () => {
      await using parts = await start({ shadowShare: 1, minShadowRuns: 1000, slo: { costMargin: 1000 } })
      const { node, url, grand, thrifty } = parts
      await node.policies.promote({ version, by })
      const response = await chat(url, 'Write a line about the sea.')
      expect(response.headers.get('x-kernell-model')).toBe('thrifty/thrifty-1')
      await until(() => node.policies.status().shadow.completed === 1)
      expect([thrifty.callCount, grand.callCount]).toEqual([1, 1])
      await until(() => node.policies.status().requests === 1)
      const { canary, control } = node.policies.status()
      expect([canary?.requests, control?.requests]).toEqual([1, 1])
      let records = await recordsOf(node)
      while (records[0]?.shadows === undefined) records = await recordsOf(node)
      expect(records).toHaveLength(1)
      expect(records[0]).toMatchObject({
        policy_stage: 'shadow',
        policy_arm: 'incumbent',
        policy_version: 'priors-1',
        attempts: [{ model: 'thrifty/thrifty-1' }],
        shadows: [
          {
            policy_version: version,
            model: 'grand/grand-1',
            tier: 'premium_api',
            success: true,
            agreement: 1,
            tenant: 'default',
          },
        ],
      })
      // The record of the task is what it was: one call, and the price of that.
      expect(Number(records[0]?.cost_usd)).toBeLessThan(Number(records[0]?.shadows?.[0]?.cost_usd))
    },
  )

  it(
    'keeps away from tasks of high risk and from tasks whose caller says who may see them',
    { timeout: 60_000 },
    async () => {
      await using parts = await start({ shadowShare: 1 })
      const { node, url, grand } = parts
      await node.policies.promote({ version, by })
      await chat(url, 'transfer all my money to bob')
      const called = grand.callCount
      await chat(url, 'Write a line about the sea.', { headers: { 'x-kernell-allow': 'thrifty' } })
      await until(() => {
        const { skipped } = node.policies.status().shadow
        return skipped['high-risk'] + skipped.confined === 2
      })
      expect(grand.callCount).toBe(called)
      expect(node.policies.status().shadow.completed).toBe(0)
    },
  )

  it('spends its own budget and no other, and stops when that is gone', { timeout: 60_000 }, async () => {
    await using parts = await start({ shadowShare: 1, shadowBudgetUsd: '0.000001', slo: { costMargin: 1000 } })
    const { node, url, grand } = parts
    await node.policies.promote({ version, by })
    await chat(url, 'Write a line about the sea.')
    await until(() => node.policies.status().shadow.skipped['no-budget'] === 1)
    expect(grand.callCount).toBe(0)
    expect((await recordsOf(node))[0]?.shadows).toBeUndefined()
  })

  it(
    'without money says nothing of a candidate that chooses what the incumbent has called, and says that it stopped',
    { timeout: 60_000 },
    async () => {
      await using parts = await start({ shadowShare: 1, shadowBudgetUsd: '0', minShadowRuns: 4 }, GOOD)
      const { node, url } = parts
      await node.policies.promote({ version, by })
      for (let asked = 0; asked < 20; asked += 1) {
        const question = asked % 2 === 0 ? 'Prove the Riemann hypothesis' : 'Write a line about the sea'
        const response = await chat(url, `${question}, number ${asked}.`)
        expect(response.headers.get('x-kernell-model')).toBe(asked % 2 === 0 ? 'grand/grand-1' : 'thrifty/thrifty-1')
      }
      await until(() => node.policies.status().shadow.skipped['no-budget'] === 20)
      expect((await recordsOf(node)).filter(({ shadows }) => shadows !== undefined)).toEqual([])
      expect(node.policies.status()).toMatchObject({
        stage: 'shadow',
        requests: 0,
        shadow: { completed: 0, isOutOfBudget: true },
      })
    },
  )

  it('tries no more at once than it may, and leaves the rest out', { timeout: 60_000 }, async () => {
    await using parts = await start({ shadowShare: 1, shadowConcurrency: 1 }, { kind: 'hang' })
    const { node, url, grand } = parts
    await node.policies.promote({ version, by })
    await chat(url, 'Write a line about the sea.')
    await grand.waitForCalls(1)
    await chat(url, 'Write a line about the wind.')
    expect(node.policies.status().shadow.skipped.busy).toBe(1)
    // Closing ends the run under way, and nobody waits for it.
    const closing = performance.now()
    await node.close()
    expect(performance.now() - closing).toBeLessThan(5_000)
    await grand.waitForAborts(1)
  })
})
