/** Something that must never be and was. */
export type Violation = {
  /** Name of the checker. */
  readonly checker: string
  readonly what: string
  /** Virtual milliseconds, and events that had happened. */
  readonly atMs: number
  readonly event: number
}

/** Names of checkers in a run; more are a checker that names itself by what it has seen. */
const CHECKERS_MAX = 1_000
/** Violations that are kept; all are counted. */
const KEPT_MAX = 100

/** What was checked during a run, how often, and what was found. */
export class CheckBook {
  readonly violations: Violation[] = []
  /** Violations, those that were not kept included. */
  found = 0
  private readonly counts = new Map<string, number>()
  private readonly where: () => { readonly atMs: number; readonly event: number }
  private readonly onFound: ((violation: Violation) => void) | undefined

  /** `onFound` is told of each violation as it is found, those that are not kept included. */
  constructor(
    where: () => { readonly atMs: number; readonly event: number },
    onFound?: (violation: Violation) => void,
  ) {
    this.where = where
    this.onFound = onFound
  }

  /** How often each checker has looked. */
  get evaluations(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.counts].toSorted(([left], [right]) => (left < right ? -1 : 1)))
  }

  /** One look of a checker. `what`: what it found; `undefined`: nothing. Throws `RangeError` for more checkers than a run may have. */
  check(checker: string, what: string | undefined): void {
    const before = this.counts.get(checker) ?? 0
    if (before === 0 && this.counts.size >= CHECKERS_MAX)
      throw new RangeError(`A run has ${CHECKERS_MAX} checkers at most; what one has seen belongs into what it found`)
    this.counts.set(checker, before + 1)
    if (what === undefined) return
    this.found += 1
    const violation = { checker, what, ...this.where() }
    if (this.violations.length < KEPT_MAX) this.violations.push(violation)
    this.onFound?.(violation)
  }
}
