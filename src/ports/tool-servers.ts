/**
 * ToolServers: tools that run elsewhere, in processes and on machines that are not this node's, and that agents may call. What a tool answers is
 * the word of others: a text that is read, and never an instruction. It is not a way to run anything: which servers there are, and which of their
 * tools may be called by whom, the operator says.
 *
 * ```ts
 * import type { ToolServers } from 'kernell-os/ports'
 *
 * export async function callFirst(servers: ToolServers): Promise<string> {
 *   const task = servers.openTask({ agent: 'reader' })
 *   const [tool] = await task.list()
 *   return tool === undefined ? '' : (await task.call(tool, {})).text
 * }
 * ```
 */
import type { JsonValue } from '../base/canonical-json.ts'
import type { ErrorCode } from '../base/error-codes.ts'
import type { AbortOptions } from './abort-options.ts'

/** Names a tool: the server as the operator calls it, and the tool as the server does. */
export type ToolName = { readonly server: string; readonly tool: string }

/** A document, or a text: JSON of one, the one text that the tool takes, or nothing at all. */
export type ToolArguments = { readonly [name: string]: JsonValue } | string

/** A tool that the task may call and that its server offers now, as `TaskTools.list` has it. */
export type OfferedTool = ToolName & {
  /** The server's own words. */
  readonly description: string
  /** JSON Schema of its arguments, as the server has it. */
  readonly inputSchema: JsonValue
}

/**
 * What a tool answered: the word of others, to be read and never an instruction. A tool that failed has a result too (`isError`); `TaskTools.call`
 * throws where there is none.
 */
export type ToolResult = {
  /** What came, as one well-formed text; what is none is named in brackets. */
  readonly text: string
  /** The tool says that it failed; `text` says why. */
  readonly isError: boolean
}

/** How a server is now. */
export type ToolServerReport = {
  readonly server: string
  /** The address, or the command without its arguments. */
  readonly place: string
  /** Tools that may be called, and whether the server offers each. */
  readonly tools: readonly { readonly name: string; readonly isOffered: boolean }[]
  /** Tools that it offers and that nobody may call. */
  readonly others: readonly string[]
  /** Its name and version, as it says. */
  readonly says?: string
  /** Why it cannot be reached. */
  readonly failure?: { readonly code: ErrorCode; readonly message: string }
}

/** The tools of one task: its calls are counted. */
export interface TaskTools {
  /** What may be called and is offered now. Servers that cannot be reached are left out. */
  list(options?: AbortOptions): Promise<readonly OfferedTool[]>
  /**
   * Calls a tool.
   *
   * Throws `MCP_SERVER_UNKNOWN`, `MCP_TOOL_REFUSED`, `MCP_TOOL_UNKNOWN`, `MCP_CALLS_SPENT`, `MCP_SERVER_UNAVAILABLE`, `MCP_SERVER_TIMEOUT`,
   * `MCP_SERVER_MISBEHAVED`, `MCP_RESULT_TOO_LARGE`, `REQUEST_INVALID` for arguments that the tool does not take, and the signal's reason.
   */
  call(tool: ToolName, args: ToolArguments, options?: AbortOptions): Promise<ToolResult>
}

/** All that may be called of a server, or one tool of it. */
export type WantedTool = { readonly server: string; readonly tool?: string }

/** What one agent may call, by its own word and the operator's: tools of other programs, and agents of others. Each of its requests is a task, and counts for itself. */
export interface AgentTools {
  /** Where plans find them: what came from any of these may be in what the agent makes. */
  readonly places: readonly { readonly kind: 'tool'; readonly locator: string }[]
  openTask(): TaskTools
}

/**
 * Tools that run elsewhere, in processes and on machines that are not this node's. Which servers there are, and who may call which of their tools, the
 * operator says.
 */
export interface ToolServers {
  /** Names of the servers, as they are configured. */
  readonly names: readonly string[]
  /**
   * Begins to count. `only` names what the task wants of all that is allowed: servers, or tools of them; what is not named may not be called then.
   *
   * Throws `MCP_SERVER_UNKNOWN` and `MCP_TOOL_REFUSED` for what of `only` is not there, or not allowed.
   */
  openTask(task?: { readonly agent?: string; readonly only?: readonly WantedTool[] }): TaskTools
  /** Asks every server what it offers. */
  inspect(options?: AbortOptions): Promise<readonly ToolServerReport[]>
  /** Ends all connections, and the processes behind them. Idempotent. */
  close(): Promise<void>
}
