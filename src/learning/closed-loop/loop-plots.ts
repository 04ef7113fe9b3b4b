import type { PlotInit } from '../plot/plot-init.ts'
import type { LoopReport } from './loop-report.ts'

/** What quality costs after so many outcomes, with the band of the runs. */
export function costPlot(report: LoopReport, data: string): PlotInit {
  const points = report.steps.map(({ outcomes, cost_share: cost }) => ({ x: outcomes, y: cost.mean }))
  const prior = points[0]?.y ?? 1
  return {
    title: `Cost at ${Math.round(100 * report.quality_share)} % of the best single model's score`,
    x: { label: 'outcomes learned', min: 0 },
    y: { label: "share of the best single model's cost", unit: 'percent', min: 0 },
    series: [
      {
        name: 'policy, learning online',
        points,
        band: report.steps.map(({ outcomes, cost_share: { band95 } }) => ({
          x: outcomes,
          low: band95[0],
          high: band95[1],
        })),
        style: 'both',
      },
      {
        name: 'frozen prior',
        points: [
          { x: 0, y: prior },
          { x: points.at(-1)?.x ?? 0, y: prior },
        ],
        isBaseline: true,
      },
    ],
    note: `${data}; ${report.seeds} runs, judged on ${report.rows.judged} rows that were not streamed; band: 95 % of the runs`,
  }
}

/** Regret per task against the oracle, while the policy learns. */
export function regretPlot({ regret, seeds }: LoopReport, data: string): PlotInit {
  return {
    title: 'Regret against the oracle',
    x: { label: 'outcomes learned', min: 0 },
    y: { label: 'right answers lost per task, dollars counted at the weight in force', min: 0 },
    series: [
      {
        name: 'policy, exploration included',
        points: regret.map(({ outcomes, policy }) => ({ x: outcomes, y: policy.mean })),
        band: regret.map(({ outcomes, policy: { band95 } }) => ({ x: outcomes, low: band95[0], high: band95[1] })),
        style: 'both',
      },
      {
        name: 'any model by lot',
        points: regret.map(({ outcomes, uniform }) => ({ x: outcomes, y: uniform })),
        isBaseline: true,
      },
      {
        name: 'always the best single model (hindsight)',
        points: regret.map(({ outcomes, best_single: y }) => ({ x: outcomes, y })),
        isBaseline: true,
      },
    ],
    note: `${data}; ${seeds} runs, means of 100 tasks each; band: 95 % of the runs`,
  }
}
