/**
 * What tests need and products do not: models that answer from a script or a recording, a file system that loses power, and the promises of each port
 * as runnable cases. It depends on no test runner: a case throws when its promise is broken.
 *
 * ```ts
 * import { KEY_VALUE_STORE_CASES } from 'kernell-os/testing'
 * import { createMemoryKeyValueStore } from 'kernell-os/storage'
 *
 * for (const { run } of KEY_VALUE_STORE_CASES) await run(createMemoryKeyValueStore())
 * ```
 */
export type { ConformanceCase } from './conformance/conformance-case.ts'
export { AGENT_TASK_STORE_CASES, type AgentTaskSubject } from './conformance/agent-task-cases.ts'
export { CLAIMS_CASES, type ClaimsSubject } from './conformance/claims-cases.ts'
export { EMBEDDING_MODEL_CASES } from './conformance/embedding-model-cases.ts'
export { EVENT_LOG_CASES } from './conformance/event-log-cases.ts'
export { RATE_STORE_CASES, type RateStoreSubject } from './conformance/rate-store-cases.ts'
export { SHARED_JOURNAL_CASES } from './conformance/shared-journal-cases.ts'
export { FILE_SYSTEM_CASES, type FileSystemSubject } from './conformance/file-system-cases.ts'
export { POLICY_KERNEL_CASES, VECTOR_KERNEL_CASES } from './conformance/kernel-cases.ts'
export { GOSSIP_CASES, GOSSIP_TOPIC, type GossipLine } from './conformance/gossip-cases.ts'
export { KEY_VALUE_STORE_CASES } from './conformance/key-value-store-cases.ts'
export { LANGUAGE_MODEL_CASES, type LanguageModelSubject } from './conformance/language-model-cases.ts'
export { TRANSPORT_CASES, type TransportPair } from './conformance/transport-cases.ts'
export { SANDBOX_CASES } from './conformance/sandbox-cases.ts'
export {
  SANDBOX_BEHAVIOURS,
  type SandboxBehaviour,
  type SandboxProgramOf,
  type SandboxSubject,
} from './conformance/sandbox-subject.ts'
export { SEALER_CASES, type SealerSubject } from './conformance/sealer-cases.ts'
export {
  BATCH_SIGNER_CASES,
  BATCH_VERIFIER_CASES,
  SIGNER_CASES,
  type SignerSubject,
  VERIFIER_CASES,
} from './conformance/signature-cases.ts'
export { VECTOR_INDEX_CASES, VECTOR_INDEX_SUBJECT } from './conformance/vector-index-cases.ts'
export { FaultyFileSystem, type DiskFault, type FaultyFileSystemInit, type PowerCut } from './faulty-file-system.ts'
export {
  createRecordedModel,
  createRecordingModel,
  type RecordedModelInit,
  type Recording,
  type RecordingModelInit,
} from './recorded-model.ts'
export {
  createScriptedModel,
  type ScriptedModel,
  type ScriptedModelInit,
  type ScriptedReply,
} from './scripted-model.ts'
