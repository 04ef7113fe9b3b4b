/** A fraud that was begun: a contract, or an auction, in which somebody did what an honest one would not have done. */
export type Attempt = { readonly kind: 'contract' | 'auction'; readonly id: string; readonly atMs: number }

/** A purchase that came to its end, as its buyer knows it. */
export type DonePurchase = {
  readonly key: string
  readonly contract: string | undefined
  /** Code of what it failed for. */
  readonly failed: string | undefined
  readonly isRight: boolean
  readonly isPaid: boolean
  readonly paidNanos: bigint
  readonly worker: string | undefined
  readonly transcript: string | undefined
}

/** What an agent truly spent and got besides its money, which the ledger knows. It is the world's, and no agent decides by it. */
export class AgentRecord {
  readonly name: string
  /** Names of its identities; the first is its own. */
  readonly identities: string[]
  /** What its work has cost. */
  spentNanos = 0n
  /** What the results that it got are worth to it. */
  gainedNanos = 0n
  /** What was paid in for it at the bank. */
  fundedNanos = 0n
  readonly attempts: Attempt[] = []
  readonly purchases: DonePurchase[] = []

  constructor(name: string) {
    this.name = name
    this.identities = [name]
  }

  attempt(attempt: Attempt): void {
    if (!this.attempts.some(({ kind, id }) => kind === attempt.kind && id === attempt.id)) this.attempts.push(attempt)
  }
}
