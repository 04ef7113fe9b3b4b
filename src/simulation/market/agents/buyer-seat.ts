import { CodedError } from '../../../base/errors.ts'
import type { Amount } from '../../../base/money.ts'
import type { DeliveredState } from '../../../core/escrow/escrow-state.ts'
import { type ContractId, type Did, parseContractId } from '../../../core/evidence/names.ts'
import type { BuyerPolicy, BuyRequest, OrderNote } from '../../../market/parties/buying/buy-order.ts'
import type { BuyerWork, ResultVerdict } from '../../../market/parties/buying/buyer-work.ts'
import { pause } from '../../../market/parties/contracts/contract-follower.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../../../market/parties/contracts/contract-notes.ts'
import { shareOf } from '../economy/economy.ts'
import type { PartyHooks, PartyMachine, RunningParty } from '../party-machine.ts'
import { hearsAllOf } from '../strategies/honest.ts'
import type { AgentIdentity, BuyerPlay, BuyerTask, Delivery } from '../strategies/strategy.ts'
import type { PurchaseRecord } from './agent-record.ts'
import { watchContracts } from './contract-watch.ts'
import type { SeatOwner } from './seat-owner.ts'
import type { Town } from './town.ts'
import type { PlannedTask, TownAgent } from './town-agent.ts'

export type BuyerSeatInit = {
  readonly name: string
  readonly play: BuyerPlay
  /** Whether its owner decides about every delivery; else only about those that no predicate judges. */
  readonly isOwn: boolean
  readonly tasks: readonly PlannedTask[]
}

type Purchase = { readonly task: BuyerTask; readonly request: BuyRequest; readonly record: PurchaseRecord }

/** Before a result that has not come yet is looked for again, and before a purchase is that could not be made. */
const LOOK_MS = 500
/** Of T_accept, in which a result that never came is waited for, in millionths. */
const PATIENCE_PER_MILLION = 600_000
/** Nodes that a buyer asks at most. */
const PEERS_MAX = 64

/** One name of a buyer: its party on a machine, and how its owner has it play. */
export class BuyerSeat implements AgentIdentity {
  readonly side = 'buyer'
  readonly name: string
  private readonly agent: TownAgent
  private readonly town: Town
  private readonly init: BuyerSeatInit
  /** By key; what was once wanted is wanted in the same words after a crash. */
  private readonly purchases = new Map<string, Purchase>()
  private readonly going = new Set<string>()
  private readonly seen = new Set<ContractId>()
  private machine: PartyMachine | undefined
  private left: number
  private hasLeft = false
  private joinedMs = 0

  constructor({ agent, town }: SeatOwner, init: BuyerSeatInit) {
    this.agent = agent
    this.town = town
    this.init = init
    this.name = init.name
    this.left = init.tasks.length
  }

  get did(): Did {
    return this.town.market.didOf(this.name)
  }

  get running(): RunningParty | undefined {
    return this.machine?.running
  }

  /** Everything that it wanted was asked for and has come to its end. */
  get isSettled(): boolean {
    return this.left <= 0 && [...this.purchases.values()].every(({ record }) => record.outcome !== undefined)
  }

  async join(fundsNanos: Amount): Promise<void> {
    const { town } = this
    this.joinedMs = this.agent.nowMs()
    const hooks = (): PartyHooks => this.hooks()
    const begin = async (running: RunningParty): Promise<void> => await this.begin(running)
    this.machine = await town.market.join({ name: this.name, fundsNanos, hooks, begin })
    town.announce(this.did, this.agent, false)
  }

  /** Wants nothing more. */
  async leave(): Promise<void> {
    this.hasLeft = true
    await Promise.resolve()
  }

  /** Wants something now, and waits for nothing but that it is written down. */
  async purchase(task: BuyerTask, isAuction: boolean): Promise<void> {
    if (!this.purchases.has(task.key)) this.plan(task, isAuction)
    const { running } = this
    if (running !== undefined) this.goOn(running, task.key)
    await Promise.resolve()
  }

  private hooks(): PartyHooks {
    const { play } = this.init
    const { buying } = this.town.rules
    return {
      changeBuying: (policy) =>
        Object.create(
          policy,
          Object.fromEntries(Object.entries(buying).map(([name, value]) => [name, { value, enumerable: true }])),
        ) as BuyerPolicy,
      ...(!hearsAllOf(play) && { hears: (frame, from) => play.hears(frame, from) }),
    }
  }

  private async begin(running: RunningParty): Promise<void> {
    const deciding = new Set<ContractId>()
    watchContracts(running, this.seen, {
      onDisputed: (contract) => this.town.dispute(contract),
      onEnded: async (ended, note) => {
        await this.recordEnd(running, ended.contract, note)
        await this.init.play.onEnd(ended)
      },
      onDelivered: (state) => {
        const purchase = this.purchaseOf(running, state.contract)
        if (purchase?.request.acceptsAlone !== false || deciding.has(state.contract)) return
        deciding.add(state.contract)
        running.party.begin(async () => await this.decide(running, state, purchase))
      },
    })
    await running.parameters.refresh()
    for (const key of this.purchases.keys()) this.goOn(running, key)
    for (const wanted of this.init.tasks) {
      if (this.purchases.has(wanted.task.key)) continue
      const waitMs = Math.max(0, this.joinedMs + wanted.afterMs - this.agent.nowMs())
      await pause(running.owner.timers, waitMs, running.party.signal)
      running.party.signal.throwIfAborted()
      if (!this.hasLeft) await this.purchase(wanted.task, wanted.isAuction)
      this.left -= 1
    }
  }

  private plan(task: BuyerTask, isAuction: boolean): void {
    const { agent } = this
    const { valueNanos, ...known } = task
    const atMs = agent.nowMs()
    const record: PurchaseRecord = { buyer: agent.name, ...known, valueNanos, isAuction, atMs }
    this.town.purchases.push(record)
    const changes = this.init.play.request(task)
    if (changes === undefined) record.outcome = 'not-wanted'
    this.purchases.set(task.key, { task, request: { ...this.requestOf(task, isAuction), ...changes }, record })
  }

  private requestOf(task: BuyerTask, isAuction: boolean): BuyRequest {
    const { economy, rules, market, arbiterKeys, sellerKeys } = this.town
    const members = arbiterKeys
    return {
      idempotencyKey: task.key,
      skill: task.skill,
      input: economy.inputOf(task),
      maxNanos: shareOf(task.valueNanos, rules.reservePerMillion),
      currency: market.currency,
      custody: rules.custody,
      predicate: economy.predicateOf(task),
      peers: this.somePeers(sellerKeys),
      arbiters: { members, k: Math.min(rules.rulers, members.length) },
      acceptsAlone: task.isChecked && !this.init.isOwn,
      filter: { capabilities: [], reputationPpmMin: rules.reputationPpmMin },
      ...(isAuction && { auction: 'second' as const }),
    }
  }

  private somePeers(keys: readonly Did[]): readonly Did[] {
    const from = keys.length <= PEERS_MAX ? 0 : this.agent.random.nextBelow(keys.length)
    return [...keys.slice(from), ...keys.slice(0, from)].slice(0, PEERS_MAX)
  }

  private goOn(running: RunningParty, key: string): void {
    const purchase = this.purchases.get(key)
    const place = `${running.owner.name}/${key}`
    if (purchase === undefined || purchase.record.outcome !== undefined || this.going.has(place)) return
    this.going.add(place)
    running.party.begin(async () => {
      await this.buy(running, purchase)
    })
  }

  /** A purchase to its end; again where somebody could not be reached. */
  private async buy({ buyer, party }: RunningParty, { request, record }: Purchase): Promise<void> {
    for (;;) {
      try {
        await buyer.buy(request)
        const note = await buyer.ended(record.key)
        if (party.isStopped) return
        if (note.failed !== undefined) this.end(record, note.failed.reason ?? note.failed.code)
        return
      } catch (error: unknown) {
        if (party.isStopped || !CodedError.is(error) || !error.isRetryable) throw error
      }
      await pause(party.components.timers, LOOK_MS, party.signal)
    }
  }

  private end(record: PurchaseRecord, outcome: string): void {
    record.outcome ??= outcome
    record.endedMs ??= this.agent.nowMs()
  }

  private purchaseOf({ buyer }: RunningParty, contract: ContractId): Purchase | undefined {
    const isOf = (order: OrderNote | undefined): boolean =>
      order?.contract !== undefined && parseContractId(order.contract) === contract
    return [...this.purchases.values()].find(({ record }) => isOf(buyer.order(record.key)))
  }

  private async recordEnd(running: RunningParty, contract: ContractId, note: ContractNote): Promise<void> {
    const purchase = this.purchaseOf(running, contract)
    if (purchase === undefined) return
    const { record } = purchase
    const { worker, maxNanos } = readTerms(note.terms)
    const seller = this.town.ownerOf(worker)?.name
    Object.assign(record, { contract, worker, priceNanos: maxNanos, ...(seller !== undefined && { seller }) })
    const { journal } = running.party
    const result = note.result && (await journal.file(note.result))
    const input = await journal.file(note.input)
    record.hasRightResult = result !== undefined && input !== undefined && this.town.economy.isRight(input, result)
    // A contract that came to nothing may be followed by one with somebody else; then the purchase goes on.
    if (running.buyer.order(record.key)?.contract === contract) this.end(record, note.ended ?? '')
  }

  private async decide({ party, buyer }: RunningParty, state: DeliveredState, { task }: Purchase): Promise<void> {
    const work = buyer.workOf(state.contract)
    if (work === undefined) return
    const verdict = await this.shown(party, state, work)
    const judged = verdict.kind === 'judged' ? verdict.result : undefined
    const delivery: Delivery = { contract: state.contract, terms: state.terms, task, judged }
    const word = this.init.play.decide(delivery, await this.seeRight(party, state, delivery))
    if (word === 'accept') await work.accept(state)
    const reason = verdict.kind === 'judged' ? 'not-as-agreed' : `result-${verdict.kind}`
    if (word === 'reject') await work.reject(state, { reason, verdict })
  }

  /** The result, or that it has not come while there was time. */
  private async shown(
    { components, signal }: RunningParty['party'],
    state: DeliveredState,
    work: BuyerWork,
  ): Promise<ResultVerdict> {
    const { clock, timers } = components
    const patienceMs = Math.floor((state.terms.timers.acceptMs * PATIENCE_PER_MILLION) / 1_000_000)
    const latest = state.acceptBy - state.terms.timers.acceptMs + patienceMs
    for (;;) {
      const verdict = await work.judge(state)
      if (verdict.kind === 'judged' || clock.now() >= latest) return verdict
      await pause(timers, LOOK_MS, signal)
      signal.throwIfAborted()
    }
  }

  /** What the predicate says, or whoever looks; `undefined` where nobody does. */
  private async seeRight(
    party: RunningParty['party'],
    { delivery: { result: hash }, contract }: DeliveredState,
    delivery: Delivery,
  ): Promise<boolean | undefined> {
    const { judged, task } = delivery
    if (judged === undefined) return false
    if (judged.outcome !== 'undecided') return judged.outcome === 'passed'
    if (!this.init.play.inspects(delivery)) return undefined
    const { economy, rules } = this.town
    this.agent.inspectionNanos += shareOf(task.valueNanos, rules.inspectionPerMillion)
    const note = party.noteOf<ContractNote>(CONTRACTS, contract)
    const [input, result] = [note && (await party.journal.file(note.input)), await party.journal.file(hash)]
    return input !== undefined && result !== undefined && economy.isRight(input, result)
  }
}
