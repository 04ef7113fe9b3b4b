import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatCalibration } from '../../src/core/cache/cache-calibration.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from '../gateway/real-node.ts'
import { overlapCalibration } from '../router/cache/cache-fixture.ts'

type Embeddings = AsyncDisposable & { readonly baseUrl: string; readonly bodies: string[] }

/** A server of embeddings that writes down what it is shown. */
async function startEmbeddings(): Promise<Embeddings> {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    if (request.url !== '/v1/embeddings') {
      response.writeHead(404).end()
      return
    }
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString()
      bodies.push(body)
      const { input } = JSON.parse(body) as { readonly input: readonly string[] }
      const data = input.map((_text, index) => ({ index, embedding: [1, 0, 0, 0] }))
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ data, usage: { prompt_tokens: 7 } }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const SECRET = 'Write two lines about my secret diary.'

describe('a task that may not leave the machine', () => {
  it.each<[string, boolean, number]>([
    ['is not shown to an embedder elsewhere', false, 0],
    ['is compared by an embedder of this machine', true, 1],
  ])('%s', async (_what, local, seen) => {
    const folder = mkdtempSync(join(tmpdir(), 'kernell-confined-'))
    const calibration = join(folder, 'cache.json')
    writeFileSync(calibration, formatCalibration({ ...overlapCalibration(), embedderId: 'vectors/embed-1' }))
    await using embeddings = await startEmbeddings()
    await using near = await startUpstreamServer({ models: ['near-3b'] })
    const tiers = tiersAt({ local: near.baseUrl })
    await using running = await startRealGateway({
      ...tiers,
      providers: { ...tiers.providers, vectors: { kind: 'openai', baseUrl: embeddings.baseUrl, models: [], local } },
      cache: { embedder: 'vectors/embed-1', calibration },
    })
    const ask = async (headers: Record<string, string>): Promise<number> => {
      const response = await fetch(`${running.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: SECRET }] }),
      })
      await response.arrayBuffer()
      return response.status
    }
    const shown = (): number => embeddings.bodies.filter((body) => body.includes('secret diary')).length
    expect(await ask({ 'x-kernell-allow': 'local-only' })).toBe(200)
    expect(shown()).toBe(seen)
    expect(await ask({})).toBe(200)
    expect(shown()).toBe(seen + 1)
    rmSync(folder, { recursive: true, force: true })
  })
})
