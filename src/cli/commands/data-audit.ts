import { resolve } from 'node:path'
import { formatPercent, formatUsd } from '../../base/format.ts'
import { auditDataset, type AuditReport, type ReviewedRow } from '../../node/learning/dataset/audit-dataset.ts'
import type { Command } from '../command.ts'
import { followWork } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { numberFlag, requiredFlag } from '../flags.ts'
import { formatCounts } from '../format-counts.ts'
import { formatTable, type Column } from '../format-table.ts'

const ROUTE_COLUMNS: readonly Column[] = [
  { heading: 'optimal route' },
  { heading: 'rows', align: 'right' },
  { heading: 'share', align: 'right' },
  { heading: 'mean cost', align: 'right' },
]

const REVIEW_COLUMNS: readonly Column[] = [
  { heading: 'review' },
  { heading: 'line', align: 'right' },
  { heading: 'predicted' },
  { heading: 'actual' },
  { heading: 'optimal' },
  { heading: 'reason', isFlexible: true },
  { heading: 'sure', align: 'right' },
  { heading: 'cost', align: 'right' },
]

/** What is in a dataset, and rows for a person to look at. */
export const dataAuditCommand: Command = {
  name: 'data audit',
  summary: 'sum up a dataset and draw rows to review',
  synopsis: '--input F.jsonl [--seed N]',
  flags: {
    input: { value: 'F', describe: 'dataset that `kernell data build` wrote (or .gz)' },
    seed: { value: 'N', describe: 'seed of the rows that are drawn (default 1)' },
  },
  details: [
    'The review sample has 10 rows that went to premium and did not need to, 10 that were underestimated, 10 that went another way than was best, and 20 of all, each row once; fewer where there are not as many. --json prints them whole.',
  ],
  examples: ['kernell data audit --input rows.jsonl.gz --seed 7'],
  async run({ flags, terminal, isJson, workingDir, signal }) {
    const input = resolve(workingDir, requiredFlag(flags, 'input'))
    const seed = numberFlag(flags, 'seed', { min: 0, max: 4_294_967_295, isWhole: true }) ?? 1
    const { onProgress, finish } = followWork(terminal)
    const report = await auditDataset({ input, seed }, { signal, onProgress }).finally(finish)
    if (isJson) terminal.printJson(report)
    else terminal.print(describe(report, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

function describe(report: AuditReport, width: number): string {
  const { total_rows: total, route_distribution: routes, avg_cost_by_route: costs } = report
  const rows = (['local', 'cheap', 'premium'] as const).map((route) => [
    route,
    String(routes[route]),
    total === 0 ? '-' : formatPercent(routes[route] / total),
    usd(costs[route]),
  ])
  return [
    `${total} rows; errors: ${formatCounts(report.error_types)}; ${report.downgrade_cases} went to premium without need`,
    '',
    formatTable(ROUTE_COLUMNS, rows, width),
    '',
    formatTable(REVIEW_COLUMNS, report.review_sample.map(reviewRow), width),
  ].join('\n')
}

function reviewRow({ bucket, line, row }: ReviewedRow): readonly string[] {
  return [
    bucket,
    String(line),
    row.predicted_route ?? '-',
    row.was_escalated ? row.escalation_chain.join(' > ') : row.actual_route,
    row.optimal_route,
    row.label_reason,
    row.label_confidence.toFixed(2),
    usd(row.cost_usd),
  ]
}

function usd(cost: number | null): string {
  return cost === null ? 'unknown' : formatUsd(cost)
}
