import { EventEmitter, once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { TaskOutcome } from '../../../src/core/routing/task-outcome.ts'
import { ChangeStream } from '../../../src/gateway/dashboard/change-stream.ts'
import { parseEvent, readEvents, type StreamEvent } from '../../../src/dashboard/connection/event-reader.ts'
import { createScriptedNode, keyOf, startGateway } from '../scripted-node.ts'

const KEYS = [keyOf('sk', { role: 'operator' })]

function outcome(id: string): TaskOutcome {
  return {
    decisionId: id,
    at: timestampFromMs(1_000),
    tenant: 'default',
    traceId: undefined,
    taskText: 'a secret text',
    taskTokenCount: 3,
    taskDomain: 'general',
    predicted: {
      difficulty: 1,
      tier: undefined,
      modelId: undefined,
      classifierConfidence: 1,
      route: 'cheap',
      confidence: 1,
      risk: 'low',
      expectedCostNanos: undefined,
      expectedLatencyS: 1,
      policyVersion: 'priors-1',
      propensity: 1,
      scorer: 'priors',
      featureHash: undefined,
      candidates: [],
    },
    actualTier: 'cache',
    modelUsed: undefined,
    attempts: [],
    finalRoute: 'cheap',
    escalationChain: [],
    success: true,
    wasCached: true,
    tokensIn: 1,
    tokensOut: 1,
    costNanos: undefined,
    latencyMs: 1,
    verifier: undefined,
    localModel: undefined,
    apiProvider: undefined,
    fallbackTrigger: undefined,
    overheadCalls: [],
  }
}

type Change = {
  readonly tasks: readonly { readonly id: string }[]
  readonly skipped: number
  readonly end: number
  readonly topics: readonly string[]
}

async function follow(url: string, lastEventId?: string) {
  const leaving = new AbortController()
  const response = await fetch(`${url}/v1/node/events`, {
    headers: { authorization: 'Bearer sk', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
    signal: leaving.signal,
  })
  const events = readEvents(response.body as ReadableStream<Uint8Array>)
  const next = async (type: string): Promise<StreamEvent> => {
    for (;;) {
      const { value } = await events.next()
      if (value === undefined) throw new Error(`The stream ended before ${type}`)
      if (value.type === type) return value
    }
  }
  return { response, next, events, leave: () => leaving.abort() }
}

const changeOf = ({ data }: StreamEvent): Change => JSON.parse(data) as Change

describe('the stream of changes', () => {
  it('begins with the whole, tells tasks together and without their text, and ticks', async () => {
    const node = createScriptedNode({ keys: KEYS })
    await using running = await startGateway(node)
    const stream = await follow(running.url)
    expect(JSON.parse((await stream.next('snapshot')).data)).toEqual({ reason: 'start', end: 0 })
    for (let at = 0; at < 300; at += 1) node.activity.tasks.take(outcome(`t${at}`))
    node.activity.changes.note('rights')
    const event = await stream.next('change')
    const { tasks, skipped, end, topics } = changeOf(event)
    expect([tasks.length, tasks[0]?.id, tasks.at(-1)?.id, skipped, end, topics]).toEqual([
      250,
      't50',
      't299',
      50,
      300,
      ['rights'],
    ])
    expect(event.data).not.toContain('secret')
    expect(JSON.parse((await stream.next('tick')).data)).toMatchObject({ end: 300, uptime_s: 5 })
    stream.leave()
  })

  it('goes on by id where it broke off, and begins anew for one that it does not know', async () => {
    const node = createScriptedNode({ keys: KEYS })
    await using running = await startGateway(node)
    const first = await follow(running.url)
    await first.next('snapshot')
    node.activity.tasks.take(outcome('seen'))
    const { id } = await first.next('change')
    first.leave()
    node.activity.tasks.take(outcome('missed'))
    const second = await follow(running.url, id)
    const { value } = await second.events.next()
    expect(value?.type).toBe('change')
    expect(changeOf(value as StreamEvent).tasks.map((task) => task.id)).toEqual(['missed'])
    second.leave()
    for (const strange of ['another:0', `${id.split(':')[0]}:99`, `${id.split(':')[0]}:-1`, 'x'.repeat(1_000)]) {
      const other = await follow(running.url, strange)
      expect((await other.events.next()).value?.type).toBe('snapshot')
      other.leave()
    }
  })

  it('tells a reader that is far behind to look again, and writes nothing while it takes nothing', async () => {
    const node = createScriptedNode({ keys: KEYS })
    const reader = new FullReader()
    const stream = new ChangeStream({
      node,
      response: reader as unknown as ServerResponse,
      headers: [],
      epoch: 'start',
      lastEventId: undefined,
    })
    expect(reader.types()).toEqual(['snapshot'])
    for (let at = 0; at < 2_500; at += 1) node.activity.tasks.take(outcome(`t${at}`))
    await reader.take('snapshot')
    expect(reader.types()).toEqual(['snapshot', 'snapshot'])
    expect(reader.written.at(-1)).toContain('id: start:2500\nevent: snapshot\ndata: {"reason":"behind","end":2500}')
    node.activity.tasks.take(outcome('next'))
    await reader.take('change')
    expect(reader.written.at(-1)).toContain('"id":"next"')
    stream.close()
    expect(reader.writableEnded).toBe(true)
  })

  it('ends with the gateway, and is not waited for', async () => {
    const running = await startGateway(createScriptedNode({ keys: KEYS, server: { requestTimeoutMs: 1 } }))
    const stream = await follow(running.url)
    await stream.next('snapshot')
    // Longer than the limit of other requests.
    await stream.next('tick')
    const beganMs = performance.now()
    const closed = running.gateway.close()
    for (;;) if ((await stream.events.next()).done === true) break
    await closed
    expect(performance.now() - beganMs).toBeLessThan(3_000)
  })

  it('has room for so many readers, and tells the next one', async () => {
    await using running = await startGateway(createScriptedNode({ keys: KEYS }))
    const streams = await Promise.all(Array.from({ length: 32 }, async () => await follow(running.url)))
    const refused = await fetch(`${running.url}/v1/node/events`, { headers: { authorization: 'Bearer sk' } })
    expect([refused.status, ((await refused.json()) as { error: { code: string } }).error.code]).toEqual([
      429,
      'rate_limit_exceeded',
    ])
    for (const stream of streams) stream.leave()
  })
})

/** The answer to a reader whose buffers are full after each event, until it takes one. */
class FullReader extends EventEmitter {
  readonly written: string[] = []
  readonly destroyed = false
  writableEnded = false

  writeHead(): void {}

  flushHeaders(): void {}

  write(text: string): boolean {
    this.written.push(text)
    this.emit('written')
    return false
  }

  end(): void {
    this.writableEnded = true
  }

  types(): readonly string[] {
    return this.written.map((text) => parseEvent(text)?.type ?? '')
  }

  /** Makes room, and waits for what is written into it. */
  async take(type: string): Promise<void> {
    const next = once(this, 'written')
    this.emit('drain')
    await next
    expect(this.types().at(-1)).toBe(type)
  }
}
