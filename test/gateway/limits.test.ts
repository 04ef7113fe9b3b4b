import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createGateway } from '../../src/gateway/index.ts'
import type { ModelStreamPart } from '../../src/ports/language-model.ts'
import type { RouteResult } from '../../src/ports/router.ts'
import { createScriptedNode, resultOf, type ScriptedNode, startGateway, streamOf, taskIdOf } from './scripted-node.ts'

const BODY = JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: 'hi' }] })
const post = async (url: string): Promise<Response> =>
  await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: BODY,
  })

type Held = {
  readonly node: ScriptedNode
  readonly begun: (count: number) => Promise<void>
  readonly release: () => void
}

/** A node whose requests wait until `release`, or until they are aborted. */
function createHeldNode(): Held {
  const gate = Promise.withResolvers<void>()
  const waiters: { readonly count: number; readonly resolve: () => void }[] = []
  let count = 0
  const route: (
    ...input: Parameters<NonNullable<Parameters<typeof createScriptedNode>[0]>['route'] & object>
  ) => Promise<RouteResult> = async (request, signal) => {
    count += 1
    for (const waiter of waiters) if (waiter.count <= count) waiter.resolve()
    await Promise.race([gate.promise, once(signal, 'abort')])
    signal.throwIfAborted()
    return resultOf(taskIdOf(request))
  }
  const begun = async (wanted: number): Promise<void> => {
    if (count < wanted) await new Promise<void>((resolve) => waiters.push({ count: wanted, resolve }))
  }
  return { node: createScriptedNode({ route }), begun, release: gate.resolve }
}

describe('limits', () => {
  it('refuse the request beyond the number that may be served, with when to come back', async () => {
    const held = createHeldNode()
    await using running = await startGateway(held.node, { limits: { concurrentRequestsMax: 2 } })
    const served = [post(running.url), post(running.url)]
    await held.begun(2)
    const refused = await post(running.url)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded', type: 'rate_limit_error' } })
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200)
    held.release()
    expect((await Promise.all(served)).map((response) => response.status)).toEqual([200, 200])
    expect((await post(running.url)).status).toBe(200)
  })

  it('end a request that takes too long', async () => {
    await using running = await startGateway(createHeldNode().node, { limits: { requestTimeoutMs: 20 } })
    const response = await post(running.url)
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ error: { code: 'GATEWAY_TIMEOUT', type: 'server_error' } })
  })

  it('bound the conversation', async () => {
    await using running = await startGateway(createScriptedNode(), { limits: { messagesMax: 0 } })
    expect(await (await post(running.url)).json()).toMatchObject({
      error: { code: 'REQUEST_INVALID', param: 'messages' },
    })
  })
})

describe('closing', () => {
  it('lets requests in flight finish and takes no more', async () => {
    const held = createHeldNode()
    await using running = await startGateway(held.node)
    const served = post(running.url)
    await held.begun(1)
    const closed = running.gateway.close({ deadlineMs: 5_000 })
    await expect(post(running.url)).rejects.toThrow()
    held.release()
    expect((await served).status).toBe(200)
    await closed
    expect(running.gateway.url).toBeUndefined()
  })

  it('aborts what is still running at the deadline, and tells it', async () => {
    const held = createHeldNode()
    await using running = await startGateway(held.node)
    const served = post(running.url)
    await held.begun(1)
    await running.gateway.close({ deadlineMs: 1 })
    const response = await served
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: 'GATEWAY_STOPPING' } })
  })

  it('tells a stream that it cuts, whatever the model makes of it', async () => {
    const begun = Promise.withResolvers<void>()
    const node = createScriptedNode({
      routeStream: async (request, signal) => {
        async function* parts(): AsyncGenerator<ModelStreamPart, void> {
          yield { type: 'text-delta', text: 'first' }
          begun.resolve()
          await once(signal, 'abort')
          throw new Error('something broke')
        }
        return streamOf(taskIdOf(request), parts())
      },
    })
    await using running = await startGateway(node)
    const body = JSON.stringify({ ...(JSON.parse(BODY) as object), stream: true })
    const response = await fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    await begun.promise
    const [text] = await Promise.all([response.text(), running.gateway.close({ deadlineMs: 1 })])
    expect(text).toMatch(/event: error\ndata: \{"error":\{.*"code":"GATEWAY_STOPPING"\}\}\n\n$/)
  })

  it('can be asked for twice, and before listening', async () => {
    const gateway = createGateway({ node: createScriptedNode() })
    await gateway.close()
    await gateway.close()
    await expect(gateway.listen({ port: 0 })).rejects.toThrow(TypeError)
  })
})

describe('listening', () => {
  it('on a port that is in use says so', async () => {
    await using running = await startGateway(createScriptedNode())
    const second = createGateway({ node: createScriptedNode() })
    await expect(second.listen({ port: Number(new URL(running.url).port) })).rejects.toMatchObject({
      code: 'GATEWAY_LISTEN_FAILED',
      message: expect.stringContaining('in use') as string,
    })
  })
})
