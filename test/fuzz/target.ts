import type { InputKind } from './discover.ts'
import type { Sample } from './samples.ts'

/** Something that reads what others wrote, and what it is tried with. */
export type Target = {
  /** `wire/v1/envelope:decodeEnvelope`. */
  readonly name: string
  readonly kind: InputKind
  /** Inputs that are taken, and what is given besides. */
  readonly samples: readonly Sample[]
  /** Reads. What is returned is of no interest, except to `recheck`; only a coded error may be thrown. */
  readonly read: (input: unknown, rest: readonly unknown[]) => unknown
  /** What is wrong with what was read: that it is not written back as it came, for example. */
  readonly recheck?: (result: unknown, input: unknown, rest: readonly unknown[]) => string | undefined
  /** Gives back what the target holds, when it has been played. */
  readonly end?: () => Promise<void>
}

/** A failure, with the smallest input that was found to show it. */
export type Finding = { readonly target: string; readonly what: string; readonly input: string; readonly run: number }
