import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ConfigDocument } from '../../../../src/node/config/config-document.ts'
import type { KernellNode } from '../../../../src/node/kernell-node.ts'
import { nativeSha256Hex } from '../../../../src/node/open-answer-cache.ts'
import { openInstallationKey } from '../../../../src/node/learning/rollout/open-signer.ts'
import { openDataDirectory } from '../../../../src/storage/data-directory.ts'
import { createNodeFileSystem } from '../../../../src/storage/node-file-system.ts'
import { createSystemRandom } from '../../../../src/node/system-random.ts'
import { gateReportOf, policyThatTrusts, PRIORS, type SamplePolicy } from '../../../fixtures/sample-policies.ts'
import { makeFolder, removeFolders, startNode } from '../../start-node.ts'

afterAll(removeFolders)

const FIRST = policyThatTrusts('large', 'small', 1)
const SECOND = policyThatTrusts('small', 'large', 2)
const by = 'test'

async function register(node: KernellNode, policy: SamplePolicy, incumbent = PRIORS): Promise<string> {
  const { version } = await node.policies.register(policy.text)
  const signer = await openInstallationKey(node.config.dataDir)
  await node.policies.attachGateReport(version, gateReportOf({ candidate: policy, incumbent, signer }))
  return version
}

const checkOf = (node: KernellNode): string => {
  const { state, detail } = node.health().checks.find(({ name }) => name === 'rollout') ?? { state: '', detail: '' }
  return `${state}: ${detail}`
}

describe('the policies of a node', () => {
  it.each(['shadow', 'canary', 'full'] as const)(
    'come back in the stage %s with what was seen there',
    async (stage) => {
      const folder = makeFolder()
      const before = await startNode(folder)
      const version = await register(before, FIRST)
      await before.policies.promote({
        version,
        stage,
        by,
        ...(stage === 'canary' && { percent: 12.5 }),
        ...(stage === 'full' && { isWithoutReference: true }),
      })
      const expected = before.policies.status()
      await before.close()
      await using after = await startNode(folder)
      expect(after.policies.status()).toEqual(expected)
      expect(checkOf(after)).toBe(
        {
          shadow: `ok: shadow: ${version}, beside priors-1`,
          canary: `ok: canary: ${version} for 12.5 % of the conversations, beside priors-1`,
          full: `ok: full: ${version}, beside priors-1`,
        }[stage],
      )
    },
  )

  it('give way to another policy that the configuration names, and go on without it', async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'second.json'), SECOND.text)
    const named: ConfigDocument = { policy: { artefact: join(folder, 'second.json') } }
    const first = await startNode(folder)
    const version = await register(first, FIRST)
    await first.policies.promote({ version, stage: 'full', isWithoutReference: true, by })
    await first.close()
    const suspended = await startNode(folder, named)
    expect(suspended.policies.status()).toMatchObject({ isSuspended: true, stage: 'full', incumbent: SECOND.version })
    expect(checkOf(suspended)).toContain('warning: suspended at full')
    await expect(suspended.policies.promote({ version, by })).rejects.toMatchObject({
      code: 'POLICY_ROLLOUT_REFUSED',
      details: { reason: 'SUSPENDED' },
    })
    await suspended.close()
    const again = await startNode(folder)
    expect(again.policies.status()).toMatchObject({ isSuspended: false, stage: 'full', candidate: version })
    await again.close()
    const ended = await startNode(folder, named)
    await ended.policies.rollBack({ by })
    expect(ended.policies.status()).toMatchObject({
      isSuspended: false,
      stage: 'legacy_only',
      incumbent: SECOND.version,
    })
    await ended.close()
  })

  it('follow a policy of the configuration, which a rollback then goes back to when it is named no more', async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'first.json'), FIRST.text)
    const named: ConfigDocument = { policy: { artefact: join(folder, 'first.json') } }
    const first = await startNode(folder, named)
    const version = await register(first, SECOND, FIRST)
    await first.policies.promote({ version, stage: 'full', isWithoutReference: true, by })
    await first.close()
    const restarted = await startNode(folder, named)
    expect(restarted.policies.status()).toMatchObject({ stage: 'full', candidate: version, incumbent: FIRST.version })
    await restarted.close()
    await using unnamed = await startNode(folder)
    await unnamed.policies.rollBack({ by })
    expect(unnamed.policies.status()).toMatchObject({
      stage: 'legacy_only',
      incumbent: FIRST.version,
      configured: 'priors-1',
    })
  })

  it('keep the node serving when the one that serves is damaged, and say so', async () => {
    const folder = makeFolder()
    const first = await startNode(folder)
    const version = await register(first, FIRST)
    await first.policies.promote({ version, stage: 'full', isWithoutReference: true, by })
    await first.close()
    const directory = await openDataDirectory(
      { fileSystem: createNodeFileSystem(), random: createSystemRandom() },
      { path: join(folder, 'data') },
    )
    await directory.store.sublevel('policies').put(`artefact/${version}`, new TextEncoder().encode('nothing'))
    await directory.close()
    const damaged = await startNode(folder)
    expect(checkOf(damaged)).toContain(`failed: The registered policy ${version} is damaged; priors-1 serves instead`)
    // The same file repairs it.
    await damaged.policies.register(FIRST.text)
    await damaged.close()
    await using repaired = await startNode(folder)
    expect(checkOf(repaired)).toContain(`ok: full: ${version}`)
  })

  it('are promoted by a report that the journal names, and by none that the configuration finds too loose', async () => {
    const folder = makeFolder()
    const floored: ConfigDocument = { policy: { gate: { qualityMargin: 0 } } }
    const strict = await startNode(folder, floored)
    const { version } = await strict.policies.register(FIRST.text)
    const signer = await openInstallationKey(strict.config.dataDir)
    const loose = gateReportOf({ candidate: FIRST, signer, thresholds: { qualityMargin: -1 } })
    const { sha256 } = await strict.policies.attachGateReport(version, loose)
    expect(sha256).toBe(nativeSha256Hex(loose))
    await expect(strict.policies.promote({ version, by })).rejects.toMatchObject({
      code: 'POLICY_GATE_MISSING',
      message: expect.stringContaining('qualityMargin -1, allowed 0') as unknown,
    })
    await strict.close()
    await using free = await startNode(folder)
    expect((await free.policies.promote({ version, by })).transition).toMatchObject({ to: 'shadow', gate: sha256 })
    expect((await free.policies.promote({ version, by })).transition).toMatchObject({ cause: 'step', gate: sha256 })
    expect((await free.policies.rollBack({ by })).transition).toMatchObject({ gate: null })
    expect((await free.policies.describe(version)).gates).toMatchObject([
      { sha256, changedThresholds: [{ name: 'qualityMargin', value: -1, usual: 0.01, isRelaxed: true }] },
    ])
  })

  it('write nothing before the first promotion, and no text of a task at any time', async () => {
    const folder = makeFolder()
    const node = await startNode(folder)
    await node.policies.list()
    const journal = join(folder, 'data/rollout')
    const bytes = (): string =>
      readdirSync(journal)
        .map((file) => readFileSync(join(journal, file), 'latin1'))
        .join('')
    expect(bytes()).not.toContain('rules-set')
    const version = await register(node, FIRST)
    await node.policies.promote({ version, by, reason: 'better' })
    expect(bytes()).toContain('"reason":"better"')
    await node.close()
  })
})
