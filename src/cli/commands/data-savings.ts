import { formatPercent, formatUsd } from '../../base/format.ts'
import { knownEntries } from '../../node/learning/training/known-entries.ts'
import { reportSavings, type SavingsReport, type SavingsRow } from '../../node/learning/evaluation/report-savings.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { formatTable, type Column } from '../format-table.ts'
import { readTasks, TASK_FLAGS } from '../read-tasks.ts'

/** What routing saved, beside what was not done. */
export const dataSavingsCommand: Command = {
  name: 'data savings',
  summary: 'estimate what routing saved against always-premium, always-cheap, a random mix and the priors',
  synopsis: '[--input F.jsonl]',
  flags: TASK_FLAGS,
  details: [
    'What other policies would have cost is estimated from the exploration in the log (doubly robust, 95 % intervals), and not from price lists: a baseline that was never tried has no figure, and that is said. `policy.exploration` says how often others are tried.',
  ],
  examples: ['kernell data savings', 'kernell data savings --input records.jsonl --json'],
  async run(context) {
    const { terminal, isJson, loadConfig } = context
    const config = loadConfig()
    const { tasks, skipped } = await readTasks(context)
    const { quality } = config.policy
    const report = reportSavings({ tasks, quality, findEntry: await knownEntries(config) })
    if (isJson) terminal.printJson({ ...report, skipped })
    else terminal.print(describe(report, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

const COLUMNS: readonly Column[] = [
  { heading: 'instead of' },
  { heading: 'it costs a task', align: 'right' },
  { heading: 'saved a task', align: 'right' },
  { heading: '95 % interval', align: 'right' },
  { heading: 'share', align: 'right' },
  { heading: '95 % interval', align: 'right' },
  { heading: 'quality gained', align: 'right' },
]

function describe({ tasks, baselines }: SavingsReport, width: number): string {
  const supported = baselines.flatMap((row) => (row.is_supported ? [row] : []))
  const unsupported = baselines.flatMap((row) => (row.is_supported ? [] : [`${row.baseline}: ${row.because}`]))
  const [first] = supported
  const spent = first === undefined ? '' : `; ${usd(first.actual_usd.value)} were spent on one`
  return [
    `${tasks} tasks${spent}`,
    ...(supported.length === 0 ? [] : ['', formatTable(COLUMNS, supported.map(cellsOf), width)]),
    ...(unsupported.length === 0 ? [] : ['', ...unsupported]),
  ].join('\n')
}

function cellsOf(row: Extract<SavingsRow, { is_supported: true }>): readonly string[] {
  const { saved_usd: saved, quality_gain: gain, saved_share: share } = row
  return [
    row.baseline,
    usd(row.baseline_usd.value),
    usd(saved.value),
    `${usd(saved.ci95[0])} to ${usd(saved.ci95[1])}`,
    share === null ? '-' : formatPercent(share.value),
    share === null ? '-' : `${formatPercent(share.ci95[0])} to ${formatPercent(share.ci95[1])}`,
    gain === null
      ? '-'
      : `${(100 * gain.value).toFixed(1)} (${(100 * gain.ci95[0]).toFixed(1)} to ${(100 * gain.ci95[1]).toFixed(1)})`,
  ]
}

function usd(value: number): string {
  return `${value < 0 ? '-' : ''}${formatUsd(Math.abs(value))}`
}
