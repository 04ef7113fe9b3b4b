import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import type { TelemetryEvent } from '../../src/wire/telemetry-event.ts'
import { keyOf } from './scripted-node.ts'
import { startRealGateway, type RealGateway } from './real-node.ts'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'

const schemaOf = (name: string): ReturnType<Ajv['compile']> =>
  new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync(new URL(`../../protocol/http/${name}`, import.meta.url), 'utf8')) as object,
  )

const CONSENT: ConfigDocument = { telemetry: { consent: true } }
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

type Answer = { readonly status: number; readonly body: Record<string, unknown> }

async function post(url: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${url}/v1/feedback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Runs a task that an exact tool answers; resolves to its id. */
async function ask({ url }: RealGateway, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: 'What is 12.5 * 8?' }] }),
  })
  await response.text()
  return response.headers.get('x-kernell-task-id') ?? ''
}

async function recordsOf(node: KernellNode): Promise<readonly TelemetryEvent[]> {
  const records: TelemetryEvent[] = []
  for await (const record of node.records.list()) records.push(record)
  return records
}

const codeOf = ({ status, body }: Answer): unknown => [status, (body['error'] as { code: unknown } | undefined)?.code]

describe('feedback that is refused', () => {
  it('is kept by nobody without consent', async () => {
    await using gateway = await startRealGateway({})
    const answer = await post(gateway.url, { task_id: await ask(gateway), thumbs: 'up' })
    expect(codeOf(answer)).toEqual([409, 'FEEDBACK_NOT_KEPT'])
    expect((answer.body['error'] as { message: string }).message).toContain('telemetry.consent')
  })

  it('about a task of another tenant looks like feedback about none', async () => {
    const keys = [
      { id: 'a', tenant: 'acme', sha256: keyOf('sk-a').sha256 },
      { id: 'b', tenant: 'other', sha256: keyOf('sk-b').sha256 },
    ]
    await using gateway = await startRealGateway({ ...CONSENT, keys })
    const [acme, other] = [{ authorization: 'Bearer sk-a' }, { authorization: 'Bearer sk-b' }]
    const id = await ask(gateway, { ...acme, traceparent: `00-${TRACE}-00f067aa0ba902b7-01` })
    const stolen = await post(gateway.url, { task_id: id, thumbs: 'down' }, other)
    const unknown = await post(gateway.url, { task_id: `${id}0`, thumbs: 'down' }, other)
    expect(codeOf(stolen)).toEqual([404, 'FEEDBACK_TASK_UNKNOWN'])
    expect(stolen).toEqual(unknown)
    expect(codeOf(await post(gateway.url, { trace_id: TRACE, score: 0 }, other))).toEqual([
      404,
      'FEEDBACK_TASK_UNKNOWN',
    ])
    expect((await recordsOf(gateway.node)).map(({ feedback }) => feedback)).toEqual([undefined])
    expect((await post(gateway.url, { task_id: id, thumbs: 'up' }, acme)).status).toBe(200)
    expect((await recordsOf(gateway.node)).map(({ feedback }) => feedback?.length)).toEqual([1])
  })

  it('is answered with the code of a store that refuses', async () => {
    await using gateway = await startRealGateway(CONSENT)
    const id = await ask(gateway)
    const { records } = gateway.node
    Object.assign(records, {
      addFeedback: async () => {
        throw new CodedError('STORE_OVERLOADED', { message: 'injected' })
      },
    })
    expect(codeOf(await post(gateway.url, { task_id: id, thumbs: 'up' }))).toEqual([503, 'STORE_OVERLOADED'])
  })

  it.each<[string, object, string | null]>([
    ['about nothing', { thumbs: 'up' }, 'task_id'],
    ['about a task and a trace', { task_id: 't', trace_id: TRACE, thumbs: 'up' }, 'task_id'],
    ['about what is no task', { task_id: 'two words', thumbs: 'up' }, 'task_id'],
    ['about what is no trace', { trace_id: 'abc', thumbs: 'up' }, 'trace_id'],
    ['without a judgement', { task_id: 't' }, null],
    ['with two judgements', { task_id: 't', thumbs: 'up', score: 1 }, 'score'],
    ['with a thumb sideways', { task_id: 't', thumbs: 'sideways' }, 'thumbs'],
    ['with a score above 1', { task_id: 't', score: 1.5 }, 'score'],
    ['with a score that is a text', { task_id: 't', score: '1' }, 'score'],
    ['with an edit of nothing', { task_id: 't', edit: {} }, 'edit'],
    ['with half an edit', { task_id: 't', edit: { original: 'a' } }, 'edit'],
    ['with an edit twice', { task_id: 't', edit: { distance: 0, original: 'a', edited: 'b' } }, 'edit'],
    ['with a distance below 0', { task_id: 't', edit: { distance: -1 } }, 'edit.distance'],
    ['with texts that are too long', { task_id: 't', edit: { original: 'a'.repeat(65_537), edited: '' } }, 'edit'],
    ['with an outcome of "false"', { task_id: 't', outcome: { success: 'false' } }, 'outcome.success'],
    ['with an id of two words', { task_id: 't', thumbs: 'up', feedback_id: 'two words' }, 'feedback_id'],
    ['from a stranger', { task_id: 't', thumbs: 'up', source: 'stranger' }, 'source'],
  ])('%s names the member, as the schema does', async (_what, body, param) => {
    await using gateway = await startRealGateway(CONSENT)
    const answer = await post(gateway.url, body)
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: 'REQUEST_INVALID', param } }])
    expect(schemaOf('feedback.schema.json')(body)).toBe(false)
  })
})

describe('feedback', () => {
  it.each<[string, object, object]>([
    ['a thumb up', { thumbs: 'up' }, { kind: 'thumbs', value: 1, source: 'user' }],
    ['a thumb down', { thumbs: 'down' }, { kind: 'thumbs', value: 0, source: 'user' }],
    ['a score', { score: 0.4 }, { kind: 'score', value: 0.4, source: 'user' }],
    ['the extent of an edit', { edit: { distance: 0.25 } }, { kind: 'edit', value: 0.75, source: 'user' }],
    [
      'the texts of an edit',
      { edit: { original: 'a b c planted', edited: 'a b c secret' } },
      { kind: 'edit', value: 0.75, source: 'user' },
    ],
    ['an outcome', { outcome: { success: false } }, { kind: 'outcome', value: 0, source: 'system' }],
    ['a score of a program', { score: 1, source: 'system' }, { kind: 'score', value: 1, source: 'system' }],
  ])('%s is joined to the record of its task', async (_what, judgement, expected) => {
    await using gateway = await startRealGateway(CONSENT)
    const id = await ask(gateway)
    const body = { task_id: `chatcmpl-${id}`, ...judgement }
    expect(schemaOf('feedback.schema.json')(body)).toBe(true)
    const answer = await post(gateway.url, body)
    expect(answer.body).toMatchObject({ effect: 'stored', task_id: id, trace_id: null })
    expect(schemaOf('feedback-receipt.schema.json')(answer.body)).toBe(true)
    const [record] = await recordsOf(gateway.node)
    expect(record?.feedback).toMatchObject([{ event_id: id, tenant: 'default', ...expected }])
    expect(JSON.stringify(record)).not.toMatch(/planted|secret/)
  })

  it('counts once however often it is sent, and is corrected under the same id', async () => {
    await using gateway = await startRealGateway(CONSENT)
    const id = await ask(gateway)
    const effects: unknown[] = []
    for (const body of [
      { thumbs: 'up' },
      { thumbs: 'up' },
      { thumbs: 'down' },
      { score: 1, feedback_id: 'mine' },
      { score: 1, feedback_id: 'mine' },
      { score: 0.5, feedback_id: 'mine' },
    ])
      effects.push((await post(gateway.url, { task_id: id, ...body })).body['effect'])
    expect(effects).toEqual(['stored', 'exists', 'replaced', 'stored', 'exists', 'replaced'])
    const [record] = await recordsOf(gateway.node)
    expect(record?.feedback?.map(({ kind, value }) => [kind, value])).toEqual([
      ['thumbs', 0],
      ['score', 0.5],
    ])
  })

  it('by trace reaches every task of the trace, later ones too', async () => {
    await using gateway = await startRealGateway(CONSENT)
    const traced = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }
    await ask(gateway, traced)
    await ask(gateway)
    const answer = await post(gateway.url, { trace_id: TRACE, outcome: { success: true } })
    expect(answer.body).toMatchObject({ effect: 'stored', task_id: null, trace_id: TRACE })
    await ask(gateway, traced)
    const found = (await recordsOf(gateway.node)).map(({ trace_id, feedback }) => [trace_id, feedback?.length ?? 0])
    expect(found).toEqual([
      [TRACE, 1],
      [null, 0],
      [TRACE, 1],
    ])
  })
})
