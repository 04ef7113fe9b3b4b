/** What was acknowledged as stored is there after every crash. */
export class DurableAcknowledged {
  private readonly acknowledged = new Map<string, Set<string>>()

  /** The store has said that it has it. */
  said(where: string, key: string): void {
    const keys = this.acknowledged.get(where) ?? new Set()
    this.acknowledged.set(where, keys)
    keys.add(key)
  }

  get count(): number {
    let count = 0
    for (const { size } of this.acknowledged.values()) count += size
    return count
  }

  /** What is found there now. */
  missing(where: string, has: (key: string) => boolean): string | undefined {
    for (const key of this.acknowledged.get(where) ?? [])
      if (!has(key)) return `${key} was acknowledged by ${where} and is gone`
    return undefined
  }
}
