import { parseMessagesRequest } from '../../../src/gateway/anthropic/parse-messages-request.ts'
import { parseBatchLines } from '../../../src/gateway/batches/parse-batch-lines.ts'
import { parseChatRequest } from '../../../src/gateway/openai/parse-chat-request.ts'
import { parseJsonBody } from '../../../src/gateway/listener/parse-json-body.ts'
import { parseRouteControls } from '../../../src/node/control/parse-route-controls.ts'
import { parseInputItems } from '../../../src/gateway/responses/parse-input-items.ts'
import { parseResponseRequest } from '../../../src/gateway/responses/parse-response-request.ts'
import { parsePolicyQuestion } from '../../../src/node/policy-question.ts'
import { createScriptedNode, startGateway } from '../../gateway/scripted-node.ts'
import type { Target } from '../target.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand, textBytes } from './by-hand.ts'

const CHAT = {
  model: 'kernell',
  messages: [
    { role: 'system', content: 'x' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'image_url', image_url: { url: 'https://a.example/x' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'c', content: 'y' },
  ],
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
  stop: ['a'],
  max_tokens: 5,
  temperature: 0.5,
  n: 1,
}
const MESSAGES = {
  model: 'kernell',
  max_tokens: 5,
  system: [{ type: 'text', text: 'x' }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
      ],
    },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'f', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', is_error: true, content: 'y' }] },
  ],
  tools: [{ name: 'f', input_schema: { type: 'object' } }],
  tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true },
  output_config: { effort: 'low', format: { type: 'json_schema', schema: { type: 'object' } } },
  stop_sequences: ['a'],
}
const RESPONSE = {
  model: 'kernell',
  instructions: 'x',
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'a' },
        { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
      ],
    },
    { type: 'reasoning', id: 'r', summary: [] },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c', output: 'y' },
  ],
  tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }],
  tool_choice: { type: 'function', name: 'f' },
  text: { format: { type: 'json_schema', name: 's', schema: { type: 'object' } } },
  metadata: { a: 'b' },
  top_logprobs: 2,
  store: false,
}
const BODIES: Readonly<Record<string, readonly unknown[]>> = {
  '/v1/chat/completions': [CHAT, { model: 'kernell', messages: [{ role: 'user', content: 'hello' }], stream: true }],
  '/v1/responses': [RESPONSE, { ...RESPONSE, stream: true }],
  '/v1/batches': [
    { input_file_id: 'file-1', endpoint: '/v1/responses', completion_window: '24h', metadata: { a: 'b' } },
  ],
  '/v1/messages': [MESSAGES, { ...MESSAGES, stream: true }],
  '/v1/embeddings': [
    { model: 'kernell', input: ['a', 'b'], encoding_format: 'base64' },
    { model: 'kernell', input: 'a' },
  ],
  '/v1/policy/decide': [{ prompt: 'a', quality: 0.5, max_budget_usd: 0.01 }, { prompts: ['a', 'b'] }],
  '/v1/feedback': [
    { task_id: '0190163d-8694-739b-aea5-966c26f8ad91', thumbs: 'up' },
    { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', score: 0.5, source: 'system' },
  ],
}

/** Bodies and headers of requests; the gateway itself is asked over HTTP, as strangers ask it. */
export const REQUEST_TARGETS: readonly LazyTarget[] = [
  byHand({
    name: 'gateway/openai/parse-chat-request:parseChatRequest',
    kind: 'bytes',
    covers: ['gateway/listener/parse-json-body:parseJsonBody', 'gateway/openai/parse-chat-messages:parseChatMessages'],
    inputs: [textBytes(JSON.stringify(CHAT))],
    read: (input) => parseChatRequest(parseJsonBody(Buffer.from(input as Uint8Array)), { messagesMax: 50 }),
  }),
  byHand({
    name: 'gateway/anthropic/parse-messages-request:parseMessagesRequest',
    kind: 'bytes',
    covers: [
      'gateway/anthropic/parse-message-turns:parseMessageTurns',
      'gateway/anthropic/parse-message-turns:readTextBlocks',
      'gateway/tasks/read-image-url:readImageUrl',
      'gateway/tasks/read-target:readTarget',
    ],
    inputs: [textBytes(JSON.stringify(MESSAGES))],
    read: (input) =>
      parseMessagesRequest(parseJsonBody(Buffer.from(input as Uint8Array)), { messagesMax: 50, isTokenCount: false }),
  }),
  byHand({
    name: 'gateway/responses/parse-response-request:parseResponseRequest',
    kind: 'bytes',
    covers: [
      'gateway/responses/parse-input-items:parseInputItems',
      'gateway/tasks/read-function:readFunction',
      'gateway/tasks/read-function:readChosenFunction',
      'gateway/tasks/read-function:readSchemaFormat',
      'gateway/tasks/read-function:readSampling',
      'gateway/tasks/read-function:readTopLogprobs',
    ],
    inputs: [textBytes(JSON.stringify(RESPONSE))],
    read: (input) => {
      const asked = parseResponseRequest(parseJsonBody(Buffer.from(input as Uint8Array)))
      return { asked, messages: parseInputItems(asked.input, { messagesMax: 50, before: [] }) }
    },
  }),
  byHand({
    name: 'gateway/batches/parse-batch-lines:parseBatchLines',
    kind: 'bytes',
    inputs: [
      textBytes(
        ['a', 'b']
          .map((id) => JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/responses', body: { input: 'x' } }))
          .join('\n'),
      ),
    ],
    read: (input) => parseBatchLines(Uint8Array.from(input as Uint8Array), '/v1/responses'),
  }),
  byHand({
    name: 'node/control/parse-route-controls:parseRouteControls',
    kind: 'json',
    inputs: [
      {
        'x-kernell-max-cost-usd': '0.01',
        'x-kernell-quality': '0.9',
        'x-kernell-allow': 'local, cheap',
        'x-kernell-cache': 'no-store',
        'x-kernell-max-latency-ms': '500',
        'x-kernell-deny': ['openai', 'x'],
      },
    ],
    // Node gives headers as texts and lists of them.
    read: (input) => {
      const entries = typeof input === 'object' && input !== null ? Object.entries(input) : []
      const headers = Object.fromEntries(
        entries.map(([name, value]) => [name, Array.isArray(value) ? value.map(headerText) : headerText(value)]),
      )
      return parseRouteControls(headers, { providers: new Set(['openai']), keyTiers: undefined })
    },
  }),
  byHand({
    name: 'node/policy-question:parsePolicyQuestion',
    kind: 'json',
    inputs: BODIES['/v1/policy/decide'] ?? [],
    read: (input) => parsePolicyQuestion(input as never),
  }),
  ...Object.entries(BODIES).map(([path, bodies]) => overHttp(path, bodies)),
]

function headerText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function overHttp(path: string, bodies: readonly unknown[]): LazyTarget {
  const name = `gateway/create-gateway:POST ${path}`
  const samples = bodies.map((body) => ({ input: textBytes(JSON.stringify(body)), rest: [] }))
  const load = async (): Promise<Target> => {
    const running = await startGateway(createScriptedNode())
    const read = async (input: unknown): Promise<unknown> => {
      const response = await fetch(running.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Uint8Array.from(input as Uint8Array),
      })
      return { status: response.status, text: await response.text() }
    }
    const recheck: Target['recheck'] = (result) => {
      const { status, text } = result as { readonly status: number; readonly text: string }
      if (running.failures.length > 0) return `the gateway failed: ${String(running.failures.splice(0)[0])}`
      if (status === 200) return undefined
      const { error } = JSON.parse(text) as { readonly error?: { readonly code?: unknown } }
      if (status >= 500 && status !== 503) return `status ${status}`
      return typeof error?.code === 'string' ? undefined : `status ${status} without a code`
    }
    return { name, kind: 'bytes', samples, read, recheck, end: async () => await running[Symbol.asyncDispose]() }
  }
  return { name, load }
}
