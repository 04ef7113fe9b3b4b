import type { Claim, Claims } from '../../ports/claims.ts'
import type { Clock } from '../../ports/clock.ts'

/** A member that stopped holds what it had until its lease is over. */
type Member = { readonly leaseMs: number; stoppedMs: number | undefined }

const NAME = /^[\x21-\x7e]{1,1000}$/

/** Claims of several members of one process. */
export class MemoryClaims {
  private readonly clock: Pick<Clock, 'monotonicMs'>
  private readonly holders = new Map<string, { readonly member: Member }>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.clock = clock
  }

  /** The same claims as another member takes them. `stop`: it gives no more signs of itself. */
  join(leaseMs: number): Claims & { stop(): void } {
    const member: Member = { leaseMs, stoppedMs: undefined }
    return {
      leaseMs,
      take: async (name) => this.take(name, member),
      isTaken: async (name) => this.isTaken(name),
      stop: () => void (member.stoppedMs ??= this.clock.monotonicMs()),
    }
  }

  private take(name: string, member: Member): Claim | undefined {
    if (!NAME.test(name)) throw new TypeError(`Not a name for a claim: ${JSON.stringify(name)}`)
    if (this.isTaken(name)) return undefined
    const holder = { member }
    this.holders.set(name, holder)
    // One that is in the same process is always heard of.
    const { signal } = new AbortController()
    return {
      lost: signal,
      release: async () => {
        if (this.holders.get(name) === holder) this.holders.delete(name)
      },
    }
  }

  private isTaken(name: string): boolean {
    const { leaseMs, stoppedMs } = this.holders.get(name)?.member ?? { leaseMs: 0, stoppedMs: 0 }
    return stoppedMs === undefined || this.clock.monotonicMs() < stoppedMs + leaseMs
  }
}
