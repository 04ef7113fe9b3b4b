import { once } from 'node:events'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createEgressBroker } from '../../src/guard/egress-broker.ts'
import { createDnsResolver } from '../../src/guard/resolve-host.ts'
import { startRealGateway, tiersAt } from '../gateway/real-node.ts'
import { type DnsAnswer, DnsServer } from '../guard/dns-server.ts'
import { Listener } from '../guard/played-internet.ts'

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** A listener of this machine to which nobody may come, and a server of names that would lead there. */
async function victimOf(answer: (name: string, count: number) => DnsAnswer | undefined): Promise<{
  readonly victim: Listener
  readonly resolveHost: ReturnType<typeof createDnsResolver>
  readonly server: DnsServer
}> {
  const victim = new Listener((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"stolen":true}'),
  )
  await victim.listen()
  closers.push(() => victim.close())
  const server = new DnsServer(answer)
  const address = await server.listen()
  closers.push(async () => await server[Symbol.asyncDispose]())
  return { victim, server, resolveHost: createDnsResolver({ servers: [address], timeoutMs: 500 }) }
}

const WAYS: readonly (readonly [string, (name: string) => DnsAnswer | undefined])[] = [
  ['to this machine', () => ({ a: ['127.0.0.1'] })],
  [
    'to this machine, and to the internet by the other family',
    () => ({ a: ['127.0.0.1'], aaaa: ['2606:4700:0:0:0:0:0:1111'] }),
  ],
  [
    'by another name to this machine',
    (name) => (name === 'target.example' ? { a: ['127.0.0.1'] } : { cname: 'target.example' }),
  ],
]

async function post(url: string, content: unknown): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content }] }),
  })
  return { status: response.status, text: await response.text() }
}

describe.each(WAYS)('a name that leads %s', (_, answer) => {
  test('takes no model of a node there', async () => {
    const { victim, server, resolveHost } = await victimOf(answer)
    const tiers = tiersAt({ cheap: `http://models.example:${victim.port}/v1` })
    await using running = await startRealGateway(tiers, { resolveHost })
    const { status, text } = await post(running.url, 'Write a poem about the sea')
    expect(status).toBeGreaterThanOrEqual(400)
    expect(text).not.toContain('stolen')
    expect(server.asked).toContain('models.example a')
    expect(victim.connections).toBe(0)
  })

  test('takes no image of a request there', async () => {
    const { victim, server, resolveHost } = await victimOf(answer)
    // A model on this machine, as the operator configured it, would fetch what it is handed.
    await using running = await startRealGateway(tiersAt({ local: `http://127.0.0.1:${victim.port}/v1` }), {
      resolveHost,
    })
    const before = victim.connections
    const image = { type: 'image_url', image_url: { url: 'https://pictures.example/i.png' } }
    expect(await post(running.url, [{ type: 'text', text: 'What is this?' }, image])).toMatchObject({
      status: 400,
      text: expect.stringContaining('image_url.url') as string,
    })
    expect(server.asked).toContain('pictures.example a')
    expect(victim.connections).toBe(before)
  })

  test('takes no tool of an agent there', async () => {
    const { victim, resolveHost } = await victimOf(answer)
    await using running = await startRealGateway({}, { resolveHost })
    await expect(running.node.web.request({ url: 'http://page.example/', method: 'GET' })).rejects.toMatchObject({
      code: 'OUTBOUND_NOT_ALLOWED',
    })
    expect([victim.connections, running.node.web.records()]).toMatchObject([
      0,
      [{ host: 'page.example', outcome: 'refused' }],
    ])
  })

  test('takes no sandbox there', async () => {
    const { victim, server, resolveHost } = await victimOf(answer)
    await using broker = createEgressBroker({ resolve: resolveHost })
    const gate = await broker.open({ hosts: [`page.example:${victim.port}`], bytesMax: 1_000 })
    const asking = request({ socketPath: gate.socketPath, method: 'CONNECT', path: `page.example:${victim.port}` })
    asking.end()
    const [response, socket] = (await once(asking, 'connect')) as [{ readonly statusCode: number }, Socket]
    socket.destroy()
    expect([response.statusCode, victim.connections]).toEqual([403, 0])
    expect(server.asked).toContain('page.example a')
  })
})
