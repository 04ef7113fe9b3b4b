import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { CodedError, type ErrorCode } from '../../src/base/errors.ts'
import { ERROR_CODES } from '../../src/base/error-codes.ts'
import { describeFailure, formatFailure } from '../../src/gateway/describe-failure.ts'
import {
  createScriptedNode,
  DECISION,
  FINISH,
  keyOf,
  partsOf,
  resultOf,
  startGateway,
  streamOf,
  taskIdOf,
} from './scripted-node.ts'

const FOLDER = new URL('../../protocol/http/', import.meta.url)
const PAGE = readFileSync(new URL('README.md', FOLDER), 'utf8')

/** Cells of the table under a heading, without its head. */
function tableOf(heading: string): string[][] {
  const section = PAGE.split(/^## /m).find((text) => text.startsWith(heading)) ?? ''
  const lines = section.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}

const validatorOf = (name: string): ReturnType<Ajv['compile']> =>
  new Ajv({ strict: false }).compile(JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as object)

describe('the page of the HTTP surface', () => {
  it('lists the endpoints that exist, and which of them ask for a key', async () => {
    const rows = tableOf('Endpoints')
    await using running = await startGateway(createScriptedNode({ keys: [keyOf('sk')] }))
    const root = (await (await fetch(running.url)).json()) as { endpoints: string[] }
    expect(rows.map(([method, path]) => `${method} ${path}`).toSorted()).toEqual(root.endpoints.toSorted())
    const open: string[] = []
    for (const [method = '', path = ''] of rows) {
      const response = await fetch(`${running.url}${path.replace(/\/:\w+\*?/g, '/kernell')}`, { method })
      if (response.status !== 401) open.push(path)
      await response.text()
    }
    expect(open).toEqual(rows.filter((row) => row[2] === 'yes').map((row) => row[1]))
  })

  it('lists the headers that are sent', async () => {
    const documented = new Set(tableOf('Response headers').map(([name]) => name))
    const decision = { ...DECISION, isQualityMet: true }
    const verification = { isAccepted: false, confidence: 0 }
    // One that no check accepted has every header.
    const node = createScriptedNode({
      route: async (request) => resultOf(taskIdOf(request), { verification, decision }),
    })
    await using running = await startGateway(node)
    const sent = new Set<string>()
    for (const stream of [false, true]) {
      const body = JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: 'x' }], stream })
      const response = await fetch(`${running.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      for (const name of response.headers.keys()) sent.add(name)
      await response.text()
    }
    const response = await fetch(`${running.url}/nowhere`)
    for (const name of response.headers.keys()) sent.add(name)
    sent.delete('x-accel-buffering')
    const own = new Set([...sent].filter((name) => name.startsWith('x-')))
    expect(own).toEqual(new Set([...documented].filter((name) => name?.startsWith('x-'))))
  })

  it('lists errors as they are answered', () => {
    const words: Readonly<Record<string, ErrorCode>> = {
      invalid_api_key: 'GATEWAY_KEY_INVALID',
      model_not_found: 'ROUTER_MODEL_UNKNOWN',
      insufficient_quota: 'BUDGET_EXCEEDED',
      rate_limit_exceeded: 'GATEWAY_OVERLOADED',
    }
    for (const [status, type, code = ''] of tableOf('Errors')) {
      const { status: answered, error } = describeFailure(errorOf(words[code] ?? code), 'r1')
      expect([String(answered), error.type, error.code]).toEqual([status, type, code])
    }
  })
})

function errorOf(code: string): unknown {
  return code === 'INTERNAL_ERROR' ? new Error('any') : new CodedError(code as ErrorCode, { message: 'What happened' })
}

describe('the schemas', () => {
  it('hold for the error of every code', () => {
    const isValid = validatorOf('error.schema.json')
    for (const code of Object.keys(ERROR_CODES)) {
      const body: unknown = JSON.parse(
        formatFailure(
          describeFailure(
            new CodedError(code as ErrorCode, { message: 'What', details: { param: 'x', limitNanos: 1n } }),
            'r1',
          ),
        ),
      )
      expect(isValid(body), `${code}: ${JSON.stringify(isValid.errors)}`).toBe(true)
    }
  })

  it('hold for the figures at the end of a stream, known or pending', async () => {
    const isValid = validatorOf('stream-summary.schema.json')
    for (const result of [undefined, new Promise<never>(() => undefined)]) {
      const node = createScriptedNode({
        routeStream: async (request) => streamOf(taskIdOf(request), partsOf(FINISH), result && { result }),
      })
      await using running = await startGateway(node, { limits: { resultWaitMs: 1 } })
      const body = JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: 'x' }], stream: true })
      const text = await (
        await fetch(`${running.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
      ).text()
      const chunk = JSON.parse(text.split('\n\n').at(-3)?.slice('data: '.length) ?? '') as { kernell: unknown }
      expect(isValid(chunk.kernell), JSON.stringify(isValid.errors)).toBe(true)
    }
  })
})
