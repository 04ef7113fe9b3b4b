/** Whatever carries one idempotency key happens once at the most, wherever and however often it is asked for. */
export class AtMostOnce {
  private readonly done = new Map<string, string>()

  /** It happened. `outcome`: whatever tells one happening from another, so that the same one may be seen from two sides. */
  happened(key: string, outcome: string): string | undefined {
    const before = this.done.get(key)
    if (before === undefined) {
      this.done.set(key, outcome)
      return undefined
    }
    return `${key} happened twice: ${before}, and ${outcome}`
  }

  /** How often something counted itself as done under each key. */
  counted(where: string, counts: Readonly<Record<string, number>>): string | undefined {
    for (const [key, times] of Object.entries(counts)) if (times > 1) return `${where} handled ${key} ${times} times`
    return undefined
  }
}
