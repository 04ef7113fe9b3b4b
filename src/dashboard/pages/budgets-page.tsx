import { type JsonObject, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import { Empty, Loaded, PageHead } from '../parts/panel.tsx'
import { Meter } from '../parts/share-bar.tsx'
import { type Column, VirtualTable } from '../parts/virtual-table.tsx'
import { Words } from '../parts/words.tsx'
import { shownPart, shownUsd } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'

const COLUMNS: readonly Column<JsonObject>[] = [
  { heading: 'of', width: 'minmax(8rem, 1.4fr)', cell: (row) => <Words text={textOf(row['scope'])} most={80} /> },
  { heading: 'window', width: '5rem', cell: (row) => <Words text={textOf(row['window'])} most={20} /> },
  {
    heading: 'used',
    width: 'minmax(7rem, 1.4fr)',
    cell: (row) => {
      const [limit, used] = [
        numberOf(row['limit_usd']) ?? 0,
        (numberOf(row['spent_usd']) ?? 0) + (numberOf(row['held_usd']) ?? 0),
      ]
      return (
        <span class="metered">
          <Meter label="used" part={used} whole={limit} tone={toneOf(used / limit)} />
          {shownPart(used, limit)}
        </span>
      )
    },
  },
  { heading: 'limit', width: '6rem', isNumber: true, cell: (row) => shownUsd(numberOf(row['limit_usd'])) },
  {
    heading: 'spent',
    width: '6rem',
    isNumber: true,
    isExtra: true,
    cell: (row) => shownUsd(numberOf(row['spent_usd'])),
  },
  { heading: 'held', width: '6rem', isNumber: true, isExtra: true, cell: (row) => shownUsd(numberOf(row['held_usd'])) },
  { heading: 'left', width: '6rem', isNumber: true, isExtra: true, cell: (row) => shownUsd(numberOf(row['left_usd'])) },
]

function toneOf(share: number): string {
  if (share >= 1) return 'bad'
  return share >= 0.8 ? 'warn' : 'accent'
}

/** Limits, and how much of each is used now. */
export function BudgetsPage() {
  const view = useView('/v1/node/budgets', ['tasks', 'configuration', 'tick'])
  return (
    <>
      <PageHead
        title="Budgets"
        lead="Limits in dollars, and what calls have spent and hold of them in the window that runs. Windows are of UTC."
      />
      <Loaded view={view}>
        {(data) => (
          <section class="panel" aria-label="Budgets">
            <VirtualTable
              label="Budgets"
              columns={COLUMNS}
              rows={rowsOf(objectOf(data)['budgets'])}
              keyOf={(row) => `${textOf(row['scope'])} ${textOf(row['window'])}`}
              empty={
                <Empty title="No limit is set">
                  Name one in <code>budgets</code> of the configuration: every call reserves its upper bound there
                  before it starts.
                </Empty>
              }
            />
          </section>
        )}
      </Loaded>
    </>
  )
}
