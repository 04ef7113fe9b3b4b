import { nextBackOff, type BackOff, type BackOffInit } from './back-off.ts'
import { recordRestart, type RestartIntensity } from './restart-intensity.ts'
import { planRestart, type EndReason, type RestartableChild, type RestartStrategy } from './restart-plan.ts'

/** A list, oldest first, so that taking the first costs O(1) however many are down. */
export type DownChild<Child> = {
  readonly child: Child
  /** The timer of its back-off; `undefined`: nothing but those before it keeps it down. */
  readonly timer: number | undefined
  readonly younger: DownChild<Child> | undefined
}

/**
 * Children that are restarted with one another: all of one supervisor, or with `one-for-one` each child for itself. Holds
 * only those that do not run, so a group in which nobody has failed costs nothing per child.
 */
export type RestartGroup<Child> = {
  readonly strategy: RestartStrategy
  /** Ended, or ordered to end, and to come back. */
  readonly down: DownChild<Child> | undefined
  /** How many of `down` have a timer. */
  readonly waiting: number
  /** Nobody else starts before it has. */
  readonly starting: Child | undefined
  /** Number of the next timer; one that nobody waits for is stale. */
  readonly nextTimer: number
}

export type ChildEnd<Child> = {
  readonly child: Child
  readonly reason: EndReason
  /** All children in the order they were first started, this one among them. Not read with `one-for-one`. */
  readonly children: Iterable<Child>
  /** Milliseconds; always of the same clock. */
  readonly atMs: number
  /** A draw 0 <= draw < 1 for the jitter of the back-off. Default 0. */
  readonly draw?: number
  /** Restarts that count together with this one. */
  readonly intensity: RestartIntensity
  /** Checked by `checkBackOff`; `undefined`: it starts again at once. */
  readonly backOffInit: BackOffInit | undefined
  /** Of this child's last restart. */
  readonly backOff: BackOff | undefined
}

export type EndDecision<Child> =
  /** It was down already: ordered to end, or failed before. */
  | { readonly kind: 'ignored' }
  /** It is gone for good; its siblings do not notice. */
  | { readonly kind: 'leave' }
  /** Its end was one too many: the supervisor fails, and what is down stays so. */
  | { readonly kind: 'escalate'; readonly intensity: RestartIntensity }
  | {
      readonly kind: 'restart'
      readonly group: RestartGroup<Child>
      readonly intensity: RestartIntensity
      readonly backOff: BackOff | undefined
      /** To stop in this order, newest first: temporary ones for good. `nextStart` is to be asked when all have ended. */
      readonly stop: readonly Child[]
      /** Say `restartDue` with this timer after `delayMs` milliseconds. */
      readonly wait: { readonly timer: number; readonly delayMs: number } | undefined
    }

const IGNORED: { readonly kind: 'ignored' } = Object.freeze({ kind: 'ignored' })
const LEAVE: { readonly kind: 'leave' } = Object.freeze({ kind: 'leave' })

/** Everybody runs. */
export function createRestartGroup<Child>(strategy: RestartStrategy): RestartGroup<Child> {
  return { strategy, down: undefined, waiting: 0, starting: undefined, nextTimer: 0 }
}

/** All of `children`, oldest first, are to start: their supervisor begins again. */
export function restartAllOf<Child>(strategy: RestartStrategy, children: readonly Child[]): RestartGroup<Child> {
  return {
    ...createRestartGroup<Child>(strategy),
    down: listOf(children.map((child) => ({ child, timer: undefined }))),
  }
}

/**
 * What becomes of a child that ended without an order, and of its siblings. One that fails while it starts is one like any
 * other. Costs O(1) with `one-for-one`, else O(children).
 */
export function childEnded<Child extends RestartableChild>(
  group: RestartGroup<Child>,
  end: ChildEnd<Child>,
): EndDecision<Child> {
  const { child } = end
  const isAlone = group.strategy === 'one-for-one'
  const children = isAlone ? [child] : [...end.children]
  const timers = new Map<Child, number | undefined>()
  for (let each = group.down; each !== undefined; each = each.younger) timers.set(each.child, each.timer)
  if (timers.has(child)) return IGNORED
  const recorded = recordRestart(end.intensity, end.atMs)
  const { strategy } = group
  const plan = planRestart({ strategy, children, ended: child, reason: end.reason, isExceeded: recorded.isExceeded })
  if (plan.kind === 'nothing') return LEAVE
  if (plan.kind === 'escalate') return { kind: 'escalate', intensity: recorded.state }
  const backOff = end.backOffInit && nextBackOff(end.backOffInit, end.backOff, end)
  const delayMs = backOff?.delayMs ?? 0
  const stop = plan.stop.filter((each) => !timers.has(each))
  for (const each of plan.start) if (!timers.has(each)) timers.set(each, undefined)
  if (delayMs > 0) timers.set(child, group.nextTimer)
  const down = children.filter((each) => timers.has(each)).map((each) => ({ child: each, timer: timers.get(each) }))
  return {
    kind: 'restart',
    group: {
      strategy,
      down: listOf(down),
      waiting: down.filter(({ timer }) => timer !== undefined).length,
      // One that was starting and is ordered to end starts anew with the others.
      starting: group.starting !== undefined && isStopped(group.starting) ? undefined : group.starting,
      nextTimer: delayMs > 0 ? group.nextTimer + 1 : group.nextTimer,
    },
    intensity: recorded.state,
    backOff: backOff?.state,
    stop,
    wait: delayMs > 0 ? { timer: group.nextTimer, delayMs } : undefined,
  }

  function isStopped(starting: Child): boolean {
    return starting === child || timers.has(starting) || stop.includes(starting)
  }
}

/** A back-off is over. The same group when nobody waits for this timer. */
export function restartDue<Child>(group: RestartGroup<Child>, timer: number): RestartGroup<Child> {
  const down: Omit<DownChild<Child>, 'younger'>[] = []
  let isStale = true
  for (let each = group.down; each !== undefined; each = each.younger) {
    if (each.timer === timer) isStale = false
    down.push(each.timer === timer ? { child: each.child, timer: undefined } : each)
  }
  return isStale ? group : { ...group, down: listOf(down), waiting: group.waiting - 1 }
}

/**
 * The child that starts now, oldest first, one after the other: say `childStarted`, or `childEnded`, and ask again. A single
 * back-off holds all back with `one-for-all`, and with `rest-for-one` those that are younger.
 *
 * @returns `undefined` while nobody may start.
 */
export function nextStart<Child>(
  group: RestartGroup<Child>,
): { readonly group: RestartGroup<Child>; readonly child: Child } | undefined {
  const { down, starting, strategy, waiting } = group
  if (down === undefined || down.timer !== undefined || starting !== undefined) return undefined
  if (strategy === 'one-for-all' && waiting > 0) return undefined
  return { group: { ...group, down: down.younger, starting: down.child }, child: down.child }
}

/** `child` runs, or has left for good. The same group when it is not starting (any more). */
export function childStarted<Child>(group: RestartGroup<Child>, child: Child): RestartGroup<Child> {
  return group.starting === child ? { ...group, starting: undefined } : group
}

/** Names of broken invariants; `children` oldest first. */
export function restartGroupViolations<Child extends RestartableChild>(
  group: RestartGroup<Child>,
  children: readonly Child[],
): readonly string[] {
  const broken: string[] = []
  let waiting = 0
  let last = -1
  for (let each = group.down; each !== undefined; each = each.younger) {
    const index = children.indexOf(each.child)
    if (index <= last) broken.push('those that are down are not in their order')
    if (each.child.restartKind === 'temporary') broken.push('a temporary child would start again')
    if (each.child === group.starting) broken.push('a child is down and starts')
    if (each.timer !== undefined) waiting += 1
    if (each.timer !== undefined && each.timer >= group.nextTimer) broken.push('a timer was never started')
    last = index
  }
  if (waiting !== group.waiting) broken.push('those that wait are miscounted')
  if (group.strategy === 'one-for-one' && group.down?.younger !== undefined) broken.push('one for one holds two down')
  return broken
}

function listOf<Child>(down: readonly Omit<DownChild<Child>, 'younger'>[]): DownChild<Child> | undefined {
  return down.reduceRight<DownChild<Child> | undefined>(
    (younger, { child, timer }) => ({ child, timer, younger }),
    undefined,
  )
}
