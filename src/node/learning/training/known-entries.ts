import { civilDateOfInstant } from '../../../core/models/civil-date.ts'
import type { ModelEntry } from '../../../core/models/model-entry.ts'
import { buildServedEntries } from '../../catalog/served-entries.ts'
import type { NodeConfig } from '../../config/node-config.ts'
import { readImportedRows } from '../../prices/imported-price-lists.ts'
import { createSystemClock } from '../../system-clock.ts'

/** The models that a node of this configuration knows, without asking anybody: tables, imported prices, the operator's word. */
export async function knownEntries(config: NodeConfig): Promise<(modelId: string) => ModelEntry | undefined> {
  const today = civilDateOfInstant(createSystemClock().now())
  const imported = await readImportedRows(config.dataDir)
  const { registry } = buildServedEntries({ config, listed: new Map(), imported, today })
  const byId = new Map(registry.entries.map((entry) => [entry.id, entry]))
  return (modelId) => byId.get(modelId)
}
