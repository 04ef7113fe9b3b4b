import { remedyOf } from '../../base/errors.ts'
import type { CivilDate } from '../../core/models/civil-date.ts'
import { findStalePrices, findUnpricedModels, PRICE_AGE_DAYS_MAX } from '../../core/models/price-staleness.ts'
import type { HealthCheck, NodeModel } from '../kernell-node.ts'

/** Whether there are models to call, and whether their prices can be relied on. Only callable models count: the others cost nothing. */
export function diagnoseModels(models: readonly NodeModel[], today: CivilDate): readonly HealthCheck[] {
  const callable = models.filter((model) => model.isAvailable).map((model) => model.entry)
  if (callable.length === 0) {
    return [
      {
        name: 'models',
        state: 'warning',
        detail: 'none can be called; exact tools and the cache answer',
        remedy: remedyOf('ROUTER_NO_MODEL'),
      },
    ]
  }
  const named = callable.slice(0, 5).map((entry) => entry.id)
  const more = callable.length > named.length ? ` and ${callable.length - named.length} more` : ''
  return [
    { name: 'models', state: 'ok', detail: `${callable.length} callable: ${named.join(', ')}${more}` },
    ...diagnosePrices(callable, today),
  ]
}

function diagnosePrices(entries: readonly NodeModel['entry'][], today: CivilDate): readonly HealthCheck[] {
  const checks: HealthCheck[] = []
  const stale = findStalePrices(entries, today)
  const [oldest] = stale
  if (oldest !== undefined) {
    checks.push({
      name: 'prices',
      state: 'warning',
      detail: `${stale.length} were read more than ${PRICE_AGE_DAYS_MAX} days ago; the oldest is ${oldest.id}, ${oldest.ageDays} days`,
      remedy:
        'Import a current list: `kernell models import FILE|URL --format litellm|openrouter|genai-prices|portkey`.',
    })
  }
  const unpriced = findUnpricedModels(entries, today)
  if (unpriced.length > 0) {
    checks.push({
      name: 'prices',
      state: 'warning',
      detail: `unknown for ${unpriced.slice(0, 5).join(', ')}${unpriced.length > 5 ? ` and ${unpriced.length - 5} more` : ''}; refused under a budget`,
      remedy: 'Import a list that has them, or write `models.ID.prices` in the configuration.',
    })
  }
  return checks.length === 0
    ? [{ name: 'prices', state: 'ok', detail: `known and read within ${PRICE_AGE_DAYS_MAX} days` }]
    : checks
}
