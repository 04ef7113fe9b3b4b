import type { JsonValue } from '../../base/canonical-json.ts'
import { formatCsvLine } from '../../node/usage/format-csv.ts'
import { USAGE_SUMS } from '../../node/usage/usage-table.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { choiceFlag, type FlagTable, textFlag } from '../flags.ts'
import { formatUsage } from '../format-access.ts'
import { RECORD_FLAGS } from '../record-flags.ts'
import { listOf, membersOf, textsOf } from '../registered-policies.ts'
import { askAccess } from './access-entries.ts'

const FLAGS: FlagTable = {
  by: {
    value: 'NAMES',
    describe:
      'what it is told apart by, up to four with commas: organisation, tenant, team, key, model, provider, route, tier, kind, month, day, hour',
  },
  ...RECORD_FLAGS,
  organisation: { value: 'ID', describe: 'only tasks of this organisation' },
  team: { value: 'ID', describe: 'only tasks of this team' },
  key: { value: 'ID', describe: 'only tasks of this key' },
  model: { value: 'ID', describe: 'only tasks that this model answered' },
  kind: { value: 'KIND', describe: 'task or embedding; both where neither is named' },
  format: { value: 'FORMAT', describe: 'table (the default), csv or json' },
}

export const usageCommand: Command = {
  name: 'usage',
  summary: 'add up what tasks took and cost, by tenant, team, key, model, day and more',
  synopsis: '[--by NAMES]',
  flags: FLAGS,
  details: [
    'It is counted with the records that the node keeps (`telemetry.consent`), and stays when these are gone: by hour for 35 days with requests, by day for `telemetry.usageDays`. Of an hour that `--from` or `--to` cuts, records tell what lies on which side, as far as they go back. What was saved is estimated: what one call of the premium model each would have cost, less what was paid; `kernell data savings` estimates from exploration.',
  ],
  examples: [
    'kernell usage --by tenant,day --from 2030-01-01',
    'kernell usage --by key,model --tenant acme --format csv',
  ],
  async run(context) {
    const { flags, isJson, terminal } = context
    const format = choiceFlag(flags, 'format', ['table', 'csv', 'json']) ?? 'table'
    const asked = ['by', 'from', 'to', 'tenant', 'organisation', 'team', 'key', 'model', 'kind'].flatMap((name) => {
      const value = textFlag(flags, name)
      return value === undefined ? [] : [[name, value] as const]
    })
    // Who asks is not written down; `by` says what it is told apart by.
    const answer = await askAccess(context, { by: '', ...Object.fromEntries(asked), op: 'usage' })
    if (isJson || format === 'json') terminal.printJson(answer)
    else if (format === 'csv') terminal.print(csvOf(answer).trimEnd())
    else terminal.print(formatUsage(answer, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

function csvOf(answer: JsonValue): string {
  const columns = [...textsOf(answer, 'by'), ...USAGE_SUMS]
  const rows = listOf(answer, 'data').map((row) => columns.map((name) => membersOf(row)[name]))
  return [columns, ...rows].map((cells) => formatCsvLine(cells)).join('')
}
