import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command } from '../command.ts'
import { outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { numberFlag, textFlag, usageError } from '../flags.ts'
import { formatCredits, formatNanos } from '../format-credits.ts'
import { formatTable } from '../format-table.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { saveArtefact } from '../read-data-files.ts'
import { listOf, membersOf, numberOf, textOf, textsOf } from '../registered-policies.ts'
import { exportBooks } from '../../node/market/export-books.ts'

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

/** Proof that an entry is in the journal. */
export const ledgerProveCommand: Command = {
  name: 'ledger prove',
  summary: 'prove that an entry is in the journal of the notary',
  synopsis: '--entry N [--output FILE]',
  flags: {
    entry: { value: 'N', describe: 'position in the journal, from 0' },
    output: { value: 'FILE', describe: 'where to write the proof; default: it is shown' },
    force: { describe: 'replace a file that is there' },
    ...NODE_FLAGS,
  },
  details: [
    'The proof is a path of hashes (RFC 6962) from the entry to a root; beside a checkpoint with that root it is evidence.',
  ],
  examples: ['kernell ledger prove --entry 12 --output proof.json'],
  async run(context) {
    const { flags, terminal, isJson, workingDir } = context
    const entry = numberFlag(flags, 'entry', { min: 0, max: Number.MAX_SAFE_INTEGER, isWhole: true })
    if (entry === undefined) throw usageError('--entry is missing')
    const path = textFlag(flags, 'output') === undefined ? undefined : outputFlag(flags, 'output', workingDir)
    const proof = await useMarket(context, async ({ ask }) => await ask({ op: 'prove', entry }))
    if (path !== undefined) saveArtefact(path, `${JSON.stringify(proof)}\n`, workingDir)
    if (isJson) terminal.printJson(proof)
    else
      terminal.print(
        [
          `entry ${entry} of ${numberOf(proof, 'entries') ?? 0}`,
          `hash  ${textOf(proof, 'entryHash')}`,
          `root  ${textOf(proof, 'root')}`,
          ...textsOf(proof, 'proof').map((hash) => `      ${hash}`),
          ...(path === undefined ? [] : [`Wrote ${path}`]),
        ].join('\n'),
      )
    return EXIT_CODES.done
  },
}

/** A copy of the books that anybody can verify. */
export const ledgerExportCommand: Command = {
  name: 'ledger export',
  summary: 'write the books of this notary to a file that anybody can verify',
  synopsis: '--output F.jsonl',
  flags: {
    output: { value: 'F.jsonl', describe: 'where to write it' },
    force: { describe: 'replace a file that is there' },
  },
  details: ['Reads the data directory of a notary, which may be running; `kernell ledger verify` checks the copy.'],
  examples: ['kernell ledger export --output books.jsonl --data-dir /srv/notary'],
  async run({ flags, terminal, isJson, workingDir, loadConfig, signal }) {
    const file = outputFlag(flags, 'output', workingDir)
    const written = await exportBooks({ dataDir: loadConfig().dataDir, file, signal })
    if (isJson) terminal.printJson(written)
    else terminal.print(`Wrote ${file}, ${written.lines} lines`)
    return EXIT_CODES.done
  },
}
