import type { IntentPlan } from '../../core/firewall/intent-plan.ts'
import type { ToolName } from '../../ports/tool-servers.ts'
import { PEER_PREFIX } from './tool-names.ts'
import type { PlanGate, PlanPlace } from '../firewall/steps-gate.ts'

/** Where plans find a tool of another program, or a skill of an agent of others. */
export function placeOfTool({ server, tool }: ToolName): PlanPlace & { readonly kind: 'tool' } {
  if (server.startsWith(PEER_PREFIX))
    return { kind: 'tool', locator: `a2a/${server.slice(PEER_PREFIX.length)}/${tool}` }
  return { kind: 'tool', locator: `mcp/${server}/${tool}` }
}

export type AskedCall = {
  readonly tool: ToolName
  /** What whoever asks for the call has read: it has a say in it. */
  readonly read: readonly PlanPlace[]
  readonly proposedBy: string
}

const ACTION = 'Call the tool.'

/** Lets a call of a tool pass, as a plan of one step. Throws the codes of `IntentFirewall.admit`. */
export async function enterToolCall(firewall: PlanGate, { tool, read, proposedBy }: AskedCall): Promise<void> {
  const { locator } = placeOfTool(tool)
  const places = new Map(read.map((place) => [`${place.kind} ${place.locator}`, place]))
  const sources = [...places.values()].map((place, index) => {
    const { confidentiality, integrity } = firewall.known(place)
    return { id: `read-${index + 1}`, ...place, confidentiality, integrity }
  })
  const uses = sources.map(({ id }) => id)
  const plan: IntentPlan = {
    proposedBy,
    writtenAfter: uses,
    sources,
    sinks: [{ id: 'tool', kind: 'tool', locator }],
    steps: [{ id: 'call', action: ACTION, uses, sink: 'tool' }],
  }
  const entered = await firewall.begin(plan)
  entered.enter('call', { action: ACTION, uses, sink: { kind: 'tool', locator } })
}
