import { resolve } from 'node:path'
import type { DriftReport } from '../../core/learning/drift/detect-drift.ts'
import { reportDrift, splitByAge } from '../../node/learning/evaluation/report-drift.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { numberFlag, textFlag } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'
import { readTasks, readTasksFile, TASK_FLAGS } from '../read-tasks.ts'

const DAYS_DEFAULT = 7

/** Whether tasks are still what they were. */
export const dataDriftCommand: Command = {
  name: 'data drift',
  summary: 'compare recent tasks with those before, or with a reference: what changed, and how many are unlike any',
  synopsis: '[--input F.jsonl] [--reference F.jsonl] [--days N]',
  flags: {
    ...TASK_FLAGS,
    reference: {
      value: 'F',
      describe: 'what the policy was trained on, for example; default: what is older than --days',
    },
    days: { value: 'N', describe: `the recent window, counted from the newest task (default ${DAYS_DEFAULT})` },
    limit: { value: 'N', describe: 'figures shown, the worst first (default 15); --json has all' },
  },
  details: [
    'Figures are population stability indices, less what chance alone brings: below 0.1 stable, above 0.25 another population (Siddiqi, 2006). Novelty is the share of tasks further from the reference than 99 % of it; above 5 % it is drift. One feature of many only asks to be watched. With fewer than 200 tasks in a window nothing is said.',
  ],
  examples: ['kernell data drift', 'kernell data drift --reference train.jsonl.gz --input records.jsonl --json'],
  async run(context) {
    const { flags, terminal, isJson, workingDir } = context
    const days = numberFlag(flags, 'days', { min: 0.01, max: 10_000 }) ?? DAYS_DEFAULT
    const limit = numberFlag(flags, 'limit', { min: 1, max: 1000, isWhole: true }) ?? 15
    const reference = textFlag(flags, 'reference')
    const recent = await readTasks(context)
    const windows =
      reference === undefined
        ? splitByAge(recent, days)
        : { reference: await readTasksFile(context, resolve(workingDir, reference)), recent }
    const report = reportDrift(windows)
    if (isJson) terminal.printJson(documentOf(report))
    else terminal.print(describe(report, limit, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

function documentOf({ state, referenceRows, recentRows, figures, thresholds }: DriftReport): object {
  return {
    state,
    reference_rows: referenceRows,
    recent_rows: recentRows,
    thresholds: {
      watch: thresholds.watch,
      drifted: thresholds.drifted,
      novelty_max: thresholds.noveltyMax,
      rows_min: thresholds.rowsMin,
    },
    figures,
  }
}

const COLUMNS: readonly Column[] = [{ heading: 'what' }, { heading: 'figure', align: 'right' }, { heading: 'state' }]

function describe(report: DriftReport, limit: number, width: number): string {
  const { state, referenceRows, recentRows, figures } = report
  const head = `${state}: ${recentRows} recent tasks beside ${referenceRows}`
  if (figures.length === 0) return `${head}; at least ${report.thresholds.rowsMin} are needed in each window`
  const rows = figures.slice(0, limit).map(({ name, figure, state: own }) => [name, figure.toFixed(3), own])
  return [head, '', formatTable(COLUMNS, rows, width)].join('\n')
}
