import { type Json, type JsonObject, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Icon } from '../parts/icon.tsx'
import { Badge, Empty, Facts, Loaded, PageHead, Panel } from '../parts/panel.tsx'
import { type Column, VirtualTable } from '../parts/virtual-table.tsx'
import { Name, Words } from '../parts/words.tsx'
import { hrefOf } from '../state/route.ts'
import { shownBytes, shownCount, shownInstant, shownMs } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'
import type { PageProps } from './page-props.ts'
import { shownOf } from '../state/visible-text.ts'

const COLUMNS: readonly Column<JsonObject>[] = [
  { heading: 'report', width: 'minmax(9rem, 2fr)', cell: (row) => <Words text={textOf(row['name'])} most={80} /> },
  { heading: 'written', width: 'minmax(9rem, 1fr)', cell: (row) => shownInstant(numberOf(row['at'])) },
  { heading: 'size', width: '6rem', isNumber: true, isExtra: true, cell: (row) => shownBytes(numberOf(row['bytes'])) },
]

/** Reports of simulations that lie in the data directory. */
export function SimulationsPage({ id }: PageProps) {
  const view = useView('/v1/node/simulations', ['tick'])
  return (
    <>
      <PageHead
        title="Simulations"
        lead="What happened in worlds that are not real, with code that is: reports that lie in the data directory."
      />
      <Loaded view={view}>
        {(data) => (
          <div class={id === undefined ? 'with-detail' : 'with-detail open'}>
            <section class="panel" aria-label="Reports">
              <VirtualTable
                label="Reports"
                columns={COLUMNS}
                rows={rowsOf(objectOf(data)['reports'])}
                keyOf={(row) => textOf(row['name'])}
                hrefOf={(row) => hrefOf('simulations', textOf(row['name']))}
                isCompact={id !== undefined}
                isChosen={(row) => textOf(row['name']) === id}
                empty={
                  <Empty title="No report is there">
                    <code>kernell simulate agent-network --seed 7 --json &gt; REPORT.json</code>, with REPORT.json in{' '}
                    <Words text={textOf(objectOf(data)['folder'])} />
                  </Empty>
                }
              />
            </section>
            {id !== undefined && <Detail id={id} />}
          </div>
        )}
      </Loaded>
    </>
  )
}

function Detail({ id }: { readonly id: string }) {
  const view = useView(`/v1/node/simulations/${encodeURIComponent(id)}`, ['snapshot'])
  return (
    <Panel
      title="Report"
      aside={
        <a class="icon-button" href={hrefOf('simulations')} aria-label="Close">
          <Icon name="close" />
        </a>
      }
    >
      <Loaded view={view}>{(data) => <Report report={objectOf(objectOf(data)['report'])} />}</Loaded>
    </Panel>
  )
}

function Report({ report }: { readonly report: JsonObject }) {
  const found = objectOf(report['found'])
  const violations = numberOf(found['violations'])
  return (
    <>
      <p>
        {violations === undefined && <Badge>unknown</Badge>}
        {violations === 0 && <Badge tone="good">nothing was violated</Badge>}
        {violations !== undefined && violations > 0 && <Badge tone="bad">{shownCount(violations)} violations</Badge>}
      </p>
      <Facts
        rows={[
          ['scenario', <Words key="scenario" text={textOf(report['scenario'], 'unknown')} most={80} />],
          [
            'seeds',
            report['seed'] === undefined
              ? `${shownOf(report['from'])} to ${shownOf(report['to'])}`
              : shownOf(report['seed']),
          ],
          ['events', shownCount(numberOf(report['events']))],
          ['virtual time', shownMs(numberOf(report['virtual_ms']))],
          ['agents', shownOf(report['agents']) || '–'],
          ['hash', <Name key="hash" text={textOf(report['hash'], '–')} most={24} />],
        ]}
      />
      <h3>Violations</h3>
      <DataTable
        caption="Violations"
        rows={rowsOf(report['violations'])}
        columns={[
          { heading: 'seed', cell: (row) => shownOf(row['seed'] ?? report['seed']) },
          { heading: 'checker', cell: (row) => <Words text={textOf(row['checker'])} most={60} /> },
          { heading: 'what', cell: (row) => <Words text={textOf(row['what'])} most={400} /> },
        ]}
      />
      <Counts title="Metrics" value={report['metrics']} />
      <Counts title="Checks" value={report['checks']} />
      <Counts title="Faults" value={report['faults']} />
    </>
  )
}

function Counts({ title, value }: { readonly title: string; readonly value: Json | undefined }) {
  const rows = Array.isArray(value)
    ? rowsOf(value).map((row) => [textOf(row['name']), shownOf(row['value'] ?? row)] as const)
    : Object.entries(objectOf(value)).map(([name, each]) => [name, shownOf(each)] as const)
  if (rows.length === 0) return null
  return (
    <>
      <h3>{title}</h3>
      <DataTable
        caption={title}
        rows={rows}
        columns={[
          { heading: 'name', cell: ([name]) => <Words text={name} most={80} /> },
          { heading: 'value', cell: ([, text]) => <Words text={text} most={200} /> },
        ]}
      />
    </>
  )
}
