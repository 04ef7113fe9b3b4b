/**
 * The whole node, composed: `createNode` opens the data directory, the models and the cache that a configuration names, and gives an object whose
 * `router` runs tasks. It is not a server; `kernell-os/gateway` puts HTTP in front of it. It is not a model either: it calls the models you configure.
 *
 * ```ts
 * import { createNode, DEFAULT_TENANT, loadConfig } from 'kernell-os'
 *
 * const node = await createNode({ config: loadConfig(), environment: process.env })
 * const result = await node.router.route({
 *   caller: { tenant: DEFAULT_TENANT },
 *   target: { kind: 'auto' },
 *   request: { messages: [{ role: 'user', content: 'What is 17% of 2340?' }] },
 *   controls: {},
 * })
 * console.log(result.answer.text, result.tier, result.costNanos)
 * await node.close()
 * ```
 */
export { createNode } from './node/create-node.ts'
export type { CreateNodeInit } from './node/open-platform.ts'
export { loadConfig, type LoadConfigInit } from './node/config/load-config.ts'
export type {
  ApiKeyConfig,
  BudgetConfig,
  CacheConfig,
  ModelOverride,
  NodeConfig,
  OutboundConfig,
  ProviderConfig,
  RolesConfig,
  ServerConfig,
  TelemetryConfig,
} from './node/config/node-config.ts'
export type { PolicyConfig } from './node/config/policy-config.ts'
export type { HealthCheck, KernellNode, NodeHealth, NodeModel, PolicyAnswer } from './node/kernell-node.ts'
export type { PublicFetch } from './guard/public-fetch.ts'
export type { OutboundRecord } from './guard/outbound-records.ts'
export type { AskedPlan } from './node/firewall/carry-out.ts'
export type { PlanOutcome } from './router/firewall/carry-out-plan.ts'
export type { AskedProgram } from './node/sandbox/run-program.ts'
export type { NodeRights } from './node/rights/open-rights.ts'
export { type CallJudge, type GrantedRun, hashOfProgram, runGranted, SANDBOX_RUN } from './rights/granted-sandbox.ts'
export {
  type GrantInit,
  issueGrant,
  issueOrder,
  type IssuedGrant,
  type IssuerComponents,
  type OrderInit,
} from './rights/issue-right.ts'
export type { AskedCall, CallDesk, ShownRight } from './rights/call-desk.ts'
export type { MarketInit, MarketProgress, MarketTransition, NodeMarket } from './node/market/market-init.ts'
export type {
  RouteAttempt,
  RouteCaller,
  RouteControls,
  RouteEstimate,
  RouteRequest,
  RouteResult,
  RouteTarget,
  RoutedStream,
  Router,
} from './ports/router.ts'
export type { ModelAnswer, ModelRequest, ModelStreamPart } from './ports/language-model.ts'
export { CodedError, remedyOf, type ErrorCode } from './base/errors.ts'
export { DEFAULT_TENANT, parseTenantId, type TenantId } from './base/identifiers.ts'
export { amountFromUsd, amountToUsd, formatAmount, parseAmount, type Amount } from './base/money.ts'
