import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { DEFAULT_TENANT } from '../../src/base/identifiers.ts'
import { CodedError } from '../../src/base/errors.ts'
import { startUpstreamServer, type UpstreamBehaviour } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from './real-node.ts'

const NANOS_PER_TOKEN = { input: 150n, output: 600n }
const LIMIT = 20_000_000n
const REQUESTS = 1_000

describe('a budget', () => {
  it('is not overspent by one nano-dollar by 1,000 requests at once whose provider fails as it likes', async () => {
    const random = createRandomStream(7)
    let billed = 0n
    /** Bills what it says that it used, at most what it was told; and in full where it says nothing that can be read. */
    const behave = ({ body }: { body: Record<string, unknown> | undefined }): UpstreamBehaviour => {
      const most = BigInt(Number(body?.['max_tokens'] ?? body?.['max_completion_tokens']))
      const draw = random.nextUnit()
      if (draw < 0.1) return { kind: 'status', status: 500, body: 'broken' }
      if (draw < 0.2) return { kind: 'status', status: 429, body: 'later' }
      if (draw < 0.25) return { kind: 'disconnect' }
      const output = draw < 0.6 ? most : (most * BigInt(Math.floor(draw * 100))) / 100n
      billed += 10n * NANOS_PER_TOKEN.input + output * NANOS_PER_TOKEN.output
      if (draw < 0.35) return { kind: 'raw', body: '{"choices":' }
      return { kind: 'answer', text: 'The sea is wide.', usage: { input: 10, output: Number(output) } }
    }
    await using thrifty = await startUpstreamServer({ behaviour: behave })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: thrifty.baseUrl }),
      budgets: [{ scope: 'tenant:default', window: 'total', limitUsd: '0.02' }],
    })
    const { router } = running.node
    const ask = async (place: number, maxOutputTokens: number): Promise<string> => {
      try {
        await router.route({
          caller: { tenant: DEFAULT_TENANT },
          target: { kind: 'route', route: 'cheap' },
          request: { messages: [{ role: 'user', content: `Write line ${place} about the sea.` }], maxOutputTokens },
          controls: { cache: 'off' },
        })
        return 'answered'
      } catch (error) {
        return CodedError.is(error) ? error.code : String(error)
      }
    }
    const ends = await Promise.all(
      Array.from({ length: REQUESTS }, async (_, place) => await ask(place, 50 + (place % 200))),
    )
    const counts = Object.groupBy(ends, (end) => end)
    expect(counts['answered']?.length).toBeGreaterThan(20)
    expect(counts['BUDGET_EXCEEDED']?.length).toBeGreaterThan(100)
    const known = ['BUDGET_EXCEEDED', 'MODEL_RATE_LIMITED', 'ROUTER_ALL_FAILED', 'answered']
    expect(Object.keys(counts).filter((end) => !known.includes(end))).toEqual([])
    expect(billed).toBeLessThanOrEqual(LIMIT)
    expect(billed).toBeGreaterThan(LIMIT / 2n)
    // Nothing stays set aside: what is left is the limit without what was charged, and that covers what was billed.
    const refusal: unknown = await router
      .route({
        caller: { tenant: DEFAULT_TENANT },
        target: { kind: 'route', route: 'cheap' },
        request: { messages: [{ role: 'user', content: 'A long one.' }], maxOutputTokens: 1_000_000 },
        controls: { cache: 'off' },
      })
      .catch((error: unknown) => error)
    if (!CodedError.is(refusal, 'BUDGET_EXCEEDED')) throw new Error(String(refusal))
    const available = BigInt(String(refusal.details['availableNanos']))
    expect(LIMIT - available).toBeGreaterThanOrEqual(billed)
    expect(available).toBeGreaterThanOrEqual(0n)
  })
})

describe('a stream', () => {
  it('is stopped in the middle where its model writes on past what was set aside', async () => {
    const words = Array.from({ length: 40_000 }, (_, place) => `word${place}`).join(' ')
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'answer', text: words, chunkCount: 4_000 } })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: thrifty.baseUrl }),
      budgets: [{ scope: 'node', window: 'total', limitUsd: '1' }],
    })
    const response = await fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'kernell-cheap',
        stream: true,
        max_tokens: 10_000,
        messages: [{ role: 'user', content: 'Write many words.' }],
      }),
    })
    const text = await response.text()
    expect(text).toContain('word0')
    expect(text).toContain('ROUTER_SPEND_STOPPED')
    expect(text).not.toContain('word20000')
  })
})

describe('a quota', () => {
  it('refuses what is beyond it, and says when to come back', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'answer', text: 'The sea is wide.' } })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: thrifty.baseUrl }),
      quotas: [{ scope: 'tenant:*', perMinute: 2 }],
    })
    const statuses: number[] = []
    let last: Response | undefined
    for (let place = 0; place < 4; place += 1) {
      last = await fetch(`${running.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'kernell-cheap', messages: [{ role: 'user', content: `Line ${place}` }] }),
      })
      statuses.push(last.status)
    }
    expect(statuses).toEqual([200, 200, 429, 429])
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(thrifty.callCount).toBe(2)
  })
})
