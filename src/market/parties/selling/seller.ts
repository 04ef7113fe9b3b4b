import { type ContractId, type Hash, parseContractId } from '../../../core/evidence/names.ts'
import type { OfferTerms } from '../../../core/market/offer-directory.ts'
import { agreeToCancel } from '../agree-to-cancel.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import { ContractSigning } from './contract-signing.ts'
import type { Party } from '../party.ts'
import type { SellerCapabilities } from './payer-orders.ts'
import { JoinCalls } from '../auctions/join-calls.ts'
import { SealedBids, type SealedBidsComponents } from '../auctions/sealed-bids.ts'
import { SellerPlaces } from './seller-places.ts'
import type { SellerPolicy } from './seller-policy.ts'
import { workOnContract } from './seller-work.ts'
import type { TaskRunner } from './task-runner.ts'
import { showCases } from '../show-case.ts'
import { takeInput } from './take-input.ts'
import { StandingOffers, type StandingOwnOffer } from './standing-offers.ts'
import { TaskQueue } from './task-queue.ts'
import { WorkQuotas } from './work-quotas.ts'

/** Whom a seller sells as, who does the work, and how it judges tokens and calls for bids. */
export type SellerComponents = {
  readonly party: Party
  readonly runner: TaskRunner
  /** Judges the tokens of payers; absent: none is taken. */
  readonly capabilities?: SellerCapabilities | undefined
  /** What to bid on a call that an offer fits; absent: price and latency of the offer. `undefined`: no bid. */
  readonly bidOn?: NonNullable<SealedBidsComponents['bidOn']>
}

/** What a seller signs, and how much it works on at once. */
export type SellerInit = { readonly policy: SellerPolicy }

/**
 * Sells work: keeps standing offers, bids on calls, signs contracts whose every term it accepts, and works on them once their money is certified to be held. All
 * that it has promised is in its journal; after a restart `start` goes on with every contract where it was.
 */
export class Seller {
  private readonly queue: TaskQueue
  private readonly party: Party
  private readonly standing: StandingOffers
  private readonly bids: SealedBids
  /** Auctions of others that are announced to everybody. */
  readonly calls: JoinCalls
  private readonly signing: ContractSigning
  private readonly policy: SellerPolicy
  private readonly working = new Set<ContractId>()
  private close: (() => void) | undefined

  constructor(components: SellerComponents, { policy }: SellerInit) {
    const { party, bidOn, capabilities, runner } = components
    this.party = party
    this.policy = policy
    this.standing = new StandingOffers(party)
    const quotas = policy.quotas && new WorkQuotas(policy.quotas, party.components.clock)
    const queue = new TaskQueue(quotas === undefined ? runner : countingRunner(party, runner, quotas), {
      mostOf: (skill) => this.standing.tasksOf(skill),
    })
    const places = new SellerPlaces(party, (contract) => queue.isRunning(contract))
    this.bids = new SealedBids({ party, offers: this.standing, policy, places, bidOn })
    this.queue = queue
    this.calls = new JoinCalls({ party, bids: this.bids })
    const onSigned = (contract: ContractId): void => this.workOn(contract)
    const offers = this.standing
    this.signing = new ContractSigning(
      { party, offers, bids: this.bids, places, quotas, capabilities, onSigned },
      policy,
    )
  }

  /** Answers from now on, and goes on with contracts that have not ended. */
  start(): void {
    if (this.close !== undefined) return
    this.party.serveOnce('cases', showCases(this.party))
    this.party.serveOnce('cancel', agreeToCancel(this.party))
    this.close = this.party.components.door.serve({
      'offers-wanted': async ({ frame }) => this.standing.answer(frame.skill),
      call: async (question) => await this.bids.bid(question),
      told: async (question) => await this.bids.listen(question),
      contract: async (question) => await this.signing.sign(question),
      input: async (question) => await takeInput(this.party, question),
    })
    for (const [contract, note] of this.party.journal.notesOf(CONTRACTS)) {
      const id = parseContractId(contract)
      // Written when it was signed.
      const { role, ended } = note as ContractNote
      if (id !== undefined && role === 'worker' && ended === undefined) this.workOn(id)
    }
  }

  /** Answers no more. Work under way ends with the party. */
  stop(): void {
    this.close?.()
    this.close = undefined
  }

  /** Offers something to everybody. The same act is the same offer. @returns The offer's name. */
  async offer(terms: OfferTerms, act: string): Promise<Hash> {
    return await this.standing.offer(terms, act)
  }

  async withdraw(offer: Hash): Promise<void> {
    await this.standing.withdraw(offer)
  }

  /** Offers that stand now. */
  offers(): readonly StandingOwnOffer[] {
    return this.standing.list()
  }

  private workOn(contract: ContractId): void {
    if (this.working.has(contract)) return
    this.working.add(contract)
    const { party, queue: runner, policy } = this
    party.begin(async () => {
      try {
        await workOnContract({ party, runner, isDoubtful: policy.isDoubtful }, contract)
      } finally {
        this.working.delete(contract)
      }
    })
  }
}

/** A runner that counts the time of each task for its payer and its skill, however it ends. */
function countingRunner(party: Party, runner: TaskRunner, quotas: WorkQuotas): TaskRunner {
  const { clock } = party.components
  return {
    used: (contract) => runner.used?.(contract) ?? new Map(),
    async run(task, controls) {
      const { contract, skill } = task
      const payer = party.noteOf<ContractNote>(CONTRACTS, contract)?.other
      const begun = clock.monotonicMs()
      try {
        return await runner.run(task, controls)
      } finally {
        if (payer !== undefined) quotas.worked({ payer, skill }, clock.monotonicMs() - begun)
      }
    },
  }
}
