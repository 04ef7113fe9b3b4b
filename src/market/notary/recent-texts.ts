/** The texts that were added last, so many at most. */
export class RecentTexts {
  private readonly max: number
  private readonly texts = new Set<string>()

  constructor(max: number) {
    this.max = max
  }

  has(text: string): boolean {
    return this.texts.has(text)
  }

  /** The oldest one makes room. */
  add(text: string): void {
    this.texts.add(text)
    if (this.texts.size <= this.max) return
    const [oldest = ''] = this.texts
    this.texts.delete(oldest)
  }
}
