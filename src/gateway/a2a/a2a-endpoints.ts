import { type EndpointEntry, LOOK, WORK } from '../endpoint.ts'
import type { Endpoint } from '../exchange.ts'
import type { RestOperationName } from './rest-endpoints.ts'

/** What speaks the protocol is loaded with the first request for it. */
const rpc: Endpoint = async (exchange, context) =>
  await (await import('./rpc-endpoint.ts')).answerRpc(exchange, context)

function rest(operation: RestOperationName): Endpoint {
  return async (exchange, context) => {
    const { answerRest } = await import('./rest-endpoints.ts')
    await answerRest(operation, exchange, context)
  }
}

const card: Endpoint = async (exchange, context) =>
  await (await import('./card-endpoints.ts')).answerCard(exchange, context)
const keys: Endpoint = async (exchange, context) =>
  await (await import('./card-endpoints.ts')).answerKeys(exchange, context)

/** Reads tasks and what belongs to them: for who may have sent them. */
const READ = { ...WORK, method: 'GET', isWork: false } as const
const CONFIGS = '/a2a/tasks/:task/pushNotificationConfigs'

/** What the gateway answers of A2A 1.0: the card, and both bindings of HTTP. */
export const A2A_ENDPOINTS: readonly EndpointEntry[] = [
  { ...LOOK, route: '/.well-known/agent-card.json', isPublic: true, answer: card },
  { ...LOOK, route: '/.well-known/jwks.json', isPublic: true, answer: keys },
  { ...WORK, route: '/a2a', answer: rpc },
  // Clients that join an address and an empty path put a slash between them.
  { ...WORK, route: '/a2a/', isUnlisted: true, answer: rpc },
  { ...WORK, route: '/a2a/message:send', answer: rest('send') },
  { ...WORK, route: '/a2a/message:stream', answer: rest('stream') },
  { ...READ, route: '/a2a/tasks', answer: rest('list') },
  // A task by its id, or with `:subscribe` behind it.
  { ...READ, route: '/a2a/tasks/:task', answer: rest('get') },
  { ...WORK, route: '/a2a/tasks/:task', isWork: false, answer: rest('act') },
  { ...WORK, route: CONFIGS, isWork: false, answer: rest('createConfig') },
  { ...READ, route: CONFIGS, answer: rest('listConfigs') },
  { ...READ, route: `${CONFIGS}/:config`, answer: rest('getConfig') },
  { ...READ, method: 'DELETE', route: `${CONFIGS}/:config`, answer: rest('deleteConfig') },
  { ...READ, route: '/a2a/extendedAgentCard', answer: rest('extendedCard') },
]
