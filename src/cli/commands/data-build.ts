import { resolve } from 'node:path'
import { buildDataset, type BuiltDataset, type WrittenRows } from '../../node/learning/dataset/build-dataset.ts'
import { cardPathOf } from '../../node/learning/dataset/card-path.ts'
import { eventsOfFile, eventsOfRecords } from '../../node/learning/dataset/event-source.ts'
import type { Command, CommandContext } from '../command.ts'
import { followWork, FORCE_FLAG, newFile, outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { choiceFlag, textFlag, usageError } from '../flags.ts'
import { formatCounts } from '../format-counts.ts'
import { rememberFile, rememberRecords } from '../remember-derived.ts'
import { RECORD_FLAGS, recordFilterOf } from '../record-flags.ts'
import { useRecords } from '../running-control.ts'

/** Records of finished tasks become labelled rows. */
export const dataBuildCommand: Command = {
  name: 'data build',
  summary: 'label records of finished tasks into a dataset',
  synopsis: '[--input F.jsonl] --output F.jsonl [--mode compat|default]',
  flags: {
    input: { value: 'F', describe: 'records in a file of JSON Lines (or .gz); default: those that this node keeps' },
    output: { value: 'F', describe: 'file to write (.gz is packed); its data card appears beside it as F.card.json' },
    mode: {
      value: 'MODE',
      describe: 'default: corrected labels with all that training needs; compat: the labels and fields of the contract',
    },
    force: FORCE_FLAG,
    ...RECORD_FLAGS,
  },
  details: [
    'Every row that can be labelled is kept, in the order of the records. Of records that say the same of the same task one stays: the one with the most feedback, else the first. What was left out is counted in the data card by reason.',
    'The build fails when a feature field or a prompt holds what came of the task (DATA_LEAKAGE). Files appear whole or not at all, and only their owner can read them.',
    'In the default mode a chain that failed is never a success, a local success counts only when it was verified or a person says so, and the optimal route is the cheapest that is known to do, from what was executed, explored, run as a shadow, and said by people.',
  ],
  examples: [
    'kernell data build --output rows.jsonl.gz',
    'kernell data build --input records.jsonl --output labels.jsonl --mode compat',
  ],
  whenStopped: 'Nothing was written; run the command again.',
  async run(context) {
    const { flags, terminal, isJson, workingDir } = context
    const output = outputFlag(flags, 'output', workingDir)
    newFile(flags, cardPathOf(output), workingDir)
    const built = await build(context, output)
    const { card } = built
    if (isJson) terminal.printJson({ output, card_path: built.cardPath, ...card })
    else terminal.print(describe(built))
    if (card.counts.kept === 0) terminal.note('No record could be labelled; the data card says why')
    if (card.counts.dropped.unreadable > 0) {
      const [first] = card.unreadable
      terminal.note(
        `${card.counts.dropped.unreadable} records cannot be read, the first in line ${first?.line}: ${first?.problem}`,
      )
    }
    return EXIT_CODES.done
  },
}

async function build(context: CommandContext, output: string): Promise<BuiltDataset> {
  const { flags, terminal, workingDir, signal } = context
  const input = textFlag(flags, 'input')
  const mode = choiceFlag(flags, 'mode', ['compat', 'default']) ?? 'default'
  const filter = recordFilterOf(flags)
  if (input !== undefined && Object.keys(filter).length > 0)
    throw usageError(
      '--tenant, --from and --to choose among the records of this node; with --input all of the file is read',
    )
  const { onProgress, finish } = followWork(terminal)
  try {
    if (input !== undefined) {
      const file = resolve(workingDir, input)
      if (file === output) throw usageError('--output must be another file than --input', { file })
      const source = await eventsOfFile(file)
      const onWritten = async ({ rows, hash }: WrittenRows): Promise<void> => {
        const sources = [{ path: file, hash: source.sha256 ?? '' }]
        await rememberFile(context, { kind: 'labels', path: output, rows, hash, sources })
      }
      return await buildDataset({ source, output, mode, onWritten }, { signal, onProgress })
    }
    return await useRecords(
      context,
      async (records) =>
        await buildDataset(
          {
            source: eventsOfRecords(() => records.list(filter, { signal })),
            output,
            mode,
            onWritten: async (written) => await rememberRecords(records, { kind: 'labels', path: output, ...written }),
          },
          { signal, onProgress },
        ),
    )
  } finally {
    finish()
  }
}

function describe({ output, cardPath, card }: BuiltDataset): string {
  const { counts } = card
  const dropped = formatCounts(counts.dropped)
  return [
    `Wrote ${counts.kept} rows of ${counts.records} records to ${output}`,
    `Left out: ${dropped === '' ? 'none' : dropped}`,
    `Optimal routes: ${formatCounts(card.route_distribution)}; errors: ${formatCounts(card.error_types)}`,
    `Data card: ${cardPath}`,
  ].join('\n')
}
