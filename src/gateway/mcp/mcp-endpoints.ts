import { CALLER_ROLES } from '../../node/config/node-config.ts'
import type { EndpointEntry } from '../endpoint.ts'
import type { Exchange, GatewayContext } from '../exchange.ts'

const ROUTE = '/mcp'

/** The Model Context Protocol: every key may speak it, and sees what its role may use. */
export const MCP_ENDPOINTS: readonly EndpointEntry[] = [
  { route: ROUTE, method: 'POST', roles: CALLER_ROLES, answer: answerMcp, isPublic: false, isWork: true },
  { route: ROUTE, method: 'GET', roles: CALLER_ROLES, answer: answerMcp, isPublic: false, isWork: false },
  { route: ROUTE, method: 'DELETE', roles: CALLER_ROLES, answer: answerMcp, isPublic: false, isWork: false },
]

async function answerMcp(exchange: Exchange, { mcp }: GatewayContext): Promise<void> {
  await mcp.answer(exchange)
}
