import { formatPercent, formatUsd } from '../../base/format.ts'
import type { CostReport } from '../../node/node-evaluations.ts'
import type { Command } from '../command.ts'
import { numberFlag, requiredFlag } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'
import { readDataFile } from '../read-data-files.ts'
import { runEvaluation, SAVE_FLAG } from '../run-evaluation.ts'

const COLUMNS: readonly Column[] = [
  { heading: 'quality asked', align: 'right' },
  { heading: 'cost share', align: 'right' },
  { heading: '95 % interval', align: 'right' },
  { heading: 'quality reached', align: 'right' },
  { heading: 'best random mix', align: 'right' },
]

/** Cost at equal quality over many models, against the best single model and the best mix of two. */
export const evaluateCostCommand: Command = {
  name: 'eval cost',
  summary: 'measure cost at equal quality over many models',
  synopsis: '--train F --test F',
  flags: {
    train: { value: 'F', describe: 'JSON Lines (or .gz) of questions with scores and costs of many models' },
    test: { value: 'F', describe: 'the same, not trained on' },
    seed: { value: 'N', describe: 'seed of folds and bootstraps (default 1)' },
    save: SAVE_FLAG,
  },
  details: [
    'All figures are shares of the best single model: of its cost, and of its score. Operating points are chosen on the training file; a cost is shown only where the quality was reached on the test file to within 0.01. Tasks of high risk begin with the model that is most likely to be right, as they do when they are served; what is asked after the first answer is not counted.',
  ],
  async run(context) {
    const { flags, workingDir } = context
    const init = {
      seed: numberFlag(flags, 'seed', { min: 0, max: 4_294_967_295, isWhole: true }) ?? 1,
      train: readDataFile(requiredFlag(flags, 'train'), workingDir),
      test: readDataFile(requiredFlag(flags, 'test'), workingDir),
    }
    return await runEvaluation(context, {
      evaluate: async (node, options) => await node.evaluateCost(init, options),
      format: (report, terminal) => formatReport(report, terminal.cutWidth),
      usage: 'Use it with `kernell serve --policy FILE` or `policy.artefact` in the configuration.',
    })
  },
}

function formatReport({ n, best_single: best, left_out: leftOut, points }: CostReport, width: number): string {
  const rows = points.map((point) => [
    formatPercent(point.quality_share),
    point.kernell === null ? 'not reached' : formatPercent(point.kernell),
    point.ci95 === null ? '-' : `${formatPercent(point.ci95[0])} to ${formatPercent(point.ci95[1])}`,
    formatPercent(point.achieved),
    point.best_random_mix === null ? '-' : formatPercent(point.best_random_mix),
  ])
  const head = `${n} questions; best single model ${best.name}, score ${best.score.toFixed(3)}, ${formatUsd(best.usd)}`
  const left = leftOut.length === 0 ? [] : [`Left out, for lack of prices: ${leftOut.join(', ')}`]
  return [head, ...left, '', formatTable(COLUMNS, rows, width)].join('\n')
}
