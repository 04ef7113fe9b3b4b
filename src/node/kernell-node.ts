import type { DurableActors } from '../actors/durable/durable-actors.ts'
import type { ActorSystem } from '../actors/system/actor-system.ts'
import type { JsonValue } from '../base/canonical-json.ts'
import type { TenantId } from '../base/identifiers.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { SubTask } from '../core/planning/sub-task.ts'
import type { PublicFetch } from '../guard/public-fetch.ts'
import type { MemoryGraph } from '../memory/memory-graph.ts'
import type { DescribedMetric } from '../telemetry/metrics-registry.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { AgentPeers } from '../ports/agent-peers.ts'
import type { Router, RouteRequest } from '../ports/router.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { AgentToolsInit } from '../router/tools/agent-tools.ts'
import type { AgentTools, ToolServers } from '../ports/tool-servers.ts'
import type { FirewallPolicy } from '../core/firewall/firewall-policy.ts'
import type { PlanOutcome } from '../router/firewall/carry-out-plan.ts'
import type { IntentFirewall } from '../router/firewall/intent-firewall.ts'
import type { ToolTaskOptions, ToolTaskResult } from '../router/tools/route-with-tools.ts'
import type { TaskGraphs } from '../router/graph/task-graphs.ts'
import type { NodeAccess } from './access/open-access.ts'
import type { BackupFileInit, WrittenBackup } from './backup/backup-files.ts'
import type { NodeActivity } from './activity/node-activity.ts'
import type { AskedPlan } from './firewall/carry-out.ts'
import type { NodeConfig } from './config/node-config.ts'
import type { DecisionDocument } from './decision-document.ts'
import type { Claims } from '../ports/claims.ts'
import type { KernellEmbed } from './embeddings/embed-texts.ts'
import type { TenantDocuments } from './documents/tenant-documents.ts'
import type { SandboxResult, SandboxRunOptions } from '../ports/sandbox-runtime.ts'
import type { AskedProgram } from './sandbox/run-program.ts'
import type { NodePolicies } from '../router/rollout/node-policies.ts'
import type { NodeRecords } from './node-records.ts'
import type { CostHistory } from './usage/cost-history.ts'
import type { NodeUsage } from './usage/node-usage.ts'
import type { NodeRights } from './rights/open-rights.ts'
import type { NodeA2a, NodeA2aInit } from './a2a/node-a2a.ts'
import type { MarketInit, NodeMarket } from './market/market-init.ts'

/** A model of the registry and whether this node can call it now. */
export type NodeModel = {
  readonly entry: ModelEntry
  readonly isAvailable: boolean
  /** Why not, for people; absent when available. */
  readonly unavailableBecause?: string
}

/** Answer of the node's policy for one prompt; the scores are those of the evaluation, to the last bit. */
export type PolicyAnswer = {
  /** The contract's PolicyDecision, snake_case. */
  readonly decision: JsonValue
  /** P(success) of each candidate, and the router's score (gain of the strong over the weak model) where the artefact has one. */
  readonly scores: Readonly<Record<string, number>>
  readonly score?: number
  readonly explanation: JsonValue
}

/** Answers for many prompts, in their order. */
export type PolicyAnswers = { readonly answers: readonly PolicyAnswer[] }

/** A running node: the only object that the gateway and the command line hold. Closing it flushes what is pending and releases the data directory. */
export type KernellNode = AsyncDisposable & {
  readonly config: NodeConfig
  /** The actors of this node: its own, and those that its host spawns. They end with the node; nobody else stops the system. */
  readonly actors: ActorSystem
  /** What is stored of the durable ones among them. */
  readonly durableActors: DurableActors
  /**
   * What agents remember on this node, each tenant for itself: read from the data directory with the first call, and closed
   * with the node. Throws `MEMORY_NOT_OPEN` after `close`, `STORE_CORRUPTED` and the other errors of a journal; the rest of the
   * node works without.
   */
  openMemory(): Promise<MemoryGraph>
  /**
   * The plans that agents carry out on this node and have not finished, of all tenants (`taskGraphsOf` of `kernell-os/router`
   * is a tenant's part): read from the data directory with the first call, and closed with the node. At most 400. Throws
   * `STORE_NOT_OPEN` after `close`, `STORE_CORRUPTED` and the other errors of a journal; the rest of the node works without.
   */
  openPlans(): Promise<TaskGraphs<SubTask>>
  /**
   * What stands between the plans of agents and their execution, by `firewall` of the configuration. What it knows of stored data and of used approvals is in the data
   * directory. Throws `FIREWALL_STATE_INVALID` when that cannot be read, `REQUEST_INVALID` for another policy than that of the configuration.
   */
  openFirewall(policy?: FirewallPolicy): Promise<IntentFirewall>
  /**
   * Carries a plan out, each step through the firewall: reads what it names, asks models, runs scripts in a sandbox, keeps memories and files. Throws the codes of the firewall
   * and of approvals, `REQUEST_INVALID` for what this node cannot do, `PLAN_STEP_FAILED`, `NODE_STOPPED`, what a step throws, and the signal's reason.
   */
  carryOutPlan(asked: AskedPlan, options?: AbortOptions): Promise<PlanOutcome>
  /**
   * Runs a task whose models may call tools, each call through the firewall: those that `tools` names as `agentTools` does, or else all tools of `mcp.servers` that the task's
   * agent may call. Throws as `Router.route` and as `agentTools`, and `REQUEST_INVALID` for a request with tools of its own.
   */
  routeWithTools(
    request: RouteRequest,
    options?: ToolTaskOptions & { readonly tools?: readonly string[] },
  ): Promise<ToolTaskResult>
  /**
   * What one agent may call: what it names, `SERVER` or `SERVER/TOOL` of `mcp.servers`, `a2a:PEER` or `a2a:PEER/SKILL` of `a2a.peers`, as far as the configuration allows it.
   * Throws `REQUEST_INVALID`, `MCP_SERVER_UNKNOWN`, `MCP_TOOL_REFUSED` and `A2A_PEER_UNKNOWN`.
   */
  agentTools(init: AgentToolsInit): AgentTools
  /**
   * Runs a program that nobody trusts: by the order of somebody else, or by this node's own for exactly what a policy says. Each is judged, counts once, and is in the audit journal before it begins;
   * `NODE_STOPPED` ends it. Throws `CAPABILITY_CALL_REFUSED`, `SANDBOX_POLICY_INVALID`, `NODE_STOPPED`, and what a runtime throws.
   */
  runProgram(asked: AskedProgram, options?: SandboxRunOptions): Promise<SandboxResult>
  /**
   * This node's part in the market: opened with the first call, which says how, and closed with the node. Later calls need say nothing. Throws
   * `MARKET_NOT_OPEN` before a call that says how, and after `close`; and as `openMarket`.
   */
  openMarket(init?: MarketInit): Promise<NodeMarket>
  /**
   * What the node does for other agents over A2A: opened with the first call, which says which skills there are besides the router, and closed with the node. Later calls
   * need say nothing. Throws `A2A_NOT_OPEN` where it is switched off, and after `close`; `CONFIG_INVALID` for a configured skill that is not there.
   */
  openA2a(init?: NodeA2aInit): Promise<NodeA2a>
  /** Agents of others that the configuration names, over A2A. */
  readonly agentPeers: AgentPeers
  /**
   * Works with the agent at an address that whoever looks after the node names, and stands for: the way out leads there alone, and ends with the work. Throws `CONFIG_INVALID` for
   * what is no https address and none on this machine, and as the work does.
   */
  withAgentAt<Result>(address: string, work: (agents: AgentPeers) => Promise<Result>): Promise<Result>
  /**
   * The way out to the internet for agents and their tools: any public host, and no other, each redirect judged anew. Models and what else the configuration names go another way, which leads
   * to those alone.
   */
  readonly web: PublicFetch
  /** Tools of other programs that agents may call, as `mcp.servers` of the configuration has them. They end with the node. */
  readonly toolServers: ToolServers
  /** Who may do what here: the switch that stops everything, the audit journal, calls by capability. */
  readonly rights: NodeRights
  /** Organisations, tenants, teams and keys that are managed while the node runs. Absent: there are those of the configuration alone. */
  readonly access?: NodeAccess
  /** What tasks took and cost. Absent: nothing tells. */
  readonly usage?: NodeUsage
  /** What tasks cost by day, also before the start. Absent: nothing tells. */
  readonly costHistory?: CostHistory
  readonly router: Router
  /** Why one of the last tasks went where it went; `undefined` for others, and where a tenant is given also for those of another one. */
  explainDecision(taskId: string, tenant?: TenantId): DecisionDocument | undefined
  /** What happens here, for whoever looks at the node: its last tasks and what all of them came to, failures of actors, what has changed. */
  readonly activity: NodeActivity
  /** What callers leave with the node: responses that they want to go on from, files, batches. */
  readonly documents: TenantDocuments
  /** Which gateway of a fleet does a thing. Absent: this node has its documents alone. */
  readonly claims?: Claims
  /** Every model of the registry, configured providers first. */
  listModels(): readonly NodeModel[]
  /** Embeds texts with the embedder of the cache, or the model that is named. Throws as `embedTexts`. */
  readonly embed: KernellEmbed
  /** Trained policies: those that are kept, and which of them serves. */
  readonly policies: NodePolicies
  /** The policy alone: body of `POST /v1/policy/decide`. Throws `REQUEST_INVALID`. */
  decidePolicy(body: JsonValue, options?: AbortOptions): Promise<PolicyAnswer | PolicyAnswers>
  /** Spans of what the node does; whoever serves a task gives it its own (`span` of `RouteRequest`). Absent: no traces. */
  readonly tracer?: Tracer
  /** One more HTTP request is being served, or one less. */
  trackHttp?(change: 1 | -1): void
  /** Counts one HTTP request that was answered or dropped. `route` is the pattern of the path, never the path that was asked for. */
  observeHttp?(observation: { readonly route: string; readonly statusCode: number; readonly durationMs: number }): void
  /** Records of finished tasks: to look at, to take out, to delete. */
  readonly records: NodeRecords
  /** Writes all that the data directory holds to a new encrypted file, while the node goes on. Rejects as `writeBackupFile`. */
  backUp(init: BackupFileInit): Promise<WrittenBackup>
  /** The metrics that there are, whether they have values yet or not. Absent: the node does not tell. */
  describeMetrics?(): readonly DescribedMetric[]
  /** Prometheus text, version 0.0.4. */
  metricsText(): Promise<string>
  /** What works and what does not, for `/healthz` and `doctor`. */
  health(): NodeHealth
  /** Idempotent. Tasks that are under way have a while to come to their end; then they reject with `ACTOR_STOPPED`. */
  close(): Promise<void>
}

/** One thing that was looked at. `remedy` says what to do where it is not well. */
export type HealthCheck = {
  readonly name: string
  readonly state: 'ok' | 'warning' | 'failed'
  readonly detail: string
  readonly remedy?: string
}

/** Whether a node takes work, and everything that was looked at to tell. */
export type NodeHealth = {
  readonly isReady: boolean
  readonly version: string
  readonly uptimeS: number
  readonly checks: readonly HealthCheck[]
}
