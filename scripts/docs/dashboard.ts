/** The Grafana dashboard of a node: rows of panels, each with its queries. `deploy/grafana/kernell.json` is written from it. */

type Panel = {
  readonly title: string
  readonly description: string
  readonly kind: 'timeseries' | 'stat' | 'table'
  readonly unit: 'short' | 'reqps' | 's' | 'currencyUSD' | 'bytes' | 'percentunit'
  readonly queries: readonly (readonly [expression: string, legend: string])[]
}

type Row = { readonly title: string; readonly panels: readonly Panel[] }

const BY_NODE = 'job=~"$job", instance=~"$instance"'

const rate = (metric: string, selector = ''): string =>
  `rate(${metric}{${BY_NODE}${selector === '' ? '' : `, ${selector}`}}[$__rate_interval])`
const quantile = (share: number, metric: string, labels: string): string =>
  `histogram_quantile(${share}, sum by (le, ${labels}) (${rate(`${metric}_bucket`)}))`
const now = (metric: string): string => `${metric}{${BY_NODE}}`

const ROWS: readonly Row[] = [
  {
    title: 'Requests',
    panels: [
      {
        title: 'Requests by status',
        description: 'HTTP requests a second.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [[`sum by (status) (${rate('kernell_http_request_duration_seconds_count')})`, '{{status}}']],
      },
      {
        title: 'Duration by route',
        description: 'The slowest in a hundred.',
        kind: 'timeseries',
        unit: 's',
        queries: [[quantile(0.99, 'kernell_http_request_duration_seconds', 'route'), '{{route}}']],
      },
      {
        title: 'In flight',
        description: 'Requests that are being served.',
        kind: 'timeseries',
        unit: 'short',
        queries: [[`sum by (instance) (${now('kernell_http_requests_in_flight')})`, '{{instance}}']],
      },
      {
        title: 'Refused by quotas',
        description: 'Tasks a second, by kind of scope.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [[`sum by (scope) (${rate('kernell_quota_refusals_total')})`, '{{scope}}']],
      },
    ],
  },
  {
    title: 'Routing',
    panels: [
      {
        title: 'Tasks by tier',
        description: 'Where answers come from.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [[`sum by (tier) (${rate('kernell_tasks_total')})`, '{{tier}}']],
      },
      {
        title: 'Failed share',
        description: 'Tasks without an accepted answer.',
        kind: 'timeseries',
        unit: 'percentunit',
        queries: [
          [`sum(${rate('kernell_tasks_total', 'success="false"')}) / sum(${rate('kernell_tasks_total')})`, 'failed'],
        ],
      },
      {
        title: 'Time to answer',
        description: 'Median and the slowest in a hundred, by tier.',
        kind: 'timeseries',
        unit: 's',
        queries: [
          [quantile(0.5, 'kernell_task_duration_seconds', 'tier'), '{{tier}} p50'],
          [quantile(0.99, 'kernell_task_duration_seconds', 'tier'), '{{tier}} p99'],
        ],
      },
      {
        title: 'Time to first content',
        description: 'Of streams that are passed on as they come.',
        kind: 'timeseries',
        unit: 's',
        queries: [[quantile(0.95, 'kernell_task_first_content_seconds', 'tier'), '{{tier}} p95']],
      },
      {
        title: 'Escalations and fallbacks',
        description: 'Tasks that went on to another tier, and why tasks left their route.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [
          [`sum by (from, to) (${rate('kernell_escalations_total')})`, '{{from}} to {{to}}'],
          [`sum by (trigger) (${rate('kernell_fallbacks_total')})`, '{{trigger}}'],
        ],
      },
    ],
  },
  {
    title: 'Cost and savings',
    panels: [
      {
        title: 'Spent in the last day',
        description: 'Dollars, all tiers.',
        kind: 'stat',
        unit: 'currencyUSD',
        queries: [[`sum(increase(${now('kernell_task_cost_usd_total')}[1d]))`, 'spent']],
      },
      {
        title: 'Saved in the last day',
        description: 'What one premium call for each task would have cost, estimated, without what the tasks did cost.',
        kind: 'stat',
        unit: 'currencyUSD',
        queries: [
          [
            `sum(increase(${now('kernell_task_premium_cost_usd_total')}[1d])) - sum(increase(${now('kernell_task_compared_cost_usd_total')}[1d]))`,
            'saved',
          ],
        ],
      },
      {
        title: 'Dollars an hour',
        description: 'By tier.',
        kind: 'timeseries',
        unit: 'currencyUSD',
        queries: [[`3600 * sum by (tier) (${rate('kernell_task_cost_usd_total')})`, '{{tier}}']],
      },
      {
        title: 'Tokens',
        description: 'A second, by tier and direction.',
        kind: 'timeseries',
        unit: 'short',
        queries: [[`sum by (tier, direction) (${rate('kernell_tokens_total')})`, '{{tier}} {{direction}}']],
      },
      {
        title: 'Budgets',
        description: 'What limits still have room for.',
        kind: 'table',
        unit: 'currencyUSD',
        queries: [[`sum by (scope, window) (${now('kernell_budget_remaining_usd')})`, '{{scope}} {{window}}']],
      },
      {
        title: 'Unknown prices',
        description: 'Tasks a second of which a part has no known price.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [[`sum by (tier) (${rate('kernell_tasks_cost_unknown_total')})`, '{{tier}}']],
      },
    ],
  },
  {
    title: 'Models and verification',
    panels: [
      {
        title: 'Calls by outcome',
        description: 'Accepted and rejected are what the verification said.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [[`sum by (provider, outcome) (${rate('kernell_model_calls_total')})`, '{{provider}} {{outcome}}']],
      },
      {
        title: 'Call duration',
        description: 'The slowest in twenty, by provider.',
        kind: 'timeseries',
        unit: 's',
        queries: [[quantile(0.95, 'kernell_model_call_duration_seconds', 'provider'), '{{provider}}']],
      },
      {
        title: 'Failures by code',
        description: 'Calls a second.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [[`sum by (provider, code) (${rate('kernell_model_failures_total')})`, '{{provider}} {{code}}']],
      },
      {
        title: 'Refused answers by check',
        description: 'Answers a second.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [[`sum by (check) (${rate('kernell_verification_rejections_total')})`, '{{check}}']],
      },
      {
        title: 'Open breakers',
        description: 'Models that are left alone for a while.',
        kind: 'table',
        unit: 'short',
        queries: [
          [
            `sum by (provider, model) (kernell_model_breaker_state{${BY_NODE}, state=~"open|half_open"}) > 0`,
            '{{provider}} {{model}}',
          ],
        ],
      },
    ],
  },
  {
    title: 'Cache',
    panels: [
      {
        title: 'Hit share',
        description: 'Questions that were answered from the cache, exactly or by a similar one.',
        kind: 'timeseries',
        unit: 'percentunit',
        queries: [
          [
            `sum by (result) (${rate('kernell_cache_lookups_total', 'result!="miss"')}) / ignoring (result) group_left sum(${rate('kernell_cache_lookups_total')})`,
            '{{result}}',
          ],
        ],
      },
      {
        title: 'Size',
        description: 'Memory that the cache counts.',
        kind: 'timeseries',
        unit: 'bytes',
        queries: [[`sum by (instance) (${now('kernell_cache_size_bytes')})`, '{{instance}}']],
      },
    ],
  },
  {
    title: 'Policy',
    panels: [
      {
        title: 'Rollout stage',
        description: 'The stage that each node is in.',
        kind: 'table',
        unit: 'short',
        queries: [[`sum by (stage) (${now('kernell_rollout_stage')}) > 0`, '{{stage}}']],
      },
      {
        title: 'Evidence against the candidate',
        description: 'At 1 it is rolled back.',
        kind: 'timeseries',
        unit: 'percentunit',
        queries: [[`max by (slo, against) (${now('kernell_rollout_evidence_ratio')})`, '{{slo}} {{against}}']],
      },
    ],
  },
  {
    title: 'Process',
    panels: [
      {
        title: 'Event loop lag',
        description: 'How late timers are, the worst in a hundred.',
        kind: 'timeseries',
        unit: 's',
        queries: [[`max by (instance) (${now('nodejs_eventloop_lag_p99_seconds')})`, '{{instance}}']],
      },
      {
        title: 'Memory',
        description: 'Resident.',
        kind: 'timeseries',
        unit: 'bytes',
        queries: [[`max by (instance) (${now('process_resident_memory_bytes')})`, '{{instance}}']],
      },
      {
        title: 'Queues',
        description:
          'Records that wait for the disk, actors that wait for their turn, outcomes that wait to be learned from.',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          [`sum by (instance) (${now('kernell_telemetry_queued')})`, 'records {{instance}}'],
          [`sum by (instance) (${now('kernell_actors_waiting')})`, 'actors {{instance}}'],
          [`sum by (instance) (${now('kernell_online_learning_queued')})`, 'learning {{instance}}'],
        ],
      },
      {
        title: 'Lost',
        description: 'Records that were dropped, and messages to actors that were not there.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [
          [`sum by (instance) (${rate('kernell_telemetry_dropped_total')})`, 'records {{instance}}'],
          [`sum by (instance) (${rate('kernell_actor_dead_letters_total')})`, 'messages {{instance}}'],
        ],
      },
    ],
  },
]

const COLUMNS = 24
const PANEL_WIDTH = 8
const PANEL_HEIGHT = 8
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

/** The dashboard as Grafana imports it. */
export function dashboardDocument(): Readonly<Record<string, unknown>> {
  let y = 0
  let id = 0
  const panels = ROWS.flatMap((row) => {
    const header = {
      id: (id += 1),
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    }
    y += 1
    const placed = row.panels.map((panel, index) => {
      const perLine = COLUMNS / PANEL_WIDTH
      const at = { x: (index % perLine) * PANEL_WIDTH, y: y + Math.floor(index / perLine) * PANEL_HEIGHT }
      return panelDocument(panel, { id: (id += 1), gridPos: { ...at, w: PANEL_WIDTH, h: PANEL_HEIGHT } })
    })
    y += Math.ceil((row.panels.length * PANEL_WIDTH) / COLUMNS) * PANEL_HEIGHT
    return [header, ...placed]
  })
  return {
    uid: 'kernell-node',
    title: 'Kernell nodes',
    description: 'Requests, routing, cost, models, cache, policy and process of the nodes that Prometheus scrapes.',
    tags: ['kernell'],
    editable: true,
    schemaVersion: 39,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: VARIABLES },
    panels,
  }
}

const VARIABLES = [
  { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', hide: 0 },
  variable('job', 'label_values(kernell_build_info, job)'),
  variable('instance', 'label_values(kernell_build_info{job=~"$job"}, instance)'),
]

function variable(name: string, query: string): Readonly<Record<string, unknown>> {
  return {
    name,
    type: 'query',
    datasource: DATASOURCE,
    query: { query, refId: name },
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { selected: true, text: 'All', value: '$__all' },
  }
}

function panelDocument(
  { title, description, kind, unit, queries }: Panel,
  place: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return {
    ...place,
    type: kind,
    title,
    description,
    datasource: DATASOURCE,
    fieldConfig: { defaults: { unit }, overrides: [] },
    options: {},
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat,
      ...(kind === 'timeseries' ? {} : { instant: true }),
      ...(kind === 'table' && { format: 'table' }),
    })),
  }
}
