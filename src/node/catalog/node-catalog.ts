import { sha256Hex } from '../../base/sha256.ts'
import { CodedError } from '../../base/errors.ts'
import type { CivilDate } from '../../core/models/civil-date.ts'
import { embedsOnly } from '../../core/models/embeds-only.ts'
import { costOfUsage, priceOnDate } from '../../core/models/model-cost.ts'
import { isLocalTier, modelTierRank, type ModelEntry } from '../../core/models/model-entry.ts'
import type { ModelRegistry } from '../../core/models/model-registry.ts'
import type { LanguageModel } from '../../ports/language-model.ts'
import type { ModelCatalog } from '../../ports/model-catalog.ts'
import type { NodeConfig } from '../config/node-config.ts'
import { matchesRole, type ServedEntries } from './served-entries.ts'

export type NodeCatalogInit = {
  readonly config: NodeConfig
  readonly served: ServedEntries
  readonly today: CivilDate
  /** Opens the model behind an entry; called once per entry. */
  readonly open: (entry: ModelEntry) => LanguageModel
}

/** What a typical call uses; only to compare prices of models. */
const TYPICAL_USAGE = { inputTokens: 1000, outputTokens: 500 }

/** The catalog of a running node. */
export function createNodeCatalog({ config, served, today, open }: NodeCatalogInit): ModelCatalog {
  const { registry, servedIds } = served
  const available = registry.entries.filter((entry) => servedIds.has(entry.id) && isOfferedInRole(entry, config))
  const opened = new Map<string, LanguageModel>()
  return {
    registry,
    available,
    priceVersion: sha256Hex(
      JSON.stringify(available, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
    ).slice(0, 16),
    premiumBaseline: baselineOf({ available, config, registry, today }),
    explainAbsence: (modelId) => explainAbsence(config, { modelId, registry, servedIds }),
    open(entry) {
      let model = opened.get(entry.id)
      if (model === undefined) {
        model = open(entry)
        opened.set(entry.id, model)
      }
      return model
    },
  }
}

/** An operator who names the model of a role wants that model in its tier and no other. */
function isOfferedInRole(entry: ModelEntry, { roles }: NodeConfig): boolean {
  if (roles.premium !== undefined && entry.tier === 'premium_api') return matchesRole(entry, roles.premium)
  if (roles.cheap !== undefined && entry.tier === 'cheap_api') return matchesRole(entry, roles.cheap)
  if (roles.local !== undefined && isLocalTier(entry.tier)) return matchesRole(entry, roles.local)
  return true
}

type BaselineQuery = {
  readonly available: readonly ModelEntry[]
  readonly config: NodeConfig
  readonly registry: ModelRegistry
  readonly today: CivilDate
}

/** The named premium model, else the dearest one that is served in the highest API tier there is. Local models have no premium to save. */
function baselineOf({ available, config, registry, today }: BaselineQuery): ModelEntry | undefined {
  const named = config.roles.premium === undefined ? undefined : registry.find(config.roles.premium)
  if (named !== undefined) return named
  let best: ModelEntry | undefined
  let bestRank = -1
  let bestCost = -1n
  for (const entry of available) {
    const price = priceOnDate(entry, today)
    if (isLocalTier(entry.tier) || price === undefined) continue
    const rank = modelTierRank(entry.tier)
    const cost = costOfUsage(price, TYPICAL_USAGE)
    if (rank < bestRank || (rank === bestRank && cost <= bestCost)) continue
    best = entry
    bestRank = rank
    bestCost = cost
  }
  return best
}

type Absence = {
  readonly modelId: string | undefined
  readonly registry: ModelRegistry
  readonly servedIds: ReadonlySet<string>
}

const HOW_TO_CONFIGURE =
  'Set OPENAI_API_KEY or ANTHROPIC_API_KEY, start a local server such as Ollama (and `ollama pull` a model), or run `kernell init` and name providers in the file it writes.'

function explainAbsence(config: NodeConfig, { modelId, registry, servedIds }: Absence): string {
  if (modelId === undefined) return servedIds.size === 0 ? explainNothingServed(config) : HOW_TO_CONFIGURE
  const entry = registry.find(modelId)
  if (entry === undefined) {
    if (embedsOnly(modelId))
      return `${JSON.stringify(modelId)} is a model of embeddings by its name, and is asked for no text; where it does answer, say so with its \`tier\` in \`models\` of the configuration.`
    return `There is no model ${JSON.stringify(modelId)}; \`kernell models list\` prints the names.`
  }
  const provider = config.providers[entry.provider]
  if (provider === undefined)
    return `${entry.id} is known, but no provider ${entry.provider} is configured. ${HOW_TO_CONFIGURE}`
  return `${entry.id} is known, but the provider ${entry.provider} does not serve it here.`
}

function explainNothingServed({ providers }: NodeConfig): string {
  const named = Object.entries(providers).map(([name, { baseUrl }]) =>
    baseUrl === undefined ? name : `${name} (${baseUrl})`,
  )
  if (named.length === 0) return `No model is configured. ${HOW_TO_CONFIGURE}`
  return `No model can be called, although providers are configured: ${named.join(', ')} named none when this started. Start its server and this again, or name models in \`providers\`; \`kernell doctor\` tells what was found.`
}

/** Throws `CONFIG_INVALID` when a role names a model that nothing serves. */
export function assertRolesServed(config: NodeConfig, { registry, servedIds }: ServedEntries): void {
  for (const [role, name] of Object.entries(config.roles)) {
    if (name === undefined) continue
    const entry = registry.find(name)
    if (entry !== undefined && servedIds.has(entry.id)) continue
    throw new CodedError('CONFIG_INVALID', {
      message: `roles.${role} names ${JSON.stringify(name)}, which no configured provider serves`,
    })
  }
}

const FALLBACK_ROUTES: ReadonlySet<string> = new Set(['local', 'cheap', 'premium'])

/** Throws `CONFIG_INVALID` when a fallback is of or to a model that nobody knows: a misspelt one would be found out when it is needed. */
export function assertFallbacksKnown({ router }: NodeConfig, { registry }: ServedEntries): void {
  for (const [name, stands] of Object.entries(router.fallbacks ?? {})) {
    const unknown = [...(FALLBACK_ROUTES.has(name) ? [] : [name]), ...stands].find(
      (each) => registry.find(each) === undefined,
    )
    if (unknown === undefined) continue
    throw new CodedError('CONFIG_INVALID', {
      message: `router.fallbacks names ${JSON.stringify(unknown)}, which is neither a known model nor a route; \`kernell models list\` shows the models`,
    })
  }
}
