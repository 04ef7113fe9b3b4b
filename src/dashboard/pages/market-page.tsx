import { type Json, type JsonObject, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import { Empty, Loaded, PageHead, Panel, Part } from '../parts/panel.tsx'
import { type Column, VirtualTable } from '../parts/virtual-table.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Name, Words } from '../parts/words.tsx'
import { hrefOf } from '../state/route.ts'
import { shownCredits, shownInstant } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'
import { OwnNode } from './peers-page.tsx'

/** What this node sells, what others say that they sell, and what waits for it. */
export function MarketPage() {
  const view = useView('/v1/node/market', ['market', 'tick'])
  return (
    <>
      <PageHead title="Market" lead="Offers of this node and of others, and what waits for an act of its key." />
      <Loaded view={view}>
        {(data) => {
          const { status, sellers, offers, inbox } = objectOf(data)
          return (
            <Part part={status}>
              {() => (
                <div class="panels">
                  <Panel title="This node" size="half">
                    <Part part={status}>{(value) => <OwnNode value={value} />}</Part>
                  </Panel>
                  <Panel title="Waits for you" size="half">
                    <Part part={inbox}>{(value) => <Inbox value={value} />}</Part>
                  </Panel>
                  <Panel title="Own offers" size="full">
                    <Part part={offers}>
                      {(value) => (
                        <Offers
                          rows={rowsOf(objectOf(value)['offers'])}
                          label="Own offers"
                          empty={
                            <Empty title="Nothing is offered here">
                              <code>kernell market offer</code> puts an agent up for sale.
                            </Empty>
                          }
                        />
                      )}
                    </Part>
                  </Panel>
                  <Panel title="Offers of others" size="full">
                    <Part part={sellers}>{(value) => <Sellers value={value} />}</Part>
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

const OFFER_COLUMNS: readonly Column<JsonObject>[] = [
  { heading: 'skill', width: 'minmax(7rem, 1.2fr)', cell: (row) => <Words text={textOf(row['skill'])} most={60} /> },
  {
    heading: 'price',
    width: 'minmax(7rem, 1fr)',
    isNumber: true,
    cell: (row) => shownCredits(priceOf(row), textOf(row['currency'])),
  },
  {
    heading: 'seller',
    width: 'minmax(8rem, 1fr)',
    isExtra: true,
    cell: (row) => <Name text={textOf(row['seller'])} most={22} />,
  },
  {
    heading: 'custody',
    width: '5rem',
    isExtra: true,
    cell: (row) => <Words text={textOf(row['custody'], '–')} most={20} />,
  },
  {
    heading: 'offer',
    width: 'minmax(7rem, 1fr)',
    cell: (row) => <Name text={textOf(row['offer']) || textOf(row['id'])} most={18} />,
  },
]

function priceOf(row: JsonObject): string | undefined {
  const price = row['priceNanos'] ?? row['maxNanos'] ?? objectOf(row['price'])['nanos']
  return typeof price === 'string' ? price : undefined
}

function Offers({
  rows,
  label,
  empty,
}: {
  readonly rows: readonly JsonObject[]
  readonly label: string
  readonly empty: preact.ComponentChildren
}) {
  return (
    <VirtualTable
      label={label}
      columns={OFFER_COLUMNS}
      rows={rows.map((row) => ({ ...objectOf(row['terms']), ...row }))}
      keyOf={(row) => `${textOf(row['seller'])} ${textOf(row['offer']) || textOf(row['id'])}`}
      visibleMax={10}
      empty={empty}
    />
  )
}

function Sellers({ value }: { readonly value: Json }) {
  const offers = rowsOf(objectOf(value)['sellers']).flatMap((seller) =>
    rowsOf(seller['offers']).map((offer) => ({ custody: seller['custody'], ...offer })),
  )
  return (
    <Offers
      rows={offers}
      label="Offers of others"
      empty={
        <Empty title="No other node has said that it sells">
          Nodes hear each other with <code>market.gossip</code>, and ask those of <code>--bootstrap</code> when
          something is bought.
        </Empty>
      }
    />
  )
}

export function Inbox({ value }: { readonly value: Json }) {
  return (
    <DataTable
      caption="What waits for an act"
      rows={rowsOf(objectOf(value)['rows'])}
      empty={<p class="none">Nothing waits.</p>}
      columns={[
        {
          heading: 'what',
          cell: (row) => <Words text={textOf(row['act'])} most={40} />,
        },
        {
          heading: 'contract',
          cell: (row) => {
            const contract = textOf(row['contract'])
            return contract === '' ? (
              '–'
            ) : (
              <a href={hrefOf('escrows', contract)}>
                <Name text={contract} most={18} />
              </a>
            )
          },
        },
        { heading: 'until', cell: (row) => shownInstant(numberOf(row['by'])) },
        { heading: 'else', cell: (row) => <Words text={textOf(row['default'])} most={200} /> },
        { heading: 'state', cell: (row) => <Words text={textOf(row['state'], '–')} most={30} /> },
      ]}
    />
  )
}
