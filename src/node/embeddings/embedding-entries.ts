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
  readonly config: Pick<NodeConfig, 'providers' | 'models'>
  /** What servers answered when they were asked for their models, by provider. */
  readonly listed: ReadonlyMap<string, readonly string[]>
  /** The operator's price, else that of an imported list. */
  readonly pricesOf: (provider: string, model: string) => readonly ModelPrice[]
}

/**
 * A model embeds where its name says so, or where its provider lists it and the caller asks for embeddings by its full name; whether it does is then the
 * provider's to say.
 */
export function createEmbeddingEntries({ config, listed, pricesOf }: EmbeddingEntriesInit): EmbeddingEntries {
  const providers = Object.entries(config.providers).filter(([, { kind, baseUrl }]) => kind === 'openai' && baseUrl)
  const namesOf = ([name, { models }]: readonly [string, ProviderConfig]): readonly string[] =>
    models.length > 0 ? models : (listed.get(name) ?? [])
  const entryOf = ([provider, { isLocal }]: readonly [string, ProviderConfig], model: string): ModelEntry => {
    const entry = entryForServedModel({ provider, model, isLocal }, [])
    return { ...entry, tier: isLocal ? entry.tier : 'cheap_api', prices: pricesOf(provider, model) }
  }
  return {
    find(name) {
      const [providerName = '', ...rest] = name.split('/')
      const named = providers.find(([provider]) => provider === providerName)
      if (named !== undefined && rest.length > 0) {
        const model = rest.join('/')
        return embedsOnly(model) || namesOf(named).includes(model) ? entryOf(named, model) : undefined
      }
      if (!embedsOnly(name)) return undefined
      const listing = providers.filter((provider) => namesOf(provider).includes(name))
      const [only, ...others] = listing.length > 0 ? listing : providers
      return only === undefined || others.length > 0 ? undefined : entryOf(only, name)
    },
  }
}
