/**
 * ModelCatalog: the registry as this node can use it now. It knows names, prices and capabilities, and opens the model behind a name.
 * It does not choose: the policy does, and the router calls.
 */
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { ModelRegistry } from '../core/models/model-registry.ts'
import type { LanguageModel } from './language-model.ts'

/** The registry of models as this node can use it now: names, prices and capabilities, and the model behind each name. It does not choose among them. */
export interface ModelCatalog {
  /** All known models, served or not. A new object when the operator's entries change. */
  readonly registry: ModelRegistry
  /** Models that this node can call now: its provider is configured, and for local weights the file is there. */
  readonly available: readonly ModelEntry[]
  /** SHA-256 of the entries and prices in `available`: decisions carry it, so that they can be computed again. */
  readonly priceVersion: string
  /** The model that "always premium" would use: savings are measured against it. Absent when none is configured. */
  readonly premiumBaseline: ModelEntry | undefined
  /** Why no model, or this model, can be called, in one sentence with the remedy; for people. */
  explainAbsence(modelId?: string): string
  /** The model behind an entry of `available`. Opening is cheap; the first call may load weights. */
  open(entry: ModelEntry): LanguageModel
}
