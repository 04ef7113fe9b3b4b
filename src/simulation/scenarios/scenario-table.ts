import { CodedError } from '../../base/errors.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { agentNetwork } from './agent-network.ts'
import { chaos } from './chaos.ts'
import { fleet } from './fleet.ts'
import { FLYWHEEL } from './flywheel.ts'
import { MARKETPLACE } from './marketplace.ts'
import { PEER_TIER } from './peer-tier.ts'
import { ROUTING_SAVINGS } from './routing-savings.ts'

/** Scenarios that the package brings, in the order of lists. */
export const SCENARIOS: readonly Scenario[] = [
  ROUTING_SAVINGS,
  agentNetwork,
  MARKETPLACE,
  PEER_TIER,
  FLYWHEEL,
  chaos,
  fleet,
]

/** The scenario of this name. Throws `SIMULATION_SCENARIO_UNKNOWN`. */
export function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name)
  if (found !== undefined) return found
  const names = SCENARIOS.map((scenario) => scenario.name)
  const known = names.length === 0 ? '' : `; there are ${names.join(', ')}`
  throw new CodedError('SIMULATION_SCENARIO_UNKNOWN', {
    message: `The scenario ${JSON.stringify(name)} is not known${known}`,
    details: { scenario: name, scenarios: names },
  })
}
