/**
 * The OpenAI-compatible HTTP surface of a node: chat completions, embeddings, models, the policy, health and metrics. It parses, authenticates,
 * limits and formats; every decision is the node's. It is not a proxy: nothing is forwarded that was not understood as one of its requests.
 *
 * ```ts
 * import { createGateway } from 'kernell-os/gateway'
 * import type { KernellNode } from 'kernell-os'
 *
 * export async function serve(node: KernellNode): Promise<string> {
 *   return await createGateway({ node }).listen({ port: 0 })
 * }
 * ```
 */
export { createGateway } from './create-gateway.ts'
export type { CloseOptions, Gateway, GatewayInit, ListenOptions } from './gateway.ts'
export type { GatewayLimits } from './exchange.ts'
export type { ServedAgent, ServedAgentRun, ServedField } from './mcp/agent-tools.ts'
export type { McpExtension } from './mcp/create-mcp-server.ts'
export type { McpInit, McpLimits } from './mcp/mcp-face.ts'
