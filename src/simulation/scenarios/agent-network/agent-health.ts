import type { SupervisionEvent } from '../../../actors/supervision/supervision-event.ts'
import type { CheckBook } from '../../checks/check-book.ts'
import { FailuresAnswered } from '../../checks/failures-answered.ts'
import { TimersKept } from '../../checks/timers-kept.ts'
import type { Place } from './network-shape.ts'

/** How long a failure may wait for its answer. */
const ANSWER_MS = 1_000

/** What agents write down of their own failures and timers, to be compared with what is done about them. */
export class AgentHealth {
  private readonly nowMs: () => number
  private readonly isLost: (team: string) => boolean
  private readonly places: readonly Place[]
  private readonly failures = new FailuresAnswered()
  /** By the place of the owner. */
  private readonly timers: TimersKept<number>
  private readonly found: { readonly checker: string; readonly what: string }[] = []

  constructor(places: readonly Place[], nowMs: () => number, isLost: (team: string) => boolean) {
    this.places = places
    this.nowMs = nowMs
    this.isLost = isLost
    this.timers = new TimersKept<number>({ nameOf: (at) => `agent-${at}` })
  }

  throws(place: Place): void {
    this.failures.throws(idOf(place), teamOf(place.tree), this.nowMs())
  }

  started(place: Place): void {
    this.timers.restarted(place.at, this.nowMs())
    this.find('failures-answered', this.failures.started(idOf(place), teamOf(place.tree)))
  }

  handles(place: Place): void {
    // Asked with every message.
    if (this.failures.isQuiet) return
    const what = this.failures.handles(idOf(place))
    // Who ends with a team may be handed what its mailbox still holds.
    if (what !== undefined && !this.isLost(teamOf(place.tree))) this.find('failures-answered', what)
  }

  timer(place: Place, name: string, delayMs: number): number {
    return this.timers.set(place.at, name, this.nowMs() + delayMs)
  }

  cancelled(place: Place, name: string): void {
    this.timers.cancelled(place.at, name, this.nowMs())
  }

  fired(place: Place, number: number): void {
    const what = this.timers.fired(place.at, number, this.nowMs())
    if (!this.isLost(teamOf(place.tree))) this.find('timers-kept', what)
  }

  see({ type, id }: SupervisionEvent): void {
    const isAgent = id.includes('/agent-')
    if (type === 'actor-failed' && !id.includes('/')) this.failures.teamFailed(id)
    if (type === 'actor-failed' && isAgent) this.find('failures-answered', this.failures.reported(id))
    if (type === 'actor-restarted' && isAgent) this.find('failures-answered', this.failures.restarted(id))
  }

  /** What was found since it was asked last goes into the book of checks. */
  tell(checks: CheckBook): void {
    const { isLost } = this
    const nowMs = this.nowMs()
    checks.check('failures-answered', this.failures.left(nowMs, ANSWER_MS, isLost))
    checks.check(
      'timers-kept',
      this.timers.left(nowMs, (owner) => isLost(teamOf(this.places[owner]?.tree ?? 0))),
    )
    for (const { checker, what } of this.found.splice(0)) checks.check(checker, what)
  }

  private find(checker: string, what: string | undefined): void {
    if (what !== undefined) this.found.push({ checker, what })
  }
}

export function teamOf(tree: number): string {
  return `team-${tree}`
}

function idOf({ tree, at }: Place): string {
  return `team-${tree}/agent-${at}`
}
