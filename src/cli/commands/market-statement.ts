import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command } from '../command.ts'
import { FORCE_FLAG, outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag, usageError } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { instantFlag, jsonFlag } from '../market-flags.ts'
import { saveArtefact } from '../read-data-files.ts'
import { membersOf, textOf } from '../registered-policies.ts'

/** What a period came to. */
export const marketStatementCommand: Command = {
  name: 'market statement',
  summary: 'write what this node used, received and paid in a period, as CSV',
  synopsis: '--from DATE --to DATE [--prices FILE] --output F.csv',
  flags: {
    from: { value: 'DATE', describe: 'beginning, such as 2026-11-01; dates are in UTC' },
    to: { value: 'DATE', describe: 'end, which is not part of it' },
    currency: { value: 'C', describe: 'CODE@DID, or a code that one issuer alone has; default: the only one there is' },
    prices: {
      value: 'FILE',
      describe: 'what usage is rated by, such as {"bytes.in": "0.000001"}; default: what was agreed for each task',
    },
    output: { value: 'F.csv', describe: 'where to write it' },
    force: FORCE_FLAG,
    ...NODE_FLAGS,
  },
  details: [
    'Usage is what sellers count and sign while they work: task, bytes.in, bytes.out, milliseconds, and units of their agents. FILE gives credits for one of a unit, or {"credits": "0.5", "per": "1000"}; a unit without a price is listed and costs nothing.',
    'Sums of money are those of the ledger, nano by nano; the escrow key signs them with the hash of the file. Credits are a claim on their issuer.',
    'It is of all keys of this node: those before, accounts that they took over, and that of its notary. What moves between them is neither received nor paid.',
  ],
  examples: ['kernell market statement --from 2026-11-01 --to 2026-12-01 --output november.csv'],
  async run(context) {
    const { flags, terminal, isJson, workingDir } = context
    const [from, to] = [instantFlag(flags, 'from'), instantFlag(flags, 'to')]
    if (from === undefined || to === undefined) throw usageError('Name the period with --from and --to')
    const file = outputFlag(flags, 'output', workingDir)
    const prices = jsonFlag(context, 'prices')
    const question = { op: 'statement', from, to, currency: textFlag(flags, 'currency') }
    const request = { ...question, ...(prices !== undefined && { prices: JSON.parse(prices) as JsonValue }) }
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    saveArtefact(file, textOf(answer, 'csv'), workingDir)
    const { csv: _, ...shown } = membersOf(answer)
    if (isJson) terminal.printJson({ ...shown, file })
    else {
      const currency = textOf(answer, 'currency')
      const total = membersOf(answer)['total']
      terminal.print(
        [
          `Wrote ${file}`,
          `rated     ${formatCredits(textOf(total, 'ratedNanos'), currency)}`,
          `received  ${formatCredits(textOf(total, 'receivedNanos'), currency)}`,
          `paid      ${formatCredits(textOf(total, 'paidNanos'), currency)}`,
        ].join('\n'),
      )
    }
    return EXIT_CODES.done
  },
}
