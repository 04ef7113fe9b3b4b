import type { Scenario } from '../scenario/scenario.ts'
import type { RunReport } from './report.ts'
import { type RunInit, runScenario } from './run-scenario.ts'

/** A run that a checker finds something in: all that is needed to see it again. */
export type FailingRun = {
  readonly scenario: string
  readonly seed: number
  readonly options: unknown
  /** The faults that it needs, by their ids in the plan of the seed. */
  readonly faultIds: readonly number[]
  /** Absent: it is found at the end of the run. */
  readonly eventsMax?: number
  readonly checker: string
}

/** The failing run that `shrinkRun` makes small, and how long it may try. What it shares with `RunInit` is as there. */
export type ShrinkInit = Pick<RunInit, 'signatures' | 'ed25519' | 'data' | 'signal'> & {
  readonly seed: number
  readonly options?: unknown
  /** The checker that is to find something still; absent: the first that did. */
  readonly checker?: string
  /** Runs at the most, the first one included. Default 200. */
  readonly runsMax?: number
  /** Called before each run; what it gives is called while the run goes on, and throws when it has gone on for long enough. */
  readonly newTry?: () => () => void
  /** Told each time that something smaller fails, and once of the whole: what `shrinkRun` would give now. */
  readonly onSmaller?: (shrunk: Shrunk) => void
}

/**
 * The smallest run found that still fails, and how far that is from the whole: `faultsBefore` and `eventsBefore` are those of the first
 * run, `runs` counts all runs it took.
 */
export type Shrunk = {
  readonly failing: FailingRun
  readonly runs: number
  /** What the checker said in the smallest run. */
  readonly what: string
  readonly faultsBefore: number
  readonly eventsBefore: number
  /** Events of the smallest run. */
  readonly events: number
}

/** Options of scenarios that say how many of something there are. Others are left as they are. */
const SIZES = ['nodes', 'agents', 'accounts', 'buyers', 'sellers', 'arbiters', 'notaries', 'steps', 'seconds', 'tasks']

/**
 * Makes a failing seed small: drops faults by delta debugging, then whoever is not needed, then what happens behind the finding. The checker stays the same.
 *
 * @returns `undefined` where the run does not fail.
 * @see Zeller, Hildebrandt, Simplifying and Isolating Failure-Inducing Input, IEEE TSE 28(2), 2002
 */
export async function shrinkRun<Options>(scenario: Scenario<Options>, init: ShrinkInit): Promise<Shrunk | undefined> {
  return await new Shrinking(scenario, init).shrink()
}

/** Options that leave a whole part of a world out where they are 0. Without it every later run is quicker. */
const PARTS = ['notaries']

type Tried = {
  readonly options: Readonly<Record<string, unknown>>
  readonly faultIds: readonly number[]
  readonly eventsMax?: number
}
type Found = { readonly report: RunReport; readonly what: string; readonly event: number }

class Shrinking<Options> {
  private readonly scenario: Scenario<Options>
  private readonly init: ShrinkInit
  private checker: string
  private runs = 0
  private best: Tried = { options: {}, faultIds: [] }
  private found: Found | undefined
  private whole: RunReport | undefined

  constructor(scenario: Scenario<Options>, init: ShrinkInit) {
    this.scenario = scenario
    this.init = init
    this.checker = init.checker ?? ''
  }

  async shrink(): Promise<Shrunk | undefined> {
    const first = await this.run(undefined)
    const checker = this.init.checker ?? first.violations[0]?.checker
    if (checker === undefined) return undefined
    this.checker = checker
    this.found = foundIn(first, checker)
    if (this.found === undefined) return undefined
    this.whole = first
    this.take({ options: first.options as Tried['options'], faultIds: first.plan.map(({ id }) => id) }, this.found)
    await this.dropParts()
    await this.dropFaults()
    await this.dropAgents()
    // With fewer agents some of the faults may be needed no more.
    await this.dropFaults()
    await this.dropEvents()
    return this.shrunk
  }

  /** As far as it is. */
  private get shrunk(): Shrunk | undefined {
    const { found, whole, runs } = this
    if (found === undefined || whole === undefined) return undefined
    return {
      failing: this.failing(),
      runs,
      what: found.what,
      faultsBefore: whole.plan.length,
      eventsBefore: whole.events,
      events: found.report.events,
    }
  }

  private get isOver(): boolean {
    return this.runs >= (this.init.runsMax ?? 200)
  }

  private failing(): FailingRun {
    const { options, faultIds, eventsMax } = this.best
    return {
      scenario: this.scenario.name,
      seed: this.init.seed,
      options,
      faultIds,
      ...(eventsMax !== undefined && { eventsMax }),
      checker: this.checker,
    }
  }

  private async dropParts(): Promise<void> {
    for (const name of PARTS) if (this.best.options[name] !== 0) await this.trySize(name, 0)
  }

  /** The algorithm ddmin: subsets, then their complements, then finer ones. */
  private async dropFaults(): Promise<void> {
    if (this.best.faultIds.length > 0 && (await this.try({ ...this.best, faultIds: [] }))) return
    let parts = 2
    while (this.best.faultIds.length > 1 && !this.isOver) {
      const { faultIds } = this.best
      const pieces = split(faultIds, Math.min(parts, faultIds.length))
      if (await this.tryEach(pieces)) parts = 2
      else if (parts > 2 && (await this.tryEach(pieces.map((piece) => faultIds.filter((id) => !piece.includes(id))))))
        parts = Math.max(parts - 1, 2)
      else if (parts >= faultIds.length) return
      else parts = Math.min(2 * parts, faultIds.length)
    }
  }

  private async tryEach(sets: readonly (readonly number[])[]): Promise<boolean> {
    for (const faultIds of sets) if (await this.try({ ...this.best, faultIds })) return true
    return false
  }

  /** By halves, as far as the scenario takes it and the checker still finds it. */
  private async dropAgents(): Promise<void> {
    for (const name of SIZES) {
      for (let size = this.sizeOf(name); size > 1 && !this.isOver; size = this.sizeOf(name)) {
        const half = await this.trySize(name, Math.floor(size / 2))
        if (!half && !(await this.trySize(name, size - 1))) break
      }
    }
  }

  private sizeOf(name: string): number {
    const size = this.best.options[name]
    return typeof size === 'number' && Number.isInteger(size) ? size : 0
  }

  private async trySize(name: string, size: number): Promise<boolean> {
    const options = { ...this.best.options, [name]: size }
    if (!this.scenario.schema.safeParse(options).success) return false
    return await this.try({ ...this.best, options })
  }

  /** What was found between events is found again when the run ends there. */
  private async dropEvents(): Promise<void> {
    const event = this.found?.event ?? 0
    if (this.found === undefined) return
    const { report } = this.found
    const { lookEvery } = report
    // A look between events finds what happened some events before.
    let least = Math.max(1, event - lookEvery)
    // A run that is cut has no last looks: what they find needs all of it.
    let most = Math.min(report.isCut ? report.events : report.events - 1, event + lookEvery)
    if (!(await this.try({ ...this.best, eventsMax: most }))) return
    while (least < most && !this.isOver) {
      const middle = Math.floor((least + most) / 2)
      if (await this.try({ ...this.best, eventsMax: middle })) most = middle
      else least = middle + 1
    }
  }

  private async try(tried: Tried): Promise<boolean> {
    if (this.isOver) return false
    const found = await this.find(tried)
    if (found === undefined) return false
    // Where there are fewer agents, some faults have nobody to befall and are not in the plan.
    const planned = new Set(found.report.plan.map(({ id }) => id))
    this.take({ ...tried, faultIds: tried.faultIds.filter((id) => planned.has(id)) }, found)
    return true
  }

  private take(best: Tried, found: Found): void {
    this.best = best
    this.found = found
    const { shrunk } = this
    if (shrunk !== undefined) this.init.onSmaller?.(shrunk)
  }

  /** A candidate that cannot be played, or not in time, is none. */
  private async find(tried: Tried): Promise<Found | undefined> {
    try {
      return foundIn(await this.run(tried), this.checker)
    } catch (error: unknown) {
      if (this.init.signal?.aborted === true) throw error
      return undefined
    }
  }

  private async run(tried: Tried | undefined): Promise<RunReport> {
    const { seed, options, signatures, ed25519, data, signal, newTry } = this.init
    const onProgress = newTry?.()
    this.runs += 1
    return await runScenario(this.scenario, {
      seed,
      options: tried?.options ?? options,
      ...(tried !== undefined && { faultIds: new Set(tried.faultIds), takesAnyFaultId: true }),
      ...(tried?.eventsMax !== undefined && { eventsMax: tried.eventsMax }),
      // Whatever comes behind it makes no run smaller.
      ...(tried !== undefined && { untilFoundBy: this.checker }),
      ...(signatures !== undefined && { signatures }),
      ...(ed25519 !== undefined && { ed25519 }),
      ...(data !== undefined && { data }),
      ...(signal !== undefined && { signal }),
      ...(onProgress !== undefined && { onProgress }),
    })
  }
}

/** Plays a failing run again. @returns What its checker finds now; `undefined`: nothing. */
export async function replayFailing<Options>(
  scenario: Scenario<Options>,
  failing: FailingRun,
): Promise<string | undefined> {
  const { seed, options, faultIds, eventsMax, checker } = failing
  const report = await runScenario(scenario, {
    seed,
    options,
    faultIds: new Set(faultIds),
    ...(eventsMax !== undefined && { eventsMax }),
  })
  return foundIn(report, checker)?.what
}

function foundIn(report: RunReport, checker: string): Found | undefined {
  const violation = report.violations.find((each) => each.checker === checker)
  return violation === undefined ? undefined : { report, what: violation.what, event: violation.event }
}

function split(ids: readonly number[], parts: number): readonly (readonly number[])[] {
  return Array.from({ length: parts }, (_, index) =>
    ids.slice(Math.floor((index * ids.length) / parts), Math.floor(((index + 1) * ids.length) / parts)),
  )
}
