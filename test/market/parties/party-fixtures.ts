import { fixedKey, type FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import { createNodeSigner } from '../../../src/keys/node-signatures.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Random } from '../../../src/ports/random.ts'
import type { Signer } from '../../../src/ports/signer.ts'
import type { Timers } from '../../../src/ports/timers.ts'

/** Keys of the roles that tests play; the byte is the seed. */
export const KEYS = {
  bank: fixedKey(11),
  buyer: fixedKey(12),
  seller: fixedKey(13),
  notary: fixedKey(14),
  rival: fixedKey(15),
  arbiter: fixedKey(16),
  secondArbiter: fixedKey(17),
  feeOwner: fixedKey(18),
  nextBuyer: fixedKey(19),
  nextSeller: fixedKey(20),
  recoverer: fixedKey(21),
} as const satisfies Readonly<Record<string, FixedKey>>

export function signerOf({ seed }: FixedKey): Signer {
  return createNodeSigner(seed)
}

export function contractNamed(name: string): ContractId {
  return sha256Hex(name) as ContractId
}

/** Draws that are the same in every run. */
export function seededRandom(seed: number): Random {
  const stream = createRandomStream(seed)
  return {
    fraction: () => stream.nextUnit(),
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(stream.nextUnit() * 256)),
  }
}

type Waiting = { readonly at: number; readonly order: number; readonly callback: () => void }

/** Time that passes when a test says so; callbacks that are due run in order. */
export class TestTime implements Timers {
  now = 1_790_000_000_000
  private waiting: Waiting[] = []
  private order = 0

  readonly clock: Clock = {
    now: () => timestampFromMs(this.now),
    monotonicMs: () => this.now,
    timeoutSignal: (delayMs) => {
      const controller = new AbortController()
      this.schedule(delayMs, () => controller.abort(new DOMException('Too late', 'TimeoutError')))
      return controller.signal
    },
  }

  schedule(delayMs: number, callback: () => void): { cancel(): void } {
    this.order += 1
    const entry: Waiting = { at: this.now + delayMs, order: this.order, callback }
    this.waiting.push(entry)
    return { cancel: () => void (this.waiting = this.waiting.filter((other) => other !== entry)) }
  }

  /** The next instant at which something is due; `undefined` when nothing waits. */
  get nextAt(): number | undefined {
    return this.waiting.length === 0 ? undefined : Math.min(...this.waiting.map(({ at }) => at))
  }

  /** Lets what is under way come to rest, then moves to `to`, stopping at each timer on the way. */
  async advanceTo(to: number): Promise<void> {
    await settle()
    for (;;) {
      const due = this.waiting
        .filter(({ at }) => at <= to)
        .toSorted((left, right) => left.at - right.at || left.order - right.order)[0]
      if (due === undefined) break
      this.now = Math.max(this.now, due.at)
      this.waiting = this.waiting.filter((other) => other !== due)
      due.callback()
      await settle()
    }
    this.now = Math.max(this.now, to)
    await settle()
  }

  /** For whoever is slow on purpose. */
  async wait(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => this.schedule(delayMs, resolve))
  }

  async advance(byMs: number): Promise<void> {
    await this.advanceTo(this.now + byMs)
  }
}

/** Everything that waits for nothing but a turn of the event loop happens. */
export async function settle(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}
