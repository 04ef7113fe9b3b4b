type Timer<Owner> = { readonly owner: Owner; readonly name: string; readonly dueMs: number; readonly mayCome?: boolean }

/**
 * Timers of actors, written down by those who set them: each one fires once, when it is due, unless it was cancelled or its owner started again. Times are milliseconds.
 * Owners are names, or numbers where there are many: a name that is put together with each timer costs more than the rest.
 */
export class TimersKept<Owner extends string | number = string> {
  private readonly open = new Map<number, Timer<Owner>>()
  /** The open timer of each name of an owner. */
  private readonly names = new Map<Owner, Map<string, number>>()
  private readonly slackMs: number
  private readonly nameOf: (owner: Owner) => string
  private last = 0

  constructor({
    slackMs = 1,
    nameOf = String,
  }: { readonly slackMs?: number; readonly nameOf?: (owner: Owner) => string } = {}) {
    this.slackMs = slackMs
    this.nameOf = nameOf
  }

  /** @returns Its number, which is to come with it as it fires. */
  set(owner: Owner, name: string, dueMs: number): number {
    // An earlier one of this name may fire as well: schedulers need not end it.
    this.cancelled(owner, name, Infinity)
    this.last += 1
    this.open.set(this.last, { owner, name, dueMs })
    const names = this.names.get(owner)
    if (names === undefined) this.names.set(owner, new Map([[name, this.last]]))
    else names.set(name, this.last)
    return this.last
  }

  cancelled(owner: Owner, name: string, nowMs: number): void {
    const number = this.names.get(owner)?.get(name)
    if (number !== undefined) this.forget(number, nowMs)
  }

  /** Its owner has forgotten all of them. */
  restarted(owner: Owner, nowMs: number): void {
    for (const number of this.names.get(owner)?.values() ?? []) this.forget(number, nowMs)
  }

  fired(owner: Owner, number: number, nowMs: number): string | undefined {
    const timer = this.open.get(number)
    if (timer === undefined || timer.owner !== owner)
      return `timer ${number} of ${this.nameOf(owner)} fired twice, or after it was cancelled or its owner had started again`
    this.close(number)
    const lateMs = nowMs - timer.dueMs
    return Math.abs(lateMs) <= this.slackMs
      ? undefined
      : `${timer.name} of ${this.nameOf(owner)} fired ${lateMs} ms behind its time`
  }

  /** One that should have fired and did not, but for owners that are no more. */
  left(nowMs: number, isGone: (owner: Owner) => boolean): string | undefined {
    for (const [number, { owner, name, dueMs, mayCome }] of this.open) {
      if (nowMs - dueMs <= this.slackMs) continue
      this.close(number)
      if (mayCome !== true && !isGone(owner))
        return `${name} of ${this.nameOf(owner)} was due ${nowMs - dueMs} ms ago and has not fired`
    }
    return undefined
  }

  /** One that is due may wait in the mailbox of its owner already, and still comes. */
  private forget(number: number, nowMs: number): void {
    const timer = this.open.get(number)
    this.close(number)
    if (timer !== undefined && timer.dueMs <= nowMs + this.slackMs) this.open.set(number, { ...timer, mayCome: true })
  }

  private close(number: number): void {
    const timer = this.open.get(number)
    if (timer === undefined) return
    this.open.delete(number)
    const names = this.names.get(timer.owner)
    if (timer.mayCome !== true) names?.delete(timer.name)
    if (names?.size === 0) this.names.delete(timer.owner)
  }
}
