/** What somebody was once shown is not taken back: counts that only grow never shrink, whatever crashes in between. */
export class NeverBack {
  private readonly shown = new Map<string, number>()

  /** Somebody was told so, perhaps some time ago. */
  least(what: string, count: number): void {
    this.shown.set(what, Math.max(this.shown.get(what) ?? 0, count))
  }

  /** What it is now. */
  saw(what: string, count: number): string | undefined {
    const before = this.shown.get(what) ?? 0
    return count < before ? `${what} was shown as ${before} and is ${count}` : undefined
  }
}
