import { builtinModels } from '../../core/models/builtin-models.ts'
import type { CivilDate } from '../../core/models/civil-date.ts'
import { embedsOnly } from '../../core/models/embeds-only.ts'
import { entryForServedModel } from '../../core/models/entry-for-served-model.ts'
import { createModelRegistry, type ModelRegistry } from '../../core/models/model-registry.ts'
import type { ModelEntry, ModelPrice } from '../../core/models/model-entry.ts'
import {
  canonicalModelName,
  canonicalProvider,
  OPERATOR_SOURCE,
} from '../../core/models/price-lists/merge-price-lists.ts'
import type { PriceRow } from '../../core/models/price-lists/price-row.ts'
import { createEmbeddingEntries, type EmbeddingEntries } from '../embeddings/embedding-entries.ts'
import type { ModelOverride, NodeConfig, ProviderConfig } from '../config/node-config.ts'

export type ServedEntriesInit = {
  readonly config: NodeConfig
  /** What servers answered when they were asked for their models, by provider. */
  readonly listed: ReadonlyMap<string, readonly string[]>
  /** Rows of imported price lists, merged. */
  readonly imported: readonly PriceRow[]
  /** Day of the operator's own entries. */
  readonly today: CivilDate
}

export type ServedEntries = {
  readonly registry: ModelRegistry
  /** Ids of the models that a configured provider serves. */
  readonly servedIds: ReadonlySet<string>
  /** Models that embed, and answer no task. */
  readonly embeddings: EmbeddingEntries
}

/** The registry of this node: the written table, imported prices over it, what the configured providers serve, and the operator's word over all. */
export function buildServedEntries(init: ServedEntriesInit): ServedEntries {
  const builtin = builtinModels()
  const prices = new Map(init.imported.map((row) => [priceKey(row.provider, row.model), row]))
  const byId = new Map<string, ModelEntry>()
  const servedIds = new Set<string>()
  for (const entry of builtin) byId.set(entry.id, withImported(entry, prices))
  for (const [provider, settings] of Object.entries(init.config.providers)) {
    for (const model of modelsOf(provider, settings, init)) {
      const served = entryForServedModel(
        { provider, model, isLocal: settings.isLocal || settings.kind === 'gguf' },
        builtin,
      )
      byId.set(served.id, withImported(served, prices))
      servedIds.add(served.id)
    }
  }
  for (const [name, override] of Object.entries(init.config.models)) {
    const entry = overridden({ name, override, byId, builtin, today: init.today })
    byId.set(entry.id, entry)
    const answersTasks = override.tier !== undefined || !embedsOnly(entry.model)
    if (init.config.providers[entry.provider] !== undefined && answersTasks) servedIds.add(entry.id)
  }
  for (const [id, entry] of byId) if (servedIds.has(id)) byId.set(id, inRole(entry, init.config))
  const registry = createModelRegistry(byId.values())
  const pricesOf = (provider: string, model: string): readonly ModelPrice[] =>
    byId.get(`${provider}/${model}`)?.prices ?? prices.get(priceKey(provider, model))?.prices ?? []
  return { registry, servedIds, embeddings: createEmbeddingEntries({ ...init, pricesOf }) }
}

/** The model that the operator put behind a public name belongs to that name's tier, whatever the table says. */
function inRole(entry: ModelEntry, { roles }: NodeConfig): ModelEntry {
  if (matchesRole(entry, roles.premium)) return { ...entry, tier: 'premium_api' }
  if (matchesRole(entry, roles.cheap)) return { ...entry, tier: 'cheap_api' }
  return entry
}

/** Whether `name` of a role means this entry: its id, the provider's name for it, or an alias. */
export function matchesRole(entry: ModelEntry, name: string | undefined): boolean {
  return name !== undefined && (entry.id === name || entry.model === name || entry.aliases.includes(name))
}

/** The operator's list, else the server's own, else what the written table knows of that provider; of both only what answers chats. */
function modelsOf(provider: string, settings: ProviderConfig, { listed }: ServedEntriesInit): readonly string[] {
  const named = settings.models.length > 0 ? settings.models : listed.get(provider)
  if (named !== undefined) return settings.kind === 'gguf' ? named : named.filter((model) => !embedsOnly(model))
  if (settings.isLocal) return []
  return builtinModels()
    .filter((entry) => entry.provider === provider)
    .map(({ model }) => model)
}

function withImported(entry: ModelEntry, prices: ReadonlyMap<string, PriceRow>): ModelEntry {
  const row = prices.get(priceKey(entry.provider, entry.model))
  if (row === undefined) return entry
  const { tools, vision, jsonSchema } = row.supports ?? {}
  return {
    ...entry,
    prices: row.prices,
    ...(row.contextTokens !== undefined && { contextTokens: row.contextTokens }),
    ...(row.outputTokensMax !== undefined && { outputTokensMax: row.outputTokensMax }),
    capabilities: {
      ...entry.capabilities,
      ...(tools !== undefined && { tools }),
      ...(vision !== undefined && { vision }),
      ...(jsonSchema !== undefined && { jsonSchema }),
    },
  }
}

function priceKey(provider: string, model: string): string {
  return `${canonicalProvider(provider)} ${canonicalModelName(model)}`
}

type Overriding = {
  readonly name: string
  readonly override: ModelOverride
  readonly byId: ReadonlyMap<string, ModelEntry>
  readonly builtin: readonly ModelEntry[]
  readonly today: CivilDate
}

function overridden({ name, override, byId, builtin, today }: Overriding): ModelEntry {
  const [providerOfName = name, ...rest] = name.split('/')
  const provider = override.provider ?? providerOfName
  const model = override.model ?? (rest.join('/') || name)
  const base = byId.get(name) ?? {
    ...entryForServedModel({ provider, model, isLocal: override.tier?.startsWith('local_') ?? false }, builtin),
    id: name,
  }
  const { prices, capabilities, ...facts } = override
  return {
    ...base,
    ...facts,
    capabilities: { ...base.capabilities, ...capabilities },
    ...(prices !== undefined && { prices: [operatorPrice(prices, today)] }),
  }
}

function operatorPrice(prices: NonNullable<ModelOverride['prices']>, today: CivilDate): ModelPrice {
  return { ...prices, contextTiers: [], source: OPERATOR_SOURCE, checkedOn: today }
}
