/** What one actor sends to another arrives in the order in which it was sent. Some of it may be missing; what was given again after a failure may come again. */
export class FifoPerPair {
  private readonly last = new Map<string, number>()
  private readonly failed = new Map<string, number>()

  /** The receiver handles message `sequence` of the sender. */
  heard(pair: string, sequence: number): string | undefined {
    const before = this.last.get(pair)
    this.last.set(pair, Math.max(before ?? sequence, sequence))
    if (before === undefined || sequence > before) return undefined
    if (this.failed.get(pair) === sequence) return undefined
    return `${pair} heard ${sequence} behind ${before}`
  }

  /** The receiver failed over this message, which may be given to it once more. */
  failedOver(pair: string, sequence: number): void {
    this.failed.set(pair, sequence)
  }
}
