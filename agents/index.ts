/**
 * Agents that are ready to be spawned, and what it takes to run one of them once. Each is a definition for the actor system
 * of `kernell-os/actors`, written with nothing but the public doors of this package; its folder has a page and an example.
 * They call no model by themselves: they are given a router.
 *
 * ```ts
 * import { createNode, DEFAULT_TENANT, loadConfig } from 'kernell-os'
 * import { summarizer, type RequestFailed, type Summarized, type SummarizerInput } from 'kernell-os/agents'
 *
 * const node = await createNode({ config: loadConfig(), environment: process.env })
 * const input: SummarizerInput = { router: node.router, caller: { tenant: DEFAULT_TENANT } }
 * const ref = node.actors.spawn(summarizer, { id: 'summarizer', input })
 * const request = { type: 'summarize', text: 'A long text ...' }
 * const reply = await ref.ask<Summarized | RequestFailed>(request, { timeoutMs: 60_000 })
 * if (reply.type === 'summarized') console.log(reply.summary, reply.spentNanos)
 * await node.close()
 * ```
 */
export {
  cacheWarmer,
  type CacheWarmerEmitted,
  type CacheWarmerEvent,
  type CacheWarmerInput,
  type Warmed,
} from './cache-warmer/agent.ts'
export { echo, type EchoContext, type EchoEvent, type Heard } from './echo/agent.ts'
export type { AgentMemory } from './memory-use.ts'
export type { Routing } from './model-calls/model-call.ts'
export {
  monitor,
  type Alarm,
  type MonitorEmitted,
  type MonitorEvent,
  type MonitorInput,
  type MonitorOutput,
  type MonitorStatus,
  type Probe,
  type ProbeReport,
  type Sighting,
} from './monitor/agent.ts'
export {
  answerProbe,
  deadLetterProbe,
  healthProbes,
  livenessProbe,
  type AnswerProbeInit,
  type HealthSource,
} from './monitor/probes.ts'
export {
  pipeline,
  type PipelineDrained,
  type PipelineEvent,
  type PipelineInput,
  type PipelineOutput,
  type PipelineReply,
  type PipelineResult,
  type PipelineStage,
} from './pipeline/agent.ts'
export { promptStage, type PromptStageInit } from './pipeline/prompt-stage.ts'
export {
  planner,
  type Executed,
  type PlanGraphs,
  type PlannerEmitted,
  type PlannerEvent,
  type PlannerInput,
  type StepReport,
} from './planner/agent.ts'
export type { CancelRequest, Cancelled, DeskEmitted, DeskLimits, RequestFailed } from './request-desk/protocol.ts'
export {
  researcher,
  type Gap,
  type Researched,
  type ResearcherEmitted,
  type ResearcherEvent,
  type ResearcherInput,
} from './researcher/agent.ts'
export type { Finding, Source } from './researcher/prompts.ts'
export {
  summarizer,
  type Summarized,
  type SummarizerEmitted,
  type SummarizerEvent,
  type SummarizerInput,
} from './summarizer/agent.ts'
export {
  treasurer,
  type AccountInit,
  type AccountReport,
  type TreasurerContext,
  type TreasurerEmitted,
  type TreasurerEvent,
  type TreasurerInput,
  type TreasurerReply,
} from './treasurer/agent.ts'
export { budgetsOf, type BudgetsOfInit } from './treasurer/budgets-of.ts'
export {
  verifier,
  type Verified,
  type VerifierEmitted,
  type VerifierEvent,
  type VerifierInput,
} from './verifier/agent.ts'
export type { QuorumVerdict, Vote } from './verifier/quorum.ts'
export { findAgent, PACKAGED_AGENTS } from './packaged/registry.ts'
export type {
  AgentField,
  AgentProgress,
  AgentResult,
  AgentRunInit,
  AgentSurroundings,
  PackagedAgent,
} from './packaged/packaged-agent.ts'
export { arbiter, type ArbiterEvent, type ArbiterInput, type ArbiterReply } from './arbiter/agent.ts'
export { auctioneer, type AuctioneerEvent, type AuctioneerInput, type Closed } from './auctioneer/agent.ts'
export { buyer, type Bought, type BuyerAgentEvent, type BuyerAgentInput } from './buyer/agent.ts'
export { governor, type Governed, type GovernorEvent, type GovernorInput } from './governor/agent.ts'
export { seller, type Offered, type SellerAgentEvent, type SellerAgentInput } from './seller/agent.ts'
export { misbehaver, type MisbehaverConduct, type MisbehaverEvent, type MisbehaverInput } from './misbehaver/agent.ts'
