/**
 * What was measured is what is served: an artefact that an evaluation saved, loaded by a node behind its gateway, gives the scores of the
 * evaluation to the last bit, and the cache the same hits and misses.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGateway } from '../../src/gateway/create-gateway.ts'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import { resolveConfig } from '../../src/node/config/resolve-config.ts'
import { createNode } from '../../src/node/create-node.ts'
import type { EvaluatingNode, RowScore } from '../../src/node/node-evaluations.ts'
import { startUpstreamServer, type UpstreamServer } from '../fixtures/upstream-server.ts'

const DATA = process.env['KERNELL_DATA'] ?? '../shared/data'
const isAbsent = !existsSync(join(DATA, 'routing/routellm_gsm8k.jsonl'))
if (isAbsent) console.warn(`skipped: there is no evaluation data at ${DATA} (set KERNELL_DATA)`)

const readLines = (file: string): readonly string[] => {
  const bytes = readFileSync(join(DATA, file))
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
}

describe.skipIf(isAbsent)('a served artefact', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-served-'))
  let upstream: UpstreamServer

  beforeAll(async () => {
    upstream = await startUpstreamServer({
      isRecording: false,
      behaviour: { kind: 'answer', text: 'A whole and plain answer.' },
    })
  })
  afterAll(async () => {
    await upstream.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const openNode = async (name: string, document: ConfigDocument): Promise<EvaluatingNode> => {
    const config = resolveConfig({
      document: {
        discover: false,
        providers: { up: { kind: 'openai', baseUrl: `${upstream.origin}/v1`, models: ['large'], local: false } },
        models: { 'up/large': { tier: 'premium_api' } },
        ...document,
      },
      environment: {},
      providerOrigins: {},
      defaultDataDir: join(folder, name),
      baseDir: folder,
      configFile: undefined,
    })
    return await createNode({ config, environment: {} })
  }

  it('gives the scores of the evaluation for 200 prompts, to the last bit', async () => {
    const lines = readLines('routing/routellm_gsm8k.jsonl').filter((line) => !line.includes('"contaminated":true'))
    const train = lines.slice(0, 300)
    const test = lines.slice(300, 500)
    const trainer = await openNode('trainer', {})
    const pair = { strong: 'gpt-4-1106-preview', weak: 'mixtral-8x7b-instruct-v0.1', label: 'score', seed: 1 } as const
    const evaluated = await trainer.evaluateRouting({
      ...pair,
      train: [{ name: 'train', text: train.join('\n') }],
      test: [{ name: 'test', text: test.join('\n') }],
    })
    await trainer.close()
    writeFileSync(join(folder, 'policy.json'), evaluated.artefact)

    const node = await openNode('server', { policy: { artefact: 'policy.json' } })
    const gateway = createGateway({ node })
    const url = await gateway.listen({ host: '127.0.0.1', port: 0 })
    const served: RowScore[] = []
    for (const [row, line] of test.entries()) {
      const { prompt, models } = JSON.parse(line) as { prompt: string; models: Record<string, { response: string }> }
      const ask = async (body: object): Promise<number> => {
        const response = await fetch(`${url}/v1/policy/decide`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
        return ((await response.json()) as { score: number }).score
      }
      const score = await ask({ prompt })
      served.push({
        row,
        score,
        cascade_score: await ask({ prompt, weak_response: models[pair.weak]?.response ?? '' }),
      })
    }
    const prompts = test.map((line) => (JSON.parse(line) as { prompt: string }).prompt)
    const together = await fetch(`${url}/v1/policy/decide`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompts }),
    })
    const { answers } = (await together.json()) as { answers: { score: number }[] }
    await gateway.close()
    await node.close()
    // Many prompts are scored together in WebAssembly, one in TypeScript: the same bits.
    expect(answers.map(({ score }) => score)).toEqual(served.map(({ score }) => score))
    expect(served).toHaveLength(200)
    expect(served).toEqual(evaluated.scores)
  }, 120_000)

  it('gives the hits and misses of the evaluation for 1,000 pairs', async () => {
    const lines = readLines('cache/qqp.jsonl.gz')
    const trainLines = [...lines.slice(0, 6000), ...readLines('cache/mqp.jsonl')]
    const test = lines.slice(20_000, 21_000)
    const trainer = await openNode('cache-trainer', {})
    const evaluated = await trainer.evaluateCache({
      train: [{ name: 'train', text: trainLines.join('\n') }],
      test: { name: 'test', text: test.join('\n') },
      // Loose, so that so few pairs of training allow similar hits to compare.
      maxWrong: 0.3,
    })
    await trainer.close()
    writeFileSync(join(folder, 'cache.json'), evaluated.artefact)

    const node = await openNode('cache-server', { cache: { calibration: 'cache.json', entriesMax: 5000 } })
    const gateway = createGateway({ node })
    const url = await gateway.listen({ host: '127.0.0.1', port: 0 })
    const ask = async (prompt: string, mode: string | undefined): Promise<string | null> => {
      const headers = { 'content-type': 'application/json', ...(mode !== undefined && { 'x-kernell-cache': mode }) }
      const body = JSON.stringify({ model: 'kernell-premium', messages: [{ role: 'user', content: prompt }] })
      const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
      await response.arrayBuffer()
      return response.headers.get('x-kernell-cache')
    }
    const pairs = test.map((line) => JSON.parse(line) as { a: string; b: string })
    for (const a of new Set(pairs.map((pair) => pair.a))) await ask(a, 'no-read')
    const counts: Record<string, number> = { exact: 0, similar: 0, miss: 0 }
    for (const { b } of pairs) {
      // As in the evaluation, a look-up leaves nothing behind.
      const seen = await ask(b, 'no-store')
      counts[seen ?? 'miss'] = (counts[seen ?? 'miss'] ?? 0) + 1
    }
    await gateway.close()
    await node.close()
    expect({ exact: counts['exact'], similar: counts['similar'] }).toEqual({
      exact: evaluated.report.exact_hits,
      similar: evaluated.report.similar_hits,
    })
    expect(evaluated.report.similar_hits).toBeGreaterThan(0)
  }, 120_000)
})
