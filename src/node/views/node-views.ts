import type { JsonValue } from '../../base/canonical-json.ts'
import type { Timestamp } from '../../base/time.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { KernellNode } from '../kernell-node.ts'
import { viewAgent, viewAgents } from './agent-views.ts'
import { viewBudgets } from './budget-view.ts'
import { viewEscrow, viewEscrows, viewLedger, viewMarket, viewPeers } from './market-views.ts'
import { viewOverview } from './overview-view.ts'
import { viewPolicies } from './policy-view.ts'
import { viewSimulation, viewSimulations } from './simulation-views.ts'
import { viewCache, viewCosts, viewDecision, viewDecisions, viewHistory } from './task-views.ts'
import type { ViewQuery } from './view-query.ts'

export type ViewAsked = { readonly query: ViewQuery; readonly now: Timestamp } & AbortOptions

/** Documents for whoever looks at a node; they change nothing. Names in JSON are snake_case, dollars are numbers for reading. */
export const NODE_VIEWS = {
  overview: async (node) => await viewOverview(node),
  decisions: (node, { query }) => viewDecisions(node, query),
  decision: (node, { query }) => viewDecision(node, query),
  costs: (node, { query, now }) => viewCosts(node, query, now),
  history: async (node, { query }) => await viewHistory(node, query),
  cache: (node) => viewCache(node),
  policies: async (node, asked) => await viewPolicies(node, asked),
  agents: async (node, { query }) => await viewAgents(node, query),
  agent: (node, { query }) => viewAgent(node, query),
  peers: async (node, asked) => await viewPeers(node, asked.query, asked),
  market: async (node, asked) => await viewMarket(node, asked),
  escrows: async (node, asked) => await viewEscrows(node, asked),
  escrow: async (node, asked) => await viewEscrow(node, asked.query, asked),
  ledger: async (node, asked) => await viewLedger(node, asked.query, asked),
  budgets: async (node, { now }) => await viewBudgets(node, now),
  simulations: async (node) => await viewSimulations(node),
  simulation: async (node, { query }) => await viewSimulation(node, query),
} as const satisfies Readonly<Record<string, View>>

export type NodeViewName = keyof typeof NODE_VIEWS

/** Throws `REQUEST_INVALID` for a query that is none, `VIEW_SUBJECT_UNKNOWN`, and what the part throws that is looked at. */
type View = (node: KernellNode, asked: ViewAsked) => JsonValue | Promise<JsonValue>

export async function lookAt(node: KernellNode, view: NodeViewName, asked: ViewAsked): Promise<JsonValue> {
  return await NODE_VIEWS[view](node, asked)
}
