import {
  isTrue,
  type Json,
  type JsonObject,
  listOf,
  numberOf,
  objectOf,
  rowsOf,
  textOf,
} from '../connection/json-value.ts'
import { Badge, Empty, Facts, Loaded, PageHead, Panel, Part } from '../parts/panel.tsx'
import { type Column, VirtualTable } from '../parts/virtual-table.tsx'
import { Name, Words } from '../parts/words.tsx'
import { shownInstant, shownMs } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'
import { shownOf } from '../state/visible-text.ts'

const COLUMNS: readonly Column<JsonObject>[] = [
  {
    heading: 'peer',
    width: 'minmax(9rem, 1.4fr)',
    cell: (row) => <Name text={textOf(row['did']) || textOf(row['peerId'])} most={26} />,
  },
  { heading: 'state', width: '7rem', cell: (row) => <PeerState row={row} /> },
  {
    heading: 'conduct',
    width: '5rem',
    isNumber: true,
    cell: (row) => <Words text={shownOf(row['score']).slice(0, 8) || '–'} most={10} />,
  },
  {
    heading: 'round trip',
    width: '6rem',
    isNumber: true,
    isExtra: true,
    cell: (row) => (numberOf(row['latencyMs']) === undefined ? '–' : shownMs(numberOf(row['latencyMs']))),
  },
  {
    heading: 'seen',
    width: 'minmax(9rem, 1fr)',
    isExtra: true,
    cell: (row) => (numberOf(row['lastSeenAt']) === undefined ? '–' : shownInstant(numberOf(row['lastSeenAt']))),
  },
]

function PeerState({ row }: { readonly row: JsonObject }) {
  if (row['ban'] !== null && row['ban'] !== undefined) return <Badge tone="bad">kept away</Badge>
  return isTrue(row['connected']) ? <Badge tone="good">connected</Badge> : <Badge>known</Badge>
}

/** Nodes that this one is connected with, or knows. */
export function PeersPage() {
  const view = useView('/v1/node/peers', ['market', 'tick'])
  return (
    <>
      <PageHead title="Peers" lead="Nodes that this one is connected with, or knows, and how they behave." />
      <Loaded view={view}>
        {(data) => {
          const { peers, status } = objectOf(data)
          return (
            <Part part={status}>
              {() => (
                <div class="panels">
                  <Panel title="This node" size="full">
                    <Part part={status}>{(value) => <OwnNode value={value} />}</Part>
                  </Panel>
                  <Panel title="Others" size="full">
                    <Part part={peers}>
                      {(value) => (
                        <VirtualTable
                          label="Peers"
                          columns={COLUMNS}
                          rows={rowsOf(objectOf(value)['peers'])}
                          keyOf={(row) => textOf(row['did']) + textOf(row['peerId'])}
                          empty={
                            <Empty title="No peer is known">
                              Start the node with <code>--bootstrap</code>, or let it look for neighbours with{' '}
                              <code>network.mdns</code>.
                            </Empty>
                          }
                        />
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

/** Who this node is to others. */
export function OwnNode({ value }: { readonly value: Json }) {
  const status = objectOf(value)
  const listen = listOf(status['listen']).map(shownOf)
  const peers = listOf(status['peers'])
  return (
    <Facts
      rows={[
        ['node', <Name key="did" text={textOf(status['did'])} most={40} />],
        ['account', <Name key="account" text={textOf(status['account'], 'none')} most={40} />],
        ['notary set', <Name key="set" text={textOf(status['notarySet'], 'none yet')} most={40} />],
        ['is notary', textOf(status['notary']) === '' ? 'no' : 'yes'],
        ['connected', String(peers.length)],
        [
          'listens at',
          listen.length === 0
            ? 'nowhere'
            : listen.map((address) => (
                <div key={address}>
                  <Words text={address} />
                </div>
              )),
        ],
      ]}
    />
  )
}
