import type { SupervisionEvent } from '../../actors/supervision/supervision-event.ts'

/** What is known of supervisors from how they were made. */
export type SupervisedTree = {
  /** The supervisor of an actor; `undefined`: the system's own, which counts each child by itself. */
  readonly supervisorOf: (id: string) => string | undefined
  readonly intensityOf: (supervisor: string | undefined) => { readonly restarts: number; readonly withinMs: number }
}

/**
 * A supervisor restarts as often as it was told within its period, and once more never; a failure is answered: by a restart, by an end that somebody hears of, or by the failure of
 * the supervisor. It counts for itself, from what actors do where they say it, else from what it is told, and shares no code with the supervisors.
 */
export class SupervisionIntensity {
  private readonly tree: SupervisedTree
  private readonly nowMs: () => number
  private readonly failures = new Map<string, number[]>()
  /** Who says by itself that it is about to fail, and how many of these words no supervisor has repeated. */
  private readonly words = new Map<string, number>()
  private readonly unanswered = new Map<string, { readonly atMs: number; readonly isTooMany: boolean }>()

  constructor(tree: SupervisedTree, nowMs: () => number) {
    this.tree = tree
    this.nowMs = nowMs
  }

  saw(event: SupervisionEvent): string | undefined {
    const { id, type } = event
    if (type === 'actor-failed') return this.reported(id)
    const open = this.unanswered.get(id)
    if (type === 'restart-intensity-exceeded') {
      this.unanswered.delete(id)
      // What is below fails with it, and its supervisor's children begin anew.
      const supervisor = this.tree.supervisorOf(id)
      if (supervisor !== undefined) this.settle(supervisor)
      this.failures.delete(this.counterOf(id))
      return open?.isTooMany === false ? `the supervisor of ${id} gave up before its intensity was exceeded` : undefined
    }
    this.unanswered.delete(id)
    if (type === 'actor-restarted' && open?.isTooMany === true)
      return `${id} was restarted once more than its supervisor may`
    if (type === 'actor-restarted') this.begunAgain(id)
    return undefined
  }

  /** An actor that says so itself is about to throw: what counts is what it does, and not what is said of it. */
  throws(id: string): string | undefined {
    const open = this.words.get(id) ?? 0
    this.words.set(id, open + 1)
    return this.failed(id) ?? (open > 0 ? `${id} failed, and no supervisor said so` : undefined)
  }

  /** An end that nobody supervises any more. */
  ended(id: string): void {
    this.unanswered.delete(id)
  }

  /** A failure that nobody has answered for so long. */
  left(withinMs: number): string | undefined {
    for (const [id, { atMs }] of this.unanswered)
      if (this.nowMs() - atMs > withinMs)
        return `${id} failed ${this.nowMs() - atMs} ms ago, and its supervisor did nothing`
    return undefined
  }

  private reported(id: string): string | undefined {
    const open = this.words.get(id)
    if (open === undefined) return this.failed(id)
    if (open === 0) return `${id} is said to have failed, and did not`
    this.words.set(id, open - 1)
    return undefined
  }

  private failed(id: string): string | undefined {
    if (this.unanswered.has(id)) return `${id} failed again before it was restarted`
    const counter = this.counterOf(id)
    const { restarts, withinMs } = this.tree.intensityOf(this.tree.supervisorOf(id))
    const atMs = this.nowMs()
    const counting = [...(this.failures.get(counter) ?? []).filter((earlier) => atMs - earlier <= withinMs), atMs]
    this.failures.set(counter, counting)
    this.unanswered.set(id, { atMs, isTooMany: counting.length > restarts })
    return undefined
  }

  /** A supervisor that begins again has restarted nobody yet. */
  private begunAgain(id: string): void {
    this.failures.delete(`below ${id}`)
    this.settle(id)
  }

  /** Nobody below is waited for any more, however far below. */
  private settle(supervisor: string): void {
    for (const id of this.unanswered.keys()) if (this.isBelow(id, supervisor)) this.unanswered.delete(id)
  }

  private isBelow(id: string, supervisor: string): boolean {
    for (let above = this.tree.supervisorOf(id); above !== undefined; above = this.tree.supervisorOf(above))
      if (above === supervisor) return true
    return false
  }

  private counterOf(id: string): string {
    const supervisor = this.tree.supervisorOf(id)
    return supervisor === undefined ? `alone ${id}` : `below ${supervisor}`
  }
}
