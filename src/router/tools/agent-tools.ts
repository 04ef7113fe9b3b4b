import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { AgentPeerCard, AgentPeers, AgentPeerTask } from '../../ports/agent-peers.ts'
import type {
  AgentTools,
  OfferedTool,
  TaskTools,
  ToolArguments,
  ToolName,
  ToolResult,
  ToolServers,
} from '../../ports/tool-servers.ts'
import { placeOfTool } from './tool-gate.ts'
import { PEER_PREFIX, readToolNames, type WantedPeer } from './tool-names.ts'

/** Where tools of MCP servers and agents of A2A peers are reached. */
export type AgentToolsComponents = {
  readonly servers: ToolServers
  readonly peers: AgentPeers
}

/** What an agent wants to call. */
export type AgentToolsInit = {
  /** Whose word it is: servers may be allowed fewer tools for some agents. */
  readonly agent?: string
  /** `SERVER`, `SERVER/TOOL`, `a2a:PEER`, `a2a:PEER/SKILL`; 1 to 64. */
  readonly tools: readonly string[]
}

/** Calls of agents of others that one task may make, of all together. */
const PEER_CALLS_MAX = 16

/**
 * What an agent may call: what it names and the operator allows, and nothing else. Agents of others are tools like any other: a skill takes a text, and says one.
 *
 * Throws `REQUEST_INVALID`, `MCP_SERVER_UNKNOWN`, `MCP_TOOL_REFUSED` and `A2A_PEER_UNKNOWN` for names of what is not there, or not allowed.
 */
export function createAgentTools(
  { servers, peers }: AgentToolsComponents,
  { agent, tools }: AgentToolsInit,
): AgentTools {
  const wanted = readToolNames(tools)
  for (const { peer } of wanted.peers) requirePeer(peers, peer)
  const openServers = (): TaskTools => servers.openTask({ ...(agent !== undefined && { agent }), only: wanted.servers })
  // What of it is refused is so now, and not in the middle of the work.
  openServers()
  return {
    places: [
      ...wanted.servers.map(({ server, tool = '' }) => placeOfTool({ server, tool })),
      ...wanted.peers.map(({ peer, skill = '' }) => placeOfTool({ server: `${PEER_PREFIX}${peer}`, tool: skill })),
    ],
    openTask() {
      const ofServers = openServers()
      const ofPeers = new PeerTools(peers, wanted.peers)
      return {
        list: async (options) => [...(await ofServers.list(options)), ...(await ofPeers.list(options))],
        call: async (tool, args, options) =>
          tool.server.startsWith(PEER_PREFIX)
            ? await ofPeers.call(tool, args, options)
            : await ofServers.call(tool, args, options),
      }
    },
  }
}

function requirePeer(peers: AgentPeers, peer: string): void {
  if (peers.names.includes(peer)) return
  throw new CodedError('A2A_PEER_UNKNOWN', {
    message: `No peer is called ${JSON.stringify(peer)}; there are: ${peers.names.join(', ') || 'none'}`,
    details: { peer },
  })
}

const SCHEMA: JsonValue = {
  type: 'object',
  properties: {
    text: { type: 'string', description: 'What the agent is to do, with all that it has to know' },
    contextId: { type: 'string', description: 'The conversation to go on with, as an earlier answer named it' },
    taskId: { type: 'string', description: 'The task that asked for more, as an earlier answer named it' },
  },
  required: ['text'],
  additionalProperties: false,
}

class PeerTools implements TaskTools {
  readonly #peers: AgentPeers
  readonly #wanted: readonly WantedPeer[]
  #callCount = 0

  constructor(peers: AgentPeers, wanted: readonly WantedPeer[]) {
    this.#peers = peers
    this.#wanted = wanted
  }

  async list({ signal }: AbortOptions = {}): Promise<readonly OfferedTool[]> {
    const names = [...new Set(this.#wanted.map(({ peer }) => peer))]
    const cards = await Promise.all(names.map(async (name) => await this.#cardOf(name, signal)))
    return cards.flatMap((card) => (card === undefined ? [] : this.#toolsOf(card)))
  }

  async call({ server, tool }: ToolName, args: ToolArguments, { signal }: AbortOptions = {}): Promise<ToolResult> {
    const peer = server.slice(PEER_PREFIX.length)
    if (!this.#isWanted(peer, tool))
      throw new CodedError('A2A_SKILL_REFUSED', {
        message: `The skill ${JSON.stringify(tool.slice(0, 64))} of ${peer.slice(0, 64)} was not asked for by whoever opened the task`,
        details: { peer: peer.slice(0, 64) },
      })
    const task = readTask(args, tool)
    if (this.#callCount >= PEER_CALLS_MAX)
      throw new CodedError('MCP_CALLS_SPENT', {
        message: `The task has called agents ${this.#callCount} times`,
        details: { callsPerTask: PEER_CALLS_MAX },
      })
    this.#callCount += 1
    const { state, text, contextId, taskId } = await this.#peers.call(peer, task, { signal })
    if (state === 'completed') return { text, isError: false }
    const ids = [
      contextId === undefined ? '' : ` contextId=${contextId}`,
      taskId === undefined || state !== 'input-required' ? '' : ` taskId=${taskId}`,
    ]
    return { text: `[${state}${ids.join('')}] ${text}`, isError: state !== 'input-required' }
  }

  /** An agent that cannot be asked for its card is left out. */
  async #cardOf(peer: string, signal: AbortSignal | undefined): Promise<AgentPeerCard | undefined> {
    return await this.#peers.card(peer, { signal }).catch((error: unknown) => {
      signal?.throwIfAborted()
      if (CodedError.is(error)) return undefined
      throw error
    })
  }

  #toolsOf({ peer, skills }: AgentPeerCard): readonly OfferedTool[] {
    return skills
      .filter(({ id, isAllowed }) => isAllowed && this.#isWanted(peer, id))
      .map(({ id, name, description }) => ({
        server: `${PEER_PREFIX}${peer}`,
        tool: id,
        description: `${name}: ${description}`,
        inputSchema: SCHEMA,
      }))
  }

  #isWanted(peer: string, skill: string): boolean {
    return this.#wanted.some((wanted) => wanted.peer === peer && (wanted.skill ?? skill) === skill)
  }
}

const MEMBERS = ['text', 'contextId', 'taskId']

/** A document, or JSON of one. Throws `REQUEST_INVALID`. */
function readTask(args: ToolArguments, skill: string): AgentPeerTask {
  const given = typeof args === 'string' ? documentOf(args) : args
  const wrong = Object.entries(given).find(([name, value]) => !MEMBERS.includes(name) || typeof value !== 'string')
  if (wrong !== undefined) throw invalid(`${wrong[0].slice(0, 64)} is none of the texts ${MEMBERS.join(', ')}`)
  const { text, contextId, taskId } = given as { readonly [member: string]: string | undefined }
  if (text === undefined || text === '') throw invalid('text is missing')
  return { text, skill, ...(contextId !== undefined && { contextId }), ...(taskId !== undefined && { taskId }) }
}

function documentOf(text: string): { readonly [name: string]: JsonValue } {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as { readonly [name: string]: JsonValue }
  } catch {
    // A bare text is what the agent is to do.
  }
  return { text }
}

function invalid(message: string): CodedError {
  return new CodedError('REQUEST_INVALID', { message, details: { param: 'arguments' } })
}
