import { amountFromNanos } from '../../../base/money.ts'
import { durationFromMs } from '../../../base/time.ts'
import type { ContractId, Did } from '../../../core/evidence/names.ts'
import type { AuctionCall } from '../../../core/auction/auction-call.ts'
import type { OfferTerms } from '../../../core/market/offer-directory.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../../../market/parties/contracts/contract-notes.ts'
import { pause } from '../../../market/parties/contracts/contract-follower.ts'
import type { SellerPolicy } from '../../../market/parties/selling/seller-policy.ts'
import type { TaskControls, TaskInit, TaskRunner } from '../../../market/parties/selling/task-runner.ts'
import { SKILLS } from '../../../market/parties/role/party-notes.ts'
import type { PartyHooks, PartyMachine, RunningParty } from '../party-machine.ts'
import { hearsAllOf } from '../strategies/honest.ts'
import type { AgentIdentity, SellerPlay, SkillView, WorkPlan } from '../strategies/strategy.ts'
import { restartBroken } from '../restart-broken.ts'
import { watchContracts } from './contract-watch.ts'
import type { SeatOwner } from './seat-owner.ts'
import type { Town } from './town.ts'
import type { TownAgent } from './town-agent.ts'

export type SellerSeatInit = { readonly name: string; readonly play: SellerPlay }

const LATENCY_MS = durationFromMs(5_000)
const INPUT_BYTES_MAX = 10_000
const OFFER_MS = 2_500_000_000
const CAPACITY = 10
const EXPOSURE_NANOS_MAX = amountFromNanos(1_000_000_000_000_000n)

/** One name of a seller: its party on a machine, and how its owner has it play. */
export class SellerSeat implements AgentIdentity {
  readonly side = 'seller'
  readonly name: string
  private readonly agent: TownAgent
  private readonly town: Town
  private readonly init: SellerSeatInit
  private readonly right = new Map<ContractId, boolean>()
  private readonly seen = new Set<ContractId>()
  private machine: PartyMachine | undefined
  private hasLeft = false

  constructor({ agent, town }: SeatOwner, init: SellerSeatInit) {
    this.agent = agent
    this.town = town
    this.init = init
    this.name = init.name
  }

  get did(): Did {
    return this.town.market.didOf(this.name)
  }

  get running(): RunningParty | undefined {
    return this.machine?.running
  }

  /** All contracts that it has signed have ended. */
  get isSettled(): boolean {
    const { running } = this
    if (running === undefined) return false
    const notes = running.party.journal.notesOf(CONTRACTS)
    return notes.every(([, note]) => (note as ContractNote).ended !== undefined)
  }

  async join(fundsNanos: SkillView['costNanos']): Promise<void> {
    const { market } = this.town
    const hooks = (): PartyHooks => this.hooks()
    const begin = async (running: RunningParty): Promise<void> => await this.begin(running)
    this.machine = await market.join({ name: this.name, fundsNanos, hooks, begin })
    this.town.announce(this.did, this.agent, true)
  }

  /** It has left, and has said so for each of its offers. */
  get offersNothing(): boolean {
    return this.hasLeft && this.running?.seller.offers().length === 0
  }

  /** Offers nothing any more, from its next start on where it cannot say so now. What it has signed goes on. */
  async leave(): Promise<void> {
    if (this.hasLeft) return
    this.hasLeft = true
    this.town.forget(this.did)
    const { running } = this
    if (running === undefined) return
    try {
      await this.withdraw(running)
    } catch (error: unknown) {
      // A process that is stopped says the rest when it is started again.
      if (!running.party.signal.aborted) restartBroken(this.town.market.stage, this.name, error)
    }
  }

  private async withdraw({ seller }: RunningParty): Promise<void> {
    for (const { id } of seller.offers()) await seller.withdraw(id)
  }

  private hooks(): PartyHooks {
    const { play } = this.init
    return {
      runner: this.runner(),
      bidOn: (call, offer) => this.bid(call, offer),
      changeSelling: (policy) => this.changeSelling(policy),
      ...(!hearsAllOf(play) && { hears: (frame, from) => play.hears(frame, from) }),
    }
  }

  private changeSelling(policy: SellerPolicy): SellerPolicy {
    const { rules } = this.town
    const { bondPerMillion = 0, depositPerMillion = 0, penaltyPerMillion = 0 } = rules.buying
    // What the marketplace asks for is taken, however it is swept.
    return Object.create(policy, {
      bondNanosMax: { value: EXPOSURE_NANOS_MAX },
      bondPerMillionMax: { value: Math.max(policy.bondPerMillionMax, bondPerMillion) },
      penaltyPerMillionMax: { value: Math.max(policy.penaltyPerMillionMax, penaltyPerMillion) },
      depositPerMillionMax: { value: Math.max(policy.depositPerMillionMax, depositPerMillion) },
    }) as SellerPolicy
  }

  private async begin(running: RunningParty): Promise<void> {
    const { town } = this
    watchContracts(running, this.seen, {
      onDisputed: (contract) => town.dispute(contract),
      onEnded: async (ended) => await this.init.play.onEnd({ ...ended, wasRight: this.right.get(ended.contract) }),
    })
    await running.parameters.refresh()
    const { offersEveryMs } = town.rules
    for (let round = 0; !this.hasLeft; round += 1) {
      await this.offer(running, round)
      if (this.hasLeft) break
      if (offersEveryMs <= 0) return
      await pause(running.party.components.timers, offersEveryMs, running.party.signal)
    }
    await this.withdraw(running)
  }

  /** Says what it asks for each skill, where that is another price than before. */
  private async offer({ party, seller, owner }: RunningParty, round: number): Promise<void> {
    const { town } = this
    for (const skill of town.economy.skills) {
      const standing = seller.offers().filter(({ terms }) => terms.skill === skill)
      const priceNanos = this.init.play.ask(this.viewOf(skill))
      if (standing.some(({ terms }) => terms.priceNanos === priceNanos)) continue
      for (const { id } of standing) await seller.withdraw(id)
      if (priceNanos === undefined) continue
      const arbiters = town.arbiterKeys
      await party.keep(SKILLS, skill, { agent: 'owner', custody: ['C2', 'C3'], arbiters })
      const now = owner.clock.now()
      const terms: OfferTerms = {
        skill,
        currency: town.market.currency,
        priceNanos,
        latencyMs: LATENCY_MS,
        inputBytesMax: INPUT_BYTES_MAX,
        capabilities: [],
        validFrom: now,
        validUntil: (now + OFFER_MS) as typeof now,
        capacity: CAPACITY,
      }
      await seller.offer(terms, `${skill}/${owner.name}/${round}`)
    }
  }

  private bid(call: AuctionCall, { skill, latencyMs }: OfferTerms): ReturnType<NonNullable<PartyHooks['bidOn']>> {
    const priceNanos = this.init.play.bid(call, this.viewOf(skill))
    return priceNanos && { priceNanos, latencyMs }
  }

  private viewOf(skill: string): SkillView {
    const { economy } = this.town
    return { skill, costNanos: economy.costNanos(this.agent.name, skill), usualNanos: economy.usualNanos(skill) }
  }

  private runner(): TaskRunner {
    return { run: async (task, controls) => await this.work(task, controls) }
  }

  private async work(task: TaskInit, { signal }: TaskControls): ReturnType<TaskRunner['run']> {
    const { economy } = this.town
    const plan = this.planOf(task)
    const timers = this.running?.owner.timers
    if (plan.kind === 'never' || timers === undefined) return await never(signal)
    await pause(timers, plan.spanMs, signal)
    signal.throwIfAborted()
    const isRight = plan.kind === 'right'
    // Work that is done again after a crash costs again.
    this.agent.workNanos += plan.kind === 'right' ? economy.costNanos(this.agent.name, task.skill) : plan.costNanos
    this.right.set(task.contract, isRight)
    const result = isRight ? economy.rightResult(task.input) : economy.wrongResult(task.input)
    return { result, counts: new Map([['bytes.in', BigInt(task.input.length)]]) }
  }

  private planOf({ contract, skill }: TaskInit): WorkPlan {
    const note = this.running?.party.noteOf<ContractNote>(CONTRACTS, contract)
    const terms = note && readTerms(note.terms)
    return this.init.play.work({
      contract,
      payer: terms?.payer,
      skill,
      costNanos: this.viewOf(skill).costNanos,
      priceNanos: terms?.maxNanos,
      isChecked: note?.predicate.includes('"number-near"') ?? true,
    })
  }
}

async function never(signal: AbortSignal): Promise<never> {
  return await new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
