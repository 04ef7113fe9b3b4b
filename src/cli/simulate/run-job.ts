import type { MessagePort } from 'node:worker_threads'
import type { JsonValue } from '../../base/canonical-json.ts'
import type { RunReport } from '../../simulation/run/report.ts'
import type { Shrunk } from '../../simulation/run/shrink.ts'
import type { SignatureKind } from '../../simulation/scenario/stage.ts'
import type { TracedEvent } from '../../simulation/record/run-recorder.ts'
import type { ScenarioSource } from './scenario-source.ts'
import type { SeedFailure, SeedResult } from '../../simulation/seeds/seed-result.ts'

/** How a scenario is played, whatever the seed. */
export type PlayedAs = {
  readonly source: ScenarioSource
  /** As given; the scenario's schema fills in the rest. */
  readonly options: Readonly<Record<string, unknown>>
  readonly signatures: SignatureKind
  /** Path of recorded outcomes. */
  readonly dataFile: string | undefined
  /** Only these faults of the plan. */
  readonly faultIds: readonly number[] | undefined
}

/** Both runs of one seed. */
export type SeedJob = PlayedAs & { readonly seed: number }

export type SeedAnswer = SeedResult | { readonly failure: SeedFailure }

export type ShrinkJob = SeedJob & {
  /** The first run of it may take so long, and a later one at most as long. */
  readonly timeoutMs: number
  /** What it is doing, out: `ShrinkNews`. */
  readonly port: MessagePort
}

/** A run begins that may take so long, or something smaller has failed. */
export type ShrinkNews = { readonly limitMs: number } | { readonly shrunk: Shrunk }

/** What is left of a failing seed; without anything: it does not fail. */
export type ShrinkAnswer = { readonly shrunk: Shrunk } | { readonly failure: SeedFailure | undefined }

/** One seed with everything that is asked about it. */
export type RunJob = SeedJob & {
  /** It is played once more and compared. */
  readonly isTwice: boolean
  readonly eventsMax: number | undefined
  readonly traceFile: string | undefined
  /** How many of the last events come back. */
  readonly lastEvents: number
  /** How far it is, out; anything in: it is to end. */
  readonly port: MessagePort
  /** Counted up while the thread comes back from what it does: see `newPulse`. */
  readonly pulse: SharedArrayBuffer
}

export type RunAnswer =
  | { readonly kind: 'failed'; readonly failure: SeedFailure }
  | { readonly kind: 'stopped'; readonly events: number; readonly virtualMs: number }
  | {
      readonly kind: 'done'
      readonly report: RunReport
      readonly unequal: SeedResult['unequal']
      readonly lastEvents: readonly TracedEvent[]
      /** The run is whole, and its trace is not. */
      readonly traceFailure: SeedFailure | undefined
    }

/** Options as documents and other threads take them, whatever a schema makes of them: numbers beyond `number` as text, what JSON has no word for left out. */
export function plainOptions(options: unknown): JsonValue {
  const text = JSON.stringify(options ?? null, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))
  return JSON.parse(text) as JsonValue
}
