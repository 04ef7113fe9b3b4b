import { type ModelEntry, type ModelTier, modelTierRank } from './model-entry.ts'

/**
 * An immutable set of models with lookup by id, alias and bare model name. Later entries replace earlier ones of the same
 * id, so the operator's entries are given last and win.
 */
export type ModelRegistry = {
  /** Every entry once, ordered by tier (smallest first), then by id. */
  readonly entries: readonly ModelEntry[]
  /** By id, then by alias, then by the provider's model name when only one entry has it. */
  find(name: string): ModelEntry | undefined
  ofTier(tier: ModelTier): readonly ModelEntry[]
  /** A registry in which `changed` replaces entries of the same id and adds the others. */
  with(changed: Iterable<ModelEntry>): ModelRegistry
}

/** Builds a registry. Throws `RangeError` when two different models claim one alias or an id equals another's alias. */
export function createModelRegistry(entries: Iterable<ModelEntry>): ModelRegistry {
  const byId = new Map<string, ModelEntry>()
  for (const entry of entries) byId.set(entry.id, entry)
  const sorted = [...byId.values()].sort(
    (left, right) => modelTierRank(left.tier) - modelTierRank(right.tier) || (left.id < right.id ? -1 : 1),
  )
  const byAlias = indexAliases(sorted, byId)
  const byModel = indexModelNames(sorted)
  return {
    entries: sorted,
    find: (name) => byId.get(name) ?? byAlias.get(name) ?? byModel.get(name),
    ofTier: (tier) => sorted.filter((entry) => entry.tier === tier),
    with: (changed) => createModelRegistry([...sorted, ...changed]),
  }
}

function indexAliases(
  entries: readonly ModelEntry[],
  byId: ReadonlyMap<string, ModelEntry>,
): ReadonlyMap<string, ModelEntry> {
  const byAlias = new Map<string, ModelEntry>()
  for (const entry of entries) {
    for (const alias of entry.aliases) {
      const other = byId.get(alias) ?? byAlias.get(alias)
      if (other !== undefined && other.id !== entry.id) {
        throw new RangeError(`The alias ${alias} is claimed by ${other.id} and by ${entry.id}`)
      }
      byAlias.set(alias, entry)
    }
  }
  return byAlias
}

/** A model name served by two providers is ambiguous and resolves to neither: the caller must name the provider. */
function indexModelNames(entries: readonly ModelEntry[]): ReadonlyMap<string, ModelEntry> {
  const byModel = new Map<string, ModelEntry>()
  const ambiguous = new Set<string>()
  for (const entry of entries) {
    if (byModel.has(entry.model)) ambiguous.add(entry.model)
    byModel.set(entry.model, entry)
  }
  for (const name of ambiguous) byModel.delete(name)
  return byModel
}
