import { batch, signal, type Signal } from '@preact/signals'
import { listOf, type JsonObject, numberOf, objectOf, textOf } from '../connection/json-value.ts'
import { NodeClient, RequestError } from '../connection/node-client.ts'
import { type LinkState, NodeLink } from '../connection/node-link.ts'
import { forgetToken, keepToken, storedToken, takeTicket } from '../connection/session.ts'
import { TaskList } from './task-list.ts'
import { forgetViews } from './view-cache.ts'

/** Who looks, as the node takes them. */
export type Viewer = {
  readonly client: NodeClient
  readonly role: string
  readonly key: string | undefined
  readonly tenant: string
}

export type Access =
  | { readonly kind: 'checking' }
  | { readonly kind: 'out'; readonly why: string | undefined }
  | ({ readonly kind: 'in' } & Viewer)

/** What the page is about: one node, and who looks at it. */
export const access: Signal<Access> = signal({ kind: 'checking' })
export const link: Signal<LinkState> = signal('connecting')
/** When the node was heard last: milliseconds since 1970. */
export const heardAt: Signal<number | undefined> = signal(undefined)
export const uptimeS: Signal<number | undefined> = signal(undefined)
/** Tasks in the last second. */
export const tasksPerSecond: Signal<number> = signal(0)
export const tasks: TaskList = new TaskList()

/** Counts up whenever something of a topic has changed; views look again then. */
const changes = new Map<string, Signal<number>>()

export function changesOf(topic: string): Signal<number> {
  const known = changes.get(topic)
  if (known !== undefined) return known
  const made = signal(0)
  changes.set(topic, made)
  return made
}

let following: NodeLink | undefined
let lastTick: { readonly end: number; readonly at: number } | undefined

/** With the ticket of the link that opened the page, with the token of this tab, or not at all. */
export async function enter(): Promise<void> {
  const ticket = takeTicket()
  if (ticket !== undefined) await enterWith(ticket)
  else {
    const token = storedToken()
    if (token === undefined) access.value = { kind: 'out', why: undefined }
    else await enterAs(token)
  }
}

/** With what somebody has: the link or ticket of the terminal, or an API key. */
export async function enterWith(secret: string): Promise<void> {
  const text = secret.trim().replace(/^.*#token=/, '')
  if (!text.startsWith('kdt-')) {
    await enterAs(text)
    return
  }
  try {
    const answer = await new NodeClient(undefined).ask('/v1/node/session', { method: 'POST', body: { ticket: text } })
    await enterAs(textOf(objectOf(answer)['token']))
  } catch (error: unknown) {
    leave(messageOf(error))
  }
}

export function leave(why?: string): void {
  following?.stop()
  following = undefined
  forgetToken()
  forgetViews()
  tasks.clear()
  access.value = { kind: 'out', why }
}

/** Ends the session at the node too. */
export async function signOut(): Promise<void> {
  const { value } = access
  if (value.kind === 'in') await value.client.ask('/v1/node/session', { method: 'DELETE' }).catch(() => undefined)
  leave()
}

async function enterAs(token: string): Promise<void> {
  const client = new NodeClient(token)
  try {
    const who = objectOf(await client.ask('/v1/node/session'))
    keepToken(token)
    const key = textOf(who['key'])
    access.value = {
      kind: 'in',
      client,
      role: textOf(who['role']),
      tenant: textOf(who['tenant']),
      key: key === '' ? undefined : key,
    }
    follow(client)
  } catch (error: unknown) {
    if (error instanceof RequestError && error.status === 0) {
      link.value = 'lost'
      setTimeout(() => enterAs(token).catch(() => undefined), 1_000)
      return
    }
    leave(messageOf(error))
  }
}

function follow(client: NodeClient): void {
  following?.stop()
  following = new NodeLink(client, {
    onState(state, why) {
      link.value = state
      if (state === 'refused') leave(why)
    },
    onEvent: (type, data) => batch(() => take(client, type, data)),
  })
  following.start()
}

function take(client: NodeClient, type: string, data: JsonObject): void {
  heardAt.value = Date.now()
  if (type === 'tick') takeTick(data)
  else if (type === 'snapshot') takeSnapshot(client)
  else if (type === 'change') {
    if (listOf(data['tasks']).length > 0) changesOf('tasks').value += 1
    tasks.take(data)
    for (const topic of listOf(data['topics'])) if (typeof topic === 'string') changesOf(topic).value += 1
  }
}

function takeTick(data: JsonObject): void {
  uptimeS.value = numberOf(data['uptime_s'])
  const [at, end] = [numberOf(data['at']), numberOf(data['end'])]
  if (at !== undefined && end !== undefined) {
    const isLater = lastTick !== undefined && at > lastTick.at && end >= lastTick.end
    tasksPerSecond.value = isLater && lastTick !== undefined ? ((end - lastTick.end) * 1_000) / (at - lastTick.at) : 0
    lastTick = { at, end }
  }
  changesOf('tick').value += 1
}

/** Whatever the page knows may be old. */
function takeSnapshot(client: NodeClient): void {
  client.ask('/v1/node/decisions?limit=10000').then(
    (view) => tasks.replace(view),
    // The stream says what has become of the node.
    () => undefined,
  )
  for (const count of changes.values()) count.value += 1
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
