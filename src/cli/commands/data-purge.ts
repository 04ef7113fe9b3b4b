import type { Purged, TelemetryPurge } from '../../node/node-records.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, textFlag, usageError, type Flags } from '../flags.ts'
import { derivationDocument, formatDerivations } from '../format-derivations.ts'
import { instantFlag, WITHOUT_SERVERS } from '../record-flags.ts'

/** Deletes records so that the files hold no byte of them. */
export const dataPurgeCommand: Command = {
  name: 'data purge',
  summary: 'delete records for good',
  synopsis: '--all | --tenant NAME | --before DATE',
  flags: {
    all: { describe: 'every record, with its feedback and shadow runs, and the sums of usage' },
    tenant: { value: 'NAME', describe: 'the records of this tenant, and the sums of its usage' },
    before: { value: 'DATE', describe: 'records before this instant: 2026-01-31 or 2026-01-31T08:00:00Z' },
    answers: {
      describe:
        'also cached answers, and the responses, files, batches and answers to requests with a key that callers left: all, or those of the tenant',
    },
    memories: {
      describe: 'also what agents remember, and plans they have not finished: all of it, or that of the tenant',
    },
    yes: { describe: 'needed, since nothing brings them back' },
  },
  details: [
    'What was made from the records before (exports, labelled sets, policies) is named and not deleted: that is for whoever holds it. A file whose path contains the name of the purged tenant is named this once, since the name goes with the records.',
    'The files are rewritten without what was deleted, and they are not compressed, so that a search through their bytes tells the truth. The disk itself, its snapshots and backups may hold older copies. Budgets keep their books: names of tenants that have spent stay in them. With --before, sums of usage stay, which hold figures and names of tenants, teams, keys and models and go by themselves after `telemetry.usageDays`; answers go when their time to live is over, memories when they are of no more use, and unfinished plans after a week.',
  ],
  examples: [
    'kernell data purge --tenant acme --answers --memories --yes',
    'kernell data purge --before 2026-01-01 --yes',
  ],
  async run({ flags, terminal, isJson, useNode }) {
    const what = purgeOf(flags)
    if (!isFlagSet(flags, 'yes')) throw usageError('This deletes for good; add --yes to do it')
    const withAnswers = isFlagSet(flags, 'answers')
    const withMemories = isFlagSet(flags, 'memories')
    const { purged, left } = await useNode(
      async ({ records }) => ({
        purged: await records.purge(what, { withAnswers, withMemories }),
        left: await records.count(),
      }),
      WITHOUT_SERVERS,
    )
    if (isJson) terminal.printJson(documentOf(purged, left))
    else {
      const { records, followUps, answers, documents, memories, plans, derived } = purged
      const deleted = [
        `${records} records`,
        `${followUps} pieces of feedback and shadow runs`,
        ...(withAnswers ? [`${answers} cached answers`, `${documents} responses, files and batches`] : []),
        ...(withMemories ? [`${memories} memories`, `${plans} unfinished plans`] : []),
      ]
      terminal.print(`Deleted ${deleted.join(', ')}; ${left} records are left`)
      if (derived.length > 0) terminal.print(formatLeftOver(purged, terminal.cutWidth))
    }
    return EXIT_CODES.done
  },
}

function documentOf(purged: Purged, left: number): object {
  const { records, followUps, answers, documents, memories, plans, derived } = purged
  return {
    purged: records,
    follow_ups: followUps,
    answers,
    documents,
    memories,
    plans,
    left,
    derived: derived.map(derivationDocument),
  }
}

function formatLeftOver({ derived }: Purged, width: number): string {
  return [
    '',
    'Made from such records before, and NOT deleted by this command:',
    '',
    formatDerivations(derived, width),
    '',
    'Delete the files where you no longer want them, and train policies again without them.',
  ].join('\n')
}

/** Throws `COMMAND_INVALID` unless exactly one of the three is named. */
function purgeOf(flags: Flags): TelemetryPurge {
  const tenant = textFlag(flags, 'tenant')
  const before = instantFlag(flags, 'before')
  const named = [isFlagSet(flags, 'all'), tenant !== undefined, before !== undefined].filter(Boolean)
  if (named.length !== 1) throw usageError('Give one of --all, --tenant NAME or --before DATE')
  if (tenant !== undefined) return { kind: 'tenant', tenant }
  return before === undefined ? { kind: 'all' } : { kind: 'before', before }
}
