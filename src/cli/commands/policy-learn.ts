import { resolve } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { formatPercent } from '../../base/format.ts'
import { knownEntries } from '../../node/learning/training/known-entries.ts'
import { learnPolicy, type PolicyLearning } from '../../node/learning/online/learn-policy.ts'
import { nativeSha256Hex } from '../../node/open-answer-cache.ts'
import type { Command, CommandContext } from '../command.ts'
import { FORCE_FLAG, outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'
import { saveArtefact } from '../read-data-files.ts'
import { readTasks, TASK_FLAGS } from '../read-tasks.ts'
import { registerPolicy } from '../registered-policies.ts'
import { useRecords } from '../running-control.ts'

/** Outcomes become a policy one after another, from the priors. */
export const policyLearnCommand: Command = {
  name: 'policy learn',
  summary: 'learn a policy from the outcomes so far, however few, with how sure it is of them',
  synopsis: '[--input F.jsonl] [--output FILE]',
  flags: {
    ...TASK_FLAGS,
    output: {
      value: 'FILE',
      describe: 'where to write the policy; it is registered in the data directory all the same',
    },
    parent: { value: 'VERSION', describe: 'the policy that this one is to follow; kept in its lineage' },
    force: FORCE_FLAG,
  },
  details: [
    'A Bayesian linear model over the features of prompts: what all models find hard is learned once, each deviates as far as its own outcomes say, and a model without outcomes keeps its documented prior. Costs are learned from calls.',
    'The policy knows how sure it is, so that `policy.explore` with thompson or linucb tries models where it does not know. Nothing is served by this: a registered policy gets there through `policy evaluate --gate` and `policy promote`.',
  ],
  examples: ['kernell policy learn', 'kernell policy learn --input rows.jsonl --output policy.json'],
  async run(context) {
    const { flags, terminal, isJson, workingDir, loadConfig } = context
    const output = textFlag(flags, 'output') === undefined ? undefined : outputFlag(flags, 'output', workingDir)
    const { tasks, skipped, file } = await readTasks(context)
    const parent = textFlag(flags, 'parent')
    const learned = learnPolicy({
      tasks,
      ...(file !== undefined && { file }),
      findEntry: await knownEntries(loadConfig()),
      ...(parent !== undefined && { parent }),
    })
    if (output !== undefined) saveArtefact(output, learned.text, workingDir)
    const isRegistered = await register(context, learned, { output, tasks: tasks.length, sha256: file?.sha256 })
    const { version, models } = learned
    if (isJson)
      terminal.printJson({
        version,
        output: output ?? null,
        registered: isRegistered,
        ...learned.tasks,
        unreadable: skipped,
        models,
      })
    else terminal.print(describe(learned, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

/** Keeps the policy, and remembers that it was made from records. Throws `STORE_LOCKED` when it is kept nowhere. */
async function register(
  context: CommandContext,
  { text, version }: PolicyLearning,
  made: { readonly output: string | undefined; readonly tasks: number; readonly sha256: string | undefined },
): Promise<boolean> {
  const input = textFlag(context.flags, 'input')
  try {
    await registerPolicy(context, text)
    await useRecords(context, async ({ recordDerivation }) => {
      const origin =
        input === undefined
          ? { tenants: null }
          : { tenants: [], sources: [{ path: resolve(context.workingDir, input), hash: made.sha256 ?? '' }] }
      const derived = {
        kind: 'policy',
        path: made.output ?? null,
        version,
        from: null,
        to: null,
        hash: nativeSha256Hex(text),
      } as const
      await recordDerivation({ ...derived, rows: made.tasks, ...origin })
    })
    return true
  } catch (error: unknown) {
    if (!CodedError.is(error, 'STORE_LOCKED') || made.output === undefined) throw error
    context.terminal.note(`Not registered: ${error.message}`)
    return false
  }
}

const COLUMNS: readonly Column[] = [
  { heading: 'model' },
  { heading: 'outcomes', align: 'right' },
  { heading: 'right', align: 'right' },
]

function describe({ version, tasks, models }: PolicyLearning, width: number): string {
  return [
    `${version}: ${tasks.learned} outcomes learned, ${tasks.revised} corrected, ${tasks.skipped} left out`,
    '',
    formatTable(
      COLUMNS,
      models.map(({ name, outcomes, mean }) => [name, String(outcomes), formatPercent(mean)]),
      width,
    ),
    '',
    `\`kernell policy evaluate ${version}\` judges it, \`kernell policy promote ${version}\` brings it into service.`,
  ].join('\n')
}
