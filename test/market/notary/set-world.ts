import { addDuration, type DurationMs } from '../../../src/base/time.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { ParameterSet } from '../../../src/core/governance/parameter-set.ts'
import type { NotarySet } from '../../../src/core/notary/notary-set.ts'
import type { HighWater } from '../../../src/core/notary/high-water.ts'
import type { VerifyStatement } from '../../../src/core/notary/statement.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { createInlineSignatures } from '../../../src/keys/pool/inline-signatures.ts'
import { RemoteNotary } from '../../../src/market/notary/notary-client-remote.ts'
import { NotaryService } from '../../../src/market/notary/notary-service.ts'
import { serveNotary } from '../../../src/market/notary/serve-notary.ts'
import { MemoryNetwork } from '../../../src/network/memory/memory-transport.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import type { Timers } from '../../../src/ports/timers.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { decodeSignature } from '../../../src/wire/v1/checkpoint.ts'
import { publicKeyOfDid } from '../../../src/wire/v1/did-key.ts'
import { feeOwnerOf, PORTABLE_HASHES, NETWORK, Party, RULES, setOfParties, SKEW_MS } from './settlement-builder.ts'

const verifier = createNodeVerifier()
export const verify: VerifyStatement = ({ key, bytes, signature }) => {
  const [publicKey, raw] = [publicKeyOfDid(key), decodeSignature(signature)]
  return publicKey !== undefined && raw !== undefined && verifier.verify({ publicKey, bytes, signature: raw })
}
export const clock = createSystemClock()
const timers: Timers = {
  schedule: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}
const TIMING = {
  epsilonMs: 10_000 as DurationMs,
  timeoutMs: 300 as DurationMs,
  resendMs: 50 as DurationMs,
  leaseMs: 600 as DurationMs,
}

/** A member of a set whose disk outlives its process. */
export class Member {
  readonly failures: unknown[] = []
  service: NotaryService | undefined
  /** How far its clock is ahead of that of all others, ms. */
  aheadMs = 0
  readonly disk = {
    books: createMemoryEventLog(),
    replica: createMemoryEventLog(),
    decisions: createMemoryEventLog(),
  }
  private highWater: HighWater | undefined
  private transport: Transport | undefined
  private processes = 0
  private readonly world: World
  private readonly index: number

  constructor(world: World, index: number) {
    this.world = world
    this.index = index
  }

  async start(): Promise<void> {
    const { set, members } = this.world
    const party = members[this.index] ?? new Party('nobody')
    const transport = this.world.connect(party, `notary-${this.index}`)
    await transport.start()
    this.transport = transport
    const signatures = createInlineSignatures()
    this.processes += 1
    const instance = `${this.index}${this.processes}`.padStart(32, '0')
    const { books, replica, decisions } = this.disk
    const service = new NotaryService(
      {
        log: kept(books),
        highWater: {
          value: this.highWater,
          write: async (value) => {
            this.highWater = await Promise.resolve({ ...value, instance })
          },
        },
        signer: signatures.createSigner(party.seed),
        verifier: signatures,
        hashes: PORTABLE_HASHES,
        clock: { ...clock, now: () => addDuration(clock.now(), this.aheadMs as DurationMs) },
        timers,
        members: { transport, replica: kept(replica), decisions: kept(decisions), verify, instance },
        onFailure: (cause) => void this.failures.push(cause),
      },
      {
        set,
        me: this.index,
        feeOwner: feeOwnerOf(set),
        network: NETWORK,
        clockSkewMs: SKEW_MS,
        parameters: [RULES],
        timing: TIMING,
        issuers: this.world.issuers(this.index),
        ...(this.world.founding && { founding: this.world.founding }),
      },
    )
    await service.start()
    serveNotary(transport, service)
    this.service = service
  }

  async stop(): Promise<void> {
    await this.service?.stop()
    await this.transport?.stop()
    this.service = undefined
  }
}

/** Whoever opened a log closes it; here that is the test. */
function kept(log: EventLog): EventLog {
  return new Proxy(log, {
    get: (target, name) => {
      if (name === 'close') return async () => {}
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

export class World {
  readonly set: NotarySet
  readonly members: readonly Party[]
  readonly seats: readonly Member[]
  /** What governance begins with; `undefined`: it does not begin. */
  readonly founding: ParameterSet | undefined
  /** Whom the operator of a member lists. */
  readonly issuers: (member: number) => readonly Did[]
  private readonly network = new MemoryNetwork()

  constructor({ founding, issuers = () => [] }: { founding?: ParameterSet; issuers?: World['issuers'] } = {}) {
    this.founding = founding
    this.issuers = issuers
    const { set, members } = setOfParties(1)
    this.set = set
    this.members = members
    this.seats = members.map((_, index) => new Member(this, index))
  }

  connect({ did, sign }: Party, name: string): Transport {
    const verifyPeer = (peer: Did, bytes: Uint8Array, signature: Uint8Array): boolean => {
      const publicKey = publicKeyOfDid(peer)
      return publicKey !== undefined && verifier.verify({ publicKey, bytes, signature })
    }
    const identity = { did, sign, verify: verifyPeer }
    return this.network.createTransport({ identity, clock, random: createSystemRandom() }, name)
  }

  async client(): Promise<RemoteNotary> {
    const transport = this.connect(new Party('client'), 'client')
    await transport.start()
    return new RemoteNotary({ transport, verify }, { set: this.set, timeoutMs: 10_000 })
  }

  async start(): Promise<void> {
    await Promise.all(this.seats.map(async (seat) => await seat.start()))
  }

  /** Heads of the journals of those that run. */
  async heads(): Promise<ReadonlySet<string>> {
    const running = this.seats.flatMap(({ service }) => service ?? [])
    const views = await Promise.all(running.map(async (service) => await service.accounts()))
    return new Set(views.map((view) => JSON.stringify(view.ledgers.map(({ head }) => head))))
  }
}
