import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ActorSystem } from '../actors/system/actor-system.ts'
import { CodedError } from '../base/errors.ts'
import type { DurationMs } from '../base/time.ts'
import { parseCalibration, type CacheCalibration } from '../core/cache/cache-calibration.ts'
import { openOpenaiEmbeddingModel } from '../models/openai/openai-embedding-model.ts'
import type { Clock } from '../ports/clock.ts'
import type { EmbeddingModel } from '../ports/embedding-model.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { OutboundFetch } from '../ports/outbound-fetch.ts'
import type { StoreListener } from '../ports/store-changes.ts'
import type { Timers } from '../ports/timers.ts'
import type { VectorKernel } from '../ports/vector-kernel.ts'
import { createHashedEmbedder } from '../router/cache/hashed-embedder.ts'
import { openSemanticCache } from '../router/cache/open-semantic-cache.ts'
import type { SemanticCache } from '../router/semantic-cache.ts'
import type { Environment } from './config/environment-document.ts'
import type { NodeConfig } from './config/node-config.ts'
import { apiKeyOf } from './open-models.ts'
import type { LocalWeights } from './open-local-weights.ts'
import type { SharedStore } from './fleet/open-shared-store.ts'
import { unreadableFile } from './unreadable-file.ts'

/** The cache and what it compares texts with. */
export type AnswerCache = {
  readonly embedder: EmbeddingModel
  /** `undefined` when the operator switched it off. */
  readonly cache: SemanticCache | undefined
  readonly calibration: CacheCalibration | undefined
}

export type OpenAnswerCacheInit = {
  readonly actors: ActorSystem
  readonly config: NodeConfig
  readonly store: KeyValueStore
  /** Where the store is shared: tells what others wrote. */
  readonly shared: Pick<SharedStore, 'changes'> | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly kernel: VectorKernel
  readonly outbound: OutboundFetch
  readonly environment: Environment
  readonly weights: LocalWeights
  readonly onError: (error: unknown) => void
  readonly signal?: AbortSignal
}

/** SHA-256 by the platform, several times faster than the portable one; a test holds the two equal. */
export function nativeSha256Hex(text: string): string {
  return hash('sha256', text, 'hex')
}

/** The same of bytes. */
export function nativeSha256HexOfBytes(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

/** Opens the cache with its embedder and calibration. Throws `CACHE_CALIBRATION_INVALID`, `CONFIG_INVALID`, and as the embedder's adapter. */
export async function openAnswerCache(init: OpenAnswerCacheInit): Promise<AnswerCache> {
  const { config, actors, clock, timers, kernel, store, shared, onError, signal } = init
  const embedder = await openEmbedder(init)
  if (!config.cache.isEnabled) return { embedder, cache: undefined, calibration: undefined }
  const calibration =
    config.cache.calibration === undefined ? undefined : await readCalibration(config.cache.calibration)
  const cache = await openSemanticCache(
    {
      actors,
      store,
      clock,
      timers,
      kernel,
      embedder,
      sha256Hex: nativeSha256Hex,
      onError,
      ...(shared !== undefined && { watch: (listener: StoreListener) => shared.changes.watch('cache', listener) }),
    },
    {
      ttlMs: config.cache.ttlMs as DurationMs,
      entriesMax: config.cache.entriesMax,
      bytesMax: config.cache.bytesMax,
      ...(calibration !== undefined && { calibration }),
    },
    { ...(signal !== undefined && { signal }) },
  )
  return { embedder, cache, calibration }
}

async function readCalibration(path: string): Promise<CacheCalibration> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause: unknown) {
    throw unreadableFile('CACHE_CALIBRATION_INVALID', { named: `The cache calibration ${path}`, file: path, cause })
  }
  return parseCalibration(text)
}

async function openEmbedder({
  config,
  kernel,
  outbound,
  environment,
  weights,
  signal,
}: OpenAnswerCacheInit): Promise<EmbeddingModel> {
  const name = config.cache.embedder
  if (name === 'builtin') return createHashedEmbedder({ kernel })
  const [providerName = '', ...rest] = name.split('/')
  const provider = config.providers[providerName]
  if (provider?.kind === 'gguf') return await weights.openEmbedder(name)
  if (provider?.baseUrl === undefined || provider.kind !== 'openai') {
    throw new CodedError('CONFIG_INVALID', {
      message: `cache.embedder names ${JSON.stringify(name)}, but no provider ${JSON.stringify(providerName)} serves embeddings`,
    })
  }
  const apiKey = apiKeyOf(provider, environment)
  const model = {
    modelId: name,
    provider: providerName,
    model: rest.join('/'),
    baseUrl: provider.baseUrl,
    ...(apiKey !== undefined && { apiKey }),
  }
  const embedder = await openOpenaiEmbeddingModel(model, { outbound }, { signal })
  return { ...embedder, leavesNode: provider.isLocal !== true }
}
