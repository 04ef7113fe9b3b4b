import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import type { Signatures } from '../../keys/pool/inline-signatures.ts'
import { CheckBook } from '../checks/check-book.ts'
import { createPortableSignatures } from '../keys/portable-ed25519.ts'
import { createSeededSignatures } from '../keys/seeded-signatures.ts'
import type { PlannedFault } from '../faults/fault-plan.ts'
import { SimulatedNetwork } from '../network/simulated-network.ts'
import type { Play, PlayEnd, Scenario } from '../scenario/scenario.ts'
import { type SignatureKind, Stage } from '../scenario/stage.ts'
import type { TracedEvent } from '../record/run-recorder.ts'
import { setTraps, withoutTraps } from '../world/traps.ts'
import { describedFailure } from '../world/described-failure.ts'
import { createWorld, type World } from '../world/world.ts'
import { checkEnd, checkPlay } from './check-play.ts'
import { chosenFaults } from './chosen-faults.ts'
import { drive, EventsOver } from './drive.ts'
import { outcomeText } from './outcome-text.ts'
import type { RunReport } from './report.ts'
import { boundedSeries, type MetricSeries, SeriesRecorder } from './series.ts'

/** How a scenario is played. The same seed, options, signatures, data, faults and bounds give the same run, and the same hash. */
export type RunInit = {
  /** 0 to 2^32 - 1. */
  readonly seed: number
  /** As the scenario's schema takes them. */
  readonly options?: unknown
  /** Default `seeded`. */
  readonly signatures?: SignatureKind
  /** `createInlineSignatures` of `kernell-os/keys`: makes and judges Ed25519 where `signatures` says so, and names keys in any case. Absent: portable ones, which are slow. */
  readonly ed25519?: Signatures
  /** Recorded outcomes for scenarios that take them. */
  readonly data?: readonly RoutingRow[]
  /** Only these faults of the plan, by their ids. Absent: all. */
  readonly faultIds?: ReadonlySet<number>
  /** Whether ids that the plan does not have are left alone. Default false: they are refused. */
  readonly takesAnyFaultId?: boolean
  /** Nothing happens any more behind so many events, those of `open` included: the run is cut there, without convergence. */
  readonly eventsMax?: number
  /** Ends soon behind the first finding of this checker, or of any where it is `any`, as if its events were over. Absent: whatever is found, it goes on. */
  readonly untilFoundBy?: string
  /** Events, handled messages and turns at one virtual instant, before the run ends with `SIMULATION_STUCK`. Default 10,000,000. */
  readonly instantMax?: number
  readonly onEvent?: (event: TracedEvent) => void
  /** Told about every so many events; the run goes on when it resolves. */
  readonly onProgress?: (progress: RunProgress) => void
  readonly signal?: AbortSignal
}

/** `playMs` is `Infinity` before a scenario has said how long it plays. */
export type RunProgress = { readonly events: number; readonly virtualMs: number; readonly playMs: number }

const SEED_MAX = 4_294_967_295
/** Events between two reports of progress. */
const PROGRESS_EVERY = 4_096
/** Events between two looks at the caller's signal, at most. */
const LOOK_EVERY = 512
/** A short run is looked at more often, so that its curves have points enough: behind so many events, and up to so many. */
const SHORT_LOOK_EVERY = 16
const SHORT_EVENTS = 4_096
/** Events between two looks where a scenario does not say. */
const WATCH_EVERY = 64
/** Virtual time is convergence's in steps of this. */
const SETTLE_STEPS = 64

/**
 * Plays a scenario: faults for `playMs`, then none, until everything is settled. What a checker finds is in the report and no exception.
 *
 * @throws `SIMULATION_OPTIONS_INVALID`; `SIMULATION_SCENARIO_INVALID`; `SIMULATION_FAULT_UNKNOWN`; `SIMULATION_STUCK`; the signal's reason, soon.
 */
export async function runScenario<Options>(scenario: Scenario<Options>, init: RunInit): Promise<RunReport> {
  checkArguments(scenario, init)
  // For the whole run: setting them anew between its parts costs more than many events.
  const release = setTraps()
  try {
    return await playThrough(scenario, init)
  } finally {
    release()
  }
}

async function playThrough<Options>(scenario: Scenario<Options>, init: RunInit): Promise<RunReport> {
  const options = parseOptions(scenario, init.options)
  const { eventsMax, instantMax, onEvent } = init
  const world = createWorld({
    seed: init.seed,
    ...(eventsMax !== undefined && { eventsMax }),
    ...(instantMax !== undefined && { instantMax }),
    ...(onEvent !== undefined && { onEvent }),
  })
  const checks = new CheckBook(
    () => ({ atMs: world.nowMs(), event: world.events }),
    ({ checker, what }) => world.note(JSON.stringify(['found', checker, what])),
  )
  const network = new SimulatedNetwork(world)
  const { data, signatures = 'seeded' } = init
  const stage = new Stage({ world, network, checks, signatures, keys: keysOf(init), data })
  const run = new Run(scenario.name, stage, init)
  const end = await run.play(scenario.open(stage, options))
  if (end !== undefined) world.note(canonicalJson(end.state))
  for (const failure of world.failures) checks.check('nothing-thrown', describedFailure(failure))
  const { agents, faults, handled } = stage
  const metrics = end?.metrics ?? {}
  // Equal hashes are to mean equal reports.
  world.note(outcomeText({ agents, faults, handled, metrics, checks: checks.evaluations, isCut: end === undefined }))
  return {
    scenario: scenario.name,
    seed: init.seed,
    options,
    signatures,
    events: world.events,
    virtualMs: world.nowMs(),
    agents,
    hash: world.hash,
    faults,
    plan: run.plan,
    checks: checks.evaluations,
    handled,
    violationsFound: checks.found,
    violations: checks.violations,
    metrics,
    series: boundedSeries([run.happened.series, ...begunFaults(run.plan), ...(end?.series ?? [])]),
    lookEvery: run.lookEvery,
    isCut: end === undefined,
  }
}

function checkArguments(scenario: { readonly open?: unknown } | undefined, init: Partial<RunInit> | undefined): void {
  if (typeof scenario?.open !== 'function')
    throw new CodedError('SIMULATION_SCENARIO_INVALID', {
      message: 'runScenario takes a scenario first, then { seed, ... }',
    })
  const seed = init?.seed
  if (!Number.isInteger(seed) || !(Number(seed) >= 0 && Number(seed) <= SEED_MAX))
    throw new RangeError(`A seed is a whole number from 0 to ${SEED_MAX}, not ${String(seed)}`)
}

/** How many faults of the plan have begun, over virtual time. */
function begunFaults(plan: readonly PlannedFault[]): readonly MetricSeries[] {
  if (plan.length === 0) return []
  const recorder = new SeriesRecorder('faults', 'faults that have begun')
  const times = plan.map(({ atMs }) => atMs).toSorted((left, right) => left - right)
  for (const [place, atMs] of times.entries()) recorder.add(atMs, place + 1)
  return [recorder.series]
}

function keysOf({ seed, signatures, ed25519 }: RunInit): Signatures {
  return signatures === 'ed25519' ? (ed25519 ?? createPortableSignatures()) : createSeededSignatures(seed, ed25519)
}

class Run {
  plan: readonly PlannedFault[] = []
  lookEvery = WATCH_EVERY
  readonly happened = new SeriesRecorder('events', 'events')
  private readonly name: string
  private readonly stage: Stage
  private readonly init: RunInit
  private readonly world: World
  private playMs = Infinity
  private reported = 0

  constructor(name: string, stage: Stage, init: RunInit) {
    this.name = name
    this.stage = stage
    this.init = init
    this.world = stage.world
    this.count()
  }

  /** A point of the curve of events. */
  private count(): void {
    this.happened.add(this.world.nowMs(), this.world.events)
  }

  /** `undefined`: its events were over before. */
  async play(opening: Promise<Play>): Promise<PlayEnd | undefined> {
    const { signal } = this.init
    try {
      const end = await this.playOpened(checkPlay(this.name, await this.drive(opening)))
      signal?.throwIfAborted()
      return this.world.hasRefused ? undefined : end
    } catch (error: unknown) {
      if (error instanceof EventsOver) return undefined
      throw error
    }
  }

  private async playOpened(play: Play): Promise<PlayEnd | undefined> {
    const startMs = this.world.nowMs()
    this.playMs = play.playMs
    this.lookEvery = play.watchEvery ?? WATCH_EVERY
    this.schedule(play)
    if (!(await this.until(play, startMs + play.playMs))) return undefined
    play.calm?.()
    this.stage.network.calm()
    if (!(await this.converge(play))) return undefined
    return checkEnd(this.name, await this.drive(play.finish()))
  }

  private async drive<Result>(work: Promise<Result>): Promise<Result> {
    const onLook = (): void => {
      this.count()
      if (this.world.events - this.reported >= PROGRESS_EVERY) this.report()
    }
    return await drive(this.world, work, { signal: this.init.signal, onLook })
  }

  /** Setting the traps aside for it costs more than many events. */
  private report(): void {
    const { onProgress } = this.init
    this.reported = this.world.events
    const progress = { events: this.reported, virtualMs: this.world.nowMs(), playMs: this.playMs }
    if (onProgress !== undefined) withoutTraps(() => onProgress(progress))
  }

  private schedule({ plan = [], playMs, inject, relieve }: Play): void {
    this.plan = chosenFaults(plan, this.init)
    for (const fault of this.plan) {
      this.world.schedule(fault.atMs, { kind: `fault ${fault.kind}`, run: () => inject?.(fault) })
      if (fault.forMs > 0)
        // Behind the play nothing is wrong any more.
        this.world.schedule(Math.min(fault.atMs + fault.forMs, playMs), {
          kind: `relief ${fault.kind}`,
          run: () => relieve?.(fault),
        })
    }
  }

  /** False where the events are over first. */
  private async until(play: Play, untilMs: number): Promise<boolean> {
    const { watch } = play
    const { signal } = this.init
    let looked = this.world.events
    for (;;) {
      if (this.world.isOver) return false
      const most = this.world.events < SHORT_EVENTS ? SHORT_LOOK_EVERY : LOOK_EVERY
      const toLook = watch === undefined ? most : looked + this.lookEvery - this.world.events
      const end = await this.world.run({ untilMs, eventsMax: Math.min(most, toLook) })
      const isLook = end !== 'events' || this.world.events - looked >= this.lookEvery
      if (isLook) {
        looked = this.world.events
        watch?.()
      }
      this.count()
      if (signal?.aborted === true || (isLook && this.world.events - this.reported >= PROGRESS_EVERY)) {
        this.report()
        signal?.throwIfAborted()
      }
      if (this.hasFound || this.world.hasRefused) return false
      if (end === 'quiet' || end === 'time') return true
    }
  }

  /** A machine that cannot start keeps others waiting: why, is what the reader wants to know. */
  private get downMachines(): string {
    return this.stage.machines
      .filter(({ bootFailure }) => bootFailure !== undefined)
      .map(({ name, bootFailure }) => `; ${name} does not start: ${describedFailure(bootFailure)}`)
      .slice(0, 3)
      .join('')
  }

  private async converge(play: Play): Promise<boolean> {
    const startMs = this.world.nowMs()
    for (let step = 1; step <= SETTLE_STEPS && !play.isSettled(); step += 1)
      if (!(await this.until(play, startMs + (play.convergeMs * step) / SETTLE_STEPS))) return false
    const what = play.isSettled()
      ? undefined
      : `something is not settled ${play.convergeMs} ms behind the last fault${this.downMachines}`
    this.stage.checks.check('convergence', what)
    return !this.hasFound
  }

  private get hasFound(): boolean {
    const { untilFoundBy } = this.init
    if (untilFoundBy === undefined) return false
    return this.stage.checks.violations.some(({ checker }) => untilFoundBy === 'any' || untilFoundBy === checker)
  }
}

/** What a scenario is played with, defaults filled in. Throws `SIMULATION_OPTIONS_INVALID`. */
export function parseOptions<Options>({ name, schema }: Scenario<Options>, given: unknown = {}): Options {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const what = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`).join('; ')
  throw new CodedError('SIMULATION_OPTIONS_INVALID', { message: `${name} cannot be played so: ${what}` })
}
