import type { CheckBook } from '../../checks/check-book.ts'
import { TREE_AGENTS } from './network-shape.ts'

export type BookCounts = {
  handedOver: number
  answered: number
  timedOut: number
  /** The one that had handed it over failed, or was given something newer to do. */
  dropped: number
  /** Answers that nobody waited for any more. */
  late: number
  /** Answers that were known to be wrong. */
  wrong: number
}

/**
 * What every agent has handed to whom, from outside. One delegation of each place is open at a time: it is answered once, times out, or is dropped, and nothing else. And the messages
 * of each pair of neighbours, in their order.
 */
export class DelegationBook {
  readonly counts: BookCounts = { handedOver: 0, answered: 0, timedOut: 0, dropped: 0, late: 0, wrong: 0 }
  /** By the place of whoever is to do it: the number of the task, 0: none. */
  private readonly open: Float64Array
  private openCount = 0
  /** Trees in which somebody misbehaves or has failed. In the others nobody waits in vain. */
  private readonly troubled: Uint8Array
  /** Messages between a place and the one above it: sent and heard, downwards and upwards. */
  private readonly sent: readonly [Uint32Array, Uint32Array]
  private readonly heard: readonly [Uint32Array, Uint32Array]
  /** What was found since the last look, by checker. */
  private readonly found: { readonly checker: string; readonly what: string }[] = []

  constructor(places: number) {
    this.open = new Float64Array(places)
    this.troubled = new Uint8Array(Math.ceil(places / TREE_AGENTS))
    this.sent = [new Uint32Array(places), new Uint32Array(places)]
    this.heard = [new Uint32Array(places), new Uint32Array(places)]
  }

  get isEmpty(): boolean {
    return this.openCount === 0
  }

  /** Somebody in the tree misbehaves or fails: messages of it may be lost. */
  trouble(tree: number): void {
    this.troubled[tree] = 1
  }

  /** An answer of this place came when nobody waited for it any more. */
  late(place: number): void {
    this.counts.late += 1
    this.inVain(place, 'answered late')
  }

  handedOver(place: number, task: number): void {
    if (this.open[place] !== 0) this.find('delegation-once', `${place} was given ${task} while it had another task`)
    else this.openCount += 1
    this.open[place] = task
    this.counts.handedOver += 1
  }

  /** `task` was open, or the answer is late. */
  answered(place: number, task: number): void {
    if (this.open[place] === task) this.close(place, 'answered')
    else this.find('delegation-once', `${place} answered ${task}, which was not open`)
  }

  timedOut(place: number): void {
    if (this.open[place] === 0) this.find('delegation-once', `${place} was late with what was not open`)
    else this.close(place, 'timedOut')
    this.inVain(place, 'did not answer in time')
  }

  /** Whoever waited for these does not any more. */
  drop(places: readonly number[]): void {
    for (const place of places) if (this.open[place] !== 0) this.close(place, 'dropped')
  }

  /** The number of the next message on this way. */
  send(place: number, isUp: boolean): number {
    const sent = this.sent[isUp ? 1 : 0]
    const number = (sent[place] ?? 0) + 1
    sent[place] = number
    return number
  }

  hear(place: number, isUp: boolean, number: number): void {
    const heard = this.heard[isUp ? 1 : 0]
    const last = heard[place] ?? 0
    if (number > last + 1)
      this.find('fifo-per-sender-pair', `message ${number} of ${place} came straight behind ${last}`)
    if (number <= last) this.find('fifo-per-sender-pair', `message ${number} of ${place} came behind ${last}`)
    heard[place] = number
  }

  /** What it has seen since it was asked last goes into the book of checks. */
  tell(checks: CheckBook): void {
    for (const checker of ['delegation-once', 'fifo-per-sender-pair', 'nothing-lost']) checks.check(checker, undefined)
    for (const { checker, what } of this.found.splice(0)) checks.check(checker, what)
  }

  private close(place: number, how: 'answered' | 'timedOut' | 'dropped'): void {
    this.open[place] = 0
    this.openCount -= 1
    this.counts[how] += 1
  }

  private inVain(place: number, what: string): void {
    if (this.troubled[Math.floor(place / TREE_AGENTS)] === 0)
      this.find('nothing-lost', `${place} ${what}, and nobody around it misbehaves or has failed`)
  }

  private find(checker: string, what: string): void {
    this.found.push({ checker, what })
  }
}
