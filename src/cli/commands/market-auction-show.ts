import { resolve } from 'node:path'
import { writeFileSync } from 'node:fs'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag, usageError } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'

/** The public record of an auction. */
export const marketAuctionShowCommand: Command = {
  name: 'market auction show',
  summary: 'show an auction of this node: bids, winner, price',
  synopsis: 'ID',
  positionalsMax: 1,
  flags: {
    output: {
      value: 'FILE',
      describe: 'also write transcript and what the auctioneer signed, which `kernell market auction verify` checks',
    },
    ...NODE_FLAGS,
  },
  details: [
    'A bidder holds it against the receipts that it has of its own bids, and in an open auction of the others: what is left out is named, and the file proves it to anybody. Exit 1 then.',
  ],
  examples: ['kernell market auction show 5f0c... --output transcript.json'],
  async run(context) {
    const { positionals, terminal, isJson, flags, workingDir } = context
    const [auction] = positionals
    if (auction === undefined) throw usageError('Name the auction: `auction` of what `kernell market buy` printed')
    const record = await useMarket(context, async ({ ask }) => await ask({ op: 'auction', auction }))
    const { verifyAuction } = await import('../../node/market/copies/verify-auction.ts')
    const judged = await verifyAuction({ path: auction, transcript: record })
    const output = textFlag(flags, 'output')
    if (output !== undefined) writeFileSync(resolve(workingDir, output), `${JSON.stringify(record)}\n`)
    if (isJson) terminal.printJson(judged)
    else {
      const price =
        judged.clearingNanos === null ? [] : [`price   ${formatCredits(judged.clearingNanos, judged.currency)}`]
      const problems = judged.problems.map(({ code, cause }) => `${code}: ${cause}`)
      const bids = judged.bids.map(({ bidder, status }) => `  ${status.padEnd(11)} ${bidder}`)
      terminal.print([`winner  ${judged.winner ?? 'nobody'}`, ...price, ...bids, ...problems].join('\n'))
    }
    return judged.ok ? EXIT_CODES.done : EXIT_CODES.failed
  },
}
