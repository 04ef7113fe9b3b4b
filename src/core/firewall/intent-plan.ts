import type { Confidentiality, Integrity } from './taint-label.ts'

/** What a value is read from. */
export const SOURCE_KINDS = ['user', 'file', 'memory', 'tool', 'document', 'peer', 'secret'] as const
export type SourceKind = (typeof SOURCE_KINDS)[number]

/** Where a value goes. */
export const SINK_KINDS = ['reply', 'file', 'memory', 'model', 'tool', 'network', 'peer', 'execute'] as const
export type SinkKind = (typeof SINK_KINDS)[number]

/** What a plan says of something it reads. What it says is not believed beyond what the operator's policy says. */
export type PlanSource = {
  /** Name inside the plan. */
  readonly id: string
  readonly kind: SourceKind
  /** Path, address or name, by which the policy and the register know it. */
  readonly locator: string
  readonly confidentiality: Confidentiality
  readonly integrity: Integrity
}

/** What a plan says of a place that it writes to: `id` is its name inside the plan, `locator` the path, address or name by which the policy knows it. */
export type PlanSink = { readonly id: string; readonly kind: SinkKind; readonly locator: string }

/** One thing to do: something is made of what is used, and where `sink` is set it goes there. */
export type IntentStep = {
  readonly id: string
  /** For people. */
  readonly action: string
  /** Ids of sources and of other steps; the order in which steps are listed means nothing. */
  readonly uses: readonly string[]
  readonly sink?: string
}

/** What somebody intends, as data: nothing in it runs. */
export type IntentPlan = {
  /** Who proposed it, for people and the record. */
  readonly proposedBy: string
  /** Ids of sources that whoever wrote the plan had read: they had a say in every step. */
  readonly writtenAfter: readonly string[]
  readonly sources: readonly PlanSource[]
  readonly sinks: readonly PlanSink[]
  readonly steps: readonly IntentStep[]
}
