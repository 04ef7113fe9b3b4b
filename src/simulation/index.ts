/**
 * Worlds of one thread in which nothing is real but the code: virtual time, seeded ties and draws, a network, disks and models with faults. A seed is a run.
 *
 * ```ts
 * import { createWorld } from 'kernell-os/simulation'
 *
 * const world = createWorld({ seed: 7 })
 * const process = world.createProcess('node-1')
 * process.timers.schedule(1_000, () => console.log(process.clock.now()))
 * await world.run()
 * console.log(world.hash)
 * ```
 */
export { ActorHost, type ActorHostCounts, type ActorHostInit } from './actors/actor-host.ts'
export type { ActorCount } from './actors/actor-recorder.ts'
export {
  type Conduct,
  createMisbehaverLogic,
  type MisbehaverContext,
  type MisbehaverInput,
  type MisbehaverLogic,
} from './actors/misbehaver-logic.ts'
export { createSimulatedActors, type SimulatedActorsInit } from './actors/simulated-actors.ts'
export { CheckBook, type Violation } from './checks/check-book.ts'
export { drawFaults, FAULT_KINDS, type FaultDraw, type FaultKind, type PlannedFault } from './faults/fault-plan.ts'
export { type DiskFaults, GOOD_DISK, SimulatedDisk } from './disk/simulated-disk.ts'
export { type Boot, Machine, type MachineInit, type MachineWork } from './machine/machine.ts'
export { GOOD_LINK, type LinkFaults } from './network/link-faults.ts'
export { SimulatedNetwork } from './network/simulated-network.ts'
export { DrawnOutcomes } from './models/drawn-outcomes.ts'
export { FITTED_MODELS, FITTED_SOURCE } from './models/fitted-profiles.ts'
export type { LatencyProfile, ModelProfile, TaskKind } from './models/model-profile.ts'
export { injectModelFault, relieveModelFault } from './models/model-fault.ts'
export type { OutcomeSource, ServedOutcome } from './models/outcome-source.ts'
export { entriesOf, PriceBook } from './models/price-book.ts'
export type { ProviderFaults } from './models/provider-faults.ts'
export { makeTask, type SimulatedTask } from './models/simulated-task.ts'
export { SimulatedProvider } from './models/simulated-provider.ts'
export { bootRouter, type RouterWork } from './router/boot-router.ts'
export type { RouterMachineInit } from './router/router-parts.ts'
export { runPage, seedsPage, type ReportContext, type SeedsPlayed } from './report/report-pages.ts'
export { distributionPlots, seriesPlots } from './report/run-plots.ts'
export { compareRuns, compareScenarioRuns, type Comparison, type PlayOnce } from './run/compare-runs.ts'
export { compareTraces, type Difference } from './run/compare-traces.ts'
export type { RunReport } from './run/report.ts'
export { parseOptions, type RunInit, type RunProgress, runScenario } from './run/run-scenario.ts'
export { type MetricSeries, SeriesRecorder } from './run/series.ts'
export { type FailingRun, replayFailing, type ShrinkInit, type Shrunk, shrinkRun } from './run/shrink.ts'
export { readRecordedRows } from './scenario/recorded-rows.ts'
export { defineScenario, type MetricValue, type Play, type PlayEnd, type Scenario } from './scenario/scenario.ts'
export { findScenario, SCENARIOS } from './scenarios/scenario-table.ts'
export { type HandledPart, type SignatureKind, Stage } from './scenario/stage.ts'
export type { TracedEvent } from './record/run-recorder.ts'
export { playAgain, playTwice, type Unequal } from './seeds/play-twice.ts'
export { numbersOf, type SeedFailure, type SeedResult, seedResultOf } from './seeds/seed-result.ts'
export { SeedTotals } from './seeds/seed-totals.ts'
export { createWorld, type RunEnd, type RunLimits, World, type WorldInit } from './world/world.ts'
export type { ClockSkew, WorldProcess } from './world/world-process.ts'
