/** What a torture found: the shape that `npm run torture -- NAME --json` prints. */
export type TortureReport = {
  readonly name: string
  readonly runs: number
  /** How far it went. `hash` covers what was visited and is the same for the same seed. */
  readonly counts: Readonly<Record<string, number | boolean | string>>
  readonly failures: readonly TortureFailure[]
}

export type TortureFailure = { readonly seed: number; readonly what: string }

export type TortureInit = {
  /** Rounds, each of its own seed. The meaning of a round is the torture's. */
  readonly runs: number
  /** Absent: no limit. Checked between rounds, and between the larger steps of one. */
  readonly deadlineMs: number | undefined
  readonly firstSeed: number
  /** Name of the defect to plant; empty for none. */
  readonly plant: string
  readonly log: (line: string) => void
  /** For tortures that are a list of cases: these places of it, counted from 1; absent: all. */
  readonly cases?: { readonly first: number; readonly last: number } | undefined
  /** As `cases`: those whose names say this. */
  readonly only?: string | undefined
  /** As `cases`: how many are played at the same time; absent: the torture's own number. */
  readonly lanes?: number | undefined
  /** For a torture that can send plain requests instead: so many. */
  readonly requests?: number | undefined
}

export type Torture = {
  readonly name: string
  /** Rounds when the caller names neither a number nor a time. */
  readonly runsDefault: number
  /** Known defects, and what each one is. A run with one of them must fail. */
  readonly plants: Readonly<Record<string, string>>
  run(init: TortureInit): Promise<TortureReport>
}

export function isOverdue(init: Pick<TortureInit, 'deadlineMs'>): boolean {
  return init.deadlineMs !== undefined && performance.now() >= init.deadlineMs
}
