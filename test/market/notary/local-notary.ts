import { type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import type { HighWater } from '../../../src/core/notary/high-water.ts'
import type { NotarySet } from '../../../src/core/notary/notary-set.ts'
import { createInlineSignatures, type Signatures } from '../../../src/keys/pool/inline-signatures.ts'
import { NotaryService } from '../../../src/market/notary/notary-service.ts'
import type { NotaryServiceComponents, NotaryServiceInit } from '../../../src/market/notary/notary-service-init.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import type { Timers } from '../../../src/ports/timers.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { NETWORK, PORTABLE_HASHES, type Party, RULES, setOfParties, SKEW_MS, feeOwnerOf } from './settlement-builder.ts'

export const START: Timestamp = timestampFromMs(1_790_000_000_000)

/** One notary whose disk outlives it, in a time that the test moves. */
export class LocalNotary {
  readonly set: NotarySet
  readonly member: Party
  readonly log: EventLog
  readonly failures: unknown[] = []
  /** What happened in which order: `append`, `high-water`, `sign`. */
  readonly trace: string[] = []
  now = Number(START)
  highWater: HighWater | undefined
  diesAt: string | undefined
  private readonly due: { readonly at: number; readonly run: () => void }[] = []

  constructor(log: EventLog = createMemoryEventLog()) {
    const { set, members } = setOfParties(0)
    const [member] = members
    if (member === undefined) throw new TypeError('unreachable')
    this.set = set
    this.member = member
    this.log = log
  }

  get clock(): Clock {
    return {
      now: () => timestampFromMs(this.now),
      monotonicMs: () => this.now,
      timeoutSignal: () => new AbortController().signal,
    }
  }

  get timers(): Timers {
    return {
      schedule: (delayMs, run) => {
        const entry = { at: this.now + delayMs, run }
        this.due.push(entry)
        return { cancel: () => void (this.due.includes(entry) && this.due.splice(this.due.indexOf(entry), 1)) }
      },
    }
  }

  async open(
    changes: Partial<NotaryServiceInit> = {},
    components: Partial<NotaryServiceComponents> = {},
    signatures: Signatures = createInlineSignatures(),
  ): Promise<NotaryService> {
    const signer = signatures.createSigner(this.member.seed)
    const step = (name: string): void => {
      if (this.diesAt === name) throw new TypeError(`the process died at ${name}`)
      this.trace.push(name)
    }
    const traced = this.traced(step)
    const service = new NotaryService(
      {
        log: traced,
        highWater: {
          value: this.highWater,
          write: async (value) => {
            step('high-water')
            this.highWater = await Promise.resolve({ ...value, instance: '0'.repeat(32) })
          },
        },
        signer: {
          ...signer,
          signBatch: async (batch) => {
            step('sign')
            return await signer.signBatch(batch)
          },
        },
        verifier: signatures,
        hashes: PORTABLE_HASHES,
        clock: this.clock,
        timers: this.timers,
        onFailure: (cause) => void this.failures.push(cause),
        ...components,
      },
      {
        set: this.set,
        me: 0,
        feeOwner: feeOwnerOf(this.set),
        network: NETWORK,
        clockSkewMs: SKEW_MS,
        parameters: [RULES],
        ...changes,
      },
    )
    await service.start()
    return service
  }

  private traced(step: (name: string) => void): EventLog {
    const { log } = this
    return {
      get nextIndex() {
        return log.nextIndex
      },
      get snapshot() {
        return log.snapshot
      },
      get sizeBytes() {
        return log.sizeBytes
      },
      append: async (payloads) => {
        step('append')
        return await log.append(payloads)
      },
      read: (from) => log.read(from),
      compact: async (snapshot) => await log.compact(snapshot),
      close: async () => {},
    }
  }

  /** Moves time on and runs what is due, in order. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
    for (;;) {
      const [next] = this.due.filter(({ at }) => at <= end).toSorted((one, other) => one.at - other.at)
      if (next === undefined) break
      this.due.splice(this.due.indexOf(next), 1)
      this.now = Math.max(this.now, next.at)
      next.run()
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    }
    this.now = end
  }
}
