import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { answerControl } from '../../src/node/control/answer-control.ts'
import { PLANTED } from '../fixtures/planted-secrets.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from './real-node.ts'

const ask = async (url: string, content: string, more: object = {}): Promise<Response> =>
  await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kernell-cheap', messages: [{ role: 'user', content }], ...more }),
  })

describe('a node that is stopped', () => {
  it('cancels what runs, streams too, and serves nothing until it is released', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'hang' } })
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl }))
    const { node, url } = running
    const control = async (request: Record<string, string>): Promise<unknown> => {
      const answered = await answerControl(node, { area: 'rights', request })
      return answered.kind === 'json' ? answered.body : undefined
    }
    const waiting = ask(url, 'Write a poem about the sea.')
    await thrifty.waitForCalls(1)
    thrifty.respondWith({ kind: 'stall', afterChunks: 2, text: 'The sea goes on and on and on.' })
    const streamed = await ask(url, 'Write a poem about rain.', { stream: true })
    expect(await control({ op: 'stop', by: 'jane', reason: 'runaway' })).toMatchObject({ effect: 'stopped' })
    const refused = await waiting
    const said = await refused.text()
    expect([refused.status, said]).toEqual([503, expect.stringContaining('NODE_STOPPED')])
    const broken = await streamed.text()
    expect(broken).toContain('NODE_STOPPED')
    // Who it was and why is nothing for callers.
    for (const text of [said, broken, await (await ask(url, 'Hello.')).text()]) expect(text).not.toMatch(/jane|runaway/)
    await thrifty.waitForAborts(2)
    thrifty.respondWith({ kind: 'answer', text: 'Rain falls.' })
    const bodies = {
      'chat/completions': { model: 'kernell', messages: [{ role: 'user', content: 'a' }] },
      embeddings: { model: 'kernell', input: 'a' },
      'policy/decide': { prompt: 'a' },
    }
    for (const [path, body] of Object.entries(bodies)) {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
      const answer = await fetch(`${url}/v1/${path}`, init)
      expect([path, answer.status]).toEqual([path, 503])
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(503)
    expect(existsSync(join(node.config.dataDir, 'stopped.json'))).toBe(true)
    expect(await control({ op: 'stop-state' })).toMatchObject({ stopped: { by: 'jane' } })
    expect(await control({ op: 'release', by: 'jane' })).toEqual({ effect: 'released' })
    expect((await ask(url, 'Write a poem about rain.')).status).toBe(200)
    expect(await control({ op: 'audit-verify' })).toMatchObject({ ok: true, entries: 2 })
    expect(await control({ op: 'audit-list' })).toMatchObject({
      entries: [{ event: { type: 'stopped' } }, { event: { type: 'released' } }],
    })
  })
})

describe('secrets', () => {
  const secrets = Object.values(PLANTED).flatMap((planted) => planted.map(({ text, secret }) => ({ text, secret })))

  it('that a provider says in its failures reach neither callers, nor records, nor files', async () => {
    let place = 0
    await using thrifty = await startUpstreamServer()
    await using running = await startRealGateway({
      ...tiersAt({ cheap: thrifty.baseUrl }),
      telemetry: { consent: true, keepText: true },
    })
    const out: string[] = []
    for (const { text } of secrets) {
      thrifty.respondWith({
        kind: 'status',
        status: 400,
        body: { error: { message: `You sent "${text}", which is wrong` } },
      })
      const answer = await ask(running.url, `Question ${(place += 1)}: is this right? ${text}`)
      expect(answer.status).toBeGreaterThanOrEqual(400)
      out.push(await answer.text(), JSON.stringify([...answer.headers]))
    }
    for await (const event of running.node.records.list()) out.push(JSON.stringify(event))
    expect(out.join('\n')).toContain('Question 1: is this right?')
    out.push(await running.node.metricsText(), running.failures.map(String).join('\n'))
    const said = out.join('\n')
    for (const { secret } of secrets) expect(said.includes(secret), secret).toBe(false)
  })

  it('of a prompt stay inside where the operator wants it, and are in the answer all the same', async () => {
    await using thrifty = await startUpstreamServer({
      behaviour: ({ body }) => {
        const messages = body?.['messages'] as { content: string }[]
        return { kind: 'answer', text: `You said: ${messages.at(-1)?.content}` }
      },
    })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: thrifty.baseUrl }),
      // An address of this machine would count as one inside.
      providers: { thrifty: { kind: 'openai', baseUrl: thrifty.baseUrl, models: ['thrifty-1'], local: false } },
      privacy: { hideSecrets: true },
    })
    const prompt = 'Write a mail to jane@example.com that her card 4111 1111 1111 1111 has expired.'
    const whole: unknown = await (await ask(running.url, prompt)).json()
    expect(whole).toMatchObject({ choices: [{ message: { content: `You said: ${prompt}` } }] })
    const sent = JSON.stringify(thrifty.calls.map(({ body }) => body))
    expect(sent).toContain('<kernell-email-1>')
    expect(sent).not.toMatch(/jane@|4111/)
  })
})
