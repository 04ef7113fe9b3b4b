import {
  type CapabilityRefusal,
  type CapabilityRefused,
  refuseCapability,
} from '../../core/capability/capability-refusals.ts'
import { type ContractAuthority, isAuthorityFor } from '../../core/escrow/contract-authority.ts'
import type { EscrowTerms } from '../../core/escrow/escrow-terms.ts'
import type { ContractId } from '../../core/evidence/names.ts'
import type { ContractCapability } from '../../wire/ucan/contract-capability.ts'
import { termsText } from '../../wire/v1/escrow-events.ts'
import { contractIdOf, termsOfBody } from '../../wire/v1/escrow-terms.ts'
import type { CapabilityDesk } from '../capabilities/capability-desk.ts'
import { CONTRACTS, type ContractNote } from './contract-notes.ts'
import { hasSignedContract } from './joint-signatures.ts'
import { declined, type MarketAnswer, type MarketQuestion } from './market-door.ts'
import type { Party } from './party.ts'
import type { SealedBids } from './sealed-bids.ts'
import { refuseContract, type SellerPolicy } from './seller-policy.ts'
import type { StandingOffers } from './standing-offers.ts'
import { hashOfBytes, readPredicate, taskHashOf } from './task-package.ts'

export type SellerCapabilities = Pick<CapabilityDesk, 'authorityOf' | 'admit'>

/** Topic of notes on orders that were taken, by contract: the same order again is the same contract. */
const ORDERS_TAKEN = 'order-taken'

export type ContractSigningComponents = {
  readonly party: Party
  readonly offers: StandingOffers
  readonly bids: SealedBids
  /** Judges the tokens of payers; `undefined`: none is taken. */
  readonly capabilities: SellerCapabilities | undefined
  /** Called with every contract that this party has signed, also again. */
  readonly onSigned: (contract: ContractId) => void
}

type Asked = {
  readonly skill: string
  readonly inputBytes: number
  readonly contract: ContractId
  readonly authority: ContractAuthority | undefined
}

/** A seller's signature on contracts, given where every term, the task and the predicate are acceptable; what was refused leaves nothing behind. */
export class ContractSigning {
  private readonly components: ContractSigningComponents
  private readonly policy: SellerPolicy
  private readonly party: Party

  constructor(components: ContractSigningComponents, policy: SellerPolicy) {
    this.components = components
    this.policy = policy
    this.party = components.party
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
    if (!hasSignedContract(terms.payer, { contract, signature: frame.signature }, party.components.verify))
      return declined('MARKET_ENVELOPE_REFUSED')
    const { task, predicate } = frame
    const isTask =
      taskHashOf(task) === terms.taskHash &&
      task.inputHash === hashOfBytes(bytes) &&
      task.inputBytes === bytes.byteLength &&
      readPredicate(predicate, terms.predicateHash) !== undefined
    if (!isTask) return declined('MARKET_TASK_WRONG')
    if (party.noteOf<ContractNote>(CONTRACTS, contract) === undefined) {
      const authority = this.authorityOf(frame.capability)
      if (authority !== undefined && 'kind' in authority) return declined(authority.code)
      const code = this.refuse(terms, { skill: task.skill, inputBytes: bytes.byteLength, contract, authority })
      if (code !== undefined) return declined(code)
      const used = frame.capability && (await this.useOrder(contract, frame.capability))
      if (used !== undefined) return declined(used)
      const input = await party.journal.keepFile(contract, bytes)
      await Promise.all([party.hear(offer), party.hear(award)])
      const note: ContractNote = {
        role: 'worker',
        other: terms.payer,
        peer: from,
        task,
        predicate,
        input,
        terms: termsText(terms),
        ...(frame.capability !== undefined && { capability: frame.capability }),
      }
      await party.keep(CONTRACTS, contract, note)
    }
    const signature = await party.wallet.sign({ kind: 'contract', place: contract, hash: contract })
    this.components.onSigned(contract)
    return { frame: { type: 'cosigned', signature } }
  }

  /** By whose authority the payer acts now, by the revocations that are known here; `undefined` where it shows none. */
  private authorityOf(capability: ContractCapability | undefined): ContractAuthority | CapabilityRefused | undefined {
    if (capability === undefined) return undefined
    const { capabilities, party } = this.components
    const desk = capabilities ?? { authorityOf: () => refuseCapability('CAPABILITY_AUDIENCE_WRONG') }
    return desk.authorityOf(capability, party.components.clock.now())
  }

  /** Takes an order once. That it is taken for this contract is written before, so that a crash in between does not make a replay of it. */
  private async useOrder(
    contract: ContractId,
    { order, chain }: ContractCapability,
  ): Promise<CapabilityRefusal | undefined> {
    const { capabilities, party } = this.components
    if (capabilities === undefined) return 'CAPABILITY_AUDIENCE_WRONG'
    const isTakenBefore = party.noteOf<{ readonly order: string }>(ORDERS_TAKEN, contract)?.order === order
    if (!isTakenBefore) await party.keep(ORDERS_TAKEN, contract, { order })
    const admitted = await capabilities.admit(order, chain, party.components.clock.now())
    if (admitted.kind === 'allowed' || (isTakenBefore && admitted.code === 'CAPABILITY_REPLAYED')) return undefined
    await party.journal.keepNote(ORDERS_TAKEN, contract, null)
    return admitted.code
  }

  private refuse(
    terms: EscrowTerms,
    { skill, inputBytes, contract, authority }: Asked,
  ): ReturnType<typeof refuseContract> {
    if (authority !== undefined && authority.skill !== skill) return 'MARKET_CAPABILITY_WRONG'
    if (!isAuthorityFor(authority, { contract, terms })) return 'MARKET_CAPABILITY_WRONG'
    const subjects = this.policy.subjectsOf?.(skill) ?? []
    if (subjects.length > 0 && !subjects.includes(authority?.subject ?? terms.payer)) return 'MARKET_CAPABILITY_WRONG'
    const offer = this.components.offers.cheapestFor(skill, terms.currency)
    if (offer === undefined) return 'MARKET_SKILL_UNKNOWN'
    if (inputBytes > offer.inputBytesMax) return 'MARKET_LIMIT_PASSED'
    if (terms.timers.deliverMs < offer.latencyMs) return 'MARKET_LIMIT_PASSED'
    const priceNanos = this.components.bids.priceOf(terms.taskHash) ?? offer.priceNanos
    const open = this.openTerms()
    const openNanos = open.reduce((sum, { maxNanos }) => sum + maxNanos, 0n)
    if (open.length >= offer.capacity) return 'MARKET_BUSY'
    return refuseContract(this.policy, { terms, priceNanos, openContracts: open.length, openNanos })
  }

  private openTerms(): readonly { readonly maxNanos: bigint }[] {
    return this.party.journal
      .notesOf(CONTRACTS)
      .map(([, note]) => note as ContractNote)
      .filter(({ role, ended }) => role === 'worker' && ended === undefined)
      .map(({ terms }) => ({ maxNanos: BigInt((JSON.parse(terms) as { readonly maxNanos: string }).maxNanos) }))
  }
}
