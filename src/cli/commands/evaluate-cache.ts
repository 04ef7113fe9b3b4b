import { formatPercent } from '../../base/format.ts'
import type { CacheReport } from '../../node/node-evaluations.ts'
import type { Command } from '../command.ts'
import { numberFlag, requiredFlag, requiredList, textFlag, usageError } from '../flags.ts'
import { readDataFile, readDataFiles } from '../read-data-files.ts'
import { runEvaluation, SAVE_FLAG } from '../run-evaluation.ts'

/** Stores every `a`, looks up every `b`, and counts right and wrong hits. */
export const evaluateCacheCommand: Command = {
  name: 'eval cache',
  summary: 'measure right and wrong cache hits on question pairs; --save keeps the calibration',
  synopsis: '--train F... --test F --max-wrong P',
  flags: {
    train: { value: 'F', isList: true, describe: 'JSON Lines (or .gz) of {"a", "b", "duplicate"}' },
    test: { value: 'F', describe: 'the same, not trained on' },
    'max-wrong': { value: 'P', describe: 'most wrong hits per hit, for example 0.01' },
    embedder: {
      value: 'NAME',
      describe: 'what texts are compared with: builtin or PROVIDER/MODEL (default: cache.embedder)',
    },
    save: SAVE_FLAG,
  },
  details: [
    'Every distinct `a` is stored, then every `b` is looked up. A hit is right when its entry and the query are the same text or joined by pairs marked as duplicates. A hit on equal bytes is exact; every other is similar, and the two are counted apart.',
    'A calibration holds for the embedder it was made with. An embedder that a provider serves is sent every text of the files.',
  ],
  async run(context) {
    const { flags, workingDir } = context
    const maxWrong = numberFlag(flags, 'max-wrong', { min: 0, max: 1 })
    if (maxWrong === undefined) throw usageError('--max-wrong is missing')
    if (maxWrong === 0 || maxWrong === 1) throw usageError('--max-wrong must lie between 0 and 1, such as 0.01')
    const train = readDataFiles(requiredList(flags, 'train'), workingDir)
    const test = readDataFile(requiredFlag(flags, 'test'), workingDir)
    const embedder = textFlag(flags, 'embedder')
    return await runEvaluation(context, {
      // The cache that is judged is one of its own; the node's may hold a calibration for another embedder.
      document: { cache: { enabled: false, ...(embedder !== undefined && { embedder }) } },
      evaluate: async (node, options) => await node.evaluateCache({ train, test, maxWrong }, options),
      format: formatReport,
      usage: 'Use it with `kernell serve --cache-calibration FILE` or `cache.calibration` in the configuration.',
    })
  },
}

function formatReport(report: CacheReport): string {
  return [
    `requests        ${report.requests}`,
    `hits            ${report.hits} (${formatPercent(report.hit_rate)}), of which ${report.exact_hits} exact and ${report.similar_hits} similar`,
    `wrong           ${report.wrong} (${formatPercent(report.wrong_rate)} of the hits), of which ${report.similar_wrong} similar`,
    `recall          ${formatPercent(report.recall)} of the requests that have a right entry`,
    `similar recall  ${formatPercent(report.similar_recall)} of those without an equal one`,
    `pair AUC        ${report.pair_auc.toFixed(4)}`,
    `lookup          ${report.us_per_lookup.toFixed(1)} us`,
  ].join('\n')
}
