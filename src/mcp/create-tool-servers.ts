import { CodedError } from '../base/errors.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type {
  OfferedTool,
  TaskTools,
  ToolArguments,
  ToolName,
  ToolResult,
  ToolServerReport,
  ToolServers,
  WantedTool,
} from '../ports/tool-servers.ts'
import type { ConnectionComponents, Offer, ServerConnection } from './server-connection.ts'
import type { ToolServerInit } from './tool-server-init.ts'

/**
 * Servers of the Model Context Protocol whose tools may be called. Each is started, or asked, when it is first needed; one that has ended is begun
 * anew by the next question. Nothing happens before.
 */
export function createToolServers(components: ConnectionComponents, servers: readonly ToolServerInit[]): ToolServers {
  return new ConnectedServers(components, servers)
}

class ConnectedServers implements ToolServers {
  readonly #components: ConnectionComponents
  readonly #servers: ReadonlyMap<string, ToolServerInit>
  readonly #connections = new Map<string, Promise<ServerConnection>>()
  #isClosed = false

  constructor(components: ConnectionComponents, servers: readonly ToolServerInit[]) {
    this.#components = components
    this.#servers = new Map(servers.map((server) => [server.name, server]))
  }

  get names(): readonly string[] {
    return [...this.#servers.keys()]
  }

  openTask(task: ToolTask = {}): TaskTools {
    const { agent, only } = task
    const calls = new Map<string, number>()
    for (const wanted of only ?? []) this.#requireAllowed(wanted, agent)
    const isWanted = (name: ToolName): boolean => only === undefined || only.some((wanted) => covers(wanted, name))
    return {
      list: async ({ signal } = {}) => (await this.#list(task, signal)).filter(isWanted),
      call: async (tool, args, options) => {
        const server = this.#requireAllowed(tool, agent)
        if (!isWanted(tool)) throw refused(tool, 'was not asked for by whoever opened the task')
        count(calls, server)
        return await this.#call(server, { name: tool, args }, options)
      },
    }
  }

  async inspect({ signal }: AbortOptions = {}): Promise<readonly ToolServerReport[]> {
    return await Promise.all([...this.#servers.values()].map(async (server) => await this.#inspectOne(server, signal)))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const connections = [...this.#connections.values()]
    this.#connections.clear()
    await Promise.all(connections.map(async (connection) => await (await connection).close()))
  }

  async #list({ agent, only }: ToolTask, signal: AbortSignal | undefined): Promise<readonly OfferedTool[]> {
    const asked = [...this.#servers.values()].filter(
      ({ name }) => only === undefined || only.some(({ server }) => server === name),
    )
    const lists = await Promise.all(
      asked.map(async (server) => {
        const allowed = allowedTools(server, agent)
        if (allowed.length === 0) return []
        const offer = await this.#offer(server, signal).catch((error: unknown) => {
          signal?.throwIfAborted()
          if (CodedError.is(error)) return undefined
          throw error
        })
        return allowed.flatMap((name) => offer?.tools.get(name) ?? [])
      }),
    )
    return lists.flat()
  }

  async #inspectOne(server: ToolServerInit, signal: AbortSignal | undefined): Promise<ToolServerReport> {
    const { name, tools, place } = server
    const shown = { server: name, place: place.kind === 'process' ? place.command : place.url }
    try {
      const { tools: offered, says } = await this.#offer(server, signal)
      return {
        ...shown,
        tools: tools.map((tool) => ({ name: tool, isOffered: offered.has(tool) })),
        others: [...offered.keys()].filter((tool) => !tools.includes(tool)),
        ...(says !== undefined && { says }),
      }
    } catch (error: unknown) {
      signal?.throwIfAborted()
      if (!CodedError.is(error)) throw error
      const failure = { code: error.code, message: error.message }
      return { ...shown, tools: tools.map((tool) => ({ name: tool, isOffered: false })), others: [], failure }
    }
  }

  /** Throws `MCP_SERVER_UNKNOWN`, `MCP_TOOL_REFUSED`. */
  #requireAllowed({ server: name, tool }: WantedTool, agent: string | undefined): ToolServerInit {
    const server = this.#servers.get(name)
    if (server === undefined)
      throw new CodedError('MCP_SERVER_UNKNOWN', { message: `There is no server ${JSON.stringify(name.slice(0, 64))}` })
    const allowed = allowedTools(server, agent)
    if (tool === undefined ? allowed.length > 0 : allowed.includes(tool)) return server
    throw refused(
      { server: name, ...(tool !== undefined && { tool }) },
      `may not be called${agent === undefined ? '' : ` by the agent ${agent}`}`,
    )
  }

  async #call(
    server: ToolServerInit,
    { name, args }: { readonly name: ToolName; readonly args: ToolArguments },
    { signal }: AbortOptions = {},
  ): Promise<ToolResult> {
    const { tools } = await this.#offer(server, signal)
    const tool = tools.get(name.tool)
    if (tool === undefined)
      throw new CodedError('MCP_TOOL_UNKNOWN', {
        message: `${server.name} offers no tool ${JSON.stringify(name.tool.slice(0, 64))}`,
        details: { server: server.name },
      })
    const connection = await this.#connection(server)
    return await connection.call(tool, args, signal)
  }

  async #offer(server: ToolServerInit, signal: AbortSignal | undefined): Promise<Offer> {
    const connection = await this.#connection(server)
    return await unlessAborted(connection.offer(), signal)
  }

  /** The one that there is, or a new one where that has ended. */
  async #connection(server: ToolServerInit): Promise<ServerConnection> {
    if (this.#isClosed)
      throw new CodedError('MCP_SERVER_UNAVAILABLE', { message: `${server.name}: the node is closing` })
    const known = this.#connections.get(server.name)
    if (known !== undefined && !(await known).isOver) return await known
    // Somebody else may have begun one while this one was looked at.
    const newer = this.#connections.get(server.name)
    if (newer !== undefined && newer !== known) return await newer
    const begun = begin(server, this.#components)
    this.#connections.set(server.name, begun)
    return await begun
  }
}

type ToolTask = NonNullable<Parameters<ToolServers['openTask']>[0]>

function covers(wanted: WantedTool, { server, tool }: ToolName): boolean {
  return wanted.server === server && (wanted.tool === undefined || wanted.tool === tool)
}

function refused({ server, tool }: WantedTool, why: string): CodedError {
  const what = tool === undefined ? 'No tool' : `The tool ${JSON.stringify(tool.slice(0, 64))}`
  return new CodedError('MCP_TOOL_REFUSED', { message: `${what} of ${server} ${why}`, details: { server } })
}

/** Loads what connects with the first server that is needed. */
async function begin(server: ToolServerInit, components: ConnectionComponents): Promise<ServerConnection> {
  const { ServerConnection: Connection } = await import('./server-connection.ts')
  return new Connection(server, components)
}

function allowedTools({ tools, agents }: ToolServerInit, agent: string | undefined): readonly string[] {
  const own = agent === undefined || !Object.hasOwn(agents, agent) ? undefined : agents[agent]
  return own === undefined ? tools : tools.filter((tool) => own.includes(tool))
}

/** Throws `MCP_CALLS_SPENT`. */
function count(calls: Map<string, number>, { name, limits }: ToolServerInit): void {
  const made = calls.get(name) ?? 0
  if (made >= limits.callsPerTask)
    throw new CodedError('MCP_CALLS_SPENT', {
      message: `The task has called ${name} ${made} times`,
      details: { server: name, callsPerTask: limits.callsPerTask },
    })
  calls.set(name, made + 1)
}

/** Whoever leaves does not wait for a server that others wait for. */
async function unlessAborted<Value>(value: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return await value
  signal.throwIfAborted()
  const left = Promise.withResolvers<never>()
  const leave = (): void => left.reject(signal.reason as Error)
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([value, left.promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
