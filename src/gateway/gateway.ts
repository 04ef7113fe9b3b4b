import type { AgentSkill } from '../node/a2a/agent-skill.ts'
import type { KernellNode } from '../node/kernell-node.ts'
import type { Logger } from '../ports/logger.ts'
import type { GatewayLimits } from './exchange.ts'
import type { McpInit } from './mcp/mcp-face.ts'

/** What a gateway is made of: the node behind it, and who may ask it from where. */
export type GatewayInit = {
  /** What answers. The gateway does not close it. */
  readonly node: KernellNode
  /** Names besides loopback's that `Host` may carry where no key is asked for, without port. */
  readonly allowedHosts?: readonly string[]
  /** Origins of web pages that may call the gateway. */
  readonly allowedOrigins?: readonly string[]
  /** Where the node's configuration has a member of the same name, that is the default. */
  readonly limits?: Partial<GatewayLimits>
  /** What the node does for other agents over A2A besides the router; `a2a.skills` of the configuration chooses among them. */
  readonly agentSkills?: readonly AgentSkill[]
  /** Secret of this start, for commands of this machine (`POST /control/AREA`). Absent: there is no such endpoint. */
  readonly controlToken?: string
  /** What is offered over the Model Context Protocol at `/mcp` beside the node's own. */
  readonly mcp?: McpInit
  /** Secret of the data directory, for whoever manages the node (`/v1/admin`). Absent: only keys with the role admin do. */
  readonly adminToken?: string
  /** Gets a line for each failure that is the program's own or happens after the first byte, and with `log.access` one for each request. */
  readonly logger?: Logger
  /** Told of every failure that is the program's own or happens after the first byte, with the id that the caller saw. */
  readonly onFailure?: (error: unknown, requestId: string) => void
}

/** Where to listen; what is left out is as the configuration of the node has it. */
export type ListenOptions = {
  /** Default: the node's configuration. */
  readonly host?: string
  /** 0 lets the system choose. Default: the node's configuration. */
  readonly port?: number
}

/** How long requests that are under way may take to come to their end, milliseconds. */
export type CloseOptions = {
  /** Time for requests that are being served; afterwards they are aborted. Default 10 s. */
  readonly deadlineMs?: number
}

/** The HTTP listener of a node. */
export type Gateway = AsyncDisposable & {
  /**
   * Opens the listener, once.
   *
   * @returns The base address, `http://127.0.0.1:8787`.
   *
   * Throws `GATEWAY_KEYS_REQUIRED` for an address that other machines can reach while no key is configured, and `GATEWAY_LISTEN_FAILED`.
   */
  listen(options?: ListenOptions): Promise<string>
  /** The base address; `undefined` while not listening. */
  readonly url: string | undefined
  /** A link that opens the dashboard, once; `undefined` while not listening. It is as good as a key: for whoever runs the node alone. */
  dashboardLink(): string | undefined
  /** Takes no more requests, lets those in flight finish until the deadline, then aborts them. Idempotent. */
  close(options?: CloseOptions): Promise<void>
}
