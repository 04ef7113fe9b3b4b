import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { type FlagTable, requiredFlag, textFlag } from '../flags.ts'
import { formatCredits } from '../format-credits.ts'
import { idempotencyKey, KEY_FLAG, NODE_FLAGS, useMarket } from '../market-control.ts'
import { nanosFlag, requiredNanos } from '../market-flags.ts'
import { textOf } from '../registered-policies.ts'

const FLAGS: FlagTable = {
  account: { value: 'DID', describe: 'whose credits: the DID of an escrow key' },
  amount: { value: 'N', describe: 'how many, such as 1.5; 9 decimals at most' },
  currency: { value: 'C', describe: 'a code such as USD, then of this node as the issuer; or CODE@DID' },
  ...KEY_FLAG,
  reference: { value: 'R', describe: 'name of the payment outside; default: the idempotency key' },
  ...NODE_FLAGS,
}

/** The issuer gives credits. */
export const ledgerIssueCommand: Command = {
  name: 'ledger issue',
  summary: 'give credits to an account, as their issuer',
  synopsis: '--account DID --amount N --currency C --idempotency-key K',
  flags: {
    ...FLAGS,
    cap: {
      value: 'N',
      describe: 'how many credits there may be at most, signed with the first issue (default 1000000)',
    },
    unconfirmed: { describe: 'the payment outside is not confirmed: the credits cannot be spent until it is' },
  },
  details: [
    'Credits are a claim on the issuer and not money: whoever issues them answers for them. The escrow key of this node signs as the issuer. The first issue of a currency publishes its cap; further ones never pass it.',
    'An idempotency key is remembered for the last 32,768 requests of this node to issue and redeem, and for as long as the notary set remembers transfers (a week, unless governance has set another `retention.idempotencyMs`); after both it is a new request.',
  ],
  examples: [
    'kernell ledger issue --account did:key:z6Mk... --amount 1.5 --currency USD --idempotency-key first-deposit',
  ],
  run: async (context) => await move(context, 'issue'),
}

/** An owner gives credits back. */
export const ledgerRedeemCommand: Command = {
  name: 'ledger redeem',
  summary: 'give credits back to their issuer',
  synopsis: '--account DID --amount N --currency C --idempotency-key K',
  flags: FLAGS,
  details: [
    'The account must be that of this node: its escrow key signs. What the issuer pays for the credits is agreed outside; the reference names that payment.',
    'An idempotency key is remembered for the last 32,768 requests of this node to issue and redeem, and for as long as the notary set remembers transfers (a week, unless governance has set another `retention.idempotencyMs`); after both it is a new request.',
  ],
  examples: [
    'kernell ledger redeem --account did:key:z6Mk... --amount 1 --currency USD@did:key:z6Mk... --idempotency-key r1',
  ],
  run: async (context) => await move(context, 'redeem'),
}

async function move(context: CommandContext, op: 'issue' | 'redeem'): Promise<ExitCode> {
  const { flags, terminal, isJson } = context
  const request = {
    op,
    account: requiredFlag(flags, 'account'),
    nanos: requiredNanos(flags, 'amount'),
    currency: requiredFlag(flags, 'currency'),
    key: idempotencyKey(context),
    reference: textFlag(flags, 'reference'),
    capNanos: op === 'issue' ? nanosFlag(flags, 'cap') : undefined,
    isUnconfirmed: flags['unconfirmed'] === true ? true : undefined,
  }
  const answer = await useMarket(context, async ({ ask }) => await ask(request))
  if (isJson) terminal.printJson(answer)
  else terminal.print(describe(answer, op))
  return EXIT_CODES.done
}

function describe(answer: JsonValue, op: 'issue' | 'redeem'): string {
  const credits = formatCredits(textOf(answer, 'amountNanos'), textOf(answer, 'currency'))
  const repeated = textOf(answer, 'status') === 'exists' ? ', done before' : ''
  return `${op === 'issue' ? 'Issued' : 'Redeemed'} ${credits}${repeated}\ntransfer  ${textOf(answer, 'transferId')}`
}
