import { createRandomStream } from '../../src/base/random-stream.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { BOOKS_MACHINE, contractOf } from '../../src/core/books/books-machine.ts'
import { formatBooksState } from '../../src/core/books/books-codec.ts'
import type { BooksState } from '../../src/core/books/books-state.ts'
import { hashTrieForEach } from '../../src/core/collections/hash-trie.ts'
import { hashOfBlock } from '../../src/core/notary/block.ts'
import { blockOfCertificate, refuseCertificate } from '../../src/core/notary/certificate.ts'
import { bytesOfVote, type Vote } from '../../src/core/notary/statement.ts'
import type { NotaryFrame } from '../../src/wire/v1/notary-messages.ts'
import { signAs, verify } from '../core/notary/notary-fixtures.ts'
import { USD } from '../core/escrow/escrow-builder.ts'
import { type Seat, SeatWorld } from '../market/notary/notary-seats.ts'
import { CONTRACT, SETTLEMENT, tick } from '../market/notary/settlement-messages.ts'

export type BooksSimulationInit = {
  readonly seed: number
  /** Planted: the books forget which envelopes they have seen. */
  readonly isNonceReused?: boolean
}

export type BooksSimulationResult = {
  readonly failures: readonly string[]
  readonly slots: number
  readonly crashes: number
  readonly viewMax: number
  readonly trace: string
}

const LOSSY_MS = 2_500
const HEALED_MS = 40_000
/** How a contract may end when its messages come late. */
const ENDS: readonly string[] = ['FINAL', 'EXPIRED', 'ABORTED', 'VOIDED', 'REFUNDED']
/** All that was ever issued in the settlement. */
const ISSUED = 2_000n

/**
 * Four replicas with the books over a network that loses, repeats, delays and splits, with crashes and restarts from the journals, and one member that lies;
 * then everything is well again. What the honest ones keep must be one log and one state, and must come to its end.
 */
export class BooksSimulation {
  private readonly init: BooksSimulationInit
  private readonly random
  private readonly world: SeatWorld
  private readonly liar: number | undefined
  private readonly failures: string[] = []
  private cut: ReadonlySet<number> = new Set()
  private crashes = 0

  constructor(init: BooksSimulationInit) {
    this.init = init
    this.random = createRandomStream(init.seed)
    this.world = new SeatWorld({ f: 1, hasRepeats: init.isNonceReused ?? false })
    const drawn = this.random.nextBelow(5)
    this.liar = drawn < 4 ? drawn : undefined
  }

  async run(): Promise<BooksSimulationResult> {
    const { world } = this
    await world.start()
    this.bend()
    await this.disturb()
    await this.heal()
    this.compare()
    const slots = Math.max(...world.seats.map(({ slot }) => slot))
    const viewMax = Math.max(...this.honest().map(({ viewMax: view }) => view))
    await Promise.all(world.seats.map(async (seat) => await seat.stop()))
    const trace = `${slots} ${this.crashes} ${viewMax} ${world.now} ${formatBooksState(this.firstBooks()).length}`
    return { failures: this.failures, slots, crashes: this.crashes, viewMax, trace }
  }

  private honest(): readonly Seat[] {
    return this.world.seats.filter(({ index }) => index !== this.liar)
  }

  private bend(): void {
    const { world, random } = this
    world.route = (from, to) => {
      if (this.cut.has(from) !== this.cut.has(to)) return []
      const copies = [0, 1, 1, 1, 1, 2][random.nextBelow(6)] ?? 1
      return Array.from({ length: copies }, () => 1 + random.nextBelow(25))
    }
    const liar = this.liar === undefined ? undefined : world.seats[this.liar]
    if (liar !== undefined) liar.withholds = (frame, to) => this.lie(liar, frame, to)
  }

  /** Messages one behind the other, while things break. */
  private async disturb(): Promise<void> {
    const { world, random } = this
    const end = world.now + LOSSY_MS
    let next = 0
    while (world.now < end) {
      for (let sent = 0; sent <= next; sent += 1) {
        const message = SETTLEMENT[sent]
        const seat = world.seats[random.nextBelow(4)]
        if (message !== undefined && random.nextBelow(3) > 0) seat?.replica?.submit([message])
      }
      const last = SETTLEMENT[next]?.message
      const isDone = this.honest().some(({ certificates }) => certificates.some(({ message }) => message === last))
      if (isDone && next < SETTLEMENT.length - 1) next += 1
      if (random.nextBelow(4) === 0) this.cut = new Set([random.nextBelow(4), random.nextBelow(4)])
      if (random.nextBelow(3) === 0) this.cut = new Set()
      if (random.nextBelow(6) === 0) await this.crash()
      await world.pass(20 + random.nextBelow(60))
    }
  }

  /** One process at a time dies, between two of its turns, and starts again on what its disk has. */
  private async crash(): Promise<void> {
    const seat = this.world.seats[this.random.nextBelow(4)]
    if (seat === undefined || seat.failures.length > 0) return
    this.crashes += 1
    await seat.stop()
    await this.world.pass(this.random.nextBelow(200))
    await seat.start()
  }

  private async heal(): Promise<void> {
    const { world } = this
    this.cut = new Set()
    world.route = () => [1]
    const seats = this.honest()
    const hasAll = ({ certificates }: Seat): boolean =>
      SETTLEMENT.every(({ message }) => certificates.some((one) => one.message === message))
    const end = world.now + HEALED_MS
    while (world.now < end && !seats.every(hasAll)) {
      const missing = SETTLEMENT.filter(({ message }) =>
        seats.some(({ certificates }) => !certificates.some((one) => one.message === message)),
      )
      for (const seat of seats) seat.replica?.submit(missing.slice(0, 1))
      await world.pass(150)
    }
    const isOver = ({ application }: Seat): boolean =>
      ENDS.includes(contractOf(application.books, CONTRACT)?.kind ?? 'FINAL')
    for (let count = 0; count < 40; count += 1) {
      if (seats.every(isOver)) break
      for (const seat of seats) seat.replica?.submit([tick(count)])
      await world.pass(400)
    }
    if (!seats.every(hasAll) || !seats.every(isOver)) this.failures.push(`no way to the end: ${this.describe()}`)
    // Everybody gets the last block.
    await world.passUntil(() => new Set(seats.map(({ slot }) => slot)).size === 1, 2_000)
  }

  private describe(): string {
    return this.honest()
      .map(
        ({ index, replica, slot, failures }) => `${index}: ${replica?.standing} ${slot} ${failures.map(String).join()}`,
      )
      .join('; ')
  }

  private firstBooks(): BooksState {
    const [first] = this.honest()
    if (first === undefined) throw new TypeError('nobody is honest')
    return first.application.books
  }

  private compare(): void {
    const blocks = new Map<number, string>()
    for (const { certificates, application, index, failures } of this.honest()) {
      for (const certificate of certificates) {
        const code = refuseCertificate(this.world.set, certificate, verify)
        if (code !== undefined) this.failures.push(`member ${index} hands out a certificate that is ${code}`)
        const block = blockOfCertificate(certificate) ?? ''
        const known = blocks.get(certificate.slot) ?? block
        if (known !== block) this.failures.push(`two certificates for slot ${certificate.slot}`)
        blocks.set(certificate.slot, known)
      }
      this.failures.push(...failures.map((failure) => `member ${index} failed: ${String(failure)}`))
      this.failures.push(...BOOKS_MACHINE.violations(application.books).map((what) => `member ${index}: ${what}`))
      if (issuedIn(application.books) > ISSUED) this.failures.push('an envelope had effect twice')
    }
    const states = new Set(this.honest().map(({ application }) => formatBooksState(application.books)))
    if (states.size > 1) this.failures.push(`the states of honest members differ: ${this.describe()}`)
    for (const double of this.world.doubles) {
      if (double.split(' ')[0] !== String(this.liar)) this.failures.push(`an honest member signed twice: ${double}`)
    }
  }

  /** Another block for every second member, votes for both, bodies for nobody, and now and then nothing at all. */
  private lie(seat: Seat, frame: NotaryFrame, to: number): boolean {
    const { world, random } = this
    if (random.nextBelow(5) === 0) return !frame.type.startsWith('notary-witness')
    if (frame.type === 'notary-bodies') return random.nextBelow(2) === 0
    if (frame.type !== 'notary-proposal' || random.nextBelow(2) === 0) return false
    const { proposal } = frame
    const block = { ...proposal.block, at: timestampFromMs(proposal.block.at + 1) }
    const hash = hashOfBlock(block)
    const voteOf = (phase: Vote['phase']): Vote => {
      const statement = { phase, view: proposal.view, slot: block.slot, block: hash }
      const key = world.set.members[seat.index]?.key
      if (key === undefined) throw new TypeError('no key')
      return { ...statement, member: seat.index, signature: signAs(key, bytesOfVote(world.set, statement)) }
    }
    const { member, signature } = voteOf('prepare')
    const lie: NotaryFrame = { ...frame, proposal: { ...proposal, block, signature: { member, signature } } }
    world.inject(seat, to, lie)
    world.inject(seat, to, { type: 'notary-vote', set: frame.set, vote: voteOf('commit') })
    return random.nextBelow(2) === 0
  }
}

/** What all owners have, the issuer's debt left out. */
function issuedIn({ ledger }: BooksState): bigint {
  let sum = 0n
  hashTrieForEach(ledger.accounts, ({ name, credits, debits }) => {
    if (name.currency === USD && credits > debits) sum += credits - debits
  })
  return sum
}
