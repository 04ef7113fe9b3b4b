/**
 * Money and work between machines that do not trust each other: buyers, sellers, arbiters, governors and the notary that keeps the books, over ports. Everything that can
 * be evidence is a signed envelope that its signer keeps before it leaves. It chooses no adapter: keys, disk, network and time are given to it, and no party believes
 * another one's word where there is a signature to ask for. Credits are a claim on their issuer, and every contract says who keeps them; `C2/f=0` is one notary, which
 * survives its crash and not its lie.
 *
 * ```ts
 * import { verifyExport } from 'kernell-os/market'
 * import type { VerifySignature } from 'kernell-os/ports'
 *
 * const isFinal = (file: Uint8Array, verify: VerifySignature): boolean => {
 *   const verified = verifyExport(file, { verify })
 *   return verified.kind === 'verified' && verified.state.kind === 'FINAL'
 * }
 * ```
 */
export {
  DEFAULT_ESCROW_RULES,
  DEFAULT_TIMERS,
  TEST_ESCROW_RULES,
  type EscrowRules,
} from '../core/escrow/escrow-rules.ts'
export { OWN_CAPABILITY, purchaseCommand } from '../core/escrow/contract-authority.ts'
export type { EscrowState } from '../core/escrow/escrow-state.ts'
export type { EscrowTerms, EscrowTimers, NotarySetTerms } from '../core/escrow/escrow-terms.ts'
export { type ContractId, type Did, type Hash, parseContractId, parseDid, parseHash } from '../core/evidence/names.ts'
export {
  changeParameters,
  DEFAULT_PARAMETERS,
  hashOfParameters,
  type ParameterChange,
  type ParameterSet,
} from '../core/governance/parameter-set.ts'
export { hashOfWeights, type WeightTable } from '../core/governance/weight-table.ts'
export {
  type Currency,
  formatAccountId,
  parseCurrency,
  parseTransferId,
  type TransferId,
} from '../core/ledger/ledger-names.ts'
export type { OfferTerms } from '../core/market/offer-directory.ts'
export { createNotarySet, type NotarySet } from '../core/notary/notary-set.ts'
export { type DurationMs, durationFromMs } from '../base/time.ts'
export { AUCTION_KINDS, type AuctionKind, type EnglishRule } from '../core/auction/auction-call.ts'
export { LOST_DEPOSITS } from '../core/auction/deposits.ts'
export { verifyTranscript } from '../core/auction/verify-transcript.ts'
export { signerOfKey } from '../wire/v1/checkpoint.ts'
export {
  CapabilityDesk,
  type CapabilityDeskComponents,
  type IssuedDelegation,
  type IssuedText,
} from './capabilities/capability-desk.ts'
export { RevocationPost, type RevocationText, type ToldRevocation } from './capabilities/revocation-post.ts'
export { judgeDispute, type DisputeFindings, type DisputeSources } from './disputes/judge-dispute.ts'
export { Replica, type ReplicaComponents } from './disputes/replica.ts'
export {
  REPLICATION_POLICY_DEFAULT,
  replicate,
  type ReplicationOutcome,
  type ReplicationPolicy,
} from './disputes/replicate.ts'
export { viewGovernance } from './governance/view-governance.ts'
export { nameJournal } from './ledger/journal-line.ts'
export { MachineJournal } from './ledger/machine-journal.ts'
export { NotaryService } from './notary/notary-service.ts'
export type { NotaryHashes, NotaryServiceComponents, NotaryServiceInit } from './notary/notary-service-init.ts'
export { Arbiter, type ArbiterComponents, type DisputeCase } from './parties/arbiter.ts'
export { BUY_CODES } from './parties/buying/buy-codes.ts'
export { ANY_RESULT, type BuyerPolicy, type BuyRequest, type OrderNote } from './parties/buying/buy-order.ts'
export { Buyer, type BuyerComponents, type BuyerInit } from './parties/buying/buyer.ts'
export { exportContract, verifyExport, type VerifiedExport } from './parties/contracts/contract-export.ts'
export { findSellers, type FoundSeller, PRICE_ALONE, type SellerSearch } from './parties/buying/find-sellers.ts'
export { Governor, type GovernorComponents, type GovernorOutcome } from './parties/governor.ts'
export { type ContractRow, inboxOf, type InboxAct, type InboxRow, type OutsideRow } from './parties/inbox.ts'
export { InboxWebhook, webhookBytes } from './parties/inbox-webhook.ts'
export { MarketDoor } from './parties/market-door.ts'
export { Forgetting, type ForgettingInit } from './parties/forgetting.ts'
export { Party, type PartyComponents, type PartyInit } from './parties/party.ts'
export { PARTY_CODES, type PartyCode } from './parties/party-codes.ts'
export { PORTABLE_HASHES } from './parties/portable-hashes.ts'
export { callForBids, type CallForBids, type CallOutcome } from './parties/auctions/run-call.ts'
export { Seller, type SellerComponents, type SellerInit } from './parties/selling/seller.ts'
export type { SellerPolicy } from './parties/selling/seller-policy.ts'
export { PriceKeeper, type PriceKeeperInit } from './parties/accounts/price-keeper.ts'
export type { TaskCounts } from './parties/selling/read-meter.ts'
export type { TaskControls, TaskInit, TaskRunner } from './parties/selling/task-runner.ts'
export { type PeriodStatement, statePeriod, type StatementQuestion } from './parties/accounts/statements.ts'
export { exposureOf, payerPpm, standingOf } from './reputation/known-standing.ts'
export { ReputationKeeper, type ReputationKeeperInit } from './reputation/reputation-keeper.ts'
