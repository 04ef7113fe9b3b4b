import OpenAI, { toFile } from 'openai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { whyNoPostgres } from '../../storage/postgres/postgres-cluster.ts'
import { ADMIN_TOKEN } from '../admin/admin-client.ts'
import { tiersAt } from '../real-node.ts'
import { type FleetGateway, FleetOfGateways } from './fleet-gateways.ts'
import { GatedModel } from './gated-model.ts'

const reason = whyNoPostgres()
let fleet: FleetOfGateways
let model: GatedModel
const gateways: FleetGateway[] = []

beforeAll(async () => {
  if (reason === undefined) fleet = await FleetOfGateways.start()
}, 60_000)
beforeEach(async () => {
  if (reason !== undefined) return
  fleet.begin()
  model = await GatedModel.start()
})
afterEach(async () => {
  if (reason !== undefined) return
  for (const { proxy } of gateways.splice(0)) proxy.isRefusing = false
  await fleet.end()
  await model[Symbol.asyncDispose]()
})
afterAll(async () => {
  if (reason === undefined) await fleet.remove()
})

async function startTwo(storage: object = {}): Promise<readonly [FleetGateway, FleetGateway]> {
  const tiers = tiersAt({ cheap: model.baseUrl })
  const two = [await fleet.gateway(storage, tiers), await fleet.gateway(storage, tiers)] as const
  gateways.push(...two)
  return two
}

/** The gateway is as good as dead for the others. */
function cutOff({ proxy }: FleetGateway): void {
  proxy.isRefusing = true
  proxy.cutAll()
}

async function inFlightAt({ url }: FleetGateway): Promise<number> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })
  const [, count] = /^kernell_http_requests_in_flight (\d+)$/m.exec(await response.text()) ?? []
  return Number(count)
}

function clientOf({ url }: FleetGateway): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 })
}

async function sendWithKey({ url }: FleetGateway, content: string): Promise<Response> {
  return await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'k1', 'x-kernell-cache': 'off' },
    body: JSON.stringify({ model: 'kernell-cheap', messages: [{ role: 'user', content }] }),
  })
}

const calls = (count: number): Promise<void> => expect.poll(() => model.calls, { timeout: 10_000 }).toBe(count)
const FOREVER = { timeout: 20_000, interval: 20 }

/** A batch of so many tasks. */
async function createBatch(gateway: FleetGateway, tasks: number, about = 'the sea'): Promise<string> {
  const lines = Array.from({ length: tasks }, (_, place) =>
    JSON.stringify({
      custom_id: `t${place}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'kernell-cheap', messages: [{ role: 'user', content: `Say line ${place} about ${about}` }] },
    }),
  )
  const client = clientOf(gateway)
  const file = await client.files.create({
    file: await toFile(Buffer.from(lines.join('\n')), 'a.jsonl'),
    purpose: 'batch',
  })
  const batch = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' } as const
  return (await client.batches.create(batch)).id
}

describe.skipIf(reason !== undefined)('what callers leave with gateways on one PostgreSQL', { timeout: 60_000 }, () => {
  test('a request with a key that is sent again to another gateway is answered and paid once, also while the first is under way', async () => {
    const [one, two] = await startTwo()
    const first = sendWithKey(one, 'Say hello')
    await calls(1)
    const other = sendWithKey(two, 'Say hello')
    await expect.poll(async () => await inFlightAt(two), FOREVER).toBe(2)
    model.open()
    const texts = await Promise.all([first, other].map(async (answer) => await (await answer).text()))
    expect([texts[0] === texts[1], (await other).headers.get('idempotent-replayed')]).toEqual([true, 'true'])
    expect(await (await sendWithKey(two, 'Say hello')).text()).toBe(texts[0])
    expect([(await sendWithKey(two, 'Say something else')).status, model.calls]).toEqual([422, 1])
  })

  test('what a gateway that died had begun another one answers behind the lease', async () => {
    const [one, two] = await startTwo({ leaseMs: 3_000 })
    const lost = sendWithKey(one, 'Say hello').catch(() => undefined)
    await calls(1)
    cutOff(one)
    const other = sendWithKey(two, 'Say hello')
    await calls(2)
    model.open()
    expect((await other).status).toBe(200)
    await lost
  })

  test('a response is continued, shown and deleted at any of them', async () => {
    model.open()
    const [one, two] = (await startTwo()).map(clientOf) as [OpenAI, OpenAI]
    const first = await one.responses.create({ model: 'kernell-cheap', input: 'My name is Ann' })
    expect((await two.responses.retrieve(first.id)).output_text).toBe(first.output_text)
    const next = await two.responses.create({ model: 'kernell-cheap', input: 'And?', previous_response_id: first.id })
    expect((await one.responses.retrieve(next.id)).previous_response_id).toBe(first.id)
    await two.responses.delete(first.id)
    await expect(one.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 })
  })

  test('a response in the background is seen and cancelled at another one, and has failed once its gateway is gone', async () => {
    const [one, two] = await startTwo({ leaseMs: 3_000 })
    const [here, there] = [clientOf(one), clientOf(two)]
    const create = { model: 'kernell-cheap', input: 'Take your time', background: true } as const
    const first = await here.responses.create(create)
    await calls(1)
    expect((await there.responses.retrieve(first.id)).status).toBe('in_progress')
    expect((await there.responses.cancel(first.id)).status).toBe('cancelled')
    await expect.poll(() => model.aborts, FOREVER).toBe(1)
    expect((await here.responses.retrieve(first.id)).status).toBe('cancelled')
    const second = await here.responses.create(create)
    await calls(2)
    cutOff(one)
    await expect.poll(async () => (await there.responses.retrieve(second.id)).status, FOREVER).toBe('failed')
  })

  test('files and batches are of all of them: one is cancelled where it does not run, with what is done as its output', async () => {
    const [one, two] = await startTwo()
    const there = clientOf(two)
    const id = await createBatch(one, 3)
    await expect.poll(() => model.calls, FOREVER).toBeGreaterThan(0)
    expect((await there.batches.retrieve(id)).status).toBe('in_progress')
    const cancelled = await there.batches.cancel(id)
    expect(cancelled.status).toBe('cancelled')
    expect(await (await there.files.content(cancelled.error_file_id ?? '')).text()).toContain('batch_cancelled')
    expect((await clientOf(one).batches.retrieve(id)).status).toBe('cancelled')
    expect((await there.files.list({ purpose: 'batch' })).data).toHaveLength(1)
  })

  test('a batch whose gateway died is gone on with by another one, which does nothing twice', async () => {
    const [one, two] = await startTwo({ leaseMs: 3_000 })
    model.open()
    const id = await createBatch(one, 4)
    const there = clientOf(two)
    await expect.poll(async () => (await there.batches.retrieve(id)).status, FOREVER).toBe('completed')
    expect(model.calls).toBe(4)
    model.isOpen = false
    const next = await createBatch(one, 3, 'the wind')
    await calls(4 + 3)
    model.answerOne()
    const completedOf = async (): Promise<number | undefined> =>
      (await there.batches.retrieve(next)).request_counts?.completed
    await expect.poll(completedOf, FOREVER).toBe(1)
    cutOff(one)
    model.isOpen = true
    await expect.poll(async () => (await there.batches.retrieve(next)).status, { timeout: 40_000 }).toBe('completed')
    // What had ended is not done again, and what was under way is.
    expect(model.calls).toBe(4 + 3 + 2)
    const { output_file_id: output, request_counts: counts } = await there.batches.retrieve(next)
    expect(counts).toEqual({ total: 3, completed: 3, failed: 0 })
    expect((await (await there.files.content(output ?? '')).text()).trim().split('\n')).toHaveLength(3)
  })
})
