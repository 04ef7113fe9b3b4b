import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseTenantId, type TaskId, type TenantId } from '../../../../src/base/identifiers.ts'
import { parsePolicyArtefact, type PolicyArtefact } from '../../../../src/core/policy/policy-artefact.ts'
import { createPolicyScorer } from '../../../../src/core/policy/policy-scorer.ts'
import { openTrainedTasks } from '../../../../src/core/policy/trained-tasks.ts'
import type { ConfigDocument } from '../../../../src/node/config/config-document.ts'
import type { KernellNode } from '../../../../src/node/kernell-node.ts'
import { answerPolicyControl } from '../../../../src/node/learning/rollout/policy-control.ts'
import { nativeSha256Hex } from '../../../../src/node/open-answer-cache.ts'
import type { TelemetryEvent } from '../../../../src/wire/telemetry-event.ts'
import { startUpstreamServer, type UpstreamServer } from '../../../fixtures/upstream-server.ts'
import { tiersAt } from '../../../gateway/real-node.ts'
import { requestOf } from '../../../router/router-fixture.ts'
import { makeFolder, removeFolders, startNode } from '../../start-node.ts'

afterAll(removeFolders)

const TENANT = parseTenantId('acme') as TenantId
const CHEAP = 'thrifty/thrifty-1'

const configOf = (
  upstream: UpstreamServer,
  online: NonNullable<ConfigDocument['policy']>['online'],
): ConfigDocument => ({
  ...tiersAt({ cheap: upstream.baseUrl, premium: upstream.baseUrl }),
  telemetry: { consent: true },
  cache: { enabled: false },
  router: { decompose: 'never' },
  ...(online !== undefined && { policy: { online } }),
})

const code = (place: number): string =>
  `Write a function in Python that sorts a list of ${place} integers, case ${place}.`
const history = (place: number): string =>
  `Describe in a few lines how people travelled in the year ${1100 + 7 * place}.`

type Asked = { readonly taskId: TaskId; readonly isUp: boolean }

/** Asks the cheap model so many questions of each kind; a person likes the one kind of answers and not the other. */
async function judge(
  node: KernellNode,
  { from, to, isCodeGood }: { readonly from: number; readonly to: number; readonly isCodeGood: boolean },
): Promise<readonly Asked[]> {
  const asked: Asked[] = []
  for (let place = from; place < to; place += 1) {
    for (const [prompt, isUp] of [
      [code(place), isCodeGood],
      [history(place), !isCodeGood],
    ] as const) {
      const { taskId } = await node.router.route(
        requestOf(prompt, { caller: { tenant: TENANT }, target: { kind: 'route', route: 'cheap' } }),
      )
      asked.push({ taskId, isUp })
      await node.records.addFeedback({ tenant: TENANT, about: { taskId }, judgement: { kind: 'thumbs', isUp } })
    }
  }
  return asked
}

async function policyOf(node: KernellNode): Promise<PolicyArtefact> {
  const version = node.policies.status().online?.lastVersion ?? ''
  return parsePolicyArtefact((await node.policies.textOf(version)).text ?? '')
}

function chanceOf(artefact: PolicyArtefact, prompt: string): number {
  return createPolicyScorer({ artefact }).score(prompt).success[artefact.candidates.indexOf(CHEAP)] ?? Number.NaN
}

async function recordsOf(node: KernellNode): Promise<readonly TelemetryEvent[]> {
  const records: TelemetryEvent[] = []
  for await (const record of node.records.list()) records.push(record)
  return records
}

describe('a node that learns while it serves', () => {
  it(
    'registers what feedback has taught it, goes on after a restart, and serves none of it',
    { timeout: 60_000 },
    async () => {
      await using upstream = await startUpstreamServer({ models: ['thrifty-1', 'grand-1'] })
      const folder = makeFolder()
      const config = configOf(upstream, { everyOutcomes: 40 })

      const first = await startNode(folder, config)
      expect(first.policies.status().online).toMatchObject({ learned: 0, startTasks: 0, lastVersion: null })
      const asked = await judge(first, { from: 0, to: 20, isCodeGood: false })
      // Closing learns from all that waits.
      await first.close()

      const second = await startNode(folder, config)
      const { online: learned } = second.policies.status()
      expect(learned).toMatchObject({ learned: 40, dropped: 0, startTasks: null, everyOutcomes: 40, failure: null })
      const before = await policyOf(second)
      expect(chanceOf(before, history(99))).toBeGreaterThan(chanceOf(before, code(99)) + 0.2)
      // Feedback that came after its answer had been learned is a correction, and counts towards the next version as well.
      const { rows = 0, outcomes } = before.lineage.metrics
      expect([rows > 20 && rows <= 40, outcomes === rows, before.lineage.parent]).toEqual([true, true, undefined])
      expect(before.uncertainty?.covariance).toHaveLength(before.candidates.length)
      const { training, dataCardHash } = before.lineage
      if (training?.tasks === undefined) throw new Error('no tasks')
      const set = openTrainedTasks(training.tasks, { salt: dataCardHash, sha256Hex: nativeSha256Hex })
      expect((await recordsOf(second)).filter(({ task_hash: task }) => set?.has(task))).toHaveLength(rows)

      // People change their minds, and say so about new tasks too.
      for (const { taskId, isUp } of asked) {
        const judgement = { kind: 'thumbs', isUp: !isUp } as const
        await second.records.addFeedback({ tenant: TENANT, about: { taskId }, judgement })
      }
      await judge(second, { from: 20, to: 60, isCodeGood: true })
      await second.close()

      await using third = await startNode(folder, config)
      const { online } = third.policies.status()
      expect(online).toMatchObject({ learned: 120, failure: null })
      expect(online?.revised).toBeGreaterThanOrEqual(40)
      const after = await policyOf(third)
      expect(chanceOf(after, code(99))).toBeGreaterThan(chanceOf(after, history(99)) + 0.2)
      expect(chanceOf(after, code(99))).toBeGreaterThan(chanceOf(before, code(99)) + 0.2)
      expect(after.lineage.parent).toBeDefined()
      const { policies } = await third.policies.list()
      const versions = policies.map(({ version }) => version)
      expect(versions).toContain(learned?.lastVersion)
      expect(versions).toContain(online?.lastVersion)
      expect((await third.records.derivations()).map(({ version }) => version)).toEqual(
        expect.arrayContaining(versions),
      )
      expect(third.policies.status()).toMatchObject({ stage: 'legacy_only', incumbent: 'priors-1', candidate: null })
      await expect(
        third.policies.promote({ version: online?.lastVersion ?? '', stage: 'full', by: 'test' }),
      ).rejects.toMatchObject({ code: 'POLICY_GATE_MISSING' })
      const shown = await answerPolicyControl(third, { op: 'status' })
      expect(shown).toMatchObject({ body: { online: { learned: 120, last_version: online?.lastVersion } } })
      expect(await third.metricsText()).toContain('kernell_online_learning_total{result="learned"} 120')
    },
  )

  it('forgets what is deleted, and learns again from what is left', { timeout: 60_000 }, async () => {
    await using upstream = await startUpstreamServer({ models: ['thrifty-1', 'grand-1'] })
    const folder = makeFolder()
    const config = configOf(upstream, { everyOutcomes: 30 })
    const node = await startNode(folder, config)
    await judge(node, { from: 0, to: 15, isCodeGood: false })
    const hashes = (await recordsOf(node)).map(({ task_hash: task }) => task)
    await node.close()
    expect(filesWith(folder, 'kernell-online-state')).not.toEqual([])
    const again = await startNode(folder, config)
    expect(again.policies.status().online).toMatchObject({ learned: 30 })
    const { derived } = await again.records.purge({ kind: 'all' })
    expect(derived.map(({ version }) => version)).toEqual([again.policies.status().online?.lastVersion])
    expect(again.policies.status().online).toMatchObject({ learned: 0, startTasks: 0 })
    expect(filesWith(folder, 'kernell-online-state')).toEqual([])
    expect(hashes.flatMap((hash) => filesWith(folder, hash))).toEqual([])
    await again.close()
  })

  it('does not learn unless it is told to, and not without records', async () => {
    await using upstream = await startUpstreamServer({ models: ['thrifty-1', 'grand-1'] })
    await using node = await startNode(makeFolder(), configOf(upstream, undefined))
    expect(node.policies.status().online).toBeNull()
    await expect(
      startNode(makeFolder(), { ...configOf(upstream, {}), telemetry: { consent: false } }),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { key: 'policy.online' } })
  })
})

/** Names of the files below the folder whose bytes hold the text. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name)
    return statSync(path).isFile() && readFileSync(path).includes(text)
  })
}
