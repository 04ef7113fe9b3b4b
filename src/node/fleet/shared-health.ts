import type { MetricSink } from '../../telemetry/metrics-registry.ts'
import type { HealthCheck } from '../kernell-node.ts'
import type { SharedStore } from './open-shared-store.ts'

/** What the node says of the store that it shares. */
export function sharedChecks(shared: SharedStore | undefined, accessAgeMs: number): readonly HealthCheck[] {
  if (shared === undefined) return []
  const { connections, waiting } = shared.statistics()
  if (shared.isConnected)
    return [
      {
        name: 'shared store',
        state: 'ok',
        detail: `PostgreSQL at ${shared.place}, ${connections} connections`,
      },
    ]
  const age = `${Math.round(accessAgeMs / 1000)} s`
  const keys = accessAgeMs > shared.staleMs ? `not taken, being ${age} old` : `taken as they were ${age} ago`
  return [
    {
      name: 'shared store',
      state: 'warning',
      detail: `PostgreSQL at ${shared.place} does not answer; ${waiting} statements wait. Callers with a budget are refused; keys of the store are ${keys}`,
      remedy: 'Start the server or repair the way to it; the node goes on by itself.',
    },
  ]
}

export function addSharedMetrics(metrics: MetricSink, shared: SharedStore | undefined): void {
  if (shared === undefined) return
  metrics.addGauge({
    name: 'kernell_store_connections',
    help: 'Connections to the shared store, and statements that wait for one.',
    labelNames: ['state'],
    read: () => {
      const { connections, idle, waiting } = shared.statistics()
      return Object.entries({ busy: connections - idle, idle, waiting }).map(([state, value]) => ({
        labels: { state },
        value,
      }))
    },
  })
  metrics.addCounter({
    name: 'kernell_store_statements_total',
    help: 'Statements to the shared store: all of them, those that failed, and those that were sent again.',
    labelNames: ['what'],
    read: () => {
      const { statements, failures, repeats } = shared.statistics()
      return Object.entries({ sent: statements, failed: failures, repeated: repeats }).map(([what, value]) => ({
        labels: { what },
        value,
      }))
    },
  })
  metrics.addCounter({
    name: 'kernell_store_seconds_total',
    help: 'Time that statements to the shared store took together, waiting for a connection included.',
    labelNames: [],
    read: () => [{ labels: {}, value: shared.statistics().seconds }],
  })
  metrics.addGauge({
    name: 'kernell_store_connected',
    help: 'Whether the shared store answers, 1 or 0.',
    labelNames: [],
    read: () => [{ labels: {}, value: Number(shared.isConnected) }],
  })
}
