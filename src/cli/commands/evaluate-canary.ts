import { formatPercent } from '../../base/format.ts'
import {
  simulateCanary,
  type CanaryFigures,
  type CanarySimulation,
} from '../../node/learning/evaluation/simulate-canary.ts'
import type { Command } from '../command.ts'
import { followWork } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { numberFlag, type Flags } from '../flags.ts'

const SHARE = { min: 0, max: 1 }

/** How fast a bad candidate is taken back, and how often a sound one. */
export const evaluateCanaryCommand: Command = {
  name: 'eval canary',
  summary: 'measure how fast a rollout takes back a bad candidate',
  synopsis: '[--seeds N] [--percent P] [--bad X] [--base X]',
  flags: {
    seeds: { value: 'N', describe: 'bad runs, and as many clean ones (default 200)' },
    seed: { value: 'N', describe: 'the first seed (default 1); the same seeds give the same figures' },
    percent: { value: 'P', describe: 'share of the conversations in the canary (default 10)' },
    bad: { value: 'X', describe: 'share of bad answers of the bad candidate (default 0.3)' },
    base: { value: 'X', describe: 'share of bad answers of the incumbent and of a sound candidate (default 0.05)' },
    within: { value: 'N', describe: 'canary requests within which it is to be taken back (default 100)' },
    'clean-requests': { value: 'N', describe: 'canary requests of each clean run (default 2000)' },
  },
  details: [
    'The requests are made up; everything else is what a node runs: who is in the canary, the journal, the watch and its limits (`policy.rollout.slo`), and the switch of what serves. Ends with exit code 1 when a bad candidate was not taken back in time, or a sound one was taken back.',
  ],
  examples: ['kernell eval canary', 'kernell eval canary --base 0.02 --seeds 1000 --json'],
  async run({ flags, terminal, isJson, signal, loadConfig }) {
    const simulation: CanarySimulation = { ...readFlags(flags), rules: loadConfig().policy.rollout.rules }
    const { onProgress, finish } = followWork(terminal)
    const startedMs = performance.now()
    const figures = await simulateCanary(simulation, { signal, onProgress }).finally(finish)
    const usPerRequest = (1000 * (performance.now() - startedMs)) / figures.requests
    if (isJson) terminal.printJson({ ...documentOf(simulation, figures), us_per_request: usPerRequest })
    else terminal.print(describe(simulation, figures))
    return figures.lateSeeds.length + figures.falseAlarms === 0 ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

function readFlags(flags: Flags): CanarySimulation {
  const count = { min: 1, max: 1_000_000, isWhole: true }
  return {
    seeds: numberFlag(flags, 'seeds', count) ?? 200,
    seed: numberFlag(flags, 'seed', { min: 0, max: 1_000_000, isWhole: true }) ?? 1,
    percent: numberFlag(flags, 'percent', { min: 0.1, max: 99 }) ?? 10,
    bad: numberFlag(flags, 'bad', SHARE) ?? 0.3,
    baseBad: numberFlag(flags, 'base', SHARE) ?? 0.05,
    within: numberFlag(flags, 'within', count) ?? 100,
    cleanRequests: numberFlag(flags, 'clean-requests', count) ?? 2000,
  }
}

function documentOf(simulation: CanarySimulation, figures: CanaryFigures): object {
  return {
    seeds: simulation.seeds,
    percent: simulation.percent,
    bad: simulation.bad,
    base: simulation.baseBad,
    within: simulation.within,
    rolled_back: figures.rolledBack,
    late_seeds: figures.lateSeeds,
    requests_median: figures.requestsMedian,
    requests_p95: figures.requests95,
    requests_max: figures.requestsMax,
    by_slo: figures.bySlo,
    clean_runs: simulation.seeds,
    clean_requests: simulation.cleanRequests,
    false_alarms: figures.falseAlarms,
    false_alarm_seeds: figures.falseAlarmSeeds,
    requests: figures.requests,
  }
}

function describe(simulation: CanarySimulation, figures: CanaryFigures): string {
  const { seeds, percent, bad, baseBad, within, cleanRequests } = simulation
  const { rolledBack, requestsMedian, requests95, requestsMax, falseAlarms } = figures
  return [
    `Canary at ${percent} %, ${formatPercent(baseBad)} bad answers of the incumbent, ${figures.requests} requests`,
    `Bad candidate (${formatPercent(bad)}): rolled back within ${within} canary requests in ${rolledBack} of ${seeds} runs; median ${requestsMedian ?? '-'}, 95 % within ${requests95 ?? '-'}, the slowest ${requestsMax ?? '-'}`,
    `Sound candidate (${formatPercent(baseBad)}): rolled back in ${falseAlarms} of ${seeds} runs of ${cleanRequests} canary requests each`,
  ].join('\n')
}
