import { sha256Hex } from '../../base/sha256.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import type { ModelCatalog } from '../../ports/model-catalog.ts'
import type { PriceBook } from '../models/price-book.ts'
import type { SimulatedProvider } from '../models/simulated-provider.ts'
import type { WorldProcess } from '../world/world-process.ts'

export type WorldCatalogInit = {
  readonly provider: SimulatedProvider
  /** Looked at anew for each task: an operator who keeps the price list up to date. */
  readonly prices: PriceBook
  readonly owner: WorldProcess
  /** Id of the model that "always premium" means. */
  readonly premium: string
  /** Ids of the models that may answer tasks; the others are for overhead calls. Absent: all may. */
  readonly answering?: readonly string[] | undefined
}

/** What a process of a world can call: everything that is offered, at the prices of now. */
export function createWorldCatalog({ provider, prices, owner, premium, answering }: WorldCatalogInit): ModelCatalog {
  let named = { version: -1, hash: '' }
  return {
    get registry() {
      return prices.registry
    },
    get available() {
      const { entries } = prices.registry
      return answering === undefined ? entries : entries.filter(({ id }) => answering.includes(id))
    },
    get priceVersion() {
      if (named.version !== prices.version) named = { version: prices.version, hash: hashOf(prices.registry.entries) }
      return named.hash
    },
    get premiumBaseline() {
      return prices.registry.find(premium)
    },
    explainAbsence: (modelId) =>
      modelId === undefined ? 'No model is offered in this world.' : `There is no model ${modelId} in this world.`,
    open: (entry) => provider.open(entry, owner),
  }
}

function hashOf(entries: readonly ModelEntry[]): string {
  const text = JSON.stringify(entries, (_name, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  return sha256Hex(text).slice(0, 16)
}
