import { ADMIN_ENDPOINTS } from './admin/admin-endpoints.ts'
import { answerOwnUsage } from './admin/usage-endpoints.ts'
import { ANTHROPIC_ENDPOINTS } from './anthropic/anthropic-endpoints.ts'
import { A2A_ENDPOINTS } from './a2a/a2a-endpoints.ts'
import { BATCH_ENDPOINT_TABLE } from './batches/batch-endpoints.ts'
import { CARE, type EndpointEntry, LOOK, WORK } from './endpoint.ts'
import { type Exchange, type GatewayContext, respondJson } from './exchange.ts'
import { DASHBOARD_ENDPOINTS } from './dashboard/dashboard-endpoints.ts'
import { answerOutcome } from './node/outcome-endpoint.ts'
import { answerControlRequest } from './node/control-endpoint.ts'
import { answerFeedback } from './node/feedback-endpoint.ts'
import { answerHealth, answerMetrics, answerPolicy } from './node/node-endpoints.ts'
import { MCP_ENDPOINTS } from './mcp/mcp-endpoints.ts'
import { OPENAI_ENDPOINTS } from './openai/openai-endpoints.ts'
import { RESPONSES_ENDPOINTS } from './responses/responses-endpoints.ts'

/** Everything that the gateway answers. */
export const ENDPOINTS: readonly EndpointEntry[] = [
  ...OPENAI_ENDPOINTS,
  ...ADMIN_ENDPOINTS,
  ...RESPONSES_ENDPOINTS,
  ...ANTHROPIC_ENDPOINTS,
  ...BATCH_ENDPOINT_TABLE,
  ...MCP_ENDPOINTS,
  ...A2A_ENDPOINTS,
  ...DASHBOARD_ENDPOINTS,
  { ...WORK, route: '/v1/policy/decide', roles: ['admin', 'operator', 'member'], answer: answerPolicy },
  { ...WORK, route: '/v1/feedback', answer: answerFeedback },
  { ...LOOK, route: '/v1/outcomes/:task_id', roles: ['admin', 'member', 'viewer'], answer: answerOutcome },
  { ...LOOK, route: '/v1/usage', answer: answerOwnUsage },
  { ...LOOK, route: '/healthz', isPublic: true, answer: answerHealth },
  { ...CARE, route: '/metrics', answer: answerMetrics },
  { ...LOOK, route: '/', isPublic: true, answer: listEndpoints },
  // For commands of this machine, which know it from the node's own file: it checks more than a key.
  {
    route: '/control/:area',
    method: 'POST',
    roles: [],
    answer: answerControlRequest,
    isPublic: true,
    isWork: false,
    isUnlisted: true,
  },
]

/** `GET /`: what this is and where things are, for someone who opens the address in a browser. */
function listEndpoints(exchange: Exchange, context: GatewayContext): void {
  const endpoints = ENDPOINTS.filter(({ isUnlisted }) => isUnlisted !== true).map(
    ({ method, route }) => `${method} ${route}`,
  )
  respondJson(exchange, JSON.stringify({ name: 'kernell-os', version: context.node.health().version, endpoints }))
}
