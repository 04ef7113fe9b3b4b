import { sha256Hex } from '../../src/base/sha256.ts'
import type { ExploreResult } from './every-disk-fault.ts'
import type { TortureFailure } from './torture.ts'

/** What one life of a process that is killed came to. */
export type KillOutcome = {
  readonly failures: readonly string[]
  readonly acknowledgements: number
  /** Calls to the faulty disk; 0 without one. */
  readonly calls: number
}

/** What all lives and explorations came to. */
export class KillTally {
  readonly failures: TortureFailure[] = []
  readonly cutAt: Set<number> = new Set<number>()
  exploredFaults = 0
  kills = 0
  cuts = 0
  callsMax = 0
  acknowledgements = 0
  readonly #traces: string[] = []

  noteExploration(seed: number, { runs, trace, failures }: ExploreResult): void {
    this.exploredFaults += runs
    this.#traces.push(...trace)
    this.noteFailures(seed, failures)
  }

  noteLife(seed: number, { acknowledgements, calls, failures }: KillOutcome): void {
    this.acknowledgements += acknowledgements
    this.callsMax = Math.max(this.callsMax, calls)
    this.noteFailures(seed, failures)
  }

  noteFailures(seed: number, failures: readonly string[]): void {
    for (const what of failures) this.failures.push({ seed, what })
  }

  describe(): string {
    return `${this.kills} kills, ${this.cuts} power cuts, ${this.failures.length} failures`
  }

  /** Of everything that the explorations left behind. */
  hash(): string {
    return sha256Hex(this.#traces.join('\n'))
  }
}
