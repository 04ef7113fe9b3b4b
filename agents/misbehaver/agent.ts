import { defineAgent, type AgentDefinition } from 'kernell-os/actors'
import { createMisbehaverLogic, type Conduct, type MisbehaverInput } from 'kernell-os/simulation'

/** Whatever its target understands. */
export type MisbehaverEvent = { readonly type: string; readonly [member: string]: unknown }

export type { Conduct as MisbehaverConduct, MisbehaverInput }

/**
 * Stands in front of another actor and does wrong by chance: what it is sent it passes on, or not, or twice, or with another content, or late. For worlds in which somebody has to,
 * and for tests of whoever must live with it.
 */
export const misbehaver: AgentDefinition = defineAgent({
  name: 'misbehaver',
  restart: 'permanent',
  logic: createMisbehaverLogic(),
}) as AgentDefinition
