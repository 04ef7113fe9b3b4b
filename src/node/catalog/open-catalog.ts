import type { Timestamp } from '../../base/time.ts'
import { civilDateOfInstant } from '../../core/models/civil-date.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import { createO200kTokenizer } from '../../models/tokenizer.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LanguageModel } from '../../ports/language-model.ts'
import type { ModelCatalog } from '../../ports/model-catalog.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { EmbeddingEntries } from '../embeddings/embedding-entries.ts'
import type { ServedModels } from '../ask-local-servers.ts'
import { assertFallbacksKnown, assertRolesServed, createNodeCatalog } from './node-catalog.ts'
import { buildServedEntries } from './served-entries.ts'
import type { Environment } from '../config/environment-document.ts'
import type { NodeConfig } from '../config/node-config.ts'
import type { LocalWeights } from '../open-local-weights.ts'
import { openGuardedModel, type GuardedModelComponents } from '../open-models.ts'
import { readImportedRows } from '../prices/imported-price-lists.ts'

type CatalogParts = {
  readonly config: NodeConfig
  readonly servers: ServedModels
  readonly startedAt: Timestamp
  readonly clock: Clock
  readonly outbound: OutboundFetch
  readonly environment: Environment
  readonly weights: LocalWeights
  readonly onBreaker?: GuardedModelComponents['onBreaker']
}

export type OpenedCatalog = { readonly catalog: ModelCatalog; readonly embeddings: EmbeddingEntries }

/** Models of the configuration, of local servers and of imported lists, each opened with its first call. Throws `CONFIG_INVALID`. */
export async function openCatalog({
  config,
  servers,
  startedAt,
  clock,
  outbound,
  environment,
  weights,
  onBreaker,
}: CatalogParts): Promise<OpenedCatalog> {
  const today = civilDateOfInstant(startedAt)
  const imported = await readImportedRows(config.dataDir)
  const served = buildServedEntries({ config, listed: servers.listed, imported, today })
  assertRolesServed(config, served)
  assertFallbacksKnown(config, served)
  const opening = {
    outbound,
    environment,
    providers: config.providers,
    tokenizer: createO200kTokenizer(),
    openGguf: (entry: ModelEntry) => weights.openModel(entry),
  }
  const isHiding = config.privacy?.hidesSecrets === true
  const open = (entry: ModelEntry): LanguageModel => openGuardedModel({ ...opening, clock, isHiding, onBreaker }, entry)
  return { catalog: createNodeCatalog({ config, served, today, open }), embeddings: served.embeddings }
}
