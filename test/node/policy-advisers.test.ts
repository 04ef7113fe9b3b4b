import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_TENANT } from '../../src/base/identifiers.ts'
import { createGateway } from '../../src/gateway/create-gateway.ts'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import { resolveConfig } from '../../src/node/config/resolve-config.ts'
import { createNode } from '../../src/node/create-node.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import type { RouteRequest } from '../../src/ports/router.ts'
import { makeTinyAdapter } from '../fixtures/make-tiny-adapter.ts'
import { makeTinyGguf } from '../fixtures/make-tiny-gguf.ts'
import { startUpstreamServer, type UpstreamServer } from '../fixtures/upstream-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'kernell-advisers-'))
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

async function openNode(name: string, document: ConfigDocument): Promise<KernellNode> {
  const config = resolveConfig({
    document: {
      discover: false,
      ...document,
      providers: {
        up: { kind: 'openai', baseUrl: `${upstream.origin}/v1`, models: ['small', 'large'], local: false },
        ...document.providers,
      },
      models: { 'up/small': { tier: 'cheap_api' }, 'up/large': { tier: 'premium_api' } },
    },
    environment: {},
    providerOrigins: {},
    defaultDataDir: join(folder, name),
    baseDir: folder,
    configFile: undefined,
  })
  return await createNode({ config, environment: {} })
}

/** An expert's task by the documented signs: code, a derivation, conditions, and a lot of it. */
const HARD = [
  'Design a distributed store and explain step by step why it converges. Prove the theorem and derive the bound.',
  'Write the code: function merge(a, b) { ... }. If x > 3 and y < 4, calculate the probability of a conflict.',
  'Compare it with Raft, analyse its complexity and write a report.',
  'Consider a, b and c. '.repeat(60),
].join('\n')

const ask = (prompt: string): RouteRequest => ({
  caller: { tenant: DEFAULT_TENANT },
  target: { kind: 'auto' },
  request: { messages: [{ role: 'user', content: prompt }] },
  controls: {},
})

describe('PolicyPro', () => {
  it('is another node, asked over HTTP where the own policy is in doubt, and its answer is in the record', async () => {
    const adviser = await openNode('adviser', {})
    const gateway = createGateway({ node: adviser })
    const url = await gateway.listen({ host: '127.0.0.1', port: 0 })
    const node = await openNode('asker', { policy: { pro: { url } } })
    const { decision } = await node.router.route(ask(HARD))
    expect(decision.reasons.at(-1)).toMatch(/^pro was asked \(.+\) and said (local|cheap|premium|hybrid)$/)
    expect(decision.scorer).toBe('model')
    await node.close()
    await gateway.close()
    await adviser.close()
  })

  it('is not asked for an estimate, which calls nobody', async () => {
    const node = await openNode('estimate', { policy: { pro: { url: 'http://127.0.0.1:9' } } })
    const { decision } = await node.router.estimate(ask(HARD))
    expect(decision.reasons.filter((reason) => reason.startsWith('pro'))).toEqual([])
    await node.close()
  })

  it('that is not there leaves the decision to the node, which says so', async () => {
    const node = await openNode('alone', { policy: { pro: { url: 'http://127.0.0.1:9' } } })
    const { decision } = await node.router.route(ask(HARD))
    expect(decision.reasons.at(-1)).toMatch(/^pro was asked \(.+\) and gave no advice/)
    expect(decision.plan.length).toBeGreaterThan(0)
    await node.close()
  })
})

describe('model-backed PolicyLite', () => {
  it.each([
    ['is not there', () => undefined, 'MODEL_FILE_INVALID', 'it cannot be read'],
    [
      'is for another model',
      (file: string) => makeTinyAdapter(file, { dimensions: 128 }),
      'MODEL_FILE_INVALID',
      'it does not fit the model',
    ],
    ['is a model', (file: string) => makeTinyGguf(file), 'MODEL_FILE_INVALID', 'it is not a LoRA adapter'],
  ])('does not start with an adapter that %s', async (name, make, code, reason) => {
    const path = join(folder, 'base.gguf')
    makeTinyGguf(path)
    const adapter = `${name.replaceAll(' ', '-')}.gguf`
    make(join(folder, adapter))
    const opening = openNode(name.replaceAll(' ', '-'), {
      providers: { gguf: { kind: 'gguf', models: [path] } },
      policy: { lite: { model: `gguf/${path}`, adapter } },
    })
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringContaining(reason) as string })
  })

  it('takes no adapter for a model that a server runs', async () => {
    const opening = openNode('server', {
      providers: { near: { kind: 'openai', baseUrl: `${upstream.origin}/v1`, models: ['tiny'], local: true } },
      policy: { lite: { model: 'near/tiny', adapter: 'adapter.gguf' } },
    })
    await expect(opening).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('GGUF') as string,
    })
  })

  it('decides with an adapter, which changes what it says, and answers without', async () => {
    const path = join(folder, 'adapted.gguf')
    makeTinyGguf(path)
    makeTinyAdapter(join(folder, 'policy-adapter.gguf'))
    const said = async (name: string, lite: object): Promise<readonly unknown[]> => {
      await using node = await openNode(name, {
        providers: { gguf: { kind: 'gguf', models: [path] } },
        policy: { lite: { model: `gguf/${path}`, ...lite } },
      })
      const decisions: unknown[] = []
      for (const prompt of ['Name a river.', 'Name a lake.', 'Is it?', 'Sum it up.', 'Translate the poem.']) {
        const { decision } = await node.router.route({
          ...ask(prompt),
          controls: { tiers: ['cheap_api', 'premium_api'] },
        })
        decisions.push(decision.advice?.map(({ judged }) => judged))
      }
      return decisions
    }
    const plain = await said('plain', {})
    expect(await said('adapted', { adapter: 'policy-adapter.gguf' })).not.toEqual(plain)
    expect(await said('plain-again', {})).toEqual(plain)
  }, 60_000)

  it('is refused on a model of another machine: it would see every task, those that may not leave included', async () => {
    await expect(openNode('far', { policy: { lite: { model: 'up/small' } } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('only a model of this machine'),
    })
  })

  it('fills in a decision from weights of this machine, and the call is part of the cost', async () => {
    const path = join(folder, 'tiny.gguf')
    makeTinyGguf(path)
    const node = await openNode('lite', {
      providers: { gguf: { kind: 'gguf', models: [path] } },
      policy: { lite: { model: `gguf/${path}` } },
    })
    const result = await node.router.route({
      ...ask('Name a river in Peru.'),
      controls: { tiers: ['cheap_api', 'premium_api'] },
    })
    expect(result.decision.reasons.at(-1)).toMatch(/^lite:gguf.+ was asked \(it decides every task\)/)
    expect(result.overheadCalls.map(({ purpose }) => purpose)).toEqual(
      result.decision.reasons.at(-1)?.includes('gave no advice') === true ? [] : ['policy'],
    )
    await node.close()
  }, 60_000)
})
