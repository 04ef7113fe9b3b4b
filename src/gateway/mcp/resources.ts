import type { McpServer, ReadResourceResult } from '@modelcontextprotocol/server'
import { CodedError, remedyOf } from '../../base/errors.ts'
import type { CallerRole } from '../../node/config/node-config.ts'
import { answerControl } from '../../node/control/answer-control.ts'
import { outgoingText } from '../../node/outgoing-text.ts'
import type { ServedAgent } from './agent-tools.ts'
import { askMarket } from './market-tools.ts'
import type { McpLibrary } from './mcp-library.ts'
import type { ToolSurroundings } from './mcp-tool.ts'

export type ResourceParts = {
  readonly library: McpLibrary
  readonly surroundings: ToolSurroundings
  readonly agents: readonly ServedAgent[]
  readonly onFailure: (error: unknown) => void
}

const EVERYBODY: readonly CallerRole[] = ['admin', 'operator', 'member', 'viewer']
const CARE: readonly CallerRole[] = ['admin', 'operator']

type NodeResource = {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly roles: readonly CallerRole[]
  readonly read: (parts: ResourceParts) => object | Promise<object>
}

/** What stands at `kernell://NAME`. */
const RESOURCES: readonly NodeResource[] = [
  {
    name: 'models',
    title: 'Models',
    description: 'The models of the registry, and which of them can be called now',
    roles: EVERYBODY,
    read: ({ surroundings: { node } }) => ({
      models: node.listModels().map(({ entry, isAvailable, unavailableBecause }) => ({
        id: entry.id,
        provider: entry.provider,
        tier: entry.tier,
        is_available: isAvailable,
        ...(unavailableBecause !== undefined && { unavailable_because: unavailableBecause }),
      })),
    }),
  },
  {
    name: 'agents',
    title: 'Agents',
    description: 'The agents that can be run, each by the tool agent_NAME',
    roles: EVERYBODY,
    read: ({ agents }) => ({ agents: agents.map(({ name, summary, fields }) => ({ name, summary, fields })) }),
  },
  {
    name: 'policies',
    title: 'Policies',
    description: 'The trained policies of the node, which of them serves, and the rollout under way',
    roles: CARE,
    read: async ({ surroundings: { node } }) => ({
      policies: await askPolicies(node, 'list'),
      rollout: await askPolicies(node, 'status'),
    }),
  },
  {
    name: 'ledger',
    title: 'Head of the ledger',
    description: 'The newest signed checkpoint of the books that the notary set of this node keeps',
    roles: CARE,
    read: async ({ surroundings: { node } }) => ({ checkpoint: await askMarket(node, { op: 'checkpoint' }) }),
  },
]

async function askPolicies(node: ToolSurroundings['node'], op: string): Promise<unknown> {
  const answer = await answerControl(node, { area: 'policies', request: { op } })
  return answer.kind === 'json' ? answer.body : undefined
}

/** Offers what the role of the caller may look at. */
export function registerResources(server: McpServer, parts: ResourceParts): void {
  for (const resource of RESOURCES) {
    if (!isFor(parts, resource.roles)) continue
    const { name, title, description } = resource
    server.registerResource(
      name,
      `kernell://${name}`,
      { title, description, mimeType: JSON_TYPE },
      async ({ href }) => await readSafely(parts, href, async () => await resource.read(parts)),
    )
  }
  registerDecisions(server, parts)
  registerMemories(server, parts)
}

function registerDecisions(server: McpServer, parts: ResourceParts): void {
  if (!isFor(parts, ['admin', 'member'])) return
  const { node, who } = parts.surroundings
  const template = new parts.library.ResourceTemplate('kernell://decisions/{task_id}', { list: undefined })
  const description = 'Why one of the last tasks of the caller went where it went, by its task_id'
  server.registerResource(
    'decision',
    template,
    { title: 'Decision', description, mimeType: JSON_TYPE },
    async ({ href }, { task_id: id }) =>
      await readSafely(parts, href, () => {
        const decision = node.explainDecision(textOf(id), who.caller.tenant)
        if (decision === undefined) throw new parts.library.ResourceNotFoundError(href)
        return decision
      }),
  )
}

function registerMemories(server: McpServer, parts: ResourceParts): void {
  if (!isFor(parts, ['admin', 'member'])) return
  const { node, who } = parts.surroundings
  const template = new parts.library.ResourceTemplate('kernell://memory/{id}', { list: undefined })
  const description =
    'A text in the memory of the caller with its links, by the id that memory_remember and memory_recall give'
  server.registerResource(
    'memory',
    template,
    { title: 'Memory', description, mimeType: JSON_TYPE },
    async ({ href }, { id }) =>
      await readSafely(parts, href, async () => {
        const kept = (await node.openMemory()).forTenant(who.caller.tenant).read(textOf(id))
        if (kept === undefined) throw new parts.library.ResourceNotFoundError(href)
        return kept
      }),
  )
}

const JSON_TYPE = 'application/json'

function isFor({ surroundings }: ResourceParts, roles: readonly CallerRole[]): boolean {
  const { role } = surroundings.who
  return role !== undefined && roles.includes(role)
}

function textOf(value: string | string[] | undefined): string {
  const text = typeof value === 'string' ? value : (value?.join(',') ?? '')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A failure is told with its code and remedy; of what is not coded, only that it was. */
async function readSafely(
  { library, onFailure }: ResourceParts,
  uri: string,
  read: () => object | Promise<object>,
): Promise<ReadResourceResult> {
  try {
    return { contents: [{ uri, mimeType: JSON_TYPE, text: JSON.stringify(await read()) }] }
  } catch (error: unknown) {
    if (error instanceof library.ProtocolError) throw error
    const { ProtocolError, ProtocolErrorCode } = library
    if (!CodedError.is(error)) {
      onFailure(error)
      throw new ProtocolError(ProtocolErrorCode.InternalError, 'The node failed to read the resource')
    }
    const remedy = remedyOf(error.code)
    throw new ProtocolError(
      ProtocolErrorCode.InternalError,
      `${outgoingText(error.message)} (${error.code}) ${remedy}`,
      {
        code: error.code,
        remedy,
      },
    )
  }
}
