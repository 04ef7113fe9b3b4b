import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { type FlagTable, requiredFlag, textFlag, usageError } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { idempotencyKey, KEY_FLAG, NODE_FLAGS, subjectOf, useMarket } from '../market-control.ts'
import { nanosFlag, requiredNanos } from '../market-flags.ts'
import { membersOf, textOf } from '../registered-policies.ts'

const FLAGS: FlagTable = {
  account: { value: 'DID', describe: 'whose credits: the DID of an escrow key' },
  amount: { value: 'N', describe: 'how many, such as 1.5; 9 decimals at most' },
  currency: { value: 'C', describe: 'a code such as USD, then of this node as the issuer; or CODE@DID' },
  ...KEY_FLAG,
  reference: { value: 'R', describe: 'name of the payment outside; default: the idempotency key' },
  ...NODE_FLAGS,
}

const REMEMBERED =
  'An idempotency key is remembered for the last 32,768 requests of this node to issue, confirm, reject and redeem, and for as long as the notary set remembers transfers (a week, unless governance has set another `retention.idempotencyMs`); after both it is a new request.'

/** The issuer gives credits. */
export const ledgerIssueCommand: Command = {
  name: 'ledger issue',
  summary: 'give credits to an account, as their issuer',
  synopsis: '--account DID --amount N --currency C --idempotency-key K',
  flags: {
    ...FLAGS,
    cap: {
      value: 'N',
      describe:
        'how many credits of the currency there may be at most; a later one takes the place of the one before (default: that one, and 1000000 with the first issue)',
    },
    unconfirmed: {
      describe:
        'the payment outside is not confirmed: nobody spends the credits before `ledger confirm`, and `ledger reject` takes them back',
    },
  },
  details: [
    'Credits are a claim on the issuer and not money: whoever issues them answers for them. The escrow key of this node signs as the issuer. The first issue of a currency publishes its cap. A later --cap changes it, up or down to what you owe; without one it stays, and no issue passes the cap that holds.',
    REMEMBERED,
  ],
  examples: [
    'kernell ledger issue --account did:key:z6Mk... --amount 1.5 --currency USD --idempotency-key first-deposit',
  ],
  run: async (context) => await move(context, 'issue'),
}

/** The payment behind an issue came. */
export const ledgerConfirmCommand: Command = reconcileCommand({
  word: 'confirm',
  outcome: 'confirmed',
  summary: 'say that the payment of an unconfirmed issue came: its credits can be spent',
})

/** The payment behind an issue did not come. */
export const ledgerRejectCommand: Command = reconcileCommand({
  word: 'reject',
  outcome: 'reversed',
  summary: 'say that the payment of an unconfirmed issue did not come: its credits go back',
})

type ReconcileInit = {
  readonly word: 'confirm' | 'reject'
  readonly outcome: 'confirmed' | 'reversed'
  readonly summary: string
}

function reconcileCommand({ word, outcome, summary }: ReconcileInit): Command {
  return {
    name: `ledger ${word}`,
    summary,
    synopsis: 'TRANSFER --idempotency-key K',
    positionalsMax: 1,
    flags: { ...KEY_FLAG, ...NODE_FLAGS },
    details: [
      'TRANSFER is what `kernell ledger issue --unconfirmed` printed; the same issue again with its key prints it again. The escrow key of this node signs as the issuer. Each issue is confirmed or rejected once, and nothing takes that back.',
      REMEMBERED,
    ],
    examples: [`kernell ledger ${word} 018f98533a7b51d15fd05e42c99f6e1b --idempotency-key ${word}-1`],
    run: async (context) => await reconcile(context, outcome),
  }
}

async function reconcile(context: CommandContext, outcome: ReconcileInit['outcome']): Promise<ExitCode> {
  const { terminal, isJson } = context
  const transfer = subjectOf(context, 'the transfer of the issue: its 32 digits')
  if (!/^[0-9a-f]{32}$/.test(transfer)) throw usageError('A transfer is named by 32 hexadecimal digits')
  const request = { op: 'reconcile', transfer, outcome, key: idempotencyKey(context) }
  const answer = await useMarket(context, async ({ ask }) => await ask(request))
  if (isJson) terminal.printJson(answer)
  else terminal.print(describeReconciled(answer, outcome))
  return EXIT_CODES.done
}

function describeReconciled(answer: JsonValue, outcome: ReconcileInit['outcome']): string {
  const [done, what] =
    outcome === 'confirmed'
      ? ['Confirmed', 'their owner can spend them']
      : ['Rejected', 'they are gone, and the issuer owes nothing for them']
  return `${done} the credits of transfer ${textOf(answer, 'issue')}${repeatedOf(answer)}: ${what}`
}

/** An owner gives credits back. */
export const ledgerRedeemCommand: Command = {
  name: 'ledger redeem',
  summary: 'give credits back to their issuer',
  synopsis: '--account DID --amount N --currency C --idempotency-key K',
  flags: FLAGS,
  details: [
    'The account must be that of this node: its escrow key signs. What the issuer pays for the credits is agreed outside; the reference names that payment.',
    REMEMBERED,
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
  const transfer = textOf(answer, 'transferId')
  const command = (word: string): string => `\`kernell ledger ${word} ${transfer} --idempotency-key K\``
  return [
    `${op === 'issue' ? 'Issued' : 'Redeemed'} ${credits}${repeatedOf(answer)}`,
    `transfer  ${transfer}`,
    ...(membersOf(answer)['isConfirmed'] === false
      ? [`unconfirmed: nobody can spend them before ${command('confirm')}; ${command('reject')} takes them back`]
      : []),
  ].join('\n')
}

function repeatedOf(answer: JsonValue): string {
  return textOf(answer, 'status') === 'exists' ? ', done before' : ''
}
