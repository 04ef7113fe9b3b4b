import { z } from 'zod'
import type { KernellNode } from '../../node/kernell-node.ts'
import type { RouteCaller, RouteControls, Router } from '../../ports/router.ts'
import type { AuthenticatedCaller } from '../listener/authenticate.ts'
import { invalidRequest } from '../invalid-request.ts'
import type { McpTool, ObjectSchema, ToolCall } from './mcp-tool.ts'

/** One field of the input of an agent. */
export type ServedField = {
  readonly name: string
  readonly kind: 'text' | 'texts' | 'whole' | 'usd' | 'flag' | 'json'
  readonly isRequired?: boolean
  readonly describe: string
}

type Opened<Method extends 'openMemory' | 'openPlans' | 'openFirewall'> = Awaited<ReturnType<KernellNode[Method]>>

/** What an agent is run with. */
export type ServedAgentRun = {
  readonly actors: KernellNode['actors']
  readonly router: Router
  readonly caller: RouteCaller
  readonly memory?: ReturnType<Opened<'openMemory'>['forTenant']>
  readonly plans?: Opened<'openPlans'>
  readonly firewall?: Opened<'openFirewall'>
  readonly node: KernellNode
  readonly input: unknown
  readonly signal: AbortSignal
  readonly onProgress?: (event: { readonly type: string; readonly [detail: string]: unknown }) => void
}

/** An agent that callers may run, such as those of `kernell-os/agents`. */
export type ServedAgent = {
  readonly name: string
  readonly summary: string
  readonly fields: readonly ServedField[]
  readonly usesMemory?: boolean
  readonly keepsPlans?: boolean
  run(
    init: ServedAgentRun,
  ): Promise<{ readonly document: object; readonly text: string; readonly hasFailures: boolean }>
}

/** The tool `agent_NAME` of an agent. */
export function toolOfAgent(agent: ServedAgent): McpTool {
  return {
    name: `agent_${agent.name}`,
    title: `Agent ${agent.name}`,
    description: `The agent ${agent.name}: ${agent.summary}. What models it asks is paid as by the tool route.`,
    input: inputOf(agent.fields),
    output: z.looseObject({ hasFailures: z.boolean().describe('A part of the work failed; the document says which') }),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    roles: ['admin', 'member'],
    async run(args, call) {
      const { document, text } = await agent.run(await surroundingsOf(agent, args, call))
      return { document, text }
    },
  }
}

async function surroundingsOf(agent: ServedAgent, input: unknown, call: ToolCall): Promise<ServedAgentRun> {
  const { node, who, signal, progress } = call
  const { tenant } = who.caller
  let done = 0
  return {
    actors: node.actors,
    router: routerOfKey(node.router, who),
    caller: { ...who.caller, agent: agent.name },
    ...(agent.usesMemory === true && { memory: (await node.openMemory()).forTenant(tenant) }),
    ...(agent.keepsPlans === true && { plans: await node.openPlans(), firewall: await node.openFirewall() }),
    node,
    input,
    signal,
    ...(progress !== undefined && {
      onProgress: ({ type, step }) => {
        done += 1
        // A caller that does not listen any more is told nothing; the work goes on by its signal.
        progress(done, typeof step === 'string' ? step : type).catch(() => undefined)
      },
    }),
  }
}

/** A key that is limited to some tiers stays so, whatever asks on its behalf. */
function routerOfKey(router: Router, { tiers: allowed }: AuthenticatedCaller): Router {
  if (allowed === undefined) return router
  const limited = (controls: RouteControls): RouteControls => {
    const tiers = controls.tiers === undefined ? allowed : allowed.filter((tier) => controls.tiers?.includes(tier))
    if (tiers.length === 0) throw invalidRequest(undefined, 'Only tiers were asked for that this key may not use')
    return { ...controls, tiers }
  }
  return {
    route: async (request, options) => await router.route({ ...request, controls: limited(request.controls) }, options),
    routeStream: async (request, options) =>
      await router.routeStream({ ...request, controls: limited(request.controls) }, options),
    estimate: async (request, options) =>
      await router.estimate({ ...request, controls: limited(request.controls) }, options),
  }
}

function inputOf(fields: readonly ServedField[]): ObjectSchema {
  const members = fields.map((field) => {
    const schema = SCHEMAS[field.kind]().describe(field.describe)
    return [field.name, field.isRequired === true ? schema : schema.optional()] as const
  })
  return z.strictObject(Object.fromEntries(members))
}

const SCHEMAS: Readonly<Record<ServedField['kind'], () => z.ZodType>> = {
  text: () => z.string(),
  texts: () => z.array(z.string()),
  whole: () => z.int(),
  usd: () => z.number().nonnegative(),
  flag: () => z.boolean(),
  json: () => z.unknown(),
}
