import type { McpServer } from '@modelcontextprotocol/server'
import type { AuthenticatedCaller } from '../listener/authenticate.ts'
import { type ServedAgent, toolOfAgent } from './agent-tools.ts'
import { MARKET_TOOLS } from './market-tools.ts'
import type { McpLibrary } from './mcp-library.ts'
import { type McpTool, offerTool, registerTool, type ToolSurroundings } from './mcp-tool.ts'
import { MEMORY_TOOLS } from './memory-tools.ts'
import { registerResources } from './resources.ts'
import { ROUTE_TOOLS } from './route-tools.ts'
import type { RunningCalls } from './running-calls.ts'

/**
 * Adds what a host offers beside the node's own: tools, resources and prompts of the library's kind, for one caller at a time. It is called for
 * each session, and for each request that belongs to none. What its tools do is the host's to guard.
 */
export type McpExtension = (server: McpServer, who: AuthenticatedCaller) => void

export type McpServerParts = {
  readonly library: McpLibrary
  readonly node: ToolSurroundings['node']
  readonly providers: ReadonlySet<string>
  readonly agents: readonly ServedAgent[]
  readonly extensions: readonly McpExtension[]
  readonly calls: RunningCalls
  /** Told of failures that are the program's own. */
  readonly onFailure: (error: unknown) => void
}

const INSTRUCTIONS =
  'kernell-os runs tasks at the lowest expected cost that reaches the quality asked for. `estimate` says what a task would cost, `route` runs it, `agent_*` run agents, `memory_*` keep and find texts of the caller. Costs are US dollars unless they are called credits.'

/** Tools of a node, the same for all callers; which of them one sees is up to its role. */
export function toolsOf(agents: readonly ServedAgent[]): readonly McpTool[] {
  return [...ROUTE_TOOLS, ...MEMORY_TOOLS, ...MARKET_TOOLS, ...agents.map(toolOfAgent)]
}

/** Makes the servers of a node, each for one caller. */
export function createServerMaker(parts: McpServerParts): (who: AuthenticatedCaller) => McpServer {
  const { library, node, providers, agents, extensions, calls, onFailure } = parts
  const tools = toolsOf(agents).map(offerTool)
  return (who) => {
    const surroundings = { node, who, providers }
    const info = { name: 'kernell-os', title: 'kernell-os', version: node.health().version }
    const server = new library.McpServer(info, {
      instructions: INSTRUCTIONS,
      // Both are the same from start to end; a host that adds what changes says so itself.
      capabilities: { tools: { listChanged: false }, resources: { listChanged: false } },
    })
    for (const tool of tools) registerTool(server, tool, { surroundings, calls, onFailure })
    registerResources(server, { library, surroundings, agents, onFailure })
    for (const extend of extensions) extend(server, who)
    return server
  }
}
