import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import type { RouteResult } from '../../../src/ports/router.ts'
import { ANSWER, createScriptedNode, resultOf, startGateway, taskIdOf } from '../scripted-node.ts'
import { abortOf, ask, gateFor, placeOf, SEED } from './asked.ts'

type Completion = {
  readonly id: string
  readonly model: string
  readonly choices: readonly { readonly index: number; readonly message: { readonly content: string } }[]
  readonly usage: object
  readonly error?: { readonly code: string; readonly param: string | null; readonly message: string }
}

const jsonOf = async (response: Response): Promise<Completion> => (await response.json()) as Completion

const answering = (place: number, more: Partial<RouteResult> = {}): Partial<RouteResult> => ({
  answer: { ...ANSWER, text: `answer ${place}`, servedModel: `served-${place}` },
  ...more,
})

describe('a chat request with n', () => {
  it('has as many answers, in order, which are tasks of their own that all begin at once', async () => {
    const arrive = gateFor(3)
    const node = createScriptedNode({
      route: async (request) => {
        await arrive()
        // The last is there first.
        for (let turn = placeOf(request); turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
        return resultOf(taskIdOf(request), answering(placeOf(request)))
      },
    })
    await using running = await startGateway(node)
    const response = await ask(running.url, { n: 3, temperature: 1 })
    const id = response.headers.get('x-request-id') ?? ''
    const completion = await jsonOf(response)
    expect(completion).toMatchObject({ id: `chatcmpl-${id}`, model: 'served-0' })
    expect(completion.choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, 'answer 0'],
      [1, 'answer 1'],
      [2, 'answer 2'],
    ])
    expect(node.requests.map(({ taskId }) => taskId)).toEqual([id, `${id}.1`, `${id}.2`])
    expect(new Set(node.requests.map(({ caller }) => caller))).toHaveLength(1)
    expect(node.requests.map(({ request }) => request.temperature)).toEqual([1, 1, 1])
  })

  it.each([false, true])(
    'says that each answer has a share of the cap where that is too little, streamed: %s',
    async (stream) => {
      const refuse = async (): Promise<never> => {
        throw new CodedError('ROUTER_COST_CAP', { message: 'The cost cap leaves no room for a call of a/b' })
      }
      await using running = await startGateway(createScriptedNode({ route: refuse, routeStream: refuse }))
      const response = await ask(running.url, { n: 3, stream }, { headers: { 'x-kernell-max-cost-usd': '0.3' } })
      expect(response.status).toBe(422)
      const { error } = await jsonOf(response)
      expect(error?.code).toBe('ROUTER_COST_CAP')
      expect(error?.message).toContain(
        'no room for a call of a/b: of what the request may cost, each of its 3 answers has',
      )
      expect(error?.message).toContain('or ask for fewer with `n`')
    },
  )

  it('adds up what all of them used and cost', async () => {
    const usage = { tokensIn: 7, tokensOut: 3, cachedTokensIn: 2, isEstimated: false }
    const usages = [{ ...usage, reasoningTokensOut: 1 }, { ...usage, tokensOut: 5 }, usage]
    const node = createScriptedNode({
      route: async (request) => {
        const place = placeOf(request)
        return resultOf(taskIdOf(request), {
          answer: { ...ANSWER, usage: usages[place] ?? usage },
          costNanos: amountFromNanos(1_000_000n * BigInt(place + 1)),
          premiumCostNanos: amountFromNanos(10_000_000n),
          verification: { isAccepted: place !== 2, confidence: 0.5 },
        })
      },
    })
    await using running = await startGateway(node)
    const response = await ask(running.url, { n: 3 })
    expect((await jsonOf(response)).usage).toEqual({
      prompt_tokens: 21,
      completion_tokens: 11,
      total_tokens: 32,
      prompt_tokens_details: { cached_tokens: 6 },
      completion_tokens_details: { reasoning_tokens: 1 },
    })
    const headers = ['x-kernell-cost-usd', 'x-kernell-premium-cost-usd', 'x-kernell-accepted', 'x-kernell-task-id']
    expect(headers.map((name) => response.headers.get(name))).toEqual([
      '0.006',
      '0.03',
      'false',
      response.headers.get('x-request-id'),
    ])
  })

  it('says no cost where that of one answer is not known', async () => {
    const node = createScriptedNode({
      route: async (request) =>
        resultOf(taskIdOf(request), placeOf(request) === 1 ? { costNanos: undefined, verification: undefined } : {}),
    })
    await using running = await startGateway(node)
    const { headers } = await ask(running.url, { n: 2 })
    expect([headers.get('x-kernell-cost-usd'), headers.get('x-kernell-premium-cost-usd')]).toEqual([null, '0.05'])
    expect(headers.get('x-kernell-accepted')).toBeNull()
  })

  it.each([[undefined], [null], [1]])('of %s has one, as it was asked for', async (n) => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const headers = { 'x-kernell-max-cost-usd': '0.09' }
    expect((await jsonOf(await ask(running.url, { n }, { headers }))).choices).toHaveLength(1)
    expect(node.requests).toMatchObject([{ request: { seed: SEED }, controls: { maxCostNanos: 90_000_000n } }])
    expect(node.requests[0]?.controls).not.toHaveProperty('cache')
  })

  it.each([[0], [9], [-1], [1.5], ['2'], [true], [128]])('of %j is refused with what it may be', async (n) => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const response = await ask(running.url, { n })
    expect([response.status, await jsonOf(response)]).toMatchObject([
      400,
      { error: { code: 'REQUEST_INVALID', param: 'n', message: 'n must be an integer from 1 to 8' } },
    ])
    expect(node.requests).toHaveLength(0)
  })

  it('of what the node does not do at one time is refused with how much that is', async () => {
    await using running = await startGateway(createScriptedNode(), { limits: { concurrentRequestsMax: 2 } })
    expect((await ask(running.url, { n: 2 })).status).toBe(200)
    const refused = await ask(running.url, { n: 3 })
    expect([refused.status, (await jsonOf(refused)).error?.message]).toMatchObject([
      400,
      expect.stringContaining('at most 2') as string,
    ])
  })
})

describe('the further answers', () => {
  it.each<[Record<string, string>]>([[{}], [{ 'x-kernell-cache': 'refresh' }]])(
    'leave the cache alone, and the first is as it was asked for: %j',
    async (headers) => {
      const node = createScriptedNode()
      await using running = await startGateway(node)
      await ask(running.url, { n: 3 }, { headers })
      const first = headers['x-kernell-cache']
      expect(node.requests.map(({ controls }) => controls.cache)).toEqual([first, 'off', 'off'])
    },
  )

  it('have seeds of their own, up to the last whole number', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await ask(running.url, { n: 3, seed: Number.MAX_SAFE_INTEGER - 1 })
    const seeds = node.requests.map(({ request }) => request.seed)
    expect(new Set(seeds)).toHaveLength(3)
    expect(seeds.every(Number.isSafeInteger)).toBe(true)
    await ask(running.url, { n: 2, seed: null })
    expect(node.requests.slice(3).map(({ request }) => 'seed' in request)).toEqual([false, false])
  })

  it('share with the first what the request may cost', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await ask(running.url, { n: 3 }, { headers: { 'x-kernell-max-cost-usd': '0.00000001' } })
    expect(node.requests.map(({ controls }) => controls.maxCostNanos)).toEqual([3n, 3n, 3n])
  })
})

describe('when one of several answers fails', () => {
  it('the others are ended, and the request fails for it once they have', async () => {
    const arrive = gateFor(3)
    const ends: unknown[] = []
    const node = createScriptedNode({
      route: async (request, signal) => {
        await arrive()
        if (placeOf(request) === 1) throw new CodedError('ROUTER_NO_MODEL', { message: 'There is none' })
        return await abortOf(signal).catch(async (error: unknown) => {
          // Longer than a failure takes to be answered.
          await fetch(running.url)
          ends.push(error)
          throw error
        })
      },
    })
    await using running = await startGateway(node, { limits: { concurrentRequestsMax: 3 } })
    const response = await ask(running.url, { n: 3 })
    expect(ends).toMatchObject([{ code: 'REQUEST_ABORTED' }, { code: 'REQUEST_ABORTED' }])
    expect([response.status, (await jsonOf(response)).error?.code]).toEqual([503, 'ROUTER_NO_MODEL'])
    expect(running.failures).toEqual([])
    // Nothing of it counts any more.
    await expect.poll(async () => (await ask(running.url, { n: 3 })).status).toBe(503)
  })

  it('the time limit of the request is the failure where it ends all', async () => {
    const node = createScriptedNode({ route: async (_, signal) => await abortOf(signal) })
    await using running = await startGateway(node, { limits: { requestTimeoutMs: 20 } })
    const response = await ask(running.url, { n: 2 })
    expect([response.status, (await jsonOf(response)).error?.code]).toEqual([504, 'GATEWAY_TIMEOUT'])
  })

  it('a caller who leaves ends all', async () => {
    const leaving = new AbortController()
    const arrive = gateFor(3)
    const ended = gateFor(4)
    const node = createScriptedNode({
      route: async (_, signal) => {
        arrive()
          .then(() => leaving.abort())
          .catch(() => undefined)
        return await abortOf(signal).finally(() => {
          ended().catch(() => undefined)
        })
      },
    })
    await using running = await startGateway(node)
    await expect(ask(running.url, { n: 3 }, { signal: leaving.signal })).rejects.toThrow()
    await ended()
  })
})

describe('room for several answers', () => {
  it('is that of as many requests, taken for all or for none, and given back', async () => {
    const begun = gateFor(3)
    const release = Promise.withResolvers<void>()
    const node = createScriptedNode({
      route: async (request) => {
        begun().catch(() => undefined)
        await release.promise
        return resultOf(taskIdOf(request))
      },
    })
    await using running = await startGateway(node, { limits: { concurrentRequestsMax: 4 } })
    const served = ask(running.url, { n: 2 })
    await begun()
    const refused = await ask(running.url, { n: 3 })
    expect([refused.status, (await jsonOf(refused)).error?.code]).toEqual([429, 'rate_limit_exceeded'])
    const more = ask(running.url, { n: 2 })
    await expect.poll(() => node.requests.length).toBe(4)
    expect((await ask(running.url, {})).status).toBe(429)
    release.resolve()
    expect((await Promise.all([served, more])).map(({ status }) => status)).toEqual([200, 200])
    await expect.poll(async () => (await ask(running.url, { n: 4 })).status).toBe(200)
  })
})
