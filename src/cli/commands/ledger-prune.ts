import { resolve } from 'node:path'
import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, textFlag, usageError } from '../flags.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { membersOf, numberOf } from '../registered-policies.ts'

/** Drops the text of entries that nobody can ask for any more. */
export const ledgerPruneCommand: Command = {
  name: 'ledger prune',
  summary: 'drop the text of old entries of a notary, whose hashes and proofs stay',
  synopsis: '--archive F.jsonl | --no-archive [--dry-run]',
  flags: {
    archive: { value: 'F.jsonl', describe: 'where the dropped lines go; a file that is there is never replaced' },
    'no-archive': { describe: 'keep the dropped lines nowhere: what they say can never be shown again' },
    'dry-run': { describe: 'say what would be dropped, and change nothing' },
    ...NODE_FLAGS,
  },
  details: [
    'The notary closes a segment: it signs a checkpoint that covers every entry, every balance and every contract, writes the state down, and drops the text of the entries before. Messages of contracts that are still kept stay, with their receipts; so do the hashes of all entries.',
    'What remains provable: balances and contracts as of the cut, under the signature of the notary; that later entries follow; that the journal only grew. A copy is then verified from the cut on. With the archive in front of it, it is verified from the first entry on; without the archive, what a dropped message said is gone.',
    'The notary waits meanwhile, seconds with a large state. Only a notary that is alone in its set prunes.',
  ],
  examples: ['kernell ledger prune --archive books-2026.jsonl --dry-run --json'],
  async run(context) {
    const { flags, terminal, isJson, workingDir } = context
    const file = textFlag(flags, 'archive')
    const isDry = isFlagSet(flags, 'dry-run')
    if ((file === undefined) !== isFlagSet(flags, 'no-archive'))
      throw usageError('Give one of --archive and --no-archive')
    const archive = file === undefined ? undefined : resolve(workingDir, file)
    const pruned = membersOf(
      await useMarket(context, async ({ ask }) => await ask({ op: 'prune', isDry, ...(archive && { archive }) })),
    )
    const remains = remainsOf(pruned, archive)
    if (isJson) terminal.printJson({ isDryRun: isDry, ...pruned, remains })
    else
      terminal.print(
        [
          `${isDry ? 'Would drop' : 'Dropped'} the text of ${numberOf(pruned, 'dropped') ?? 0} of ${numberOf(pruned, 'entries') ?? 0} entries`,
          ...remains.map((line) => `  ${line}`),
        ].join('\n'),
      )
    return EXIT_CODES.done
  },
}

function remainsOf(pruned: JsonValue, archive: string | undefined): readonly string[] {
  const [cut, kept] = [numberOf(pruned, 'cut') ?? 0, numberOf(pruned, 'kept') ?? 0]
  return [
    `a signed checkpoint of all ${cut} entries, with the state behind them: copies are verified from there on`,
    `the hashes of all entries: the journal is still shown to have only grown`,
    `the text of ${kept} entries, of contracts that are kept: their evidence is given out as before`,
    archive === undefined
      ? 'nothing of what the other entries said'
      : `what the other entries said in ${archive}: put in front of an export, it makes a copy that is verified from the first entry on`,
  ]
}
