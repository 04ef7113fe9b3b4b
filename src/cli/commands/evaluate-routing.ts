import { formatPercent } from '../../base/format.ts'
import type { RoutingReport } from '../../node/node-evaluations.ts'
import type { Command } from '../command.ts'
import { choiceFlag, numberFlag, requiredFlag, requiredList } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'
import { readDataFiles } from '../read-data-files.ts'
import { runEvaluation, SAVE_FLAG } from '../run-evaluation.ts'

const COLUMNS: readonly Column[] = [
  { heading: 'router' },
  { heading: 'APGR', align: 'right' },
  { heading: '95 % interval', align: 'right' },
  { heading: 'CPT50', align: 'right' },
  { heading: 'CPT80', align: 'right' },
  { heading: 'us/decision', align: 'right' },
  { heading: 'us scoring', align: 'right' },
]

/** Trains on one set of questions, measures on another, and compares with random, prompt length and an oracle. */
export const evaluateRoutingCommand: Command = {
  name: 'eval routing',
  summary: 'measure the policy on questions with known scores; --save keeps it',
  synopsis: '--train F... --test F... --strong NAME --weak NAME',
  flags: {
    train: { value: 'F', isList: true, describe: 'JSON Lines (or .gz) of questions with the scores of models' },
    test: { value: 'F', isList: true, describe: 'the same, not trained on' },
    strong: { value: 'NAME', describe: 'the dearer model of the pair' },
    weak: { value: 'NAME', describe: 'the cheaper one' },
    label: { value: 'FIELD', describe: 'score (default) or score_numeric' },
    seed: { value: 'N', describe: 'seed of folds and bootstraps (default 1)' },
    save: SAVE_FLAG,
    scores: { value: 'FILE', describe: 'write the score of every test row, one JSON document a line' },
  },
  details: [
    'APGR is the area under the share of the quality gap that is recovered, over the share of calls that go to the strong model; CPT50 is the share of strong calls that recovers half of it. Rows marked `contaminated` are left out. The score sees the prompt and nothing else; `kernell-cascade` also sees the weak model’s answer, which it always pays for.',
  ],
  async run(context) {
    const { flags, workingDir } = context
    const init = {
      strong: requiredFlag(flags, 'strong'),
      weak: requiredFlag(flags, 'weak'),
      label: choiceFlag(flags, 'label', ['score', 'score_numeric']) ?? 'score',
      seed: numberFlag(flags, 'seed', { min: 0, max: 4_294_967_295, isWhole: true }) ?? 1,
      train: readDataFiles(requiredList(flags, 'train'), workingDir),
      test: readDataFiles(requiredList(flags, 'test'), workingDir),
    } as const
    return await runEvaluation(context, {
      evaluate: async (node, options) => await node.evaluateRouting(init, options),
      format: (report, terminal) => formatReport(report, terminal.cutWidth),
      usage: 'Use it with `kernell serve --policy FILE` or `policy.artefact` in the configuration.',
    })
  },
}

function formatReport(report: RoutingReport, width: number): string {
  const rows = report.routers.map((router) => [
    router.name,
    router.apgr.toFixed(3),
    `${router.apgr_ci95[0].toFixed(3)} to ${router.apgr_ci95[1].toFixed(3)}`,
    formatPercent(router.cpt50),
    formatPercent(router.cpt80),
    router.us_per_decision.toFixed(1),
    router.us_scoring.toFixed(2),
  ])
  const head = `${report.n} questions; strong ${report.strong.toFixed(3)}, weak ${report.weak.toFixed(3)}, best possible APGR ${report.oracle_apgr.toFixed(3)}`
  const { difference, ci95 } = report.vs_prompt_length
  const foot = `kernell less prompt length: ${difference.toFixed(3)} (${ci95[0].toFixed(3)} to ${ci95[1].toFixed(3)}, paired)`
  return `${head}\n\n${formatTable(COLUMNS, rows, width)}\n\n${foot}`
}
