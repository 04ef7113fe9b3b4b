import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import type { ModelStreamPart } from '../../../src/ports/language-model.ts'
import type { RouteRequest, RouteResult } from '../../../src/ports/router.ts'
import {
  createScriptedNode,
  FINISH,
  partsOf,
  resultOf,
  type ScriptedNode,
  startGateway,
  streamOf,
  taskIdOf,
} from '../scripted-node.ts'
import { abortOf, ask, gateFor, HELLO, placeOf, SEED } from './asked.ts'

type Chunk = {
  readonly id: string
  readonly model: string
  readonly choices: readonly {
    readonly index: number
    readonly delta: { readonly role?: string; readonly content?: string }
    readonly finish_reason: string | null
  }[]
  readonly usage?: object | null
  readonly kernell?: Record<string, unknown>
  readonly error?: { readonly code: string }
}

function readEvents(text: string): (Chunk | '[DONE]')[] {
  const events = text.split('\n\n').filter((event) => event !== '')
  return events.map((event) => {
    const data = event.replace(/^(?:event: \w+\n)?data: /, '')
    return data === '[DONE]' ? data : (JSON.parse(data) as Chunk)
  })
}

/** What an answer is, piece by piece, without the chunk that it begins with. */
function piecesOf(events: readonly (Chunk | '[DONE]')[], index: number): (string | undefined)[] {
  return events
    .flatMap((event) => (event === '[DONE]' ? [] : (event.choices ?? [])))
    .filter((choice) => choice.index === index)
    .map(({ delta, finish_reason }) => finish_reason ?? delta.role ?? delta.content)
}

type Reading = { readonly next: () => Promise<string>; readonly leave: () => Promise<void> }

function readerOf(response: Response): Reading {
  if (response.body === null) throw new Error('There is no body')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  return { next: async () => (await reader.read()).value ?? '', leave: async () => await reader.cancel() }
}

type Parts = (place: number, signal: AbortSignal, request: RouteRequest) => AsyncIterable<ModelStreamPart>

function streaming(parts: Parts, results: (place: number) => Partial<RouteResult> = () => ({})): ScriptedNode {
  return createScriptedNode({
    routeStream: async (request, signal) => {
      const place = placeOf(request)
      const result = Promise.resolve(resultOf(taskIdOf(request), results(place)))
      const [modelId, isBuffered] = [`openai/model-${place}`, place === 1]
      return streamOf(taskIdOf(request), parts(place, signal, request), { modelId, isBuffered, result })
    },
  })
}

const text = (piece: string): ModelStreamPart => ({ type: 'text-delta', text: piece })

describe('a stream of several answers', () => {
  it('is the chunks of all as they come, an end for each, and one end', async () => {
    const turns = [gateFor(2), gateFor(2)]
    const node = streaming(
      async function* (place) {
        yield text(`${place}a`)
        await turns[0]?.()
        yield text(`${place}b`)
        await turns[1]?.()
        yield { ...FINISH, finishReason: place === 0 ? 'stop' : 'length' } as ModelStreamPart
      },
      (place) => ({ costNanos: amountFromNanos(BigInt(place + 1) * 1_000_000n), latencyMs: 10 * (place + 1) }),
    )
    await using running = await startGateway(node)
    const response = await ask(running.url, { n: 2, stream: true, stream_options: { include_usage: true } })
    const events = readEvents(await response.text())
    const id = response.headers.get('x-request-id') ?? ''
    expect(piecesOf(events, 0)).toEqual(['assistant', '0a', '0b', 'stop'])
    expect(piecesOf(events, 1)).toEqual(['assistant', '1a', '1b', 'length'])
    const order = events.flatMap((event) => (event === '[DONE]' ? [] : event.choices.map((choice) => choice.index)))
    // Neither waits for the end of the other.
    expect(order.lastIndexOf(0)).toBeGreaterThan(order.indexOf(1))
    expect(order.lastIndexOf(1)).toBeGreaterThan(order.indexOf(0))
    const chunks = events.filter((event) => event !== '[DONE]')
    expect(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.model}`))).toEqual(
      new Set([`chatcmpl-${id} openai/model-0`]),
    )
    expect(events.filter((event) => event === '[DONE]')).toHaveLength(1)
    expect(events.at(-1)).toBe('[DONE]')
    expect(chunks.filter(({ usage }) => usage !== null)).toEqual([chunks.at(-1)])
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 14, completion_tokens: 6, total_tokens: 20, prompt_tokens_details: { cached_tokens: 4 } },
      kernell: { task_id: id, cost_usd: 0.003, premium_cost_usd: 0.05, latency_ms: 20, is_accepted: true },
    })
    expect(response.headers.get('x-kernell-buffered')).toBe('false')
  })

  it('carries the figures in the last end where no usage is wanted', async () => {
    await using running = await startGateway(createScriptedNode())
    const events = readEvents(await (await ask(running.url, { n: 3, stream: true })).text())
    const chunks = events.filter((event) => event !== '[DONE]')
    const ends = chunks.filter(({ choices }) => choices[0]?.finish_reason === 'stop')
    expect(ends).toHaveLength(3)
    expect(chunks.filter(({ kernell }) => kernell !== undefined)).toEqual([ends[2]])
    expect(ends[2]?.kernell).toMatchObject({ cost_usd: 0.00375, cache: 'miss' })
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
  })

  it('is not held back by a slow one', async () => {
    const release = Promise.withResolvers<void>()
    const node = streaming(async function* (place) {
      if (place === 1) await release.promise
      yield text(`answer ${place}`)
      yield FINISH
    })
    await using running = await startGateway(node)
    const { next } = readerOf(await ask(running.url, { n: 3, stream: true }))
    let seen = ''
    while ((seen.match(/"finish_reason":"stop"/g) ?? []).length < 2) seen += await next()
    expect([piecesOf(readEvents(seen), 0), piecesOf(readEvents(seen), 1)]).toEqual([
      ['assistant', 'answer 0', 'stop'],
      [],
    ])
    release.resolve()
    while (!seen.includes('[DONE]')) seen += await next()
    expect(piecesOf(readEvents(seen), 1)).toEqual(['assistant', 'answer 1', 'stop'])
  })

  it('says that its figures are pending where those of one answer are late', async () => {
    const node = createScriptedNode({
      routeStream: async (request) => {
        const isLate = placeOf(request) === 1
        const result = new Promise<never>(() => undefined)
        return streamOf(taskIdOf(request), partsOf(text('Hello'), FINISH), isLate ? { result } : {})
      },
    })
    await using running = await startGateway(node, { limits: { resultWaitMs: 5 } })
    const events = readEvents(await (await ask(running.url, { n: 2, stream: true })).text())
    expect(events.at(-2)).toMatchObject({ kernell: { cost_usd: null, is_cost_pending: true } })
  })

  it('waits for a reader that does not keep up, with all of its answers', async () => {
    const piece = 'x'.repeat(64 * 1024)
    const taken = [0, 0]
    const node = streaming(async function* (place, signal) {
      while (!signal.aborted) {
        taken[place] = (taken[place] ?? 0) + 1
        yield text(piece)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    await using running = await startGateway(node)
    const { host, port } = new URL(running.url)
    const body = JSON.stringify({ model: 'kernell', messages: HELLO, n: 2, seed: SEED, stream: true })
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    socket.pause()
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    let before = -1
    const sum = (): number => (taken[0] ?? 0) + (taken[1] ?? 0)
    // Until nothing more is taken for a thousand turns.
    for (let still = 0; still < 1_000; still += 1) {
      if (sum() !== before || sum() === 0) still = 0
      before = sum()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(taken.every((count) => count > 0)).toBe(true)
    const stalled = [...taken]
    socket.resume()
    await expect.poll(() => taken.every((count, place) => count > (stalled[place] ?? 0))).toBe(true)
    socket.destroy()
  })
})

describe('a stream of several answers of which one fails', () => {
  const failing = (whenOthersHave: () => Promise<void>, ends: unknown[] = []): ScriptedNode =>
    streaming(async function* (place, signal) {
      if (place === 1) {
        await whenOthersHave()
        throw new CodedError('MODEL_STREAM_TRUNCATED', { message: 'It broke off' })
      }
      try {
        yield text(`answer ${place}`)
        await whenOthersHave()
        await abortOf(signal)
      } catch (error) {
        ends.push(error)
        throw error
      }
    })

  it('ends with the failure as its one event, and the others are ended', async () => {
    const ends: unknown[] = []
    await using running = await startGateway(failing(gateFor(3), ends))
    const response = await ask(running.url, { n: 3, stream: true })
    const body = await response.text()
    expect(response.status).toBe(200)
    expect(body.match(/event: error/g)).toHaveLength(1)
    expect(body).not.toContain('[DONE]')
    expect(readEvents(body).at(-1)).toMatchObject({ error: { code: 'MODEL_STREAM_TRUNCATED' } })
    await expect.poll(() => ends).toMatchObject([{ code: 'REQUEST_ABORTED' }, { code: 'REQUEST_ABORTED' }])
    await expect.poll(() => running.failures).toMatchObject([{ code: 'MODEL_STREAM_TRUNCATED' }])
  })

  it('has a status where no byte has left', async () => {
    const arrive = gateFor(3)
    const node = createScriptedNode({
      routeStream: async (request, signal) => {
        await arrive()
        if (placeOf(request) === 2) throw new CodedError('ROUTER_NO_MODEL', { message: 'There is none' })
        return await abortOf(signal)
      },
    })
    await using running = await startGateway(node)
    const response = await ask(running.url, { n: 3, stream: true })
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: 'ROUTER_NO_MODEL' } })
  })

  it('is told of it although the others wait for the first answer', async () => {
    const begun = gateFor(2)
    const node = createScriptedNode({
      routeStream: async (request) => {
        await begun()
        if (placeOf(request) === 0) throw new CodedError('ROUTER_NO_MODEL', { message: 'There is none' })
        return streamOf(taskIdOf(request), partsOf(text('Hello'), FINISH))
      },
    })
    await using running = await startGateway(node)
    const response = await ask(running.url, { n: 2, stream: true })
    expect([response.status, node.requests.length]).toEqual([503, 2])
  })

  it('tells it to a reader that did not keep up', async () => {
    const fail = Promise.withResolvers<void>()
    const piece = 'x'.repeat(256 * 1024)
    let taken = 0
    const node = streaming(async function* (place) {
      if (place === 1) {
        await fail.promise
        throw new CodedError('MODEL_STREAM_TRUNCATED', { message: 'It broke off' })
      }
      for (;;) {
        taken += 1
        yield text(piece)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    await using running = await startGateway(node)
    const { next } = readerOf(await ask(running.url, { n: 2, stream: true }))
    let before = -1
    for (let still = 0; still < 1_000; still += 1) {
      if (taken !== before) still = 0
      before = taken
      await new Promise((resolve) => setImmediate(resolve))
    }
    fail.resolve()
    // The answer that waits for the reader is ended, too, before anything more is read.
    await expect.poll(() => running.failures).toHaveLength(1)
    let last = ''
    for (let piece = await next(); piece !== ''; piece = await next()) last = (last + piece).slice(-4_096)
    expect(last).toContain('MODEL_STREAM_TRUNCATED')
  })

  it('ends all where the reader leaves', async () => {
    const ended = gateFor(4)
    const node = streaming(async function* (place, signal) {
      yield text(`answer ${place}`)
      await abortOf(signal).finally(() => {
        ended().catch(() => undefined)
      })
    })
    await using running = await startGateway(node)
    const { next, leave } = readerOf(await ask(running.url, { n: 3, stream: true }))
    await next()
    await leave()
    await ended()
    expect(running.failures).toEqual([])
  })
})
