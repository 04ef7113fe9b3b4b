import { type Json, type JsonObject, listOf, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Icon } from '../parts/icon.tsx'
import { Badge, Empty, Facts, Loaded, PageHead, Panel, Part, type Tone } from '../parts/panel.tsx'
import { StateChart } from '../parts/state-chart.tsx'
import { type Column, VirtualTable } from '../parts/virtual-table.tsx'
import { LongWords, Name, Words } from '../parts/words.tsx'
import { hrefOf } from '../state/route.ts'
import { shownCredits, shownInstant } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'
import { Inbox } from './market-page.tsx'
import type { PageProps } from './page-props.ts'
import { shownOf } from '../state/visible-text.ts'

const STATE_TONES: Readonly<Record<string, Tone>> = {
  SETTLED: 'good',
  FINAL: 'good',
  DELIVERED: 'accent',
  WORKING: 'accent',
  HELD: 'accent',
  AGREED: 'accent',
  DISPUTED: 'bad',
  FROZEN: 'bad',
  ABORTED: 'warn',
  VOIDED: 'warn',
  EXPIRED: 'warn',
  REFUNDED: 'warn',
}

/** One that the page does not know is shown as it is. */
function EscrowState({ state }: { readonly state: string }) {
  return (
    <Badge tone={STATE_TONES[state] ?? 'plain'}>
      <Words text={state} most={30} />
    </Badge>
  )
}

const COLUMNS: readonly Column<JsonObject>[] = [
  { heading: 'contract', width: 'minmax(8rem, 1fr)', cell: (row) => <Name text={textOf(row['contract'])} most={18} /> },
  { heading: 'state', width: '7.5rem', cell: (row) => <EscrowState state={textOf(row['state'])} /> },
  {
    heading: 'skill',
    width: 'minmax(6rem, 1fr)',
    isExtra: true,
    cell: (row) => <Words text={textOf(row['skill'])} most={40} />,
  },
  { heading: 'as', width: '5rem', isExtra: true, cell: (row) => <Words text={textOf(row['role'])} most={20} /> },
  {
    heading: 'price',
    width: 'minmax(6rem, 1fr)',
    isNumber: true,
    cell: (row) => shownCredits(nanosOf(row['priceNanos']), textOf(row['currency'])),
  },
  {
    heading: 'other party',
    width: 'minmax(8rem, 1fr)',
    isExtra: true,
    cell: (row) => <Name text={textOf(row['other'])} most={22} />,
  },
]

function nanosOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Contracts of this node: where each stands, and what proves it. */
export function EscrowsPage({ id }: PageProps) {
  const view = useView('/v1/node/escrows', ['market'])
  return (
    <>
      <PageHead
        title="Escrows"
        lead="Contracts that this node is in. Credits are held until both sides, a timer or arbiters say where they go."
      />
      <Loaded view={view}>
        {(data) => {
          const { contracts, inbox } = objectOf(data)
          return (
            <>
              <div class={id === undefined ? 'with-detail' : 'with-detail open'}>
                <section class="panel" aria-label="Contracts">
                  <Part part={contracts}>
                    {(value) => (
                      <VirtualTable
                        label="Contracts"
                        columns={COLUMNS}
                        rows={rowsOf(objectOf(value)['contracts']).toReversed()}
                        keyOf={(row) => textOf(row['contract'])}
                        hrefOf={(row) => hrefOf('escrows', textOf(row['contract']))}
                        isCompact={id !== undefined}
                        isChosen={(row) => textOf(row['contract']) === id}
                        empty={
                          <Empty title="No contract yet">
                            <code>kernell market buy</code> makes one; what others buy here shows too.
                          </Empty>
                        }
                      />
                    )}
                  </Part>
                </section>
                {id !== undefined && <Detail id={id} />}
              </div>
              <Part part={contracts}>
                {() => (
                  <div class="panels">
                    <Panel title="Waits for you" size="full">
                      <Part part={inbox}>{(value) => <Inbox value={value} />}</Part>
                    </Panel>
                  </div>
                )}
              </Part>
            </>
          )
        }}
      </Loaded>
    </>
  )
}

function Detail({ id }: { readonly id: string }) {
  const view = useView(`/v1/node/escrows/${encodeURIComponent(id)}`, ['market'])
  return (
    <Panel
      title="Contract"
      aside={
        <a class="icon-button" href={hrefOf('escrows')} aria-label="Close">
          <Icon name="close" />
        </a>
      }
    >
      <Loaded view={view}>
        {(data) => {
          const { contract, evidence, chart } = objectOf(data)
          return (
            <>
              <ContractFacts contract={objectOf(contract)} />
              <h3>Where it stands</h3>
              <ContractChart contract={objectOf(contract)} chart={chart} />
              <h3>Steps</h3>
              <Transitions contract={objectOf(contract)} />
              <h3>Evidence</h3>
              <Part part={evidence}>{(value) => <Evidence text={textOf(objectOf(value)['text'])} />}</Part>
            </>
          )
        }}
      </Loaded>
    </Panel>
  )
}

function ContractFacts({ contract }: { readonly contract: JsonObject }) {
  const currency = textOf(contract['currency'])
  const credits = (name: string): string => shownCredits(nanosOf(contract[name]), currency)
  const timers = rowsOf(contract['timers'])
  return (
    <Facts
      rows={[
        ['contract', <Name key="contract" text={textOf(contract['contract'])} most={30} />],
        ['state', <EscrowState key="state" state={textOf(contract['state'])} />],
        ['payer', <Name key="payer" text={textOf(contract['payer'])} most={30} />],
        ['worker', <Name key="worker" text={textOf(contract['worker'])} most={30} />],
        ['price', credits('priceNanos')],
        ['held', credits('heldNanos')],
        ['to the worker', credits('capturedNanos')],
        ['back to the payer', credits('releasedNanos')],
        ['fee', credits('feeNanos')],
        ['custody', <Words key="custody" text={textOf(contract['custody'])} most={20} />],
        ...timers.map(
          (timer) => [`timer ${shownOf(timer['name'])}`, shownInstant(numberOf(timer['firesAt']))] as const,
        ),
      ]}
    />
  )
}

function ContractChart({ contract, chart }: { readonly contract: JsonObject; readonly chart: Json | undefined }) {
  const edges = rowsOf(objectOf(chart)['edges'])
  const state = textOf(contract['state'])
  const names = new Set([...edges.flatMap((edge) => [textOf(edge['from']), textOf(edge['to'])]), state])
  const taken = new Set(rowsOf(contract['transitions']).map((step) => `${textOf(step['from'])}>${textOf(step['to'])}`))
  const leads = new Set(
    edges.filter((edge) => textOf(edge['from']) !== textOf(edge['to'])).map((edge) => textOf(edge['from'])),
  )
  return (
    <StateChart
      title="States of a contract"
      states={[...names].map((name) => ({ id: name, isInitial: name === 'DRAFT', isFinal: !leads.has(name) }))}
      steps={edges.map((edge) => ({
        from: textOf(edge['from']),
        to: textOf(edge['to']),
        event: textOf(edge['name']),
        detail: [textOf(edge['signers']), textOf(edge['guard'])]
          .filter((part) => part !== '-' && part !== '')
          .join(': '),
      }))}
      current={new Set([state])}
      taken={taken}
    />
  )
}

function Transitions({ contract }: { readonly contract: JsonObject }) {
  return (
    <DataTable
      caption="Steps of the contract"
      rows={rowsOf(contract['transitions'])}
      empty={<p class="none">No step yet.</p>}
      columns={[
        { heading: 'at', cell: (step) => shownInstant(numberOf(step['at'])) },
        {
          heading: 'step',
          cell: (step) => <Words text={`${textOf(step['from'])} → ${textOf(step['to'])}`} most={60} />,
        },
        { heading: 'by', cell: (step) => <Words text={textOf(step['event'])} most={40} /> },
        {
          heading: 'message',
          cell: (step) =>
            textOf(step['envelopeHash']) === '' ? 'the stamp' : <Name text={textOf(step['envelopeHash'])} most={18} />,
        },
      ]}
    />
  )
}

/** The file that anybody can check without this node. */
function Evidence({ text }: { readonly text: string }) {
  const pieces = listOf(objectOf(parse(text))['evidence'])
  return (
    <>
      <p class="dim">
        {pieces.length} signed pieces, each with the receipt of the notary set. <code>kernell escrow export</code>{' '}
        writes them as a file that anybody can check.
      </p>
      <DataTable
        caption="Evidence"
        rows={pieces.map(objectOf)}
        columns={[
          { heading: 'message', cell: (piece) => <Words text={typeOf(piece['envelope'])} most={60} /> },
          { heading: 'signed by', cell: (piece) => <Name text={signerOf(piece['envelope'])} most={22} /> },
          {
            heading: 'receipt',
            cell: (piece) => (
              <Words
                text={typeof piece['receipt'] === 'string' ? `${piece['receipt'].length} bytes` : 'none'}
                most={30}
              />
            ),
          },
        ]}
      />
      <details>
        <summary>As it is</summary>
        <LongWords text={text} />
      </details>
    </>
  )
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}

function headOf(envelope: Json | undefined): JsonObject {
  const message = objectOf(parse(textOf(envelope, 'null')))
  return { ...message, ...objectOf(message['head']) }
}

function typeOf(envelope: Json | undefined): string {
  return envelope === undefined ? 'a timer that was over' : shownOf(headOf(envelope)['type']) || 'a message'
}

function signerOf(envelope: Json | undefined): string {
  return textOf(headOf(envelope)['iss'], '–')
}
