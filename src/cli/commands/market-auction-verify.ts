import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type AuctionVerification, verifyAuction } from '../../node/market/copies/verify-auction.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag, usageError } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'

/** Computes the outcome of an auction again. */
export const marketAuctionVerifyCommand: Command = {
  name: 'market auction verify',
  summary: 'compute the winner and the price of an auction again from its transcript',
  synopsis: 'ID|FILE',
  positionalsMax: 1,
  flags: {
    receipts: { value: 'FILE', describe: 'receipts that bidders hold: what is missing from the transcript is proved' },
    books: {
      value: 'PATH',
      describe:
        "a copy of the notary set's books, as `kernell ledger verify` takes it: each bid must have its deposit there",
    },
    ...NODE_FLAGS,
  },
  details: [
    'ID is that of an auction or a transcript of the running node, which hands it out and has no part in the check. Of a FILE, nothing but the transcript is needed: no node, no key, no network. The order in which bids came plays no part. Exit 1 when the transcript breaks a rule or names another winner or price, or lists a bid that its bidder has not signed.',
    'Not proved: that two bidders are two persons; without --books that deposits were held; without a receipt of the bidder that no bid is left out, and without the signed list that none was added later.',
  ],
  examples: [
    'kernell market auction verify transcript.json',
    'kernell market auction verify 9ad1...',
    'kernell market auction verify transcript.json --receipts mine.json --json',
    'kernell market auction verify transcript.json --books books.jsonl',
  ],
  async run(context) {
    const { positionals, flags, terminal, isJson, workingDir } = context
    const [named] = positionals
    if (named === undefined) throw usageError('Name the transcript: its file, or its 64 digits')
    const path = resolve(workingDir, named)
    const [receipts, books] = [textFlag(flags, 'receipts'), textFlag(flags, 'books')]
    const isId = /^[0-9a-f]{64}$/.test(named) && !existsSync(path)
    const transcript = isId
      ? await useMarket(context, async ({ ask }) => await ask({ op: 'auction', auction: named }))
      : undefined
    const verification = await verifyAuction({
      path,
      transcript,
      ...(receipts !== undefined && { receipts: resolve(workingDir, receipts) }),
      ...(books !== undefined && { books: resolve(workingDir, books) }),
    })
    if (isJson) terminal.printJson(verification)
    else terminal.print(format(verification))
    return verification.ok ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

function format(verified: AuctionVerification): string {
  const { ok, signedBy, receipts, deposits, winner, clearingNanos, currency, bids, problems } = verified
  return [
    ok ? 'The transcript is right' : 'The transcript is NOT right',
    `winner  ${winner ?? 'nobody'}`,
    ...(clearingNanos === null ? [] : [`price   ${formatCredits(clearingNanos, currency)}`]),
    ...(signedBy === null ? [] : [`signed  ${signedBy}, held against ${receipts} of its receipts`]),
    ...(deposits === null ? [] : [`held    ${deposits.held} of ${deposits.listed} deposits, by the books`]),
    ...bids.map(({ bidder, status }) => `  ${status.padEnd(11)} ${bidder}`),
    ...problems.map(({ code, bidder, cause }) => `${code}${bidder === null ? '' : ` (${bidder})`}: ${cause}`),
  ].join('\n')
}
