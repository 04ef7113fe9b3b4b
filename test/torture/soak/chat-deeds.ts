import { jsonOf, type Told, wordOf } from './node-caller.ts'
import {
  type Deed,
  leaverOf,
  modelOf,
  pick,
  promptOf,
  type SoakTenant,
  type SoakWorld,
  tenantOf,
} from './soak-world.ts'

const TOOL = {
  type: 'function',
  function: {
    name: 'tide_at',
    description: 'Height of the tide',
    parameters: { type: 'object', properties: { hour: { type: 'integer' } }, required: ['hour'] },
  },
} as const
/** Questions that come again and again, so that the cache has an answer. */
const COMMON = 40
const LEAVE_MS_MAX = 60

function outputMaxOf({ random }: SoakWorld): number {
  return 8 + random.nextBelow(40)
}

function chatBody(world: SoakWorld, content: string, more: object = {}): Record<string, unknown> {
  return {
    model: modelOf(world),
    max_tokens: outputMaxOf(world),
    messages: [{ role: 'user', content }],
    ...more,
  }
}

async function chat(world: SoakWorld, tenant: SoakTenant, body: object, headers: Record<string, string> = {}) {
  const told = await world.caller.ask('/v1/chat/completions', { key: tenant.key, body, headers })
  if (wordOf(told) === 'answered') world.record.noteTask(tenant, told.headers['x-kernell-task-id'])
  return told
}

function streamWord(told: Told, end: string): string {
  const word = wordOf(told)
  return word === 'answered' && !told.text.includes(end) ? 'a stream without its end' : word
}

async function plain(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  return wordOf(await chat(world, tenant, chatBody(world, promptOf(world, tenant))))
}

async function streamed(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  const body = chatBody(world, promptOf(world, tenant), { stream: true, stream_options: { include_usage: true } })
  return streamWord(await chat(world, tenant, body), 'data: [DONE]')
}

async function withTools(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  const isStreaming = world.random.nextBelow(2) === 0
  const body = chatBody(world, promptOf(world, tenant), { tools: [TOOL], stream: isStreaming })
  const told = await chat(world, tenant, body)
  const word = wordOf(told)
  return word === 'answered' && !told.text.includes('tide_at') ? 'an answer without its call' : word
}

/** The caller goes away in the middle of the answer, or before there is any. */
async function abandoned(world: SoakWorld): Promise<string> {
  const tenant = leaverOf(world)
  const isStreaming = world.random.nextBelow(3) > 0
  const body = chatBody(world, promptOf(world, tenant, true), { stream: isStreaming })
  const leave = isStreaming ? 'reading' : world.random.nextBelow(LEAVE_MS_MAX)
  return wordOf(await world.caller.ask('/v1/chat/completions', { key: tenant.key, body, leave }))
}

async function common(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  const content = `Say line ${world.random.nextBelow(COMMON)} for ${tenant.id} about the sea`
  const body = { model: 'kernell-cheap', max_tokens: 30, messages: [{ role: 'user', content }] }
  const told = await chat(world, tenant, body)
  const cache = told.headers['x-kernell-cache']
  return wordOf(told) === 'answered' ? `answered, cache ${String(cache)}` : wordOf(told)
}

/** The same request twice at once, of which one is done. */
async function twice(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  const body = chatBody(world, promptOf(world, tenant))
  const headers = { 'idempotency-key': `soak-${world.nextLine()}` }
  const both = await Promise.all(
    [0, 1].map(async () => await world.caller.ask('/v1/chat/completions', { key: tenant.key, body, headers })),
  )
  const [first, second] = both.map((told) => (wordOf(told) === 'answered' ? jsonOf(told)['id'] : undefined))
  if (first !== undefined && second !== undefined && first !== second) return 'one request was done twice'
  if (first !== undefined) world.record.noteTask(tenant, both[0]?.headers['x-kernell-task-id'])
  return wordOf(both[0] ?? { status: 0, text: '', headers: {} })
}

async function message(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  const isStreaming = world.random.nextBelow(2) === 0
  const body = { ...chatBody(world, promptOf(world, tenant)), stream: isStreaming }
  const told = await world.caller.ask('/v1/messages', {
    body,
    headers: { 'x-api-key': tenant.key, 'anthropic-version': '2023-06-01' },
  })
  const word = isStreaming ? streamWord(told, 'message_stop') : wordOf(told)
  if (word === 'answered') world.record.noteTask(tenant, told.headers['x-kernell-task-id'])
  return word
}

async function embeddings(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  const body = { model: 'kernell', input: [promptOf(world, tenant), promptOf(world, tenant)] }
  return wordOf(await world.caller.ask('/v1/embeddings', { key: tenant.key, body }))
}

/** What an answer was worth; it counts once it is acknowledged. */
async function feedback(world: SoakWorld): Promise<string> {
  const { tasks } = world.record
  if (tasks.length === 0) return 'nothing to judge'
  const task = pick(world.random, tasks.slice(-200))
  const body = { task_id: task.id, thumbs: 'up' }
  const told = await world.caller.ask('/v1/feedback', { key: task.tenant.key, body })
  if (told.status === 200) task.hasFeedback = true
  return wordOf(told)
}

async function hostile(world: SoakWorld): Promise<string> {
  const { key } = tenantOf(world)
  const bodies = ['{"model": "kernell", "mess', '[]', JSON.stringify({ model: 'kernell', messages: [], n: 7 }), '']
  const told = await world.caller.ask('/v1/chat/completions', { key, method: 'POST', body: pick(world.random, bodies) })
  return told.status === 400 ? 'refused' : `${told.status} for a body that is none`
}

async function stranger(world: SoakWorld): Promise<string> {
  const body = { model: 'kernell', messages: [{ role: 'user', content: 'let me in' }] }
  const told = await world.caller.ask('/v1/chat/completions', { key: `sk-${world.nextLine()}`, body })
  return told.status === 401 ? 'refused' : `${told.status} for a key that is none`
}

async function decide(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  const body = { prompt: promptOf(world, tenant) }
  return wordOf(await world.caller.ask('/v1/policy/decide', { key: tenant.key, body }))
}

export const CHAT_DEEDS: readonly Deed[] = [
  { name: 'chat', weight: 20, run: plain },
  { name: 'chat streamed', weight: 14, run: streamed },
  { name: 'chat with tools', weight: 6, run: withTools },
  { name: 'chat abandoned', weight: 8, run: abandoned },
  { name: 'chat from the cache', weight: 12, run: common },
  { name: 'chat twice at once', weight: 2, run: twice },
  { name: 'messages', weight: 8, run: message },
  { name: 'embeddings', weight: 4, run: embeddings },
  { name: 'feedback', weight: 4, run: feedback },
  { name: 'bad bodies', weight: 3, run: hostile },
  { name: 'strangers', weight: 2, run: stranger },
  { name: 'decide', weight: 2, run: decide },
]
