import type { JsonValue } from '../../base/canonical-json.ts'
import { describeActors } from '../../actors/inspect/describe-actors.ts'
import type { KernellNode } from '../kernell-node.ts'
import { plain } from '../market/desks/plain-json.ts'
import { outgoingDocument } from '../outgoing-text.ts'
import { partOf } from './view-query.ts'

/** What is in force, what does not work, and what happened since the start. */
export async function viewOverview(node: KernellNode): Promise<JsonValue> {
  const { activity, config, rights } = node
  const health = node.health()
  const models = node.listModels()
  const { total, deadLetters } = describeActors(node.actors, { most: 0 })
  const rollout = await partOf(async () => await Promise.resolve(rolloutOf(node)))
  return plain({
    version: health.version,
    uptime_s: health.uptimeS,
    is_ready: health.isReady,
    checks: outgoingDocument(health.checks),
    stopped: rights.stop.current ?? null,
    totals: activity.tasks.totals.document(),
    tasks_kept: activity.tasks.end - activity.tasks.start,
    models: {
      available: models.filter(({ isAvailable }) => isAvailable).length,
      known: models.length,
      roles: { ...config.roles },
    },
    rollout,
    actors: { total, dead_letters: deadLetters, failures: activity.supervision.count },
    configuration: {
      file: config.configFile ?? null,
      data_directory: config.dataDir,
      keys: config.keys.length,
      budgets: config.budgets.length,
      records: config.telemetry.consent,
      keeps_text: config.telemetry.keepText,
      cache: config.cache.isEnabled,
    },
  })
}

function rolloutOf({ policies }: KernellNode): object {
  const { stage, percent, candidate, incumbent, isSuspended } = policies.status()
  return { stage, percent, candidate, incumbent, is_suspended: isSuspended }
}
