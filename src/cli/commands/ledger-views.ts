import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { type FlagTable, numberFlag, textFlag, usageError } from '../flags.ts'
import { formatCredits, formatNanos } from '../../base/format-credits.ts'
import { formatTable } from '../format-table.ts'
import { type MarketControl, NODE_FLAGS, useMarket } from '../market-control.ts'
import { listOf, membersOf, textOf, textsOf } from '../registered-policies.ts'

const PAGE_FLAGS: FlagTable = {
  limit: { value: 'N', describe: 'lines at most, 1 to 1000; default 1000' },
  after: { value: 'NEXT', describe: '`next` of the page before' },
}

/** Accounts of one currency. */
export const ledgerListCommand: Command = {
  name: 'ledger list',
  summary: 'show accounts and balances of the ledger, whose sum is 0',
  synopsis: '[--currency C] [--owner DID]',
  flags: {
    currency: {
      value: 'C',
      describe: 'CODE@DID, or a code that only one currency has; default: the only one there is',
    },
    owner: { value: 'DID', describe: 'accounts of this owner alone' },
    ...PAGE_FLAGS,
    ...NODE_FLAGS,
  },
  details: [
    'Shows a page of accounts; `next`, where there is one, names the following page. The sum is that of the accounts that are shown, and 0 where those are all of the currency.',
  ],
  examples: ['kernell ledger list', 'kernell ledger list --currency USD@did:key:z6Mk... --json'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const shown = await useMarket(context, async ({ ask }) => {
      const currency = await chooseCurrency(ask, textFlag(flags, 'currency'))
      return currency === undefined ? undefined : await pageOf(ask, context, currency)
    })
    if (isJson) terminal.printJson(shown ?? { currency: null, accounts: [], sumNanos: '0', head: null, next: null })
    else if (shown === undefined) terminal.print('No currency is registered yet: `kernell ledger issue` does that')
    else {
      terminal.print(describeAccounts(shown, terminal.cutWidth))
      const next = textOf(shown, 'next')
      if (next !== '') terminal.note(`There are more: --after ${next}`)
    }
    return EXIT_CODES.done
  },
}

type Ask = MarketControl['ask']

async function chooseCurrency(ask: Ask, name: string | undefined): Promise<string | undefined> {
  if (name?.includes('@') === true) return name
  const listed = await currenciesOf(ask, { code: name, isListed: true })
  const found = listed.length > 0 ? listed : await currenciesOf(ask, { code: name })
  const [only] = found
  if (found.length === 1 || (only === undefined && name === undefined)) return only
  throw usageError(
    only === undefined ? `No currency ${name ?? ''} is known` : 'There are several currencies: name one as CODE@DID',
    { currencies: found },
  )
}

/** Two where there are more. */
async function currenciesOf(
  ask: Ask,
  query: { readonly code: string | undefined; readonly isListed?: boolean },
): Promise<readonly string[]> {
  const found: string[] = []
  for (let after: string | undefined; found.length < 2;) {
    const page: JsonValue = await ask({ op: 'currencies', ...query, after })
    found.push(...textsOf(page, 'currencies'))
    after = textOf(page, 'next')
    if (after === '') break
  }
  return found
}

/** As many accounts as were asked for: a page of the notary may be shorter. */
async function pageOf(ask: Ask, { flags }: CommandContext, currency: string): Promise<JsonValue> {
  const limit = numberFlag(flags, 'limit', { min: 1, max: 1_000, isWhole: true }) ?? 1_000
  const accounts: JsonValue[] = []
  let head: JsonValue | undefined
  let next = textFlag(flags, 'after') ?? ''
  do {
    const left = limit - accounts.length
    const request = { op: 'accounts', currency, owner: textFlag(flags, 'owner'), limit: left }
    const page: JsonValue = await ask({ ...request, ...(next !== '' && { after: next }) })
    for (const ledger of listOf(page, 'ledgers')) {
      accounts.push(...listOf(ledger, 'accounts'))
      head ??= membersOf(ledger)['head']
    }
    next = textOf(page, 'next')
  } while (next !== '' && accounts.length < limit)
  const sum = accounts.reduce<bigint>((before, account) => before + BigInt(textOf(account, 'balanceNanos')), 0n)
  return { currency, accounts, sumNanos: String(sum), head: head ?? null, next: next === '' ? null : next }
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

/** All accounts of one owner. */
export const ledgerShowCommand: Command = {
  name: 'ledger show',
  summary: 'show the accounts of one owner, in all currencies',
  synopsis: '[--account DID]',
  flags: {
    account: { value: 'DID', describe: 'whose accounts: the DID of an escrow key; default: of this node' },
    ...PAGE_FLAGS,
    ...NODE_FLAGS,
  },
  details: [
    'Where another key signs for the owner by now, that one is named. What moved is in `kernell ledger transfers --owner DID`.',
  ],
  examples: ['kernell ledger show', 'kernell ledger show --account did:key:z6Mk... --json'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const shown = await useMarket(context, async ({ ask }) => {
      const named = await ask({ op: 'account', account: textFlag(flags, 'account') })
      const owner = textOf(named, 'account')
      return { owner, authority: textOf(named, 'authority'), ...(await accountsOf(ask, context, owner)) }
    })
    if (isJson) terminal.printJson(shown)
    else {
      terminal.print(describeOwner(shown, terminal.cutWidth))
      if (shown.next !== null) terminal.note(`There are more: --after ${shown.next}`)
    }
    return EXIT_CODES.done
  },
}

type OwnedAccounts = { readonly accounts: readonly JsonValue[]; readonly head: JsonValue; readonly next: string | null }

/** As many accounts as were asked for, each with its currency. */
async function accountsOf(ask: Ask, { flags }: CommandContext, owner: string): Promise<OwnedAccounts> {
  const limit = numberFlag(flags, 'limit', { min: 1, max: 1_000, isWhole: true }) ?? 1_000
  const accounts: JsonValue[] = []
  let head: JsonValue = null
  let next = textFlag(flags, 'after') ?? ''
  do {
    const page: JsonValue = await ask({
      op: 'accounts',
      owner,
      limit: limit - accounts.length,
      ...(next !== '' && { after: next }),
    })
    for (const ledger of listOf(page, 'ledgers')) {
      const currency = textOf(ledger, 'currency')
      accounts.push(...listOf(ledger, 'accounts').map((account) => ({ ...membersOf(account), currency })))
      head ??= membersOf(ledger)['head'] ?? null
    }
    next = textOf(page, 'next')
  } while (next !== '' && accounts.length < limit)
  return { accounts, head, next: next === '' ? null : next }
}

function describeOwner(
  { owner, authority, accounts }: OwnedAccounts & { readonly owner: string; readonly authority: string },
  width: number,
): string {
  const rows = accounts.map((account) => [
    textOf(account, 'kind'),
    formatCredits(textOf(account, 'balanceNanos'), textOf(account, 'currency')),
    formatNanos(textOf(account, 'heldNanos')),
  ])
  const columns = [{ heading: 'account' }, { heading: 'balance' }, { heading: 'of it held', align: 'right' }] as const
  return [
    `owner   ${owner}`,
    ...(authority === owner ? [] : [`signer  ${authority}`]),
    rows.length === 0 ? 'No account yet' : formatTable(columns, rows, width),
  ].join('\n')
}

/** Transfers that the ledger remembers. */
export const ledgerTransfersCommand: Command = {
  name: 'ledger transfers',
  summary: 'show transfers of the ledger, of one contract where one is named',
  synopsis: '[--contract ID | --owner DID]',
  flags: {
    contract: { value: 'ID', describe: 'those of this contract alone' },
    owner: { value: 'DID', describe: 'those of this owner alone' },
    ...PAGE_FLAGS,
    ...NODE_FLAGS,
  },
  details: ['Shows a page: open holds first, then the newest first. A page may be short, and still name a `next` one.'],
  examples: ['kernell ledger transfers', 'kernell ledger transfers --contract 5f0c... --json'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const limit = numberFlag(flags, 'limit', { min: 1, max: 1_000, isWhole: true })
    const named = { contract: textFlag(flags, 'contract'), owner: textFlag(flags, 'owner') }
    const request = { op: 'transfers', ...named, after: textFlag(flags, 'after'), limit }
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    if (isJson) terminal.printJson(answer)
    else {
      terminal.print(listOf(answer, 'transfers').map(describeTransfer).join('\n') || 'No transfer here')
      const next = textOf(answer, 'next')
      if (next !== '') terminal.note(`There are more: --after ${next}`)
    }
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
