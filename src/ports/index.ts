/**
 * The interfaces between what decides and what does: models, stores, clocks, the way out to the network. Implement one to bring your own; the suites in
 * `kernell-os/testing` say whether it keeps its promises. It holds no implementation.
 *
 * ```ts
 * import type { Clock } from 'kernell-os/ports'
 *
 * export const instantOf = (clock: Clock): number => clock.now()
 * ```
 */
export type {
  AgentPayer,
  AgentPayment,
  AgentPeerAnswer,
  AgentPeerCallOptions,
  AgentPeerCard,
  AgentPeers,
  AgentPeerSkill,
  AgentPeerState,
  AgentPeerTask,
  AskedPayment,
} from './agent-peers.ts'
export type { AbortOptions } from './abort-options.ts'
export {
  ADOPTED_MAX,
  type AgentTaskAdding,
  type AgentTaskBounds,
  type AgentTaskErasure,
  type AgentTaskFound,
  type AgentTaskHead,
  type AgentTaskLook,
  type AgentTaskName,
  type AgentTaskPage,
  type AgentTaskPhase,
  type AgentTaskPlace,
  type AgentTaskQuery,
  type AgentTaskRecord,
  type AgentTaskStanding,
  type AgentTaskStore,
  type SharedAgentTaskStore,
} from './agent-task-store.ts'
export type { BudgetReservation, Budgets, ReserveRequest } from './budgets.ts'
export type { Claim, Claims } from './claims.ts'
export type { Clock } from './clock.ts'
export type { EmbeddedTexts, EmbeddingModel } from './embedding-model.ts'
export type { EventLog, LogRecord, LogSnapshot } from './event-log.ts'
export type { FileSystem, OpenFile, OpenFileInit } from './file-system.ts'
export {
  GOSSIP_BYTES_MAX,
  type Gossip,
  type GossipMessage,
  type GossipSubscriber,
  type GossipVerdict,
} from './gossip.ts'
export {
  KEY_LENGTH_MAX,
  type KeyRange,
  type KeyValueEntry,
  type KeyValueOperation,
  type KeyValueStore,
  type ReadOptions,
  type WriteOptions,
} from './key-value-store.ts'
export type {
  ChatMessage,
  ContentPart,
  FinishReason,
  LanguageModel,
  ModelAnswer,
  ModelRequest,
  ModelStreamPart,
  ModelUsage,
  ResponseFormat,
  ToolCall,
  ToolChoice,
  ToolDefinition,
} from './language-model.ts'
export type { ModelCatalog } from './model-catalog.ts'
export {
  FOLLOW_WAIT_MS_MAX,
  type ContractEvidence,
  type ContractTransition,
  type ContractView,
  type CurrencyAccounts,
  type EntryProof,
  type FollowOptions,
  type GovernanceView,
  type JournalCheckpoint,
  type NotaryAnswer,
  type NotaryClient,
  type ProposalView,
} from './notary-client.ts'
export type { OutboundFetch, OutboundRequest, OutboundResponse } from './outbound-fetch.ts'
export type { BoughtWork, PeerContract, PeerMarket, PeerPurchase } from './peer-market.ts'
export type { LinearScorer, PolicyKernel } from './policy-kernel.ts'
export type { Policy, PolicyInput } from './policy.ts'
export type { Random } from './random.ts'
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
} from './router.ts'
export type {
  EgressGate,
  EgressRequest,
  JsonValue,
  SandboxEgress,
  SandboxEnd,
  SandboxFile,
  SandboxProgram,
  SandboxRequest,
  SandboxResult,
  SandboxRunOptions,
  SandboxRuntime,
  SandboxStream,
  SandboxUsage,
} from './sandbox-runtime.ts'
export {
  SEAL_PADDING_BYTES,
  SEAL_PAYLOAD_BYTES_MAX,
  type Sealer,
  type SealOutcome,
  type SealRefusal,
} from './sealer.ts'
export type { BatchSigner, DeferredSigner, Signer, VerifySignature } from './signer.ts'
export type { Startable, StartOptions } from './startable.ts'
export { RATE_KINDS, type RateKind, type RateReport, type RateSlice, type RateStore } from './rate-store.ts'
export type { EntryLimit, SharedAppend, SharedJournal, SharedJournalPage } from './shared-journal.ts'
export type { StoreChanges, StoreListener } from './store-changes.ts'
export type { TelemetrySink } from './telemetry-sink.ts'
export type {
  AgentTools,
  OfferedTool,
  TaskTools,
  ToolArguments,
  ToolName,
  ToolResult,
  ToolServerReport,
  ToolServers,
  WantedTool,
} from './tool-servers.ts'
export type { ScheduledTimer, Timers } from './timers.ts'
export type { Tokenizer } from './tokenizer.ts'
export {
  NO_OP_SPAN,
  NO_OP_TRACER,
  type AttributeValue,
  type FinishedSpan,
  type Span,
  type TraceParent,
  type Tracer,
} from './tracer.ts'
export {
  BODY_BYTES_MAX,
  type PeerQuestion,
  type PeerRequest,
  type RequestHandler,
  type Transport,
} from './transport.ts'
export type { VectorHit, VectorIndex, VectorIndexInit } from './vector-index.ts'
export type { TextHasher, TextHasherInit, VectorKernel } from './vector-kernel.ts'
export type { BatchVerifier, SignedBytes, Verifier } from './verifier.ts'
