import type { SubTask } from 'kernell-os/core'
import { StepsGate, type PlanGate, type PlanPlace } from 'kernell-os/router'
import type { AgentTools } from 'kernell-os/ports'
import type { Routing } from './model-call.ts'

/** What a plan was made of, whom its steps may ask, and where its lesson is kept. */
export type PlanPlaces = {
  readonly read: readonly PlanPlace[]
  readonly isRemote: boolean
  readonly kept: string | undefined
}

/** The question for a plan, as a step of its own: it tells a model what was recalled. */
const PLANNING = { id: 'plan', description: 'Ask for a plan.', depends_on: [] } as const

/**
 * Places of a request: what whoever asks says, each memory that was recalled, the tools that may be called, and all memory of the tenant, where the lesson goes. A lesson that was made of text from outside
 * makes the memory of that tenant untrusted in every later plan.
 */
export function placesOf(
  { caller: { tenant }, targets, controls, tools }: Pick<Routing, 'caller' | 'targets' | 'controls'> & GivenTools,
  { recalledIds, isKept }: { readonly recalledIds: readonly string[]; readonly isKept: boolean },
): PlanPlaces {
  const isLocal =
    controls?.isLocalOnly === true ||
    targets?.every((target) => target.kind === 'route' && target.route === 'local') === true
  const memories = recalledIds.map((id): PlanPlace => ({ kind: 'memory', locator: `memory/${tenant}/${id}` }))
  return {
    read: [{ kind: 'user', locator: 'request' }, ...memories, ...(tools?.places ?? [])],
    isRemote: !isLocal,
    kept: isKept ? `memory/${tenant}` : undefined,
  }
}

type GivenTools = { readonly tools?: Pick<AgentTools, 'places'> }

/** Throws the codes of the firewall where the steps may not be done. */
export async function openStepsGate<Step extends Pick<SubTask, 'id' | 'description' | 'depends_on'>>(
  firewall: PlanGate,
  {
    read,
    isRemote,
    kept,
    steps,
    proposedBy = 'planner',
  }: PlanPlaces & { readonly steps: readonly Step[]; readonly proposedBy?: string },
): Promise<StepsGate<Step>> {
  return await StepsGate.open(firewall, {
    proposedBy,
    read,
    steps,
    isRemote: () => isRemote,
    ...(kept !== undefined && { kept }),
  })
}

/** Before a model is asked for the plan. Throws as `openStepsGate`. */
export async function enterPlanning(firewall: PlanGate, places: PlanPlaces): Promise<void> {
  const gate = await openStepsGate(firewall, { ...places, kept: undefined, steps: [PLANNING] })
  gate.enter(PLANNING)
}
