import { createHash } from 'node:crypto'
import { codeHash } from './code-hash.ts'
import { readPackageVersion } from '../../node/package-version.ts'
import { type SeedsPlayed, seedsPage } from '../../simulation/report/report-pages.ts'
import { distributionPlots } from '../../simulation/report/run-plots.ts'
import type { CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { usageError } from '../flags.ts'
import { readDataFile } from '../read-data-files.ts'
import { seedsDocument, shrunkDocument } from './documents.ts'
import { formatSeeds, formatShrunk } from './format-simulation.ts'
import { playRange } from './play-range.ts'
import type { ResumeHead } from './resume-file.ts'
import { writeFiles } from './run-files.ts'
import type { SimulatePlan } from './simulate-plan.ts'
import { replayIn, shrinkIn, type Simulation } from './simulation.ts'

/** Plays a range of seeds and tells of them. */
export async function simulateSeeds(
  simulation: Simulation,
  { range, threads, resumeFile }: Extract<SimulatePlan['play'], { kind: 'seeds' }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { plan, scenario, playedAs } = simulation
  const { terminal, isJson, signal, workingDir } = context
  if (plan.files.plots.length > 0 && range.from === range.to)
    throw usageError('One seed has no spread to draw; use --seed')
  const resume = resumeFile === undefined ? undefined : { file: resumeFile, head: headOf(simulation, workingDir) }
  const result = await playRange({
    playedAs,
    range,
    threads,
    timeoutMs: plan.timeoutMs ?? 600_000,
    resume,
    terminal,
    signal,
  })
  const { totals, isInterrupted } = result
  const played: SeedsPlayed = {
    scenario: scenario.name,
    options: scenario.options,
    signatures: playedAs.signatures,
    ...range,
    totals,
    isInterrupted,
  }
  const plots = distributionPlots(totals.metrics, `${totals.seeds} seeds`)
  const replay = replayIn(simulation)
  const failing = [...new Set(totals.violations.list.map(({ seed }) => seed))]
  const shrunk = await shrinkIn(simulation, failing, context)
  if (isJson) terminal.printJson({ ...seedsDocument(played), ...shrunkDocument(plan, shrunk) })
  else
    terminal.print(
      [formatSeeds({ ...played, resumed: result.resumed }, terminal, replay), ...shrunk.map(formatShrunk)].join('\n'),
    )
  const pictures = {
    title: `${scenario.name}, seeds ${range.from} to ${range.to}`,
    plots,
    page: () => seedsPage(played, { version: readPackageVersion(), replay, plots }),
  }
  const isWritten = await writeFiles(plan.files, pictures, terminal)
  if (isInterrupted || signal.aborted) return EXIT_CODES.interrupted
  return totals.isClean && isWritten && result.isKept ? EXIT_CODES.done : EXIT_CODES.failed
}

function headOf({ scenario, playedAs }: Simulation, workingDir: string): ResumeHead {
  const { source, signatures, dataFile } = playedAs
  const data = dataFile === undefined ? null : readDataFile(dataFile, workingDir).text
  return {
    scenario: scenario.name,
    options: scenario.options,
    signatures,
    version: readPackageVersion(),
    code: codeHash(),
    source: source.kind === 'file' ? scenario.modules : null,
    data: data === null ? null : createHash('sha256').update(data).digest('hex'),
  }
}
