import { CodedError } from '../../base/errors.ts'
import { readPackageVersion } from '../../node/package-version.ts'
import { runPage } from '../../simulation/report/report-pages.ts'
import type { SeedFailure } from '../../simulation/seeds/seed-result.ts'
import { seriesPlots } from '../../simulation/report/run-plots.ts'
import type { CommandContext } from '../command.ts'
import { printFailure } from '../print-failure.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { runDocument, shrunkDocument } from './documents.ts'
import { formatRun, formatShrunk } from './format-simulation.ts'
import { playRun } from './play-run.ts'
import { REMEDY_PRINTED, writeFiles } from './run-files.ts'
import type { RunAnswer } from './run-job.ts'
import type { SimulatePlan } from './simulate-plan.ts'
import { replayIn, shrinkIn, type Simulation } from './simulation.ts'

/** Plays one seed and tells of it. */
export async function simulateRun(
  simulation: Simulation,
  play: Extract<SimulatePlan['play'], { kind: 'run' }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal, isJson, signal } = context
  const { files } = simulation.plan
  const { playedAs } = simulation
  const answer = await playRun({
    ...play,
    playedAs,
    timeoutMs: simulation.plan.timeoutMs,
    traceFile: files.trace,
    terminal,
    signal,
  })
  if (answer.kind === 'failed') throw failureOf(answer.failure, play.seed)
  if (answer.kind === 'stopped')
    return tellStopped(answer, { scenario: simulation.plan.scenario, seed: play.seed }, context)
  const { report, unequal } = answer
  const plots = seriesPlots(
    report.series,
    `seed ${report.seed}, hash ${report.hash.slice(0, 16)}, ${report.events} events`,
  )
  const replay = replayIn(simulation)
  const failing = report.violations.length === 0 ? [] : [report.seed]
  const shrunk = await shrinkIn(simulation, failing, context)
  if (isJson) terminal.printJson({ ...runDocument(answer, play.isTwice), ...shrunkDocument(simulation.plan, shrunk) })
  else
    terminal.print(
      [formatRun({ ...answer, isTwice: play.isTwice }, terminal, replay), ...shrunk.map(formatShrunk)].join('\n'),
    )
  const pictures = {
    title: `${report.scenario}, seed ${report.seed}`,
    plots,
    page: () => runPage(report, { version: readPackageVersion(), replay, plots }),
  }
  const isWritten = await writeFiles(files, pictures, terminal)
  const { traceFailure } = answer
  if (traceFailure !== undefined) {
    const { code, message } = traceFailure
    printFailure(new CodedError(code, { message, details: { remedy: REMEDY_PRINTED } }), terminal, false)
  }
  if (signal.aborted) return EXIT_CODES.interrupted
  return isWritten && traceFailure === undefined && failing.length === 0 && unequal === undefined
    ? EXIT_CODES.done
    : EXIT_CODES.failed
}

function tellStopped(
  { events, virtualMs }: Extract<RunAnswer, { kind: 'stopped' }>,
  run: { readonly scenario: string; readonly seed: number },
  { terminal, isJson }: CommandContext,
): ExitCode {
  if (isJson) terminal.printJson({ ...run, events, virtual_ms: virtualMs, interrupted: true })
  else
    terminal.print(
      `Stopped; at the last report ${events} events in ${Math.round(virtualMs)} virtual ms had been played; nothing was judged`,
    )
  return EXIT_CODES.interrupted
}

function failureOf({ code, message }: SeedFailure, seed: number): CodedError {
  const details =
    code === 'SIMULATION_SEED_LOST'
      ? { remedy: 'Give it less to do (`--agents`, `--steps`), or more memory.' }
      : undefined
  return new CodedError(code, { message: `Seed ${seed}: ${message}`, ...(details !== undefined && { details }) })
}
