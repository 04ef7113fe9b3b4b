import { formatPercent } from '../../base/format.ts'
import { INJECTION_FAMILY_NAMES, type InjectionReport } from '../../node/node-evaluations.ts'
import type { Command } from '../command.ts'
import { choiceFlag, listFlag, requiredFlag, requiredList } from '../flags.ts'
import { readDataFile, readDataFiles } from '../read-data-files.ts'
import { runEvaluation, SAVE_FLAG } from '../run-evaluation.ts'

/** Trains the scorer of injections and judges it on other rows. */
export const evaluateInjectionCommand: Command = {
  name: 'eval injection',
  summary: 'measure what is recognised as a prompt injection; --save keeps the model',
  synopsis: '--train F... --test F [--benign F...] [--leave-out FAMILY]',
  flags: {
    train: {
      value: 'F',
      isList: true,
      describe: 'JSON Lines (or .gz) of {"text", "label"} and of ordinary tasks {"prompt"}',
    },
    test: { value: 'F', describe: 'rows {"text", "label"}, not trained on' },
    benign: { value: 'F', isList: true, describe: 'ordinary tasks {"prompt"}; those trained on are left out' },
    'leave-out': { value: 'FAMILY', describe: `not trained on: ${INJECTION_FAMILY_NAMES.join(', ')}` },
    save: SAVE_FLAG,
  },
  details: [
    'Thresholds are fixed on training rows alone, by models that had not seen them, and are those that a node blocks at.',
    'Rows labelled indirect_injection are placed inside documents and judged as part of them; the documents without them are judged too.',
    'Give ordinary tasks of your own to --train: a model that saw only attacks and their look-alikes flags many ordinary tasks.',
  ],
  async run(context) {
    const { flags, workingDir } = context
    const train = readDataFiles(requiredList(flags, 'train'), workingDir)
    const test = readDataFile(requiredFlag(flags, 'test'), workingDir)
    const benign = readDataFiles(listFlag(flags, 'benign'), workingDir)
    const leaveOut = choiceFlag(flags, 'leave-out', INJECTION_FAMILY_NAMES)
    return await runEvaluation(context, {
      // A configured model that cannot be read must not keep its successor from being trained.
      document: { untrusted: { enabled: false } },
      evaluate: async (node, options) =>
        await node.evaluateInjection({ train, test, benign, ...(leaveOut !== undefined && { leaveOut }) }, options),
      format: formatReport,
      usage: 'Use it with `kernell serve --injection-model FILE` or `untrusted.model` in the configuration.',
    })
  },
}

function formatReport(report: InjectionReport): string {
  const { alone, indirect, left_out: leftOut } = report
  const benign = report.benign_false_alarm_rate
  return [
    `texts           ${report.n}, AUC ${report.auc.toFixed(4)}, ${report.us_per_text.toFixed(0)} us each`,
    `recall          ${formatPercent(report.recall)} (rules alone ${formatPercent(alone.rules.recall)}, words alone ${formatPercent(alone.model.recall)})`,
    `false alarms    ${formatPercent(report.false_alarm_rate)} (${formatPercent(alone.rules.false_alarm_rate)}, ${formatPercent(alone.model.false_alarm_rate)})`,
    ...(benign === null ? [] : [`ordinary tasks  ${formatPercent(benign)} of ${report.benign.n} flagged`]),
    `in documents    recall ${formatPercent(indirect.recall)} of ${indirect.n}, false alarms ${formatPercent(indirect.false_alarm_rate)} of ${indirect.carriers}`,
    ...(leftOut === null
      ? []
      : [
          `left out        ${leftOut.family}: ${leftOut.n} texts, recall ${formatPercent(leftOut.recall ?? 0)}, false alarms ${formatPercent(leftOut.false_alarm_rate ?? 0)}`,
        ]),
    ...Object.entries(report.by_source).map(
      ([source, { n, recall, false_alarm_rate: alarms }]) =>
        `  ${source} (${n}): ${recall === undefined ? '' : `recall ${formatPercent(recall)} `}${alarms === undefined ? '' : `false alarms ${formatPercent(alarms)}`}`,
    ),
  ].join('\n')
}
