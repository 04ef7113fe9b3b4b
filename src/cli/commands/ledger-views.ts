import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag, usageError } from '../flags.ts'
import { formatCredits, formatNanos } from '../format-credits.ts'
import { formatTable } from '../format-table.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { listOf, membersOf, textOf } from '../registered-policies.ts'

/** Accounts of one currency. */
export const ledgerListCommand: Command = {
  name: 'ledger list',
  summary: 'show accounts and balances of the ledger, whose sum is 0',
  synopsis: '[--currency C] [--owner DID]',
  flags: {
    currency: { value: 'C', describe: 'CODE@DID, or a code that only one currency has; default: the first one' },
    owner: { value: 'DID', describe: 'accounts of this owner alone' },
    ...NODE_FLAGS,
  },
  examples: ['kernell ledger list', 'kernell ledger list --currency USD@did:key:z6Mk... --json'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const request = { op: 'accounts', owner: textFlag(flags, 'owner') }
    const ledgers = listOf(await useMarket(context, async ({ ask }) => await ask(request)), 'ledgers')
    const chosen = choose(ledgers, textFlag(flags, 'currency'))
    if (isJson) terminal.printJson(chosen ?? { currency: null, accounts: [], sumNanos: '0', head: null })
    else if (chosen === undefined) terminal.print('No currency is registered yet: `kernell ledger issue` does that')
    else {
      const others = ledgers.length - 1
      terminal.print(describeAccounts(chosen, terminal.cutWidth))
      if (others > 0) terminal.note(`${others} more: name one with --currency`)
    }
    return EXIT_CODES.done
  },
}

function choose(ledgers: readonly JsonValue[], name: string | undefined): JsonValue | undefined {
  if (name === undefined) return ledgers[0]
  const fitting = ledgers.filter((ledger) => {
    const currency = textOf(ledger, 'currency')
    return currency === name || currency.startsWith(`${name}@`)
  })
  if (fitting.length === 1) return fitting[0]
  const known = ledgers.map((ledger) => textOf(ledger, 'currency'))
  throw usageError(
    fitting.length === 0 ? `No currency ${name} is known` : `Several currencies are called ${name}: add their issuer`,
    { currencies: known },
  )
}

function describeAccounts(ledger: JsonValue, width: number): string {
  const currency = textOf(ledger, 'currency')
  const rows = listOf(ledger, 'accounts').map((account) => [
    textOf(account, 'owner'),
    textOf(account, 'kind'),
    formatNanos(textOf(account, 'balanceNanos')),
    formatNanos(textOf(account, 'heldNanos')),
  ])
  const head = membersOf(ledger)['head']
  return [
    `${currency.split('@')[0]} credits of ${currency.split('@')[1] ?? ''}`,
    formatTable(
      [
        { heading: 'owner', isFlexible: true },
        { heading: 'account' },
        { heading: 'balance', align: 'right' },
        { heading: 'of it held', align: 'right' },
      ],
      rows,
      width,
    ),
    `sum   ${formatNanos(textOf(ledger, 'sumNanos'))}`,
    `head  ${textOf(head, 'hash') || 'none yet'}`,
  ].join('\n')
}

/** Transfers that the ledger remembers. */
export const ledgerTransfersCommand: Command = {
  name: 'ledger transfers',
  summary: 'show transfers of the ledger, of one contract where one is named',
  synopsis: '[--contract ID]',
  flags: { contract: { value: 'ID', describe: 'those of this contract alone' }, ...NODE_FLAGS },
  examples: ['kernell ledger transfers', 'kernell ledger transfers --contract 5f0c... --json'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const request = { op: 'transfers', contract: textFlag(flags, 'contract') }
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    if (isJson) terminal.printJson(answer)
    else terminal.print(listOf(answer, 'transfers').map(describeTransfer).join('\n') || 'No transfer yet')
    return EXIT_CODES.done
  },
}

function describeTransfer(transfer: JsonValue): string {
  const [, , currency = ''] = textOf(transfer, 'debit').split('/')
  const amount = textOf(transfer, 'amountNanos')
  const ends = [textOf(transfer, 'debit').split('/'), textOf(transfer, 'credit').split('/')]
  const [from, to] = ends.map(([owner = '', kind = '']) => (owner === '' ? '' : `${owner} ${kind}`))
  return [
    `${textOf(transfer, 'id')}  ${textOf(transfer, 'kind')} ${textOf(transfer, 'status')}`,
    ...(amount === '' ? [] : [`  ${formatCredits(amount, currency)}`]),
    ...(from === '' ? [] : [`  from ${from}`, `  to   ${to}`]),
  ].join('\n')
}
