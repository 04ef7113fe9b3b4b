import { describe, expect, it } from 'vitest'
import { listTypeScript, readRepositoryFile } from './repository.ts'

type RunOfSuite = { readonly test: string; readonly implementations: readonly string[] }

/** Which test runs a suite, against which implementations (by the name of what makes them). */
const RUNS: Readonly<Record<string, readonly RunOfSuite[]>> = {
  AGENT_TASK_STORE_CASES: [
    { test: 'test/node/a2a/kept-task-store.test.ts', implementations: ['openKeptTasks'] },
    { test: 'test/storage/postgres/postgres-agent-tasks.test.ts', implementations: ['createPostgresAgentTasks'] },
  ],
  BATCH_SIGNER_CASES: [
    { test: 'test/keys/signature-pool.test.ts', implementations: ['createInlineSignatures', 'openSignaturePool'] },
  ],
  BATCH_VERIFIER_CASES: [
    { test: 'test/keys/signature-pool.test.ts', implementations: ['createInlineSignatures', 'openSignaturePool'] },
  ],
  EMBEDDING_MODEL_CASES: [
    { test: 'test/router/cache/hashed-embedder.test.ts', implementations: ['createHashedEmbedder'] },
    { test: 'test/models/openai-embedding-model.test.ts', implementations: ['openOpenaiEmbeddingModel'] },
  ],
  EVENT_LOG_CASES: [
    {
      test: 'test/storage/conformance.test.ts',
      implementations: ['createMemoryEventLog', 'openSegmentedEventLog', 'openStoreEventLog'],
    },
    { test: 'test/browser/indexed-store.test.ts', implementations: ['openStoreEventLog'] },
    { test: 'test/storage/postgres/postgres-conformance.test.ts', implementations: ['openPostgresEventLog'] },
  ],
  FILE_SYSTEM_CASES: [
    { test: 'test/storage/conformance.test.ts', implementations: ['createNodeFileSystem', 'FaultyFileSystem'] },
    { test: 'test/simulation/disk/simulated-disk.test.ts', implementations: ['SimulatedDisk'] },
  ],
  CLAIMS_CASES: [
    { test: 'test/storage/conformance.test.ts', implementations: ['MemoryClaims'] },
    { test: 'test/storage/postgres/postgres-conformance.test.ts', implementations: ['createPostgresClaims'] },
  ],
  GOSSIP_CASES: [{ test: 'test/network/gossip.test.ts', implementations: ['MemoryGossipNetwork', 'createTestNode'] }],
  KEY_VALUE_STORE_CASES: [
    {
      test: 'test/storage/conformance.test.ts',
      implementations: ['createMemoryKeyValueStore', 'openLevelKeyValueStore'],
    },
    { test: 'test/simulation/disk/journalled-store.test.ts', implementations: ['openJournalledStore'] },
    { test: 'test/browser/indexed-store.test.ts', implementations: ['IndexedDatabase'] },
    { test: 'test/storage/postgres/postgres-conformance.test.ts', implementations: ['createPostgresKeyValueStore'] },
  ],
  LANGUAGE_MODEL_CASES: [
    { test: 'test/models/openai-compatible-model.test.ts', implementations: ['createOpenaiCompatibleModel'] },
    { test: 'test/models/anthropic-model.test.ts', implementations: ['createAnthropicModel'] },
    { test: 'test/models/gguf-model.test.ts', implementations: ['createGgufModel'] },
    { test: 'test/testing/test-models.test.ts', implementations: ['createScriptedModel', 'createRecordedModel'] },
    { test: 'test/simulation/models/simulated-provider.test.ts', implementations: ['SimulatedProvider'] },
  ],
  POLICY_KERNEL_CASES: [
    { test: 'test/wasm/conformance.test.ts', implementations: ['loadWasmKernel', 'createTypeScriptKernel'] },
  ],
  TRANSPORT_CASES: [
    {
      test: 'test/network/conformance.test.ts',
      implementations: ['createTransport', 'createLocalTransport', 'createLibp2pTransport'],
    },
    { test: 'test/simulation/network/conformance.test.ts', implementations: ['createTransport'] },
  ],
  RATE_STORE_CASES: [
    { test: 'test/storage/conformance.test.ts', implementations: ['MemoryRateStore'] },
    { test: 'test/storage/postgres/postgres-conformance.test.ts', implementations: ['createPostgresRateStore'] },
  ],
  SANDBOX_CASES: [
    { test: 'test/sandbox/subprocess-conformance.test.ts', implementations: ['createSubprocessSandbox'] },
    { test: 'test/sandbox/docker/docker-conformance.test.ts', implementations: ['createDockerSandbox'] },
    { test: 'test/sandbox/microvm/microvm-conformance.test.ts', implementations: ['createMicrovmSandbox'] },
    {
      test: 'test/sandbox/hosted-conformance.test.ts',
      implementations: ['createQuickjsSandbox', 'createComponentSandbox'],
    },
  ],
  SEALER_CASES: [
    { test: 'test/keys/conformance.test.ts', implementations: ['createNodeSealer', 'createPortableSealer'] },
  ],
  SHARED_JOURNAL_CASES: [
    {
      test: 'test/storage/conformance.test.ts',
      implementations: ['createMemoryEventLog', 'openSegmentedEventLog', 'openLevelKeyValueStore'],
    },
    { test: 'test/storage/postgres/postgres-conformance.test.ts', implementations: ['createPostgresJournal'] },
  ],
  SIGNER_CASES: [
    { test: 'test/keys/conformance.test.ts', implementations: ['createNodeSigner', 'createPortableSigner'] },
  ],
  VECTOR_INDEX_CASES: [
    { test: 'test/wasm/conformance.test.ts', implementations: ['loadWasmKernel', 'createTypeScriptKernel'] },
  ],
  VECTOR_KERNEL_CASES: [
    { test: 'test/wasm/conformance.test.ts', implementations: ['loadWasmKernel', 'createTypeScriptKernel'] },
  ],
  VERIFIER_CASES: [
    {
      test: 'test/keys/conformance.test.ts',
      implementations: ['createNodeVerifier', 'createPortableVerifier', 'openSodiumVerifier'],
    },
  ],
}

const suites = listTypeScript('src/testing/conformance').flatMap((file) =>
  [...readRepositoryFile(file).matchAll(/^export const ([A-Z_]+_CASES)\b/gm)].map((match) => match[1] ?? ''),
)

describe('conformance suites', () => {
  it('are all run', () => {
    expect(Object.keys(RUNS).sort()).toEqual(suites.toSorted())
  })

  it.each(Object.entries(RUNS))('%s is kept by two implementations or more', (suite, runs) => {
    const implementations = runs.flatMap((run) => run.implementations)
    expect(new Set(implementations).size).toBeGreaterThanOrEqual(2)
    for (const run of runs) {
      const source = readRepositoryFile(run.test)
      expect(source, `${run.test} runs ${suite}`).toMatch(new RegExp(`\\.each\\(\\s*${suite}\\b`))
      for (const implementation of run.implementations)
        expect(source, `${run.test} against ${implementation}`).toContain(implementation)
    }
  })

  it('are exported for implementers', () => {
    const door = readRepositoryFile('src/testing/index.ts')
    expect(suites.filter((suite) => !door.includes(suite))).toEqual([])
  })
})
