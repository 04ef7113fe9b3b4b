import { createHash } from 'node:crypto'
import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { readPackageVersion } from '../../node/package-version.ts'
import { runPage, type SeedsPlayed, seedsPage } from '../../simulation/report/report-pages.ts'
import { distributionPlots, seriesPlots } from '../../simulation/report/run-plots.ts'
import { parseOptions } from '../../simulation/run/run-scenario.ts'
import { readRecordedRows } from '../../simulation/scenario/recorded-rows.ts'
import type { Scenario } from '../../simulation/scenario/scenario.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { isFlagSet, usageError } from '../flags.ts'
import { readDataFile } from '../read-data-files.ts'
import { runDocument, seedsDocument } from '../simulate/documents.ts'
import { formatRun, formatSeeds } from '../simulate/format-simulation.ts'
import { describeScenario, formatScenarios } from '../simulate/list-scenarios.ts'
import { playRange } from '../simulate/play-range.ts'
import { playRun } from '../simulate/play-run.ts'
import { replayOf } from '../simulate/replay.ts'
import { checkFiles, writeFiles } from '../simulate/run-files.ts'
import { type PlayedAs, plainOptions } from '../simulate/run-job.ts'
import { loadScenario, sourceOf } from '../simulate/scenario-source.ts'
import { readPlan, SIMULATE_FLAGS, type SimulatePlan } from '../simulate/simulate-plan.ts'

/** Plays a scenario in a world where nothing is real but the code. */
export const simulateCommand: Command = {
  name: 'simulate',
  summary: 'play a scenario in a seeded world with faults, and check what must always hold',
  synopsis: '[SCENARIO|FILE] [--seed N | --seeds A..B]',
  positionalsMax: 1,
  flags: SIMULATE_FLAGS,
  details: [
    'Nothing in the world is real but the code: time, chance, network, disks, models and payment come from the seed, so that a seed is a run and gives the same hash on every machine. Without a scenario it lists those that there are and what they take. FILE is a module of your own that exports by default what `defineScenario` of `kernell-os/simulation` returns.',
    'Ends with exit code 1 when a checker found a violation, two runs of a seed had unequal hashes, or a seed failed. With --seeds, Ctrl-C ends the run in order: what is printed is what was really played.',
  ],
  examples: [
    'kernell simulate',
    'kernell simulate agent-network --seed 7 --agents 100 --report run.html',
    'kernell simulate agent-network --seeds 1..1000 --resume seeds.jsonl --json',
    'kernell simulate ./my-scenario.ts --seed 7 --set price=2.5 --plot run.svg,run.png',
  ],
  whenStopped: 'Run it again; with --resume it goes on where it was stopped.',
  async run(context) {
    const [word] = context.positionals
    if (word === undefined || isFlagSet(context.flags, 'list')) return await listScenarios(word, context)
    const plan = readPlan(word, context)
    const source = await sourceOf(word, context.workingDir)
    const scenario = await loadScenario(source)
    const options = plainOptions(parseOptions(scenario, plan.options))
    checkFiles(plan.files)
    const playedAs = { source, options: plan.options, signatures: plan.signatures, dataFile: plan.dataFile }
    if (plan.dataFile !== undefined) readRecordedRows(readDataFile(plan.dataFile, context.workingDir))
    const simulation = { plan, scenario, options, playedAs }
    return plan.play.kind === 'run'
      ? await simulateRun(simulation, plan.play, context)
      : await simulateSeeds(simulation, plan.play, context)
  },
}

type Simulation = {
  readonly plan: SimulatePlan
  readonly scenario: Scenario
  /** With the defaults. */
  readonly options: JsonValue
  readonly playedAs: PlayedAs
}

async function listScenarios(
  word: string | undefined,
  { terminal, isJson, workingDir }: CommandContext,
): Promise<ExitCode> {
  const { SCENARIOS } = await import('../../simulation/scenarios/scenario-table.ts')
  const scenarios = word === undefined ? SCENARIOS : [await loadScenario(await sourceOf(word, workingDir))]
  const listed = scenarios.map(describeScenario)
  if (isJson) terminal.printJson({ scenarios: listed })
  else terminal.print(formatScenarios(listed, terminal.width))
  return EXIT_CODES.done
}

async function simulateRun(
  { plan, playedAs }: Simulation,
  play: Extract<SimulatePlan['play'], { kind: 'run' }>,
  { terminal, isJson, signal }: CommandContext,
): Promise<ExitCode> {
  const { files } = plan
  const answer = await playRun({ ...play, playedAs, traceFile: files.trace, terminal, signal })
  if (answer.kind === 'failed')
    throw new CodedError(answer.failure.code, { message: `Seed ${play.seed}: ${answer.failure.message}` })
  if (answer.kind === 'stopped') {
    const { events, virtualMs } = answer
    if (isJson)
      terminal.printJson({ scenario: plan.scenario, seed: play.seed, events, virtual_ms: virtualMs, interrupted: true })
    else terminal.print(`Stopped at event ${events}, ${Math.round(virtualMs)} virtual ms; nothing was judged`)
    return EXIT_CODES.interrupted
  }
  const { report, unequal } = answer
  const note = `seed ${report.seed}, hash ${report.hash.slice(0, 16)}, ${report.events} events`
  const plots = seriesPlots(report.series, note)
  const replay = (seed: number): string => replayOf(plan, seed)
  await writeFiles(files, {
    title: `${report.scenario}, seed ${report.seed}`,
    plots,
    page: () => runPage(report, { version: readPackageVersion(), replay, plots }),
  })
  if (isJson) terminal.printJson(runDocument(answer, play.isTwice))
  else terminal.print(formatRun(answer, terminal, replay))
  return report.violations.length === 0 && unequal === undefined ? EXIT_CODES.done : EXIT_CODES.failed
}

async function simulateSeeds(
  { plan, scenario, options, playedAs }: Simulation,
  { range, threads, timeoutMs, resumeFile }: Extract<SimulatePlan['play'], { kind: 'seeds' }>,
  { terminal, isJson, signal, workingDir }: CommandContext,
): Promise<ExitCode> {
  if (plan.files.plots.length > 0 && range.from === range.to)
    throw usageError('One seed has no spread to draw; use --seed')
  const { source, signatures, dataFile } = playedAs
  const head = {
    scenario: scenario.name,
    options,
    signatures,
    version: readPackageVersion(),
    source: source.kind === 'file' ? source.sha256 : null,
    data:
      dataFile === undefined
        ? null
        : createHash('sha256').update(readDataFile(dataFile, workingDir).text).digest('hex'),
  }
  const resume = resumeFile === undefined ? undefined : { file: resumeFile, head }
  const result = await playRange({ playedAs, range, threads, timeoutMs, resume, terminal, signal })
  const played: SeedsPlayed = { scenario: scenario.name, options, signatures, ...range, ...result }
  const { totals, isInterrupted, resumed } = result
  const plots = distributionPlots(totals.metrics, `${totals.seeds} seeds`)
  const replay = (seed: number): string => replayOf(plan, seed)
  const files = isInterrupted && plots.length === 0 ? { ...plan.files, plots: [] } : plan.files
  await writeFiles(files, {
    title: `${scenario.name}, seeds ${range.from} to ${range.to}`,
    plots,
    page: () => seedsPage(played, { version: readPackageVersion(), replay, plots }),
  })
  if (isJson) terminal.printJson(seedsDocument(played))
  else terminal.print(formatSeeds({ ...played, resumed }, terminal, replay))
  if (isInterrupted) return EXIT_CODES.interrupted
  return totals.isClean ? EXIT_CODES.done : EXIT_CODES.failed
}
