import { type Json, type JsonObject, listOf, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Empty, Loaded, PageHead, Panel, Part } from '../parts/panel.tsx'
import { type Column, VirtualTable } from '../parts/virtual-table.tsx'
import { Name, Words } from '../parts/words.tsx'
import { shownCount, shownCredits, shownInstant } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'

/** Accounts, currencies and transfers, as the notary set keeps them. */
export function LedgerPage() {
  const view = useView('/v1/node/ledger', ['market', 'tick'])
  return (
    <>
      <PageHead
        title="Ledger"
        lead="Credits are a claim on whoever issued them, not money. Every nano is in one account."
      />
      <Loaded view={view}>
        {(data) => {
          const { accounts, currencies, transfers } = objectOf(data)
          return (
            <Part part={accounts}>
              {() => (
                <div class="panels">
                  <Panel title="Accounts" size="full">
                    <Part part={accounts}>{(value) => <Accounts rows={accountsOf(value)} />}</Part>
                  </Panel>
                  <Panel title="Transfers" size="full">
                    <Part part={transfers}>{(value) => <Transfers rows={rowsOf(objectOf(value)['transfers'])} />}</Part>
                  </Panel>
                  <Panel title="Currencies" size="full">
                    <Part part={currencies}>
                      {(value) => (
                        <Currencies value={value} ledgers={objectOf(objectOf(accounts)['value'])['ledgers']} />
                      )}
                    </Part>
                  </Panel>
                </div>
              )}
            </Part>
          )
        }}
      </Loaded>
    </>
  )
}

/** Of all currencies, each with the name of its own. */
function accountsOf(value: Json): readonly JsonObject[] {
  return rowsOf(objectOf(value)['ledgers']).flatMap(({ currency, accounts }) =>
    rowsOf(accounts).map((account) => ({ ...account, currency })),
  )
}

/** `KIND/OWNER/CODE@ISSUER`, or whatever it is. */
function currencyOfAccount(id: string): string {
  return /([A-Z][A-Z0-9]{1,11}@\S+)$/.exec(id)?.[1] ?? ''
}

const ACCOUNT_COLUMNS: readonly Column<JsonObject>[] = [
  { heading: 'owner', width: 'minmax(9rem, 1.2fr)', cell: (row) => <Name text={textOf(row['owner'])} most={24} /> },
  { heading: 'kind', width: '6rem', cell: (row) => <Words text={textOf(row['kind'])} most={20} /> },
  { heading: 'balance', width: 'minmax(7rem, 1fr)', isNumber: true, cell: (row) => creditsOf(row, 'balanceNanos') },
  {
    heading: 'held',
    width: 'minmax(6rem, 1fr)',
    isNumber: true,
    isExtra: true,
    cell: (row) => creditsOf(row, 'heldNanos'),
  },
  {
    heading: 'account',
    width: 'minmax(8rem, 1fr)',
    isExtra: true,
    cell: (row) => <Name text={textOf(row['id'])} most={26} />,
  },
]

function creditsOf(row: JsonObject, name: string): string {
  const nanos = row[name]
  return shownCredits(
    typeof nanos === 'string' ? nanos : undefined,
    currencyOfAccount(textOf(row['id']) || textOf(row['debit'])),
  )
}

function Accounts({ rows }: { readonly rows: readonly JsonObject[] }) {
  return (
    <VirtualTable
      label="Accounts"
      columns={ACCOUNT_COLUMNS}
      rows={rows}
      keyOf={(row) => textOf(row['id'])}
      visibleMax={10}
      empty={
        <Empty title="No account yet">
          <code>kernell ledger issue</code> makes credits, and with them the first accounts.
        </Empty>
      }
    />
  )
}

const TRANSFER_COLUMNS: readonly Column<JsonObject>[] = [
  {
    heading: 'at',
    width: 'minmax(9rem, 1fr)',
    cell: (row) => (numberOf(row['at']) === undefined ? 'open' : shownInstant(numberOf(row['at']))),
  },
  { heading: 'kind', width: '7rem', cell: (row) => <Words text={textOf(row['kind'])} most={24} /> },
  { heading: 'status', width: '6rem', isExtra: true, cell: (row) => <Words text={textOf(row['status'])} most={20} /> },
  {
    heading: 'amount',
    width: 'minmax(7rem, 1fr)',
    isNumber: true,
    cell: (row) => creditsOf(row, 'amountNanos'),
  },
  {
    heading: 'from',
    width: 'minmax(7rem, 1fr)',
    isExtra: true,
    cell: (row) => <Name text={textOf(row['debit'], '–')} most={22} />,
  },
  {
    heading: 'to',
    width: 'minmax(7rem, 1fr)',
    isExtra: true,
    cell: (row) => <Name text={textOf(row['credit'], '–')} most={22} />,
  },
]

function Transfers({ rows }: { readonly rows: readonly JsonObject[] }) {
  return (
    <VirtualTable
      label="Transfers"
      columns={TRANSFER_COLUMNS}
      rows={rows}
      keyOf={(row) => textOf(row['id'])}
      visibleMax={10}
      empty={
        <Empty title="No transfer yet">Transfers come with credits that are issued and contracts that settle.</Empty>
      }
    />
  )
}

type CurrencyRow = { readonly currency: string; readonly cap: Json | undefined; readonly ledger: JsonObject }

type CurrenciesProps = { readonly value: Json; readonly ledgers: Json | undefined }

function Currencies({ value, ledgers }: CurrenciesProps) {
  const { currencies, capsNanos } = objectOf(value)
  const caps = listOf(capsNanos)
  const ledgerOf = new Map(rowsOf(ledgers).map((ledger) => [textOf(ledger['currency']), ledger]))
  const rows = listOf(currencies).map((name, index): CurrencyRow => {
    const currency = textOf(name)
    return { currency, cap: caps[index], ledger: ledgerOf.get(currency) ?? {} }
  })
  return (
    <DataTable
      caption="Currencies"
      rows={rows}
      empty={<p class="none">No currency is registered.</p>}
      columns={[
        { heading: 'code', cell: ({ currency }) => <Words text={currency.split('@')[0] ?? currency} most={20} /> },
        { heading: 'a claim on', cell: ({ currency }) => <Name text={currency.split('@')[1] ?? '–'} most={30} /> },
        { heading: 'at most', isNumber: true, cell: ({ cap, currency }) => shownCredits(textOf(cap), currency) },
        {
          heading: 'sum of all accounts',
          isNumber: true,
          cell: ({ ledger, currency }) => shownCredits(textOf(ledger['sumNanos']), currency),
        },
        {
          heading: 'last entry',
          isNumber: true,
          cell: ({ ledger }) => shownCount(numberOf(objectOf(ledger['head'])['index'])),
        },
      ]}
    />
  )
}
