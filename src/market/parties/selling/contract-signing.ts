import { amountFromNanos } from '../../../base/money.ts'
import type { CapabilityRefusal } from '../../../core/capability/capability-refusals.ts'
import { type ContractAuthority, isAuthorityFor } from '../../../core/escrow/contract-authority.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import { termsText } from '../../../wire/v1/escrow-events.ts'
import { contractIdOf, termsOfBody } from '../../../wire/v1/escrow-terms.ts'
import { headOfArtifact } from '../artifacts/artifact-files.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import { CreditAccounts, refuseCredit } from '../accounts/credit-accounts.ts'
import { declined, type MarketAnswer, type MarketQuestion, type ReadEnvelope } from '../market-door.ts'
import type { Party } from '../party.ts'
import { PayerOrders, type SellerCapabilities } from './payer-orders.ts'
import type { SealedBids } from '../auctions/sealed-bids.ts'
import type { PlacedBid, SellerPlaces } from './seller-places.ts'
import { refuseContract, type SellerPolicy } from './seller-policy.ts'
import type { StandingOffers } from './standing-offers.ts'
import { isInputFirst } from './take-input.ts'
import { UnsignedInputs } from './unsigned-inputs.ts'
import type { WorkQuotas } from './work-quotas.ts'
import { inputNameOf, readPredicate, taskHashOf } from '../contracts/task-package.ts'

export type ContractSigningComponents = {
  readonly party: Party
  readonly offers: StandingOffers
  readonly bids: SealedBids
  readonly places: SellerPlaces
  /** `undefined`: everybody has as much as there is room for. */
  readonly quotas: WorkQuotas | undefined
  /** Judges the tokens of payers; `undefined`: none is taken. */
  readonly capabilities: SellerCapabilities | undefined
  /** Called with every contract that this party has signed, also again. */
  readonly onSigned: (contract: ContractId) => void
}

type Refusal = ReturnType<typeof refuseContract> | CapabilityRefusal
type Asked = {
  readonly skill: string
  readonly inputBytes: number
  readonly contract: ContractId
  readonly authority: ContractAuthority | undefined
  /** The transcript that the award names. */
  readonly transcript: Hash | undefined
  /** The bid of this seller of which the contract comes. */
  readonly own: PlacedBid | undefined
}
type ReadContract = {
  readonly terms: EscrowTerms
  readonly offer: ReadEnvelope<'escrow-offer'>
  readonly award: ReadEnvelope<'escrow-award'>
}

/** A seller's signature on contracts, given where every term, the task and the predicate are acceptable; what was refused leaves nothing behind. */
export class ContractSigning {
  private readonly components: ContractSigningComponents
  private readonly policy: SellerPolicy
  private readonly party: Party
  private readonly accounts: CreditAccounts
  private readonly orders: PayerOrders
  private readonly places: SellerPlaces
  private readonly unsigned: UnsignedInputs

  constructor(components: ContractSigningComponents, policy: SellerPolicy) {
    this.components = components
    this.policy = policy
    this.party = components.party
    this.accounts = new CreditAccounts(components.party)
    this.orders = new PayerOrders(components.party, components.capabilities)
    this.places = components.places
    this.unsigned = new UnsignedInputs(components.party)
  }

  /** Signs a contract whose terms, task and predicate are what they say, and acceptable. */
  async sign({ from, frame, bytes }: MarketQuestion<'contract'>): Promise<MarketAnswer> {
    const { party } = this
    const offer = party.read(frame.offer, 'escrow-offer')
    const award = party.read(frame.award, 'escrow-award')
    if (offer === undefined || award === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    const terms = termsOfBody(offer.envelope.body.terms)
    const contract = contractIdOf(terms)
    const heads = [offer.envelope.head, award.envelope.head]
    if (heads.some((head) => head.iss !== terms.payer || head.contract !== contract) || terms.worker !== party.did)
      return declined('MARKET_ENVELOPE_REFUSED')
    const { task, predicate } = frame
    const isTask =
      taskHashOf(task) === terms.taskHash &&
      (isInputFirst(terms) ? headOfArtifact(bytes, inputNameOf(task)) !== undefined : bytes.byteLength === 0) &&
      readPredicate(predicate, terms.predicateHash) !== undefined
    if (!isTask) return declined('MARKET_TASK_WRONG')
    if (!this.policy.parameters.has(terms.parametersHash)) await this.policy.learnParameters?.()
    const code = await this.places.inTurn(
      async () => await this.accept({ from, frame, bytes }, { terms, offer, award }),
    )
    if (code !== undefined) return declined(code)
    const signature = await party.wallet.sign({ kind: 'contract', place: contract, hash: contract })
    this.components.onSigned(contract)
    return { frame: { type: 'cosigned', signature } }
  }

  /** Writes a contract down that this party signs. @returns Why it does not. */
  private async accept(
    { from, frame, bytes }: MarketQuestion<'contract'>,
    { terms, offer, award }: ReadContract,
  ): Promise<Refusal> {
    const { party } = this
    const contract = contractIdOf(terms)
    if (party.noteOf<ContractNote>(CONTRACTS, contract) !== undefined) return undefined
    const { task, predicate, capability } = frame
    const authority = this.orders.authorityOf(capability)
    if (authority !== undefined && 'kind' in authority) return authority.code
    const { auction: transcript } = award.envelope.body
    const own = this.places.bidFor(terms)
    const asked = { skill: task.skill, inputBytes: task.inputBytes, contract, authority, transcript, own }
    const code =
      (await this.refuse(terms, asked)) ??
      (await this.places.refuseShort(terms)) ??
      (await refuseCredit(this.accounts, terms, this.policy)) ??
      (isInputFirst(terms) ? await this.unsigned.refuse({ contract, terms, task, from, list: bytes }) : undefined) ??
      // Last but for the order, which counts once: what is refused takes nothing of a quota.
      this.components.quotas?.take({
        payer: terms.payer,
        skill: task.skill,
        ...this.places.openOf(terms.payer, task.skill),
      }) ??
      (capability && (await this.orders.take(contract, capability)))
    if (code !== undefined) return code
    if (isInputFirst(terms)) await party.journal.keepFile(contract, bytes)
    const input = task.inputHash
    await Promise.all([party.hear(offer), party.hear(award)])
    const head = { role: 'worker', other: terms.payer, peer: from } as const
    const won = own === undefined ? {} : { bid: own.auction }
    const shown = capability === undefined ? {} : { capability }
    await party.keep(CONTRACTS, contract, {
      ...head,
      task,
      predicate,
      input,
      terms: termsText(terms),
      ...shown,
      ...won,
    })
    return undefined
  }

  private async refuse(terms: EscrowTerms, asked: Asked): Promise<Refusal> {
    const { skill, inputBytes, contract, authority, transcript, own } = asked
    if (authority !== undefined && authority.skill !== skill) return 'MARKET_CAPABILITY_WRONG'
    if (!isAuthorityFor(authority, { contract, terms })) return 'MARKET_CAPABILITY_WRONG'
    const subjects = this.policy.subjectsOf?.(skill) ?? []
    if (subjects.length > 0 && !subjects.includes(authority?.subject ?? terms.payer)) return 'MARKET_CAPABILITY_WRONG'
    // Of a bid with a deposit what was offered then holds, whatever is offered now.
    const offer = this.components.offers.cheapestFor(skill, terms.currency)
    if (offer === undefined && own?.place.skill !== skill) return 'MARKET_SKILL_UNKNOWN'
    if (inputBytes > (own?.place.inputBytesMax ?? offer?.inputBytesMax ?? 0)) return 'MARKET_LIMIT_PASSED'
    if (inputBytes > this.party.journal.limits.artifactBytesMax) return 'MARKET_LIMIT_PASSED'
    const offerNanos = offer?.priceNanos ?? (own && amountFromNanos(BigInt(own.place.nanos))) ?? terms.maxNanos
    const priceNanos = this.components.bids.priceOf(terms, transcript) ?? offerNanos
    const open = this.places.open(own?.auction)
    const { network: net, components } = this.party
    const now = components.clock.now()
    const room = { openContracts: open.contracts, openNanos: open.nanos }
    const code = refuseContract(this.policy, { terms, net, now, skill, priceNanos, ...room })
    if (code !== undefined) return code
    const { payer, custody, timers } = terms
    // Its place is taken since the bid.
    if (own !== undefined && timers.deliverMs >= own.place.deliverMs) return undefined
    if (offer === undefined) return 'MARKET_LIMIT_PASSED'
    const wanted = { payer, isLent: custody === 'C1', deliverMs: timers.deliverMs, isBid: false }
    return await this.places.refuse(wanted, offer)
  }
}
