import { CodedError } from '../../base/errors.ts'
import type { Amount } from '../../base/money.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'
import { createNotarySet, type NotarySet } from '../../core/notary/notary-set.ts'
import type { NotaryService } from '../../market/notary/notary-service.ts'
import type { Stage } from '../scenario/stage.ts'
import { Bank, type Deposit } from './bank.ts'
import { addressOf, type MarketIdentity, MarketNetwork } from './market-network.ts'
import { type NotaryBuild, type NotaryHooks, NotaryMachine } from './notary-machine.ts'
import { PartyMachine, type PartyMachineInit } from './party-machine.ts'

/** Name of the network that messages are of. */
export const SIMULATED_NETWORK = 'simulation'

/** Before a payment that did not arrive is made again. */
const AGAIN_MS = 500

export type MarketInit = NotaryBuild & {
  /** 1: a notary alone; 4, 7, 10: a set that outvotes a third of itself. Default 1. */
  readonly notaries?: number
  /** Bytes at which a party's files are written anew. Default: more than most worlds write. */
  readonly compactAtBytes?: number
  /** What stands between parties and notaries; absent: the network alone. */
  readonly wrapNotary?: PartyMachineInit['wrapNotary']
  /** What the world does to a notary beside giving it a machine; absent: nothing. */
  readonly hooksOf?: (identity: MarketIdentity, member: { readonly set: NotarySet; readonly me: number }) => NotaryHooks
  /** Told of failures that nobody waits for, by the name of the machine. Default: none is looked at. */
  readonly onFailure?: (name: string, cause: unknown) => void
}

export type JoinInit = Pick<PartyMachineInit, 'hooks' | 'begin'> & {
  readonly name: string
  /** What it pays in at the bank. Default 0. */
  readonly fundsNanos?: Amount
}

/**
 * The product's market as machines of a world: a notary set, a bank, and whoever joins. Machines are killed and restarted by whoever plays the world; each comes back with
 * what lies on its disk.
 *
 * ```text
 * market = await SimulatedMarket.open(stage, { notaries: 4 })
 * shop = await market.join({ name: 'shop', fundsNanos, hooks: () => ({ runner }), begin: async ({ seller }) => void (await seller.offer(terms, 'words')) })
 * ```
 */
export class SimulatedMarket {
  readonly stage: Stage
  readonly network: MarketNetwork
  readonly set: NotarySet
  readonly notaries: readonly NotaryMachine[]
  readonly bank: Bank
  readonly bankMachine: PartyMachine
  /** Everybody who has joined, by name; the bank is not among them. */
  readonly parties = new Map<string, PartyMachine>()
  private readonly init: MarketInit

  private constructor(stage: Stage, init: MarketInit) {
    const { notaries: count = 1, timing, checkpoints, segments } = init
    this.stage = stage
    this.init = init
    this.network = new MarketNetwork(stage)
    const members = Array.from({ length: count }, (_, at) => this.network.identity(`notary-${at}`))
    const bank = this.network.identity('bank')
    this.set = setOf(members)
    this.notaries = members.map((identity, me) => {
      const onFailure = this.failureOf(identity.name)
      const build = { ...(timing && { timing }), checkpoints, segments }
      const hooks = init.hooksOf?.(identity, { set: this.set, me })
      const known = { set: this.set, me, network: SIMULATED_NETWORK, issuers: [bank.did] }
      return new NotaryMachine(stage, this.network, { identity, ...known, ...hooks, build, onFailure })
    })
    this.bankMachine = this.createParty({ name: 'bank' })
    this.bank = new Bank(this.bankMachine)
  }

  /** Starts the notaries and the bank, and registers its currency. */
  static async open(stage: Stage, init: MarketInit = {}): Promise<SimulatedMarket> {
    const market = new SimulatedMarket(stage, init)
    await Promise.all(market.notaries.map(async ({ machine }) => await machine.start()))
    await market.bankMachine.machine.start()
    await market.bank.register()
    return market
  }

  get currency(): Currency {
    return this.bank.currency
  }

  /** Somebody new: has money, if any, and then starts. Names are taken once. */
  async join({ fundsNanos, ...init }: JoinInit): Promise<PartyMachine> {
    if (this.parties.has(init.name)) throw new RangeError(`${init.name} has joined already`)
    const party = this.createParty(init)
    this.parties.set(init.name, party)
    if (fundsNanos !== undefined && fundsNanos > 0n)
      await this.payIn({ owner: party.did, amountNanos: fundsNanos, key: `fund/${init.name}` })
    await party.machine.start()
    return party
  }

  /** As long as it takes: whoever joins while nobody can be reached waits. */
  private async payIn(deposit: Deposit): Promise<void> {
    const { world } = this.stage
    for (;;) {
      try {
        await this.bank.issue(deposit)
        return
      } catch (error: unknown) {
        if (!CodedError.is(error) || !(error.isRetryable || error.code === 'MARKET_NOT_OPEN')) throw error
      }
      await new Promise<void>((resolve) => void world.schedule(AGAIN_MS, { kind: 'pay in', run: resolve }))
    }
  }

  /** A notary that runs, for whoever looks at the books; `undefined` while none does. */
  get running(): NotaryService | undefined {
    return this.notaries.find(({ service }) => service !== undefined)?.service
  }

  /** The key of a name, whether anybody of it has joined or not. */
  didOf(name: string): Did {
    return this.parties.get(name)?.did ?? this.network.identity(name).did
  }

  private createParty({ name, hooks, begin }: JoinInit): PartyMachine {
    const identity = this.network.identity(name)
    const { compactAtBytes, wrapNotary } = this.init
    const known = { identity, set: this.set, network: SIMULATED_NETWORK, compactAtBytes, wrapNotary }
    return new PartyMachine(this.stage, this.network, { ...known, hooks, begin, onFailure: this.failureOf(name) })
  }

  private failureOf(name: string): (cause: unknown) => void {
    return (cause) => this.init.onFailure?.(name, cause)
  }
}

function setOf(members: readonly { readonly name: string; readonly did: Did }[]): NotarySet {
  const f = Math.floor((members.length - 1) / 3)
  const made = createNotarySet({
    epoch: 0,
    members: members.map(({ name, did }) => ({ key: did, address: addressOf(name) })),
    f,
  })
  if (made.kind === 'refused') throw new RangeError(`${members.length} notaries are no set: ${made.code}`)
  return made.set
}
