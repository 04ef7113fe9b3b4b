import { embedsOnly } from '../../core/models/embeds-only.ts'
import { entryForServedModel } from '../../core/models/entry-for-served-model.ts'
import type { ModelEntry, ModelPrice } from '../../core/models/model-entry.ts'
import type { NodeConfig, ProviderConfig } from '../config/node-config.ts'

/** Models that embed for callers who name them; no task is routed to them. */
export type EmbeddingEntries = {
  /** By `PROVIDER/MODEL`, or the model's name where one provider alone can be meant. `undefined` for what no provider of the interface serves. */
  find(name: string): ModelEntry | undefined
}

export type EmbeddingEntriesInit = {
  readonly config: Pick<NodeConfig, 'providers' | 'models' | 'cache'>
  /** What servers answered when they were asked for their models, by provider. */
  readonly listed: ReadonlyMap<string, readonly string[]>
  /** The operator's price, else that of an imported list. */
  readonly pricesOf: (provider: string, model: string) => readonly ModelPrice[]
}

/**
 * A model embeds where its name says so; whether it does is then the provider's to say. Of a provider whose models the operator lists there are these alone, those of `models` and the embedder of the cache.
 */
export function createEmbeddingEntries({ config, listed, pricesOf }: EmbeddingEntriesInit): EmbeddingEntries {
  const providers = Object.entries(config.providers).filter(([, { kind, baseUrl }]) => kind === 'openai' && baseUrl)
  const isNamed = ([name, { models }]: Served, model: string): boolean =>
    models.includes(model) ||
    config.models[`${name}/${model}`] !== undefined ||
    config.cache.embedder === `${name}/${model}`
  const isServed = (provider: Served, model: string): boolean => {
    const [name, { models }] = provider
    if (isNamed(provider, model)) return true
    return models.length === 0 && (embedsOnly(model) || listed.get(name)?.includes(model) === true)
  }
  const entryOf = ([provider, { isLocal }]: Served, model: string): ModelEntry => {
    const entry = entryForServedModel({ provider, model, isLocal }, [])
    return { ...entry, tier: isLocal ? entry.tier : 'cheap_api', prices: pricesOf(provider, model) }
  }
  return {
    find(name) {
      const [providerName = '', ...rest] = name.split('/')
      const named = providers.find(([provider]) => provider === providerName)
      if (named !== undefined && rest.length > 0) {
        const model = rest.join('/')
        return isServed(named, model) ? entryOf(named, model) : undefined
      }
      if (!embedsOnly(name)) return undefined
      const serving = providers.filter((provider) => isServed(provider, name))
      const certain = serving.filter((provider) => isNamed(provider, name) || listed.get(provider[0])?.includes(name))
      const [only, ...others] = certain.length > 0 ? certain : serving
      return only === undefined || others.length > 0 ? undefined : entryOf(only, name)
    },
  }
}

type Served = readonly [string, ProviderConfig]
