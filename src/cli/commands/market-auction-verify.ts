import { resolve } from 'node:path'
import { type AuctionVerification, verifyAuction } from '../../node/market/verify-auction.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag, usageError } from '../flags.ts'
import { formatCredits } from '../format-credits.ts'

/** Computes the outcome of an auction again. */
export const marketAuctionVerifyCommand: Command = {
  name: 'market auction verify',
  summary: 'compute the winner and the price of an auction again from its transcript',
  synopsis: 'FILE',
  positionalsMax: 1,
  flags: {
    receipts: { value: 'FILE', describe: 'receipts that bidders hold: what is missing from the transcript is proved' },
  },
  details: [
    'Needs nothing but the transcript: no node, no key, no network. The order in which bids came plays no part. Exit 1 when the transcript breaks a rule or names another winner or price.',
  ],
  examples: [
    'kernell market auction verify transcript.json',
    'kernell market auction verify transcript.json --receipts mine.json --json',
  ],
  async run({ positionals, flags, terminal, isJson, workingDir }) {
    const [file] = positionals
    if (file === undefined) throw usageError('Name the file of the transcript')
    const receipts = textFlag(flags, 'receipts')
    const verification = await verifyAuction({
      path: resolve(workingDir, file),
      ...(receipts !== undefined && { receipts: resolve(workingDir, receipts) }),
    })
    if (isJson) terminal.printJson(verification)
    else terminal.print(format(verification))
    return verification.ok ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

function format({ ok, winner, clearingNanos, currency, bids, problems }: AuctionVerification): string {
  return [
    ok ? 'The transcript is right' : 'The transcript is NOT right',
    `winner  ${winner ?? 'nobody'}`,
    ...(clearingNanos === null ? [] : [`price   ${formatCredits(clearingNanos, currency)}`]),
    ...bids.map(({ bidder, status }) => `  ${status.padEnd(11)} ${bidder}`),
    ...problems.map(({ code, bidder, cause }) => `${code}${bidder === null ? '' : ` (${bidder})`}: ${cause}`),
  ].join('\n')
}
