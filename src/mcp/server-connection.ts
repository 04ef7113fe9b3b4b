import {
  Client,
  type JsonSchemaType,
  type JsonSchemaValidator,
  StreamableHTTPClientTransport,
  type Tool,
  type Transport,
} from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { JsonValue } from '../base/canonical-json.ts'
import { CodedError } from '../base/errors.ts'
import type { OutboundFetch } from '../ports/outbound-fetch.ts'
import type { OfferedTool, ToolArguments, ToolResult } from '../ports/tool-servers.ts'
import { onlyTextOf, wrongShape } from './check-shape.ts'
import { guardedFetch } from './guarded-fetch.ts'
import { textOfResult } from './result-text.ts'
import { serverFailure } from './server-failure.ts'
import type { ToolServerInit } from './tool-server-init.ts'

export type ConnectionComponents = {
  readonly outbound: OutboundFetch
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Of this package, for the server to know. */
  readonly version: string
}

/** Tools that one server may offer, and letters of the schema of each. */
const TOOLS_MAX = 256
const SCHEMA_CHARS_MAX = 65_536
const PAGES_MAX = 16
/** One message of a server is no larger, whatever a call may bring. */
const MESSAGE_BYTES_MIN = 1_048_576
/** Servers of earlier revisions may leave the first question unanswered. */
const PROBE_MS = 3_000

/** Ours, so that the first question goes to the process itself, and not to another one that is started for it. */
class ServerProcess extends StdioClientTransport {}

export type Offer = {
  readonly tools: ReadonlyMap<string, OfferedTool>
  /** Name and version, as the server says. */
  readonly says: string | undefined
}

/**
 * One connection to a server, from the first question until one of the two ends it. What the server sends is bounded in size, number and time,
 * and none of its schemas is run.
 */
export class ServerConnection {
  private readonly init: ToolServerInit
  private readonly client: Client
  private readonly offered: Promise<Offer>
  private hasEnded = false

  constructor(init: ToolServerInit, components: ConnectionComponents) {
    this.init = init
    this.client = new Client(
      { name: 'kernell-os', version: components.version },
      {
        // Nothing that a server may ask of its client: no sampling, no elicitation, no roots.
        capabilities: {},
        versionNegotiation: { mode: 'auto', probe: { timeoutMs: Math.min(PROBE_MS, init.limits.timeoutMs) } },
        listMaxPages: PAGES_MAX,
        jsonSchemaValidator: { getValidator: shapeValidator },
      },
    )
    this.client.onclose = () => {
      this.hasEnded = true
    }
    // A line that is no message, a stream that breaks: what it did to a call is told there.
    this.client.onerror = () => undefined
    this.offered = this.begin(components)
    this.offered.catch(() => undefined)
  }

  /** Whether it is of no use any more. */
  get isOver(): boolean {
    return this.hasEnded
  }

  /** What the server offers, asked once. Throws `MCP_SERVER_UNAVAILABLE`, `MCP_SERVER_TIMEOUT`, `MCP_SERVER_MISBEHAVED`. */
  async offer(): Promise<Offer> {
    return await this.offered
  }

  /** Throws as `TaskTools.call`. */
  async call(tool: OfferedTool, given: ToolArguments, signal: AbortSignal | undefined): Promise<ToolResult> {
    const args = typeof given === 'string' ? argumentsIn(given, tool) : given
    const wrong = wrongShape(tool.inputSchema, args)
    if (wrong !== undefined)
      throw new CodedError('REQUEST_INVALID', { message: `The arguments of ${tool.server}/${tool.tool}: ${wrong}` })
    const { timeoutMs: timeout, resultBytesMax } = this.init.limits
    try {
      const result = await this.client.callTool(
        { name: tool.tool, arguments: { ...args } },
        { timeout, maxTotalTimeout: timeout, ...(signal !== undefined && { signal }) },
      )
      return { text: textOfResult(result, resultBytesMax), isError: result.isError === true }
    } catch (error: unknown) {
      signal?.throwIfAborted()
      throw serverFailure(this.init.name, error)
    }
  }

  async close(): Promise<void> {
    this.hasEnded = true
    // While it is still beginning as well: whatever was started is ended.
    await this.offered.catch(() => undefined)
    await this.client.close().catch(() => undefined)
  }

  private async begin(components: ConnectionComponents): Promise<Offer> {
    const { limits, name } = this.init
    try {
      await this.client.connect(this.transport(components), { timeout: limits.timeoutMs })
      const tools = this.client.getServerCapabilities()?.tools === undefined ? [] : await this.listTools()
      const version = this.client.getServerVersion()
      return {
        tools: new Map(tools.map((tool) => [tool.tool, tool])),
        says: version === undefined ? undefined : `${version.name} ${version.version}`.slice(0, 100),
      }
    } catch (error: unknown) {
      this.hasEnded = true
      await this.client.close().catch(() => undefined)
      throw serverFailure(name, error)
    }
  }

  private transport({ outbound, environment }: ConnectionComponents): Transport {
    const { place, limits, name } = this.init
    const messageBytesMax = Math.max(MESSAGE_BYTES_MIN, limits.resultBytesMax * 2)
    if (place.kind === 'process') {
      const names = place.environment
      const env = Object.fromEntries(
        names.flatMap((key) => (environment[key] === undefined ? [] : [[key, environment[key]]])),
      )
      const { command, args, cwd } = place
      // What it says on its error output is for whoever runs it by hand: it may hold anything.
      return new ServerProcess({
        command,
        args: [...args],
        env,
        stderr: 'ignore',
        maxBufferSize: messageBytesMax,
        ...(cwd !== undefined && { cwd }),
      })
    }
    const key = place.apiKeyEnv === undefined ? undefined : environment[place.apiKeyEnv]
    if (place.apiKeyEnv !== undefined && key === undefined)
      throw new CodedError('MCP_SERVER_UNAVAILABLE', {
        message: `${name}: the variable ${place.apiKeyEnv} of its key is not set`,
        details: { server: name, variable: place.apiKeyEnv },
      })
    return new StreamableHTTPClientTransport(new URL(place.url), {
      fetch: guardedFetch(outbound, { responseBytesMax: messageBytesMax }),
      ...(key !== undefined && { requestInit: { headers: { authorization: `Bearer ${key}` } } }),
    })
  }

  private async listTools(): Promise<readonly OfferedTool[]> {
    const { timeoutMs: timeout } = this.init.limits
    const { tools } = await this.client.listTools({}, { timeout, maxTotalTimeout: timeout })
    if (tools.length > TOOLS_MAX) throw misbehaves(this.init.name, `it offers ${tools.length} tools`)
    return tools.map((tool) => this.toolOf(tool))
  }

  private toolOf({ name, description, inputSchema }: Tool): OfferedTool {
    const schema = JSON.stringify(inputSchema)
    if (schema.length > SCHEMA_CHARS_MAX) throw misbehaves(this.init.name, 'the schema of a tool is too large')
    return {
      server: this.init.name,
      tool: name,
      description: (description ?? '').slice(0, SCHEMA_CHARS_MAX).toWellFormed(),
      inputSchema: JSON.parse(schema) as JsonValue,
    }
  }
}

/** The arguments that a text stands for. Throws `REQUEST_INVALID`. */
function argumentsIn(text: string, { server, tool, inputSchema }: OfferedTool): { readonly [name: string]: JsonValue } {
  if (text.trim() === '') return {}
  const read = objectIn(text)
  if (read !== undefined) return read
  const name = onlyTextOf(inputSchema)
  if (name !== undefined) return { [name]: text }
  throw new CodedError('REQUEST_INVALID', {
    message: `The arguments of ${server}/${tool} are a JSON object: it takes more than one text`,
  })
}

function objectIn(text: string): { readonly [name: string]: JsonValue } | undefined {
  try {
    const value = JSON.parse(text) as JsonValue
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as { readonly [name: string]: JsonValue })
      : undefined
  } catch {
    return undefined
  }
}

function misbehaves(server: string, what: string): CodedError {
  return new CodedError('MCP_SERVER_MISBEHAVED', { message: `${server}: ${what}`, details: { server } })
}

/** The library asks whether a result is as its tool promised. */
function shapeValidator<Value>(schema: JsonSchemaType): JsonSchemaValidator<Value> {
  return (document) => {
    const errorMessage = wrongShape(schema, document)
    return errorMessage === undefined
      ? { valid: true, data: document as Value, errorMessage: undefined }
      : { valid: false, data: undefined, errorMessage }
  }
}
