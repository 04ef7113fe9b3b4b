import { trialOf } from '../../../core/rollout/rollout-state.ts'
import { evidence } from '../../../core/rollout/watch/watch-evidence.ts'
import type { MetricsRegistry } from '../../../telemetry/metrics-registry.ts'
import type { NodePoliciesComponents } from '../../../router/rollout/node-policies-components.ts'

const DRIFT_LEVELS = { stable: 0, watch: 1, drifted: 2 } as const

const STAGES = ['legacy_only', 'shadow', 'canary', 'full'] as const

type GaugeSink = Pick<MetricsRegistry, 'addGauge'>

/** The rollout as Prometheus metrics. Versions are no labels: there is no end of them. */
export function addRolloutMetrics(
  metrics: GaugeSink,
  { owner, served, shadow, online }: Pick<NodePoliciesComponents, 'owner' | 'served' | 'shadow' | 'online'>,
): void {
  metrics.addGauge({
    name: 'kernell_rollout_stage',
    help: 'Stage of the rollout: 1 for the one that it is in.',
    labelNames: ['stage'],
    read: () => STAGES.map((stage) => ({ labels: { stage }, value: Number(owner.inForce.stage === stage) })),
  })
  metrics.addGauge({
    name: 'kernell_rollout_percent',
    help: 'Share of the conversations that the candidate answers, percent.',
    labelNames: [],
    read: () => [{ labels: {}, value: owner.inForce.percent }],
  })
  metrics.addGauge({
    name: 'kernell_rollout_decisions',
    help: 'Decisions since the start, by arm.',
    labelNames: ['arm'],
    read: () => Object.entries(served.counts).map(([arm, value]) => ({ labels: { arm }, value })),
  })
  metrics.addGauge({
    name: 'kernell_rollout_rollbacks',
    help: 'Rollbacks so far, restarts included.',
    labelNames: [],
    read: () => [{ labels: {}, value: owner.state.rollbacks }],
  })
  metrics.addGauge({
    name: 'kernell_rollout_evidence',
    help: 'Evidence against the candidate, as a share of what rolls it back.',
    labelNames: ['slo', 'against'],
    read: () => {
      const { position, rules } = owner.state
      const trial = trialOf(position)
      if (trial === undefined) return []
      return evidence(trial.watch, rules.slo).map(({ slo, against, wealth, threshold }) => ({
        labels: { slo, against },
        value: wealth / threshold,
      }))
    },
  })
  metrics.addGauge({
    name: 'kernell_shadow_runs',
    help: 'Tasks on which a candidate was tried in the shadow since the start, and those left out, by reason.',
    labelNames: ['what'],
    read: () => [
      { labels: { what: 'completed' }, value: shadow.counts.completed },
      ...Object.entries(shadow.counts.skipped).map(([what, value]) => ({ labels: { what }, value })),
    ],
  })
  addDriftMetric(metrics, owner)
  addOnlineMetric(metrics, online)
}

function addDriftMetric(metrics: GaugeSink, owner: NodePoliciesComponents['owner']): void {
  metrics.addGauge({
    name: 'kernell_rollout_drift',
    help: 'Drift since the trial began: 0 none, 1 to be watched, 2 drifted. Of decisions: 2 where the candidate begins with other models than at first.',
    labelNames: ['of'],
    read: () => {
      const drift = trialOf(owner.state.position)?.drift
      if (drift === undefined) return []
      const { traffic, decisions } = drift
      return [
        ...(traffic === null ? [] : [{ labels: { of: 'traffic' }, value: DRIFT_LEVELS[traffic.state] }]),
        ...(decisions === null
          ? []
          : [{ labels: { of: 'decisions' }, value: decisions.cause === 'nobody' ? 0 : DRIFT_LEVELS.drifted }]),
      ]
    },
  })
}

function addOnlineMetric(metrics: GaugeSink, online: NodePoliciesComponents['online']): void {
  metrics.addGauge({
    name: 'kernell_online_learning',
    help: 'Outcomes learned, corrected and left out, and tasks that wait or were dropped since the start.',
    labelNames: ['what'],
    read: () => {
      const status = online()
      if (status === null) return []
      const { learned, revised, skipped, queued, dropped } = status
      return Object.entries({ learned, revised, skipped, queued, dropped }).map(([what, value]) => ({
        labels: { what },
        value,
      }))
    },
  })
}
