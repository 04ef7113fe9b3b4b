import { join, resolve } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { formatPercent } from '../../base/format.ts'
import { trainPolicyOnFiles, type PolicyTraining } from '../../node/learning/training/train-policy.ts'
import { nativeSha256Hex } from '../../node/open-answer-cache.ts'
import type { Command, CommandContext } from '../command.ts'
import { FORCE_FLAG, followWork, outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { choiceFlag, isFlagSet, numberFlag, requiredList, textFlag, usageError } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'
import { saveArtefact } from '../read-data-files.ts'
import { registerPolicy } from '../registered-policies.ts'
import { useRecords } from '../running-control.ts'

/** Datasets become a policy. */
export const policyTrainCommand: Command = {
  name: 'policy train',
  summary: 'train a policy on a dataset, on this machine',
  synopsis: '--data F... [--output FILE] [--family auto|linear|neighbours] [--resume]',
  flags: {
    data: {
      value: 'F',
      isList: true,
      describe: 'rows of `data build`, or questions with scores of several models; JSON Lines (or .gz)',
    },
    output: { value: 'FILE', describe: 'write the policy to a file, too; `kernell serve --policy FILE` serves it' },
    family: {
      value: 'FAMILY',
      describe:
        'linear: models of words and form; neighbours: outcomes of similar tasks; auto (default): what cross-validation finds better',
    },
    strong: { value: 'NAME', describe: 'with --weak: learn what this model gains over the other' },
    weak: { value: 'NAME', describe: 'see --strong' },
    seed: {
      value: 'N',
      describe: 'seed of folds and row orders (default 1); the same rows and seed give the same bytes',
    },
    resume: { describe: 'go on where a run on the same rows and settings was stopped' },
    parent: { value: 'VERSION', describe: 'the policy that this one is to follow; kept in its lineage' },
    force: FORCE_FLAG,
  },
  details: [
    'Several ways of training are judged by cross-validation, split by the hash of the task: ridge regression (up to 10,000 rows), logistic regression over 2^18 hashed features, and similar tasks. The best one is trained on all rows, and its chances are calibrated on rows that its models had not seen. All figures are of such rows.',
    'Outcomes of a log count by one over the probability with which their model was drawn, at most 20. Outcomes of models that were only reached by escalation are left out, unless a model has hardly any others.',
    'The policy knows how sure it is of each model (the posterior of its dense weights), so that `policy.explore` with thompson or linucb tries models where it does not know.',
    'A model needs 20 outcomes. Costs and latencies are learned where every model has them.',
  ],
  examples: [
    'kernell policy train --data rows.jsonl.gz',
    'kernell policy train --data outcomes.jsonl --family linear --strong gpt-4o --weak gpt-4o-mini --output policy.json',
  ],
  whenStopped: 'Run the same command with --resume: it goes on where this run was stopped.',
  async run(context) {
    const { flags, terminal, isJson, workingDir } = context
    const output = textFlag(flags, 'output') === undefined ? undefined : outputFlag(flags, 'output', workingDir)
    const trained = await train(context)
    if (output !== undefined) saveArtefact(output, trained.text, workingDir)
    const registered = await register(context, trained, output)
    await trained.forget()
    const { version, dataCardHash, report } = trained
    if (isJson)
      terminal.printJson({ version, output: output ?? null, registered, data_card_hash: dataCardHash, ...report })
    else {
      terminal.print(describe(trained, terminal.cutWidth))
      terminal.print('')
      if (registered)
        terminal.print(`Registered. \`kernell policy evaluate ${version}\` judges it, \`policy promote\` serves it.`)
      if (output !== undefined) terminal.print(`Kept in ${output}; \`kernell serve --policy FILE\` serves it.`)
    }
    return EXIT_CODES.done
  },
}

/**
 * Keeps the policy in the data directory, beside a node that serves from there as well, and remembers what it was made of.
 *
 * @returns Whether it was registered. Throws `STORE_LOCKED` when it is kept nowhere: then `--resume` has it at once.
 */
async function register(
  context: CommandContext,
  { text, version, sources, report }: PolicyTraining,
  output: string | undefined,
): Promise<boolean> {
  try {
    await registerPolicy(context, text)
    await useRecords(context, async ({ recordDerivation }) => {
      const [path, hash] = [output ?? null, nativeSha256Hex(text)]
      const made = { kind: 'policy', path, version, from: null, to: null, rows: report.rows, hash } as const
      await recordDerivation({ ...made, tenants: null, sources })
    })
    return true
  } catch (error: unknown) {
    if (!CodedError.is(error, 'STORE_LOCKED')) throw error
    if (output === undefined) {
      context.terminal.note(
        'The policy is trained but kept nowhere yet: run the same command with --resume when the node has stopped, or with --output.',
      )
      throw error
    }
    context.terminal.note(`Not registered: ${error.message}`)
    return false
  }
}

async function train({ flags, terminal, workingDir, signal, loadConfig }: CommandContext): Promise<PolicyTraining> {
  const [strong, weak] = [textFlag(flags, 'strong'), textFlag(flags, 'weak')]
  if ((strong === undefined) !== (weak === undefined)) throw usageError('--strong and --weak go together')
  const parent = textFlag(flags, 'parent')
  const { onProgress, finish } = followWork(terminal)
  try {
    return await trainPolicyOnFiles(
      {
        files: requiredList(flags, 'data').map((file) => resolve(workingDir, file)),
        family: choiceFlag(flags, 'family', ['auto', 'linear', 'neighbours']) ?? 'auto',
        ...(strong !== undefined && weak !== undefined && { pair: { strong, weak } }),
        seed: numberFlag(flags, 'seed', { min: 0, max: 4_294_967_295, isWhole: true }) ?? 1,
        ...(parent !== undefined && { parent }),
        checkpointFolder: join(loadConfig().dataDir, 'training'),
        isResumed: isFlagSet(flags, 'resume'),
      },
      { signal, onProgress },
    )
  } finally {
    finish()
  }
}

const COLUMNS: readonly Column[] = [
  { heading: 'model' },
  { heading: 'outcomes', align: 'right' },
  { heading: 'mean', align: 'right' },
  { heading: 'log loss', align: 'right' },
  { heading: 'of the mean', align: 'right' },
  { heading: 'ECE before', align: 'right' },
  { heading: 'ECE', align: 'right' },
  { heading: 'AUC', align: 'right' },
]

function describe({ report, version, resumedSteps }: PolicyTraining, width: number): string {
  const rows = report.models.map((model) => [
    model.escalated_only ? `${model.name} (escalated)` : model.name,
    String(model.outcomes),
    model.mean.toFixed(3),
    model.log_loss.toFixed(4),
    model.base_log_loss.toFixed(4),
    formatPercent(model.ece_before),
    formatPercent(model.ece_after),
    model.auc?.toFixed(3) ?? 'none',
  ])
  const unreadable = report.unreadable_rows === 0 ? '' : `, and ${report.unreadable_rows} without text or features`
  return [
    `${version}: ${report.method} (${report.family}), ${report.rows} rows${unreadable}, ${report.folds} folds`,
    ...(resumedSteps === 0 ? [] : [`${resumedSteps} steps were taken over from the run before`]),
    ...(report.left_out.length === 0 ? [] : [`Left out, for lack of outcomes: ${report.left_out.join(', ')}`]),
    '',
    formatTable(COLUMNS, rows, width),
    ...report.models.flatMap(explainNoAuc),
  ].join('\n')
}

function explainNoAuc({ name, auc, mean }: PolicyTraining['report']['models'][number]): readonly string[] {
  if (auc !== null) return []
  const what = mean >= 0.5 ? 'no wrong row' : 'no right row'
  return [`${name} has ${what}, so there is no AUC: it says how well right rows are told from wrong ones`]
}
