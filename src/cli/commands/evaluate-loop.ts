import { resolve } from 'node:path'
import { formatPercent, formatUsd } from '../../base/format.ts'
import { runClosedLoop, type ClosedLoop } from '../../node/learning/evaluation/closed-loop.ts'
import { isPlotFile, writePlot } from '../../node/learning/evaluation/write-plot.ts'
import type { Command, CommandContext } from '../command.ts'
import { followWork } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { choiceFlag, numberFlag, requiredFlag, textFlag, usageError, type Flags } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'
import { readDataFile } from '../read-data-files.ts'

const SEED_MAX = 4_294_967_295
const OUTCOMES_DEFAULT: readonly number[] = [100, 200, 400, 650, 900]
/** Seeds below were looked at when the method was chosen. */
const FIRST_SEED_DEFAULT = 1001

/** The learning loop closed over recorded outcomes. */
export const evaluateLoopCommand: Command = {
  name: 'eval loop',
  summary: 'let a policy learn from what it executes, on recorded outcomes, and see how fast it gets cheaper',
  synopsis: '--train F [--test F] [--seeds N] [--outcomes N,N,...] [--plot F.svg] [--regret-plot F.svg]',
  flags: {
    train: { value: 'F', describe: 'JSON Lines (or .gz) of questions with scores and costs of many models' },
    test: { value: 'F', describe: 'questions to judge on; absent: those of --train that a run does not stream' },
    seeds: { value: 'N', describe: 'runs, each with rows in another order (default 50)' },
    seed: { value: 'N', describe: `seed of the first run (default ${FIRST_SEED_DEFAULT})` },
    outcomes: {
      value: 'N,N,...',
      describe: `numbers of outcomes after which the policy is judged (default ${OUTCOMES_DEFAULT.join(',')})`,
    },
    method: { value: 'METHOD', describe: 'exploration: thompson (default), linucb or epsilon' },
    plot: { value: 'FILE', describe: 'draw the cost at 95 % of the quality against outcomes, .svg or .png' },
    'regret-plot': { value: 'FILE', describe: 'draw the regret against the oracle, .svg or .png' },
  },
  details: [
    'A run starts from the documented priors, with models of which nothing but the name is known. Rows come in random order; the policy service of a node decides each, the model that it chose is executed, and the online learner learns from that outcome alone. Outcomes of other models stay behind an interface that records reads.',
    "Cost is read from the policy's curve: at each weight of a dollar the judged tasks go where predicted success less weighted predicted dollars is greatest. The figure is the cheapest mix of two points of that curve, or of one and the best single model, that has 95 % of that model's score on the judged rows. It describes the curve; what a policy would have chosen by itself, from streamed tasks alone, is shown beside it.",
    'At equal cost: always-cheap has nothing to spend more on; always-premium is affordable for a part of the tasks only, which with the cheapest model for the others is the random mix.',
  ],
  examples: [
    'kernell eval loop --train routerbench.jsonl --plot loop.svg',
    'kernell eval loop --train dev.jsonl.gz --test holdout.jsonl.gz --seeds 50 --json',
  ],
  async run(context) {
    const { flags, terminal, isJson, workingDir } = context
    const plots = { cost: plotFlag(flags, 'plot', workingDir), regret: plotFlag(flags, 'regret-plot', workingDir) }
    const loop = await runLoops(context)
    if (plots.cost !== undefined) await writePlot(plots.cost, loop.costPlot)
    if (plots.regret !== undefined) await writePlot(plots.regret, loop.regretPlot)
    if (isJson) terminal.printJson(loop.report)
    else terminal.print(describe(loop, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

async function runLoops({ flags, terminal, workingDir, signal }: CommandContext): Promise<ClosedLoop> {
  const test = textFlag(flags, 'test')
  const { onProgress, finish } = followWork(terminal)
  try {
    return await runClosedLoop(
      {
        train: readDataFile(requiredFlag(flags, 'train'), workingDir),
        test: test === undefined ? undefined : readDataFile(test, workingDir),
        seeds: numberFlag(flags, 'seeds', { min: 1, max: 10_000, isWhole: true }) ?? 50,
        firstSeed: numberFlag(flags, 'seed', { min: 0, max: SEED_MAX, isWhole: true }) ?? FIRST_SEED_DEFAULT,
        outcomes: outcomesFlag(flags),
        method: choiceFlag(flags, 'method', ['thompson', 'linucb', 'epsilon']) ?? 'thompson',
      },
      { signal, onProgress },
    )
  } finally {
    finish()
  }
}

function outcomesFlag(flags: Flags): readonly number[] {
  const text = textFlag(flags, 'outcomes')
  if (text === undefined) return OUTCOMES_DEFAULT
  const outcomes = text.split(',').map(Number)
  const isRising = outcomes.every(
    (count, place) => Number.isInteger(count) && count > (outcomes[place - 1] ?? 0) && count <= 1_000_000,
  )
  if (!isRising) throw usageError('--outcomes takes whole numbers, rising, with commas between', { outcomes: text })
  return outcomes
}

function plotFlag(flags: Flags, name: string, workingDir: string): string | undefined {
  const file = textFlag(flags, name)
  if (file === undefined) return undefined
  if (!isPlotFile(file)) throw usageError(`--${name} takes a file that ends in .svg or .png`, { file })
  return resolve(workingDir, file)
}

const STEP_COLUMNS: readonly Column[] = [
  { heading: 'outcomes', align: 'right' },
  { heading: 'cost at 95 %', align: 'right' },
  { heading: '95 % of the runs', align: 'right' },
  { heading: 'interval of the mean', align: 'right' },
  { heading: 'reached alone', align: 'right' },
  { heading: 'own point: cost', align: 'right' },
  { heading: 'score', align: 'right' },
]

const BASELINE_COLUMNS: readonly Column[] = [
  { heading: 'at equal cost' },
  { heading: 'score', align: 'right' },
  { heading: 'policy scores more by', align: 'right' },
  { heading: 'interval of the mean', align: 'right' },
  { heading: 'in runs', align: 'right' },
]

function describe({ report }: ClosedLoop, width: number): string {
  const range = ([low, high]: readonly [number, number]): string => `${formatPercent(low)} to ${formatPercent(high)}`
  const steps = report.steps.map(({ outcomes, cost_share: cost, reached, operating_point: own }) => [
    outcomes === 0 ? 'prior' : String(outcomes),
    formatPercent(cost.mean),
    range(cost.band95),
    range(cost.mean_ci95),
    formatPercent(reached),
    own === null ? '-' : formatPercent(own.cost_share.mean),
    own === null ? '-' : formatPercent(own.achieved.mean),
  ])
  const equal = report.equal_cost
  const baselines = equal.baselines.map(({ name, score, difference, higher }) => [
    name,
    formatPercent(score),
    formatPercent(difference.mean),
    range(difference.mean_ci95),
    formatPercent(higher),
  ])
  const { best_single: best, rows, reads } = report
  return [
    `${report.seeds} runs over ${report.models} models, judged on ${rows.judged} rows; best single model ${best.name}, score ${best.score.toFixed(3)}, ${formatUsd(best.usd)}`,
    `${reads.executed} outcomes read, all of them executed but ${reads.unexecuted}`,
    '',
    formatTable(STEP_COLUMNS, steps, width),
    '',
    `All costs and scores are shares of the best single model's. ${report.falls ? 'No mean is above the interval of the one before.' : 'A mean is above the interval of the one before.'}`,
    '',
    formatTable(BASELINE_COLUMNS, baselines, width),
    '',
    `Within the cost of the best single model the policy scores ${formatPercent(equal.at_premium_cost.mean)} of it (mean; ${range(equal.at_premium_cost.band95)} in 95 % of the runs).`,
  ].join('\n')
}
