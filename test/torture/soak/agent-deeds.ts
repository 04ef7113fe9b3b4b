import { jsonOf, wordOf } from './node-caller.ts'
import { type Deed, leaverOf, promptOf, type SoakTenant, type SoakWorld, tenantOf } from './soak-world.ts'

const REVISION = '2025-11-25'
/** Names of texts of each tenant. */
const NOTES = 150
const A2A_HEADERS = { 'a2a-version': '1.0' } as const
const MCP_HEADERS = { accept: 'application/json, text/event-stream' } as const

type Session = { readonly tenant: SoakTenant; readonly id: string }

async function openSession(world: SoakWorld, tenant: SoakTenant): Promise<Session | string> {
  const params = { protocolVersion: REVISION, capabilities: {}, clientInfo: { name: 'soak', version: '1' } }
  const body = { jsonrpc: '2.0', id: 1, method: 'initialize', params }
  const told = await world.caller.ask('/mcp', { key: tenant.key, body, headers: MCP_HEADERS })
  const id = told.headers['mcp-session-id']
  if (told.status !== 200 || typeof id !== 'string') return wordOf(told)
  const session = { tenant, id }
  await tell(world, session, { jsonrpc: '2.0', method: 'notifications/initialized' })
  return session
}

async function tell({ caller }: SoakWorld, { tenant, id }: Session, body: object) {
  const headers = { ...MCP_HEADERS, 'mcp-session-id': id, 'mcp-protocol-version': REVISION }
  return await caller.ask('/mcp', { key: tenant.key, body, headers })
}

function callOf(name: string, args: object): object {
  return { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name, arguments: args } }
}

async function mcp(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  const session = await openSession(world, tenant)
  if (typeof session === 'string') return session
  const list = await tell(world, session, { jsonrpc: '2.0', id: 3, method: 'tools/list', params: {} })
  if (!list.text.includes('memory_remember')) return `a list without its tools: ${wordOf(list)}`
  const routed = await tell(world, session, callOf('route', { prompt: promptOf(world, tenant), max_output_tokens: 20 }))
  const word = await remember(world, session)
  // Some leave without a word.
  if (world.random.nextBelow(4) > 0) {
    const headers = { 'mcp-session-id': session.id, 'mcp-protocol-version': REVISION }
    await world.caller.ask('/mcp', { method: 'DELETE', key: tenant.key, headers })
  }
  return word === 'answered' ? wordOf(routed) : word
}

/** A text under a name that may have had another one. */
async function remember(world: SoakWorld, session: Session): Promise<string> {
  const { tenant } = session
  const { memories } = world.record
  const id = `note-${world.nextLine() % NOTES}`
  const text = `The tide of ${id} is ${world.nextLine()} of ${tenant.id}`
  const known = memories.findIndex((memory) => memory.id === id && memory.tenant.id === tenant.id)
  // Until it is acknowledged nobody knows which of the two is there.
  if (known >= 0) memories.splice(known, 1)
  const told = await tell(world, session, callOf('memory_remember', { text, id }))
  if (told.text.includes('"is_new":')) memories.push({ tenant, id, text })
  return wordOf(told)
}

/** Reads texts of the memory back, over one session for each tenant. Returns those that are not as they were. */
export async function missingMemories(world: SoakWorld): Promise<readonly string[]> {
  const missing: string[] = []
  for (const tenant of world.tenants) {
    const own = world.record.memories.filter((memory) => memory.tenant.id === tenant.id)
    const session = own.length === 0 ? undefined : await openSession(world, tenant)
    if (typeof session === 'string') missing.push(`no session: ${session}`)
    if (typeof session !== 'object') continue
    for (const { id, text } of own) {
      const params = { uri: `kernell://memory/${id}` }
      const told = await tell(world, session, { jsonrpc: '2.0', id: 4, method: 'resources/read', params })
      if (!told.text.includes(text)) missing.push(`${id} of ${tenant.id}: ${told.text.slice(0, 200)}`)
    }
    const headers = { 'mcp-session-id': session.id, 'mcp-protocol-version': REVISION }
    await world.caller.ask('/mcp', { method: 'DELETE', key: tenant.key, headers })
  }
  return missing
}

function sendBody(world: SoakWorld, text: string, returnImmediately: boolean): object {
  const message = { messageId: `m-${world.nextLine()}`, role: 'ROLE_USER', parts: [{ text }] }
  return { message, configuration: { returnImmediately } }
}

async function a2a(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  const isStreaming = world.random.nextBelow(3) === 0
  const path = isStreaming ? '/a2a/message:stream' : '/a2a/message:send'
  const body = sendBody(world, promptOf(world, tenant), false)
  const told = await world.caller.ask(path, { key: tenant.key, body, headers: A2A_HEADERS })
  const state = [...told.text.matchAll(/"state":"(TASK_STATE_[A-Z_]+)"/g)].at(-1)?.[1]
  const [, id] = (isStreaming ? /"task":\{"id":"([^"]+)"/ : /"id":"([^"]+)"/).exec(told.text) ?? []
  if (told.status !== 200 || state === undefined) return wordOf(told)
  if (id !== undefined && /COMPLETED|FAILED/.test(state)) world.record.a2aTasks.push({ tenant, id, state })
  return state
}

async function a2aCancelled(world: SoakWorld): Promise<string> {
  const tenant = leaverOf(world)
  const body = sendBody(world, promptOf(world, tenant, true), true)
  const begun = await world.caller.ask('/a2a/message:send', { key: tenant.key, body, headers: A2A_HEADERS })
  const task = jsonOf(begun)['task'] as { readonly id?: unknown } | undefined
  if (begun.status !== 200 || typeof task?.id !== 'string') return wordOf(begun)
  const path = `/a2a/tasks/${task.id}:cancel`
  const told = await world.caller.ask(path, { key: tenant.key, method: 'POST', body: {}, headers: A2A_HEADERS })
  return told.status === 200 ? 'cancelled' : wordOf(told)
}

export const AGENT_DEEDS: readonly Deed[] = [
  { name: 'mcp', weight: 3, run: mcp },
  { name: 'a2a', weight: 4, run: a2a },
  { name: 'a2a cancelled', weight: 2, run: a2aCancelled },
]
