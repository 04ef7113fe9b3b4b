import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openInstallationKey } from '../../src/node/learning/rollout/open-signer.ts'
import { gateReportOf, policyThatTrusts } from '../fixtures/sample-policies.ts'
import { makeFolder, removeFolders, runBinary, startBinary, type BinaryRun } from './run-binary.ts'

afterAll(removeFolders)

const POLICY = policyThatTrusts('large', 'small')
const { version } = POLICY

type Told = Record<string, unknown>
const told = ({ output }: BinaryRun): Told => JSON.parse(output) as Told

function folderWithPolicy(): string {
  const folder = makeFolder()
  writeFileSync(
    join(folder, 'kernell.jsonc'),
    '{ "telemetry": { "consent": true }, "policy": { "rollout": { "autoAdvance": false } } }',
  )
  writeFileSync(join(folder, 'policy.json'), POLICY.text)
  writeFileSync(join(folder, 'broken.json'), POLICY.text.slice(0, -40))
  return folder
}

const run = async (folder: string, ...words: readonly string[]): Promise<BinaryRun> =>
  await runBinary(['policy', ...words, '--config', 'kernell.jsonc'], { folder })
const json = async (folder: string, ...words: readonly string[]): Promise<Told & { readonly code: number | null }> => {
  const ran = await run(folder, ...words, '--json')
  return { ...told(ran), code: ran.code }
}

describe('kernell policy without a node that serves', () => {
  it(
    'registers, lists and shows a policy, refuses it without a gate with 3, and removes it',
    { timeout: 120_000 },
    async () => {
      const folder = folderWithPolicy()
      expect(await json(folder, 'list')).toEqual({ policies: [], damaged: [], code: 0 })
      expect(await json(folder, 'register', 'broken.json')).toMatchObject({
        code: 1,
        error: { code: 'POLICY_ARTEFACT_INVALID' },
      })
      expect(await json(folder, 'register', 'policy.json')).toEqual({ version, effect: 'registered', code: 0 })
      expect(await json(folder, 'register', 'policy.json')).toMatchObject({ effect: 'exists' })
      const listed = await run(folder, 'list')
      expect(listed.output).toContain(version)
      expect(await json(folder, 'show', version)).toMatchObject({
        policy: {
          version,
          place: null,
          family: 'linear',
          candidates: ['large', 'small'],
          sha256: POLICY.sha256,
          gates: [],
        },
        parents: [],
        missing_parent: null,
      })
      expect((await run(folder, 'show', version)).output).toContain('No gate has judged it')
      const refused = await json(folder, 'promote', version)
      expect(refused).toMatchObject({
        code: 3,
        error: {
          code: 'POLICY_GATE_MISSING',
          details: { remedy: expect.stringContaining(`kernell policy evaluate ${version}`) as unknown },
        },
      })
      for (const order of ['rollback', 'pause', 'resume'])
        expect(await json(folder, order)).toMatchObject({ code: 3, error: { code: 'POLICY_ROLLOUT_REFUSED' } })
      expect(await json(folder, 'status')).toMatchObject({ stage: 'legacy_only', incumbent: 'priors-1', code: 0 })
      expect((await run(folder, 'remove', version)).code).toBe(2)
      expect(await json(folder, 'show', version)).toMatchObject({ code: 0 })
      expect(await json(folder, 'remove', version, '--yes')).toEqual({ version, effect: 'removed', code: 0 })
      expect(await json(folder, 'show', version)).toMatchObject({ code: 1, error: { code: 'POLICY_UNKNOWN' } })
      expect((await run(folder, 'promote')).code).toBe(2)
      expect((await run(folder, 'promote', version, '--stage', 'full', '--percent', '5')).code).toBe(2)
    },
  )
})

type Announcement = { readonly url: string; readonly control_token: string }

const ask = async (
  { url, control_token: token }: Announcement,
  body: object,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly body: Told }> => {
  const response = await fetch(`${url}/control/policies`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-kernell-control': token, ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Told }
}

describe('kernell policy beside a node that serves', () => {
  it(
    'promotes there at once, from the shadow to everything, rolls back, and comes back in the same stage',
    { timeout: 180_000 },
    async () => {
      const folder = folderWithPolicy()
      const start = async (): Promise<{ serving: ReturnType<typeof startBinary>; node: Announcement }> => {
        const serving = startBinary(['serve', '--port', '0', '--json', '--config', 'kernell.jsonc'], { folder })
        await serving.untilOutput(/"event":"ready"/)
        return { serving, node: JSON.parse(readFileSync(join(folder, 'data/serve.json'), 'utf8')) as Announcement }
      }
      const stop = async ({ child, ended }: ReturnType<typeof startBinary>): Promise<BinaryRun> => {
        child.kill('SIGINT')
        return await ended
      }
      const first = await start()
      expect(statSync(join(folder, 'data/serve.json')).mode & 0o777).toBe(0o600)
      expect(await json(folder, 'register', 'policy.json')).toMatchObject({ version, effect: 'registered' })
      expect(await json(folder, 'promote', version)).toMatchObject({ code: 3, error: { code: 'POLICY_GATE_MISSING' } })
      const signer = await openInstallationKey(join(folder, 'data'))
      const report = gateReportOf({ candidate: POLICY, signer })
      expect(await ask(first.node, { op: 'attach-gate', version, report })).toMatchObject({
        status: 200,
        body: { has_passed: true, against: 'priors-1' },
      })
      expect(await json(folder, 'promote', version)).toMatchObject({
        effect: 'done',
        transition: { from: 'legacy_only', to: 'shadow', by: expect.stringContaining('command line') as unknown },
        status: { stage: 'shadow', candidate: version },
      })
      expect(await json(folder, 'promote', version, '--stage', 'canary', '--percent', '20')).toMatchObject({
        status: { stage: 'canary', percent: 20 },
      })
      expect(await json(folder, 'promote', version, '--stage', 'canary', '--percent', '20')).toMatchObject({
        effect: 'exists',
      })
      const status = await run(folder, 'status')
      expect(status.output).toContain(`canary: ${version} answers 20 % of the conversations`)
      const metrics = await (await fetch(`${first.node.url}/metrics`)).text()
      expect(metrics).toContain('kernell_rollout_stage{stage="canary"} 1')
      expect(metrics).toContain('kernell_rollout_candidate_ratio 0.2')
      const ended = await stop(first.serving)
      expect(`${ended.output}${ended.errors}`).not.toContain(first.node.control_token)

      const second = await start()
      expect(second.node.control_token).not.toBe(first.node.control_token)
      expect(await json(folder, 'status')).toMatchObject({ stage: 'canary', percent: 20, candidate: version })
      expect((await run(folder, 'pause', '--reason', 'over the weekend')).output).toContain(
        'paused, it goes no step further by itself',
      )
      expect(await json(folder, 'pause')).toMatchObject({ code: 0, effect: 'exists' })
      expect(await json(folder, 'status')).toMatchObject({ stage: 'canary', percent: 20, is_paused: true })
      expect(await json(folder, 'resume')).toMatchObject({ effect: 'done', status: { is_paused: false } })
      expect((await json(folder, 'status'))['transitions']).toMatchObject([
        { cause: 'resume', reason: 'by command' },
        { cause: 'pause', reason: 'over the weekend' },
        {},
        {},
      ])
      expect(await json(folder, 'promote', version, '--stage', 'full')).toMatchObject({
        code: 3,
        error: { code: 'POLICY_ROLLOUT_REFUSED', details: { reason: 'NO_REFERENCE' } },
      })
      expect(await json(folder, 'promote', version, '--stage', 'full', '--without-reference')).toMatchObject({
        status: { stage: 'full', is_compared: false },
      })
      expect((await run(folder, 'status')).output).toContain('Nothing is known of the policy before it')
      const relaxed = gateReportOf({
        candidate: POLICY,
        signer,
        at: '2026-01-02T00:00:00.000Z',
        thresholds: { qualityMargin: -1, costTolerance: null },
      })
      await ask(second.node, { op: 'attach-gate', version, report: relaxed })
      expect((await run(folder, 'list')).output).toContain('passed against priors-1, relaxed')
      const shown = await run(folder, 'show', version)
      expect(shown.output).toContain('relaxed: quality_margin -1, by default 0.01')
      expect(shown.output).toContain('relaxed: cost_tolerance any, by default 0.05')
      expect((await json(folder, 'list'))['policies']).toMatchObject([
        {
          version,
          place: 'candidate',
          gates: [{ changed_thresholds: [{ is_relaxed: true }, {}] }, { has_passed: true, changed_thresholds: [] }],
        },
      ])
      expect(await json(folder, 'remove', version, '--yes')).toMatchObject({
        code: 3,
        error: { code: 'POLICY_IN_USE' },
      })
      expect((await run(folder, 'rollback', '--reason', 'a complaint')).output).toContain('priors-1 answers everything')
      expect(await json(folder, 'status')).toMatchObject({
        stage: 'legacy_only',
        rollbacks: 1,
        transitions: [{ cause: 'rollback', reason: 'a complaint' }, {}, {}, {}, {}, {}],
      })
      // Records are read beside it, too.
      await fetch(`${second.node.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: 'What is 2 + 2?' }] }),
      })
      const exported = await runBinary(
        ['data', 'export', '--output', 'out.jsonl', '--config', 'kernell.jsonc', '--json'],
        {
          folder,
        },
      )
      expect(told(exported)).toMatchObject({ records: 1 })
      const read = readFileSync(join(folder, 'out.jsonl'), 'utf8').trim().split('\n')
      expect(read.map((line) => (JSON.parse(line) as Told)['success'])).toEqual([true])
      await stop(second.serving)
    },
  )

  it(
    'answers nobody but this machine with the token of this start, and not for long',
    { timeout: 60_000 },
    async () => {
      const folder = folderWithPolicy()
      const serving = startBinary(['serve', '--port', '0', '--json', '--config', 'kernell.jsonc'], { folder })
      await serving.untilOutput(/"event":"ready"/)
      const node = JSON.parse(readFileSync(join(folder, 'data/serve.json'), 'utf8')) as Announcement
      const status = { op: 'status' }
      expect((await ask(node, status)).status).toBe(200)
      expect(await ask(node, { op: 'format' })).toMatchObject({
        status: 400,
        body: { error: { code: 'REQUEST_INVALID' } },
      })
      for (const headers of [
        { 'x-kernell-control': '' },
        { 'x-kernell-control': node.control_token.slice(1) },
        { 'x-forwarded-for': '127.0.0.1' },
      ]) {
        const answer = await ask(node, status, headers)
        expect(answer).toMatchObject({ status: 403, body: { error: { code: 'GATEWAY_CONTROL_REFUSED' } } })
        expect(JSON.stringify(answer.body)).not.toContain(node.control_token)
      }
      // Two guesses so far; after ten nobody who guesses is heard for a minute, and whoever knows the token still is.
      for (let count = 0; count < 8; count += 1) await ask(node, status, { 'x-kernell-control': 'guess' })
      expect(await ask(node, status, { 'x-kernell-control': 'guess' })).toMatchObject({ status: 429 })
      expect(await ask(node, status)).toMatchObject({ status: 200 })
      const listed = await (await fetch(node.url)).text()
      expect(listed).not.toContain('control')
      serving.child.kill('SIGINT')
      await serving.ended
    },
  )
})
