import type { Amount } from '../../../base/money.ts'
import type { ContractId, Did } from '../../../core/evidence/names.ts'
import { fetchCase } from '../../../market/disputes/fetch-case.ts'
import { Arbiter, type DisputeCase } from '../../../market/parties/arbiter.ts'
import type { PartyMachine, RunningParty } from '../party-machine.ts'
import type { Town } from './town.ts'

/** An arbiter with a machine of its own. Where the predicate leaves a dispute open it looks at input and result itself, and errs as often as the rules say. */
export class ArbiterSeat {
  readonly name: string
  private readonly town: Town
  private party: PartyMachine | undefined
  private arbiter: Arbiter | undefined

  private constructor(town: Town, name: string) {
    this.town = town
    this.name = name
  }

  static async open(town: Town, name: string): Promise<ArbiterSeat> {
    const seat = new ArbiterSeat(town, name)
    seat.party = await town.market.join({ name, begin: async (running) => await seat.begin(running) })
    town.arbiters.push(seat)
    return seat
  }

  get did(): Did {
    return this.town.market.didOf(this.name)
  }

  /** A party of the contract has called it. */
  take(contract: ContractId): void {
    if (this.party?.running !== undefined) this.arbiter?.take(contract)
  }

  private async begin(running: RunningParty): Promise<void> {
    const { party } = running
    const arbiter = new Arbiter({ party, judge: async (dispute) => await this.judge(running, dispute) })
    arbiter.start()
    this.arbiter = arbiter
    for (const contract of this.town.disputed) arbiter.take(contract)
    await Promise.resolve()
  }

  private async judge({ party }: RunningParty, { state }: DisputeCase): Promise<Amount | undefined> {
    const { worker, payer } = state.terms
    const shown = await fetchCase(party, state, [worker, payer])
    if (shown === undefined) return undefined
    const { economy, rules } = this.town
    const [input, result] = [shown.input.bytes, shown.result.bytes]
    const seen = input !== undefined && result !== undefined && economy.isRight(input, result)
    // One look is one draw, however often it is asked for.
    const errs = this.town.random(`arbiter/${this.name}/${state.contract}`).nextUnit() < rules.arbiterError
    return seen !== errs ? state.delivery.claimNanos : state.rejection.concededNanos
  }
}
