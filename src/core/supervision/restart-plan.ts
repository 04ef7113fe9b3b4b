/** When a supervisor starts a child again: always, only after a failure, or never. */
export type RestartKind = 'permanent' | 'transient' | 'temporary'

/**
 * How a child ended.
 *
 * - `done`: its logic reached its end.
 * - `stopped`: somebody ordered it to stop, whether or not it did so in time.
 * - `failed`: its logic threw.
 * - `killed`: it was ended from outside without an order to stop, for example with its worker.
 */
export type EndReason = 'done' | 'stopped' | 'failed' | 'killed'

/**
 * Who is restarted with a child that ended: nobody else, all its siblings, or the siblings that were started after it
 * and may depend on it.
 */
export type RestartStrategy = 'one-for-one' | 'one-for-all' | 'rest-for-one'

/** What the plan has to know of a child; the caller's own objects come back in the plan. */
export type RestartableChild = { readonly restartKind: RestartKind }

export type RestartPlan<Child> =
  /** The child is gone for good; its siblings do not notice. */
  | { readonly kind: 'nothing' }
  /** The supervisor has restarted too often: it stops all children, newest first, and fails itself. */
  | { readonly kind: 'escalate' }
  | {
      readonly kind: 'restart'
      /** To stop, in this order (newest first), each after the one before has ended. Never the child that ended. */
      readonly stop: readonly Child[]
      /** To start, in this order (oldest first), when all of `stop` have ended. */
      readonly start: readonly Child[]
    }

export type RestartPlanInput<Child> = {
  readonly strategy: RestartStrategy
  /** The children in the order they were first started, the ended one among them. Not read by `one-for-one`. */
  readonly children: Iterable<Child>
  readonly ended: Child
  readonly reason: EndReason
  /** Whether the restart was one too many (`recordRestart`); not read for a child that is not restarted anyway. */
  readonly isExceeded: boolean
}

const NOTHING: { readonly kind: 'nothing' } = Object.freeze({ kind: 'nothing' })
const ESCALATE: { readonly kind: 'escalate' } = Object.freeze({ kind: 'escalate' })
const NOBODY: readonly never[] = Object.freeze([])

/**
 * Whether a child that ended so is started again. Only then does its end count for the restart intensity.
 * A child that was ordered to stop is not, whatever its kind; that is how a permanent one is ended.
 */
export function isRestartedAfter(restartKind: RestartKind, reason: EndReason): boolean {
  if (restartKind === 'temporary' || reason === 'stopped') return false
  return restartKind === 'permanent' || reason !== 'done'
}

/**
 * What a supervisor does about a child that ended, after OTP: a temporary sibling caught in a common restart is stopped
 * and not started again. Unlike OTP, a transient child that is done has left for good and is not in `children`.
 *
 * Costs O(1) for `one-for-one`, else O(children).
 *
 * @see https://www.erlang.org/doc/system/sup_princ.html
 */
export function planRestart<Child extends RestartableChild>(input: RestartPlanInput<Child>): RestartPlan<Child> {
  const { strategy, ended } = input
  if (!isRestartedAfter(ended.restartKind, input.reason)) return NOTHING
  if (input.isExceeded) return ESCALATE
  if (strategy === 'one-for-one') return { kind: 'restart', stop: NOBODY, start: [ended] }
  const stop: Child[] = []
  const start: Child[] = []
  let isAffected = strategy === 'one-for-all'
  for (const child of input.children) {
    if (child === ended) isAffected = true
    if (!isAffected) continue
    if (child !== ended) stop.push(child)
    if (child.restartKind !== 'temporary') start.push(child)
  }
  return { kind: 'restart', stop: stop.reverse(), start }
}
