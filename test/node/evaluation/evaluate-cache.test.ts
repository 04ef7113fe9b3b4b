import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseCalibration } from '../../../src/core/cache/cache-calibration.ts'
import type { ConfigDocument } from '../../../src/node/config/config-document.ts'
import { resolveConfig } from '../../../src/node/config/resolve-config.ts'
import { createNode } from '../../../src/node/create-node.ts'
import type { EvaluatingNode } from '../../../src/node/node-evaluations.ts'
import { startUpstreamServer, type UpstreamServer } from '../../fixtures/upstream-server.ts'

let folder = ''
let upstream: UpstreamServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-calibration-'))
  upstream = await startUpstreamServer({ embeddingDimensions: 64 })
})
afterAll(async () => {
  await upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

async function openNode(name: string, cache: ConfigDocument['cache']): Promise<EvaluatingNode> {
  const config = resolveConfig({
    document: {
      discover: false,
      providers: { near: { kind: 'openai', baseUrl: upstream.baseUrl, models: ['embed-1'] } },
      ...(cache !== undefined && { cache }),
    },
    providerOrigins: {},
    environment: {},
    defaultDataDir: join(folder, name),
    baseDir: folder,
    configFile: undefined,
  })
  return await createNode({ config, environment: {} })
}

const THINGS = ['piano', 'chess', 'Latin', 'welding', 'sailing', 'botany', 'fencing', 'pottery', 'algebra', 'judo']
const PLACES = ['at home', 'in a club', 'at school', 'with friends', 'on holiday', 'in a team']

/** Rewordings of a question, and as many questions about something else; of one length, since the server's vectors go by place. */
function pairsFrom(places: readonly string[]): string {
  const lines = places.flatMap((place) =>
    THINGS.flatMap((thing) => [
      { a: `How do I learn ${thing} ${place}?`, b: `How do I study ${thing} ${place}?`, duplicate: true },
      { a: `Why do people like ${thing} ${place}?`, b: `How do people like ${thing} ${place}?`, duplicate: false },
    ]),
  )
  return lines.map((pair) => JSON.stringify(pair)).join('\n')
}

describe('a cache calibration', () => {
  it('is made with the embedder of the node, and holds for it alone', async () => {
    const trainer = await openNode('trainer', { embedder: 'near/embed-1', enabled: false })
    const { report, artefact } = await trainer.evaluateCache({
      train: [{ name: 'train', text: pairsFrom(PLACES.slice(0, 4)) }],
      test: { name: 'test', text: pairsFrom(PLACES.slice(4)) },
      maxWrong: 0.3,
    })
    await trainer.close()
    expect(parseCalibration(artefact).embedderId).toBe('near/embed-1')
    expect(report.requests).toBe(40)
    expect(report.similar_hits).toBeGreaterThan(0)
    expect(report.pair_auc).toBeGreaterThan(0.5)

    writeFileSync(join(folder, 'cache.json'), artefact)
    const node = await openNode('server', { embedder: 'near/embed-1', calibration: 'cache.json' })
    expect(node.health().checks.find(({ name }) => name === 'cache')?.state).toBe('ok')
    await node.close()
    await expect(openNode('other', { calibration: 'cache.json' })).rejects.toMatchObject({
      code: 'CACHE_CALIBRATION_INVALID',
    })
  })
})
