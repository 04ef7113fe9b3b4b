import type { ModelRegistry } from '../../core/models/model-registry.ts'
import type { ModelCatalog } from '../../ports/model-catalog.ts'
import type { PeerTier } from './peer-tier.ts'

/** A catalog that also finds and opens what peers have quoted. It lists none of them: a caller cannot ask for a peer by name. */
export function withPeers(catalog: ModelCatalog, peers: PeerTier): ModelCatalog {
  let made: { readonly of: ModelRegistry; readonly registry: ModelRegistry } | undefined
  return {
    get registry(): ModelRegistry {
      const { registry: of } = catalog
      if (made?.of !== of) made = { of, registry: { ...of, find: (name) => of.find(name) ?? peers.find(name) } }
      return made.registry
    },
    get available() {
      return catalog.available
    },
    get priceVersion() {
      return catalog.priceVersion
    },
    get premiumBaseline() {
      return catalog.premiumBaseline
    },
    explainAbsence: (modelId) => catalog.explainAbsence(modelId),
    open: (entry) => (entry.tier === 'peer' ? peers.open(entry) : catalog.open(entry)),
  }
}
