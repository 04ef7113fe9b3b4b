import { expect, it } from 'vitest'
import { openPinoLog } from '../../src/telemetry/pino-logger.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from './real-node.ts'
import { createScriptedNode, startGateway } from './scripted-node.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'

type Line = Readonly<Record<string, unknown>>

/** Lines of a log, and a promise of the next that the predicate takes. */
class Lines {
  readonly seen: Line[] = []
  readonly #waiting: { readonly takes: (line: Line) => boolean; readonly resolve: (line: Line) => void }[] = []
  readonly logger = openPinoLog({ level: 'info', format: 'json', target: { write: (text) => this.#take(text) } }).logger

  async until(takes: (line: Line) => boolean): Promise<Line> {
    const found = this.seen.find(takes)
    if (found !== undefined) return found
    return await new Promise((resolve) => void this.#waiting.push({ takes, resolve }))
  }

  #take(text: string): void {
    const line = JSON.parse(text) as Line
    this.seen.push(line)
    for (const { takes, resolve } of this.#waiting) if (takes(line)) resolve(line)
  }
}

const body = (content: string): string =>
  JSON.stringify({ model: 'kernell-cheap', messages: [{ role: 'user', content }] })

it('the access log has a line for each request: who, what and how long, and nothing of what was asked', async () => {
  const lines = new Lines()
  await using upstream = await startUpstreamServer({
    models: ['thrifty-1'],
    behaviour: { kind: 'answer', text: 'The Rhine.' },
  })
  await using running = await startRealGateway(
    { ...tiersAt({ cheap: upstream.baseUrl }), log: { access: true } },
    { logger: lines.logger },
  )
  const asked = await fetch(`${running.url}/v1/chat/completions?secret=1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-b7ad6b7169203331-01` },
    body: body('Name a river that nobody may hear of.'),
  })
  await asked.text()
  expect(await lines.until(({ route }) => route === '/v1/chat/completions')).toEqual({
    time: expect.any(String),
    level: 'info',
    pid: process.pid,
    msg: 'request',
    request_id: asked.headers.get('x-request-id'),
    trace_id: TRACE,
    method: 'POST',
    route: '/v1/chat/completions',
    status: 200,
    duration_ms: expect.any(Number),
    tenant: 'default',
  })
  await (await fetch(`${running.url}/nothing/here?token=abc`)).text()
  expect(await lines.until(({ route }) => route === 'refused')).toMatchObject({ status: 404, method: 'GET' })
  const text = JSON.stringify(lines.seen)
  for (const secret of ['river', 'Rhine', 'secret', 'token=abc', '/nothing']) expect(text).not.toContain(secret)
})

it('without it only failures have lines: of a fault of the program where it is, and not in whose words', async () => {
  const lines = new Lines()
  const node = createScriptedNode({
    route: () => {
      throw new TypeError('cannot answer "Name a river that nobody may hear of."')
    },
  })
  await using gateway = await startGateway(node, { logger: lines.logger })
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: body('Name a river that nobody may hear of.'),
  })
  expect(response.status).toBe(500)
  await response.text()
  expect(lines.seen).toMatchObject([
    {
      level: 'error',
      msg: 'request failed',
      request_id: response.headers.get('x-request-id'),
      error: { type: 'TypeError' },
    },
  ])
  expect(JSON.stringify(lines.seen)).not.toContain('river')
})
