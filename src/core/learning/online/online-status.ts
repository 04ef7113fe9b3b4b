/** What a node has learned from its own tasks. Its names are public, in snake_case. */
export type OnlineStatus = {
  readonly learned: number
  readonly revised: number
  readonly skipped: number
  /** Tasks that wait to be learned from. */
  readonly queued: number
  /** Tasks that were not learned from since the start, because too many waited. */
  readonly dropped: number
  /** Tasks seen of those that it takes to start learning; `null` once it has. */
  readonly startTasks: number | null
  readonly everyOutcomes: number
  readonly sinceVersion: number
  /** The last version that was registered, and when; `null` before the first. */
  readonly lastVersion: string | null
  readonly lastVersionAt: string | null
  /** What went wrong last, and has not gone well since; `null`: nothing. */
  readonly failure: string | null
}
