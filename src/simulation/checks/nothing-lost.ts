/**
 * No message is lost in silence: each one that was sent is handled, or refused, or becomes a dead letter. Who dies takes with it what it had not handled.
 */
export class NothingLost {
  private readonly open = new Map<string, string>()
  private sentCount = 0

  get sent(): number {
    return this.sentCount
  }

  wasSent(message: string, receiver: string): void {
    this.sentCount += 1
    this.open.set(message, receiver)
  }

  /** Handled, refused, or a dead letter. One that nobody sent is a violation. */
  ended(message: string): string | undefined {
    return this.open.delete(message) ? undefined : `${message} came to an end that was never sent, or twice`
  }

  /** It was given back and may come again: known or not. */
  endedOnceMore(message: string): void {
    this.open.delete(message)
  }

  /** Everybody has had time enough. */
  left(): string | undefined {
    const [first] = this.open
    if (first === undefined) return undefined
    return `${this.open.size} messages are neither handled nor dead letters, ${first[0]} for ${first[1]} first`
  }

  /** The process that held them died. */
  forget(): void {
    this.open.clear()
  }
}
