import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, type JsonValue } from '../../src/base/canonical-json.ts'
import { CodedError } from '../../src/base/errors.ts'
import { parseChatRequest } from '../../src/gateway/openai/parse-chat-request.ts'
import { parseJsonBody } from '../../src/gateway/listener/parse-json-body.ts'
import { createScriptedNode, startGateway } from './scripted-node.ts'

const DATA = `${process.env['KERNELL_DATA'] ?? '../shared/data'}/security`

/** Reads a body as the gateway does; only a coded refusal may be thrown, and what is read can be written again. */
function readOrRefuse(bytes: Buffer): 'read' | 'refused' {
  try {
    const chat = parseChatRequest(parseJsonBody(bytes), { messagesMax: 100 })
    canonicalJson(chat.request)
    return 'read'
  } catch (error) {
    if (CodedError.is(error, 'REQUEST_INVALID')) return 'refused'
    throw error
  }
}

const MEMBERS = [
  'model',
  'messages',
  'stream',
  'stream_options',
  'n',
  'tools',
  'tool_choice',
  'response_format',
  'max_tokens',
  'temperature',
  'stop',
  'seed',
  'metadata',
  '__proto__',
]
const PARTS = [
  'role',
  'content',
  'type',
  'text',
  'image_url',
  'url',
  'tool_calls',
  'function',
  'name',
  'arguments',
  'id',
  'tool_call_id',
  'parameters',
  'json_schema',
  'schema',
]
const WORDS = [
  'kernell',
  'user',
  'assistant',
  'tool',
  'text',
  'image_url',
  'function',
  'json_schema',
  'auto',
  'https://a.example/x',
  '\ud800',
  '',
]

/** JSON that looks like a request: the right names in the wrong places. */
const lookalike = fc.letrec<{ value: unknown; part: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(...WORDS),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('part'), { maxLength: 3 }),
    tie('part'),
  ),
  part: fc.dictionary(fc.constantFrom(...PARTS), tie('value'), { maxKeys: 5 }),
}))
const request = fc.dictionary(fc.constantFrom(...MEMBERS), lookalike.value, { maxKeys: 8 })

describe('any body', () => {
  it('of bytes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
        ['read', 'refused'].includes(readOrRefuse(Buffer.from(bytes))),
      ),
      { seed: 1, numRuns: 500 },
    )
  })

  it('of JSON is read or refused', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => ['read', 'refused'].includes(readOrRefuse(Buffer.from(text)))),
      { seed: 2, numRuns: 500 },
    )
  })

  it('that looks like a request is read or refused', () => {
    const seen = { read: 0, refused: 0 }
    fc.assert(
      fc.property(request, (body) => {
        seen[readOrRefuse(Buffer.from(JSON.stringify(body)))] += 1
        seen[
          readOrRefuse(
            Buffer.from(JSON.stringify({ ...body, model: 'kernell', messages: [{ role: 'user', content: 'x' }] })),
          )
        ] += 1
      }),
      { seed: 3, numRuns: 1_500 },
    )
    // Both ways were taken, so the property was not empty.
    expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(50)
  })

  it('passes on what it does not interpret exactly as it was', () => {
    const opaque = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('__proto__'))
    fc.assert(
      fc.property(opaque, (value) => {
        const bytes = Buffer.from(
          JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: 'x' }], metadata: value }),
        )
        const { request: parsed } = parseChatRequest(parseJsonBody(bytes), { messagesMax: 1 })
        expect(parsed.passThrough?.['metadata']).toEqual(JSON.parse(JSON.stringify(value)) as JsonValue)
      }),
      { seed: 4, numRuns: 500 },
    )
  })
})

type Row = Record<string, unknown>
const rowsOf = (name: string): Row[] =>
  readFileSync(`${DATA}/${name}`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)

describe.skipIf(!existsSync(`${DATA}/json_parsing.jsonl`))(
  'known trouble (needs the security data; set KERNELL_DATA)',
  () => {
    const post = async (url: string, body: Uint8Array<ArrayBuffer>): Promise<number> => {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      const parsed = (await response.json()) as { error?: { code: string }; choices?: unknown }
      if (response.status !== 200) expect(parsed.error?.code).toMatch(/\S/)
      return response.status
    }
    const wrap = (text: Buffer): Buffer =>
      Buffer.concat([
        Buffer.from('{"model":"kernell","messages":[{"role":"user","content":"x"}],"metadata":'),
        text,
        Buffer.from('}'),
      ])

    it('of JSON parsers never gets more than a refusal, alone or inside a request', async () => {
      await using running = await startGateway(createScriptedNode())
      const wrong: unknown[] = []
      for (const row of rowsOf('json_parsing.jsonl')) {
        const bytes = Buffer.from(String(row['base64']), 'base64')
        const alone = await post(running.url, Uint8Array.from(bytes))
        const inside = await post(running.url, Uint8Array.from(wrap(bytes)))
        const isFine =
          alone === 400 && (inside === 200 || inside === 400) && !(row['expect'] === 'reject' && inside === 200)
        if (!isFine) wrong.push([row['name'], row['expect'], alone, inside])
      }
      expect(wrong).toEqual([])
      expect(running.failures).toEqual([])
    })

    it('of strings is taken as a prompt and as any other member', async () => {
      const node = createScriptedNode()
      await using running = await startGateway(node)
      for (const row of rowsOf('naughty_strings.jsonl')) {
        const text = String(row['s'])
        const content = text.toWellFormed()
        const body = {
          model: 'kernell',
          messages: [{ role: 'user', content: text, name: text }],
          user: text,
          metadata: { [`k${text}`]: text },
        }
        expect(await post(running.url, Uint8Array.from(Buffer.from(JSON.stringify(body))))).toBe(200)
        expect(node.requests.at(-1)?.request.messages).toEqual([{ role: 'user', content, name: content }])
        const named = await post(running.url, Uint8Array.from(Buffer.from(JSON.stringify({ ...body, model: text }))))
        expect([200, 400]).toContain(named)
      }
      expect(running.failures).toEqual([])
    })
  },
)
