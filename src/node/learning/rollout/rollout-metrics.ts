import { trialOf } from '../../../core/rollout/rollout-state.ts'
import { evidence } from '../../../core/rollout/watch/watch-evidence.ts'
import type { MetricSink } from '../../../telemetry/metrics-registry.ts'
import type { NodePoliciesComponents } from '../../../router/rollout/node-policies-components.ts'

const DRIFT_LEVELS = { stable: 0, watch: 1, drifted: 2 } as const

const STAGES = ['legacy_only', 'shadow', 'canary', 'full'] as const

/** The rollout as Prometheus metrics. Versions are no labels: there is no end of them. */
export function addRolloutMetrics(
  metrics: MetricSink,
  { owner, served, shadow, online }: Pick<NodePoliciesComponents, 'owner' | 'served' | 'shadow' | 'online'>,
): void {
  metrics.addGauge({
    name: 'kernell_rollout_stage',
    help: 'Stage of the rollout: 1 for the one that it is in.',
    labelNames: ['stage'],
    read: () => STAGES.map((stage) => ({ labels: { stage }, value: Number(owner.inForce.stage === stage) })),
  })
  metrics.addGauge({
    name: 'kernell_rollout_candidate_ratio',
    help: 'Share of the conversations that the candidate answers, 0 to 1.',
    labelNames: [],
    read: () => [{ labels: {}, value: owner.inForce.percent / 100 }],
  })
  metrics.addCounter({
    name: 'kernell_rollout_decisions_total',
    help: 'Decisions since the start, by arm.',
    labelNames: ['arm'],
    read: () => Object.entries(served.counts).map(([arm, value]) => ({ labels: { arm }, value })),
  })
  metrics.addCounter({
    name: 'kernell_rollout_rollbacks_total',
    help: 'Rollbacks so far, restarts included.',
    labelNames: [],
    read: () => [{ labels: {}, value: owner.state.rollbacks }],
  })
  metrics.addGauge({
    name: 'kernell_rollout_evidence_ratio',
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
  metrics.addCounter({
    name: 'kernell_shadow_runs_total',
    help: 'Tasks on which a candidate was tried in the shadow since the start, and those left out, by reason.',
    labelNames: ['result'],
    read: () => [
      { labels: { result: 'completed' }, value: shadow.counts.completed },
      ...Object.entries(shadow.counts.skipped).map(([result, value]) => ({ labels: { result }, value })),
    ],
  })
  addDriftMetric(metrics, owner)
  addOnlineMetric(metrics, online)
}

function addDriftMetric(metrics: MetricSink, owner: NodePoliciesComponents['owner']): void {
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

function addOnlineMetric(metrics: MetricSink, online: NodePoliciesComponents['online']): void {
  metrics.addCounter({
    name: 'kernell_online_learning_total',
    help: 'Outcomes that online learning took in, corrected, left out or dropped since the start.',
    labelNames: ['result'],
    read: () => {
      const status = online()
      if (status === null) return []
      const { learned, revised, skipped, dropped } = status
      return Object.entries({ learned, revised, skipped, dropped }).map(([result, value]) => ({
        labels: { result },
        value,
      }))
    },
  })
  metrics.addGauge({
    name: 'kernell_online_learning_queued',
    help: 'Tasks that wait to be learned from.',
    labelNames: [],
    read: () => {
      const status = online()
      return status === null ? [] : [{ labels: {}, value: status.queued }]
    },
  })
}
