import { fileURLToPath } from 'node:url'
import { readRecordedRows } from '../../simulation/scenario/recorded-rows.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { isFlagSet, usageError } from '../flags.ts'
import { readDataFile } from '../read-data-files.ts'
import { describeSource } from '../simulate/describe-scenario.ts'
import { describeScenario, formatScenarios, type ListedScenario } from '../simulate/list-scenarios.ts'
import { checkFiles } from '../simulate/run-files.ts'
import type { PlayedAs } from '../simulate/run-job.ts'
import { sourceOf } from '../simulate/scenario-source.ts'
import { readPlan, SIMULATE_FLAGS } from '../simulate/simulate-plan.ts'
import { simulateRun } from '../simulate/simulate-run.ts'
import { simulateSeeds } from '../simulate/simulate-seeds.ts'
import type { Simulation } from '../simulate/simulation.ts'

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
    const isList = isFlagSet(context.flags, 'list')
    if (word === undefined && !isList) refuseFlags(context)
    if (word === undefined || isList) return await listScenarios(word, context)
    const plan = readPlan(word, context)
    const source = await sourceOf(word, context.workingDir)
    const { terminal, signal } = context
    const scenario = await describeSource({ source, options: plan.options, terminal, signal })
    const { signatures, dataFile, faultIds, play } = plan
    const scenarioFile = source.kind === 'file' ? fileURLToPath(source.url) : undefined
    checkFiles(plan.files, [scenarioFile, dataFile, play.kind === 'seeds' ? play.resumeFile : undefined])
    if (dataFile !== undefined) readRecordedRows(readDataFile(dataFile, context.workingDir))
    const playedAs: PlayedAs = { source, options: plan.options, signatures, dataFile, faultIds }
    const simulation: Simulation = { plan, scenario, playedAs }
    return plan.play.kind === 'run'
      ? await simulateRun(simulation, plan.play, context)
      : await simulateSeeds(simulation, plan.play, context)
  },
}

/** What is asked of a run is of one scenario. Throws `COMMAND_INVALID`. */
function refuseFlags({ flags }: CommandContext): void {
  const given = Object.keys(SIMULATE_FLAGS).find((name) => flags[name] !== undefined)
  if (given !== undefined) throw usageError(`--${given} needs a scenario: kernell simulate SCENARIO --${given} ...`)
}

async function listScenarios(
  word: string | undefined,
  { terminal, isJson, workingDir, signal }: CommandContext,
): Promise<ExitCode> {
  const listed =
    word === undefined
      ? await listAll()
      : [
          (await describeSource({ source: await sourceOf(word, workingDir), options: undefined, terminal, signal }))
            .listed,
        ]
  if (isJson) terminal.printJson({ scenarios: listed })
  else terminal.print(formatScenarios(listed, terminal.width))
  return EXIT_CODES.done
}

async function listAll(): Promise<readonly ListedScenario[]> {
  const { SCENARIOS } = await import('../../simulation/scenarios/scenario-table.ts')
  return SCENARIOS.map(describeScenario)
}
