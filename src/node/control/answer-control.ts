import type { AbortOptions } from '../../ports/abort-options.ts'
import { answerAccessControl, type ManagedNode } from '../access/access-control.ts'
import { answerAgentControl, type AgentNode } from '../a2a/agent-control.ts'
import { answerPolicyControl, type ControlledNode as PolicyNode } from '../learning/rollout/policy-control.ts'
import { answerBackupControl, type BackedUpNode } from '../backup/backup-control.ts'
import { answerMarketControl, type MarketNode } from '../market/market-control.ts'
import { answerFirewallControl, type PlanningNode } from '../firewall/firewall-control.ts'
import { answerRightsControl, type GuardedNode } from '../rights/rights-control.ts'
import { answerToolControl, type ToolNode } from '../mcp/tool-control.ts'
import { answerDecisionControl, type DecidingNode } from './decision-control.ts'
import type { ControlAnswer, ControlArea, ControlRequest } from './control-request.ts'

export type ControlledNode = PolicyNode &
  BackedUpNode &
  MarketNode &
  DecidingNode &
  GuardedNode &
  PlanningNode &
  ToolNode &
  ManagedNode &
  AgentNode

/** Does what a command asked of one part of the node. Throws `REQUEST_INVALID` for what is no request, and what that part throws. */
export async function answerControl(
  node: ControlledNode,
  { area, request }: { readonly area: ControlArea; readonly request: ControlRequest },
  options: AbortOptions = {},
): Promise<ControlAnswer> {
  return await ANSWERS[area](node, request, options)
}

type Answer = (node: ControlledNode, request: ControlRequest, options: AbortOptions) => Promise<ControlAnswer>

const ANSWERS: Readonly<Record<ControlArea, Answer>> = {
  policies: answerPolicyControl,
  backup: answerBackupControl,
  market: answerMarketControl,
  decisions: answerDecisionControl,
  rights: answerRightsControl,
  firewall: answerFirewallControl,
  tools: answerToolControl,
  access: answerAccessControl,
  agents: answerAgentControl,
}
