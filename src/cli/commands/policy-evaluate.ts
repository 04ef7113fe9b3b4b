import { resolve } from 'node:path'
import { formatPercent, formatUsd } from '../../base/format.ts'
import type { GateThresholds } from '../../core/learning/gate/gate-thresholds.ts'
import { evaluatePolicyOnFiles, type EvaluatedPolicy } from '../../node/learning/evaluation/evaluate-policy.ts'
import { gateBounds } from '../../node/learning/evaluation/gate-bounds.ts'
import { knownEntries } from '../../node/learning/training/known-entries.ts'
import { openInstallationKey } from '../../node/learning/rollout/open-signer.ts'
import { policyReport, type EstimateRow, type PolicyReport } from '../../node/learning/evaluation/policy-report.ts'
import { isPlotFile, writePlot } from '../../node/learning/evaluation/write-plot.ts'
import { createSystemClock } from '../../node/system-clock.ts'
import type { Command, CommandContext } from '../command.ts'
import { followWork } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, listFlag, numberFlag, requiredList, textFlag, usageError, type Flags } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'
import { saveArtefact } from '../read-data-files.ts'
import { readNamedPolicy } from '../read-policy.ts'
import { keepGateReport, registerPolicy } from '../registered-policies.ts'

/** What a policy is worth beside another, and whether it may take over. */
export const policyEvaluateCommand: Command = {
  name: 'policy evaluate',
  summary: 'judge a policy beside another on rows with known outcomes; --gate decides whether it may take over',
  synopsis: 'VERSION|FILE --data F... [--against VERSION|FILE|incumbent|priors] [--gate] [--plot F.svg|F.png]',
  positionalsMax: 1,
  flags: {
    data: {
      value: 'F',
      isList: true,
      describe: 'rows of `data build`, or questions with scores of several models; JSON Lines (or .gz)',
    },
    against: {
      value: 'POLICY',
      describe: 'a version, a file, `incumbent` (default: what serves now) or `priors`',
    },
    'trained-on': {
      value: 'F',
      isList: true,
      describe:
        'what the candidate was trained on, where its artefact does not say; the gate refuses a candidate of which nobody says it',
    },
    gate: {
      describe:
        'decide by bounds: exit 0 when the candidate may take over, 3 when it may not; the signed report is kept in the registry',
    },
    margin: {
      value: 'X',
      describe: 'the quality difference must be above it at 95 % (default 0.01; below 0: not worse by more)',
    },
    'cost-tolerance': {
      value: 'X',
      describe:
        'the candidate may cost this share more (default 0.05), or `any`; the watch of a rollout has a bound of its own, `policy.rollout.slo.costMargin` (default 0.25)',
    },
    'cost-target': { value: 'X', describe: 'the candidate must cost at least this share less' },
    precision: { value: 'X', describe: 'largest half width of the interval of the quality difference (default 0.02)' },
    regressions: { value: 'X', describe: 'largest share of tasks that only the incumbent gets right (default 0.1)' },
    'calibration-error': { value: 'X', describe: 'largest calibration error of the candidate (default 0.1)' },
    catches: {
      value: 'X',
      describe:
        'on a fixed set: share of the wrong answers that the check in a cascade is assumed to reject (default 0.5, as policies count with)',
    },
    rows: { value: 'N', describe: 'least number of different tasks (default 1000)' },
    report: { value: 'FILE', describe: 'write the signed gate report to a file, too' },
    plot: { value: 'FILE', describe: 'draw the cost-quality curve, .svg or .png' },
    seed: { value: 'N', describe: 'kept in the report (default 1)' },
  },
  details: [
    'Both policies decide every row as they would be served, with the candidates and prices of the row. Where the outcomes of all models are known the rows are replayed, and the difference is exact on each; a log is weighed by its propensities: IPS, self-normalised, doubly robust with cross-fitted rewards. Intervals are 95 %, paired for the difference.',
    'A policy of `policy train` or `policy learn` holds which tasks it was trained on, as a set that can be asked and not read, so the gate sees by itself that none of them judges it; one that does ends it with POLICY_TRAINED_ON_TEST. `kernell data split` divides a file by task.',
    'What is looser than `policy.gate` of the configuration allows is refused; `policy show` and `policy list` say which reports were judged by other bounds than the default.',
    'Of a fixed set a cascade is served as its plan says: the first answer that passes the check, with every call up to it paid. Recorded outcomes do not tell what a check would have said: it is assumed to reject a share of the wrong answers (--catches) and no right one, and the report says so. Costs expected of a model are those of its price, where the configuration knows it by its id, else its mean over the rows. Splitting of tasks and retries after failed calls are not simulated.',
    'A log that never did what a policy does says nothing about it: that is said instead of a figure.',
  ],
  examples: [
    'kernell policy evaluate policy.json --data test.jsonl.gz --plot curve.svg',
    'kernell policy evaluate new.json --against old.json --data test.jsonl --gate',
  ],
  async run(context) {
    const { flags, terminal, isJson, workingDir, positionals } = context
    const plotFile = plotFlag(flags, workingDir)
    const [name] = positionals
    if (name === undefined) throw usageError('Name the policy: a version or a file')
    const candidate = await readNamedPolicy(context, name)
    const { text } = candidate
    if (text === undefined) throw usageError('The priors are what others are judged beside; name a trained policy')
    const bounds = gateBounds(thresholdsOf(flags), context.loadConfig().policy)
    const isGated = isFlagSet(flags, 'gate')
    if (isGated && bounds.tooLoose.length > 0)
      throw usageError(`Looser than \`policy.gate\` of the configuration allows: ${bounds.tooLoose.join(', ')}`)
    const judged = await judge(context, text, { thresholds: bounds.thresholds, withCurve: plotFile !== undefined })
    const report = policyReport(judged)
    if (plotFile !== undefined) {
      const plot = judged.curve?.plot
      if (plot === undefined) terminal.note('There is nothing to draw: costs or outcomes are not known')
      else await writePlot(plotFile, plot)
    }
    const reportFile = textFlag(flags, 'report')
    if (judged.gateReport !== undefined) {
      if (reportFile !== undefined) saveArtefact(reportFile, judged.gateReport, workingDir)
      // A report is kept with its policy, so a file that is judged becomes a version.
      if (!candidate.isRegistered) await registerPolicy(context, text)
      await keepGateReport(context, judged.candidate, judged.gateReport)
    }
    if (isGated && bounds.costWarning !== undefined) terminal.note(bounds.costWarning)
    if (isJson) terminal.printJson(report)
    else terminal.print(describe(report, terminal.cutWidth))
    return report.gate !== null && !report.gate.has_passed ? EXIT_CODES.refused : EXIT_CODES.done
  },
}

function plotFlag(flags: Flags, workingDir: string): string | undefined {
  const file = textFlag(flags, 'plot')
  if (file === undefined) return undefined
  if (!isPlotFile(file)) throw usageError('--plot takes a file that ends in .svg or .png', { file })
  return resolve(workingDir, file)
}

type Judging = { readonly thresholds: Partial<GateThresholds>; readonly withCurve: boolean }

async function judge(
  context: CommandContext,
  candidate: string,
  { thresholds, withCurve }: Judging,
): Promise<EvaluatedPolicy> {
  const { flags, terminal, workingDir, signal, loadConfig } = context
  const config = loadConfig()
  const files = requiredList(flags, 'data').map((file) => resolve(workingDir, file))
  const trainedOn = listFlag(flags, 'trained-on').map((file) => resolve(workingDir, file))
  const catches = numberFlag(flags, 'catches', SHARE)
  const incumbent = await readNamedPolicy(context, textFlag(flags, 'against') ?? 'incumbent')
  const { onProgress, finish } = followWork(terminal)
  try {
    return await evaluatePolicyOnFiles(
      {
        candidate,
        incumbent: incumbent.text,
        files,
        ...(trainedOn.length > 0 && { trainedOn }),
        quality: config.policy.quality,
        qualityShare: config.policy.qualityShare,
        findEntry: await knownEntries(config),
        seed: numberFlag(flags, 'seed', { min: 0, max: 4_294_967_295, isWhole: true }) ?? 1,
        ...(isFlagSet(flags, 'gate') && {
          gate: {
            thresholds,
            signer: await openInstallationKey(config.dataDir),
            at: new Date(createSystemClock().now()).toISOString(),
          },
        }),
        ...(catches !== undefined && { verifier: { catches } }),
        withCurve,
      },
      { signal, onProgress },
    )
  } finally {
    finish()
  }
}

const SHARE = { min: 0, max: 1 }

function thresholdsOf(flags: Flags): Partial<GateThresholds> {
  const margin = numberFlag(flags, 'margin', { min: -1, max: 1 })
  const target = numberFlag(flags, 'cost-target', SHARE)
  const tolerance =
    textFlag(flags, 'cost-tolerance') === 'any' ? null : numberFlag(flags, 'cost-tolerance', { min: 0, max: 100 })
  const precision = numberFlag(flags, 'precision', SHARE)
  const regressions = numberFlag(flags, 'regressions', SHARE)
  const calibration = numberFlag(flags, 'calibration-error', SHARE)
  const rows = numberFlag(flags, 'rows', { min: 1, max: 1e9, isWhole: true })
  return {
    ...(margin !== undefined && { qualityMargin: margin }),
    ...(target !== undefined && { costTarget: target }),
    ...(tolerance !== undefined && { costTolerance: tolerance }),
    ...(precision !== undefined && { precisionMax: precision }),
    ...(regressions !== undefined && { regressionMax: regressions }),
    ...(calibration !== undefined && { calibrationErrorMax: calibration }),
    ...(rows !== undefined && { rowsMin: rows }),
  }
}

const COLUMNS: readonly Column[] = [
  { heading: 'metric' },
  { heading: 'by' },
  { heading: 'candidate', align: 'right' },
  { heading: 'incumbent', align: 'right' },
  { heading: 'difference', align: 'right' },
  { heading: '95 % interval', align: 'right' },
]

const METRIC_NAMES = { success: 'right', cost_usd: 'cost', latency_ms: 'latency' } as const

function describe(report: PolicyReport, width: number): string {
  const { data, gate } = report
  const rows = report.estimates.map((row) => [
    METRIC_NAMES[row.metric],
    row.estimator,
    figureOf(row, row.candidate.value),
    figureOf(row, row.incumbent.value),
    figureOf(row, row.difference.value),
    `${figureOf(row, row.difference.ci95[0])} to ${figureOf(row, row.difference.ci95[1])}`,
  ])
  const undecided = report.undecided === 0 ? '' : `, ${report.undecided} left out: their text was not kept`
  return [
    `${report.candidate} beside ${report.incumbent}: ${report.rows} rows of ${data.tasks} tasks${undecided}`,
    ...(report.disagreement === null
      ? []
      : [`They choose differently for ${formatPercent(report.disagreement)} of the tasks`]),
    ...overlapLine(report),
    ...(report.calibration.error === null
      ? []
      : [`Calibration error of the candidate: ${(100 * report.calibration.error).toFixed(2)} points`]),
    ...cascadesSaid(report),
    ...report.refused.map(({ by, message }) => `${by === 'log' ? 'Weighing the log' : 'Replay'}: ${message}`),
    ...data.leaks.map((leak) => `Leak: ${leak}`),
    ...report.unsupported_baselines.map(({ name, message }) => `${name}: ${message}`),
    '',
    formatTable(COLUMNS, rows, width),
    ...(gate === null
      ? []
      : [
          '',
          ...gate.checks.map(
            ({ name, has_passed: isPassed, said }) => `${isPassed ? 'passed ' : 'REFUSED'}  ${name}: ${said}`,
          ),
          '',
          gate.has_passed ? 'The candidate may take over' : 'The candidate may not take over',
        ]),
  ].join('\n')
}

function overlapLine({ rows, undecided, data }: PolicyReport): readonly string[] {
  const { training_overlap: overlap, overlap_checked_by: by } = data
  if (overlap === null) return ['It is not known which tasks the candidate was trained on']
  return [`Of tasks that the candidate was trained on: ${overlap} of ${rows + undecided} rows (checked by ${by})`]
}

function cascadesSaid({ cascades }: PolicyReport): readonly string[] {
  if (cascades === null || cascades.candidate + cascades.incumbent === 0) return []
  const { candidate, incumbent, assumed_catches: catches } = cascades
  return [
    `Cascades answer ${formatPercent(candidate)} of the tasks for the candidate and ${formatPercent(incumbent)} for the incumbent; their check is assumed to reject ${formatPercent(catches)} of the wrong answers and no right one`,
  ]
}

function figureOf({ metric }: EstimateRow, value: number | null): string {
  if (value === null) return '-'
  if (metric === 'success') return `${(100 * value).toFixed(2)} %`
  return metric === 'cost_usd' ? `${value < 0 ? '-' : ''}${formatUsd(Math.abs(value))}` : `${Math.round(value)} ms`
}
