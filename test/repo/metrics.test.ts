import { beforeAll, describe, expect, it } from 'vitest'
import { dashboardDocument } from '../../scripts/docs/dashboard.ts'
import { describedMetrics } from '../../scripts/docs/described-metrics.ts'
import { metricsPage } from '../../scripts/docs/metrics-page.ts'
import type { DescribedMetric } from '../../src/telemetry/metrics-registry.ts'
import { readRepositoryFile as textOf } from './repository.ts'

let described: readonly DescribedMetric[] = []
beforeAll(async () => {
  described = await describedMetrics()
})

const own = (): readonly DescribedMetric[] => described.filter(({ name }) => name.startsWith('kernell_'))

/** What Prometheus' documentation asks of names, and what this project asks of its own. */
function offencesOf({ name, help, type, labelNames }: DescribedMetric): readonly string[] {
  const offences: string[] = []
  const offend = (isOffence: boolean, what: string): void => void (isOffence && offences.push(`${name}: ${what}`))
  offend(!/^kernell_[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name), 'is not in snake case')
  offend((type === 'counter') !== name.endsWith('_total'), 'counters, and they alone, end in _total')
  offend(/_(?:count|sum|bucket|info_total)$/.test(name), 'ends as parts of histograms do')
  offend(/_(?:counter|gauge|histogram|summary)(?:_|$)/.test(name), 'names its type')
  offend(/_(?:ms|millis|milliseconds|minutes|hours|kb|mb|percent|cents|nanos)(?:_|$)/.test(name), 'has no base unit')
  offend(type === 'histogram' && !/_(?:seconds|bytes|usd|ratio)$/.test(name), 'a histogram without a unit')
  offend(!/^[A-Z][^\n]*\.$/.test(help), 'help is no sentence')
  offend(labelNames.length > 4, 'has too many labels')
  for (const label of labelNames) {
    offend(!/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(label), `label ${label} is not in snake case`)
    offend(!BOUNDED_LABELS.has(label), `label ${label} is not known to be bounded`)
    offend(name.includes(`_by_${label}`), `names its label ${label}`)
  }
  return offences
}

/** Labels whose values are of a fixed set, of the configuration, or counted as `other` beyond some number. */
const BOUNDED_LABELS: ReadonlySet<string> = new Set(
  `tier route success cached direction from to trigger provider purpose outcome code check status change result scope window
   source action model state stage arm slo against of version node_version`.split(/\s+/),
)

describe('metrics', () => {
  it('have names, units and labels by the practice of Prometheus', () => {
    expect(own().flatMap(offencesOf)).toEqual([])
    expect(own().length).toBeGreaterThan(35)
  })

  it.each([
    [{ name: 'kernell_Tasks_total', help: 'A.', type: 'counter', labelNames: [] }, 'snake case'],
    [{ name: 'kernell_tasks', help: 'A.', type: 'counter', labelNames: [] }, '_total'],
    [{ name: 'kernell_wait_ms', help: 'A.', type: 'gauge', labelNames: [] }, 'base unit'],
    [{ name: 'kernell_wait', help: 'A.', type: 'histogram', labelNames: [] }, 'without a unit'],
    [{ name: 'kernell_x_gauge', help: 'A.', type: 'gauge', labelNames: [] }, 'its type'],
    [{ name: 'kernell_x', help: 'no sentence', type: 'gauge', labelNames: [] }, 'no sentence'],
    [{ name: 'kernell_x', help: 'A.', type: 'gauge', labelNames: ['prompt'] }, 'bounded'],
  ] as const)('%o would be an offence', (metric, what) => {
    expect(offencesOf(metric).join()).toContain(what)
  })

  it('are in the page of metrics as the node describes them: `node scripts/docs/write.ts`', () => {
    expect(textOf('docs/reference/metrics.md')).toBe(metricsPage(described))
  })
})

/** Metrics that expressions of PromQL name, with the labels that they select and group by. */
function offencesOfExpression(expression: string): readonly string[] {
  const offences: string[] = []
  const known = new Map(described.map((metric) => [metric.name, metric]))
  const named = [...expression.matchAll(/\b((?:kernell|process|nodejs)_[a-z0-9_]+|up)\b(?:\{([^}]*)\})?/g)]
  const grouping = new Set<string>(SCRAPE_LABELS)
  for (const [, name = '', selector = ''] of named) {
    const part = /_(?:bucket|sum|count)$/.exec(name)?.[0] ?? ''
    const base = known.get(name) ?? known.get(name.slice(0, name.length - part.length))
    const isHistogram = base?.type === 'histogram' && part !== ''
    if (name !== 'up' && (base === undefined || (base.name !== name && !isHistogram)))
      offences.push(`${name}: there is no such metric`)
    const labels = new Set([...(base?.labelNames ?? []), ...SCRAPE_LABELS, ...(part === '_bucket' ? ['le'] : [])])
    for (const label of labels) grouping.add(label)
    for (const [, label = ''] of selector.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g))
      if (!labels.has(label)) offences.push(`${name}: has no label ${label}`)
  }
  for (const [, list = ''] of expression.matchAll(/\b(?:by|without|ignoring|on)\s*\(([^)]*)\)/g))
    for (const label of list.split(',').map((text) => text.trim()))
      if (!grouping.has(label)) offences.push(`${expression}: nothing has the label ${label}`)
  return named.length === 0 ? [`${expression}: names no metric`] : offences
}

const SCRAPE_LABELS = ['job', 'instance']

type Dashboard = {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[]
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] }
}

describe('the dashboard and the alerts', () => {
  it('of Grafana is the one that its table gives: `node scripts/docs/write.ts`', () => {
    expect(JSON.parse(textOf('deploy/grafana/kernell.json'))).toEqual(JSON.parse(JSON.stringify(dashboardDocument())))
  })

  it('ask for metrics and labels that there are', () => {
    const dashboard = JSON.parse(textOf('deploy/grafana/kernell.json')) as Dashboard
    const expressions = dashboard.panels.flatMap(({ targets }) => (targets ?? []).map(({ expr }) => expr))
    const alerts = [...textOf('deploy/alerts.yml').matchAll(/^ +expr: (.+)$/gm)].map(
      ([, expression = '']) => expression,
    )
    expect(expressions.length).toBeGreaterThan(25)
    expect(alerts.length).toBeGreaterThan(7)
    expect([...expressions, ...alerts].flatMap(offencesOfExpression)).toEqual([])
    for (const { query } of dashboard.templating.list)
      if (typeof query !== 'string') expect(offencesOfExpression(query.query)).toEqual([])
  })

  it.each([
    'rate(kernell_nothing_total[5m])',
    'kernell_tasks_total{colour="red"}',
    'sum by (colour) (kernell_tasks_total)',
  ])('%s would be an offence', (expression) => {
    expect(offencesOfExpression(expression)).toHaveLength(1)
  })
})
