import type { HealthCheck } from '../../kernell-node.ts'
import type { OnlineStatus } from '../../../core/learning/online/online-status.ts'

/** Whether learning from the node's own tasks goes well; nothing where it is off. */
export function onlineChecks(status: OnlineStatus | null): readonly HealthCheck[] {
  if (status === null) return []
  const { learned, revised, dropped, failure, lastVersion } = status
  if (failure !== null) {
    return [
      {
        name: 'online learning',
        state: 'warning',
        detail: `it failed: ${failure}`,
        remedy:
          'See `kernell policy status`; where the registry is full, remove versions with `kernell policy remove`.',
      },
    ]
  }
  if (dropped > 0) {
    return [
      {
        name: 'online learning',
        state: 'warning',
        detail: `${dropped} tasks were not learned from, because too many waited`,
        remedy: 'Set `policy.online.queueMax` higher, or learn from the records with `kernell policy learn`.',
      },
    ]
  }
  const version = lastVersion === null ? 'no version yet' : `last version ${lastVersion}`
  return [{ name: 'online learning', state: 'ok', detail: `${learned} outcomes, ${revised} corrected, ${version}` }]
}
