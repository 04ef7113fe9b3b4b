import { CodedError } from '../../../base/errors.ts'
import { amountFromNanos } from '../../../base/money.ts'
import type { AuctionCall } from '../../../core/auction/auction-call.ts'
import type { Bid } from '../../../core/auction/commitment.ts'
import type { ContractId, Did } from '../../../core/evidence/names.ts'
import type { OfferTerms } from '../../../core/market/offer-directory.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import { CapabilityDesk } from '../../capabilities/capability-desk.ts'
import { RevocationPost } from '../../capabilities/revocation-post.ts'
import { Replica } from '../../disputes/replica.ts'
import { exposureOf, payerPpm, standingOf } from '../../reputation/known-standing.ts'
import { ReputationKeeper } from '../../reputation/reputation-keeper.ts'
import { OwnAccounts, type OwnAccountsInit } from '../accounts/own-accounts.ts'
import { PriceKeeper } from '../accounts/price-keeper.ts'
import { signAtOnce } from '../accounts/sign-at-once.ts'
import { attestedOf } from '../attestations.ts'
import type { BuyerPolicy } from '../buying/buy-order.ts'
import { Buyer, type BuyerInit } from '../buying/buyer.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import { Forgetting } from '../forgetting.ts'
import { OutsideMatters } from '../outside-matters.ts'
import { UsableParameters } from '../parameters/usable-parameters.ts'
import { Party, type PartyComponents, type PartyInit } from '../party.ts'
import { type RestoredMark, takeOver } from '../restored-party.ts'
import { Seller, type SellerComponents } from '../selling/seller.ts'
import type { SellerPolicy } from '../selling/seller-policy.ts'
import type { TaskRunner } from '../selling/task-runner.ts'
import { BUILT_IN_WORKERS } from './built-in-workers.ts'
import type { FindWorker, MarketWorker } from './market-worker.ts'
import { type SkillNote, SKILLS } from './party-notes.ts'
import { buyerPolicyOf, sellerPolicyOf } from './party-policies.ts'
import { WorkMeter } from './work-meter.ts'

/** Journal of what this party's key has said and heard. */
export const PARTY_JOURNAL = 'wallet'
/** Journal of what is known of others from the contracts of this node. */
const REPUTATION_JOURNAL = 'reputation'
/** Journal of tokens that were issued, orders that were taken, and what was revoked. */
const CAPABILITY_JOURNAL = 'capabilities'

export type PartyRoleComponents = Omit<PartyComponents, 'log'> & {
  /** Opens a journal of this party by its name; whoever gets it closes it. */
  readonly openEventLog: (name: string) => Promise<EventLog>
}

export type PartyRoleInit = PartyInit &
  Pick<OwnAccountsInit, 'former' | 'earning' | 'recovery'> &
  Pick<BuyerInit, 'acceptsAlone'> & {
    readonly onFailure: (cause: unknown) => void
    /** Workers beside the built-in ones. */
    readonly findWorker?: FindWorker | undefined
    /** Does the work of every skill; absent: the agent that the skill was offered with. */
    readonly runner?: TaskRunner | undefined
    /** What to bid on a call; absent: as the skill was offered. */
    readonly bidOn?: SellerComponents['bidOn']
    /** Where what this party buys and signs differs from what the product does by itself. */
    readonly changeBuying?: ((policy: BuyerPolicy) => BuyerPolicy) | undefined
    readonly changeSelling?: ((policy: SellerPolicy) => SellerPolicy) | undefined
    /** Where the directory was made from a backup. */
    readonly restored?: RestoredMark | undefined
  }

/** Buyer and seller of this node: one key, one journal. */
export type PartyRole = {
  readonly party: Party
  readonly buyer: Buyer
  readonly seller: Seller
  readonly reputation: ReputationKeeper
  /** What contracts may pin. */
  readonly parameters: UsableParameters
  readonly prices: PriceKeeper
  /** Tokens of this node's escrow key, and what it knows to be revoked. */
  readonly capabilities: CapabilityDesk
  readonly revocations: RevocationPost
  readonly accounts: OwnAccounts
  /** What waits for its owner outside of contracts. */
  readonly matters: OutsideMatters
  stop(): Promise<void>
}

type PartyLogs = {
  readonly log: EventLog
  readonly reputationLog: EventLog
  readonly capabilityLog: EventLog
  /** The last one first. */
  close(): Promise<void>
}

/** Opens the journals of a party; where one cannot be opened, none stays open. */
async function openLogs({ openEventLog }: Pick<PartyRoleComponents, 'openEventLog'>): Promise<PartyLogs> {
  const opened: EventLog[] = []
  const close = async (): Promise<void> => {
    for (const log of opened.splice(0).toReversed()) await log.close()
  }
  const open = async (name: string): Promise<EventLog> => {
    const log = await openEventLog(name)
    opened.push(log)
    return log
  }
  try {
    const log = await open(PARTY_JOURNAL)
    const reputationLog = await open(REPUTATION_JOURNAL)
    return { log, reputationLog, capabilityLog: await open(CAPABILITY_JOURNAL), close }
  } catch (error: unknown) {
    await close()
    throw error
  }
}

/** Reads the journal and goes on with everything that has not ended. Rejects as `Party.open`; what was opened is then closed. */
export async function startParty(components: PartyRoleComponents, init: PartyRoleInit): Promise<PartyRole> {
  const logs = await openLogs(components)
  try {
    return await startWith({ components, init, logs })
  } catch (error: unknown) {
    await logs.close()
    throw error
  }
}

type Starting = {
  readonly components: PartyRoleComponents
  readonly init: PartyRoleInit
  readonly logs: PartyLogs
}

async function startWith({ components, init, logs }: Starting): Promise<PartyRole> {
  const { log, reputationLog, capabilityLog } = logs
  const { notary } = components
  const party = await Party.open({ ...components, log }, init)
  await takeOver(party, init.restored)
  const capabilities = await CapabilityDesk.open({
    ...components,
    signer: signAtOnce(components.signer),
    self: party.did,
    log: capabilityLog,
  })
  const parameters = new UsableParameters(notary)
  const reputation = await ReputationKeeper.open({ party, log: reputationLog })
  const { changeBuying = same, changeSelling = same, acceptsAlone } = init
  const buyer = new Buyer(
    {
      party,
      capabilities,
      standingOf: async (seller) =>
        await Promise.resolve({ ...standingOf(reputation, seller), capabilities: attestedOf(party, seller) }),
      exposureOf: async (seller, stake) => await Promise.resolve(exposureOf(reputation, seller, stake)),
      openAuctionLog: async (auction) => await components.openEventLog(auctionJournal(auction)),
    },
    {
      policy: changeBuying(buyerPolicyOf(notary.set, parameters)),
      ...(acceptsAlone !== undefined && { acceptsAlone }),
    },
  )
  const runner = init.runner ?? runnerOf(party, init)
  startReplica(party, runner)
  const payerPpmOf = (payer: Did): number => payerPpm(reputation, payer)
  const bidOn = init.bidOn ?? ((call: AuctionCall, offer: OfferTerms) => bidOf(party, call, offer))
  const seller = new Seller(
    { party, capabilities, runner, bidOn },
    { policy: changeSelling(sellerPolicyOf(party, { set: notary.set, parameters, payerPpmOf })) },
  )
  const prices = new PriceKeeper({ party, payerPpmOf })
  const { former, earning, recovery } = init
  const accounts = new OwnAccounts({ party, former, recovery, ...(earning && { earning }) })
  accounts.start()
  const matters = new OutsideMatters({ party, accounts: () => accounts.accounts })
  matters.start()
  buyer.start()
  seller.start()
  reputation.start()
  prices.start()
  new Forgetting({ party, isDone: (contract) => reputation.isDone(contract) }).start()
  const revocations = new RevocationPost(party, capabilities)
  revocations.start()
  const stop = async (): Promise<void> => {
    seller.stop()
    buyer.stop()
    await party.stop()
    await reputation.stop()
    await logs.close()
  }
  return { party, buyer, seller, reputation, parameters, prices, capabilities, revocations, accounts, matters, stop }
}

function same<Policy>(policy: Policy): Policy {
  return policy
}

/** Runs tasks of disputes again, where an offer says so. */
function startReplica(party: Party, runner: ReturnType<typeof runnerOf>): void {
  const noteOf = (skill: string): SkillNote | undefined => party.noteOf<SkillNote>(SKILLS, skill)
  const isOffered = (skill: string): boolean => noteOf(skill)?.isReplicating === true
  const isArbiterNamed = (skill: string, arbiter: Did): boolean => noteOf(skill)?.arbiters?.includes(arbiter) === true
  new Replica({ party, runner, isOffered, isArbiterNamed }).start()
}

/** The price of the offer, or the least that the work may bring where the winner is not paid its own bid, or sees those of others. */
function bidOf(party: Party, { kind }: AuctionCall, { skill, priceNanos, latencyMs }: OfferTerms): Bid {
  const lowest = party.noteOf<SkillNote>(SKILLS, skill)?.lowestNanos
  const isPrice = kind === 'first' || lowest === undefined
  return { latencyMs, priceNanos: isPrice ? priceNanos : amountFromNanos(BigInt(lowest)) }
}

/** Journal of one auction. */
export function auctionJournal(auction: string): string {
  return `auction-${auction}`
}

/** Does the work by the agent that a skill was offered with, and counts what it uses. */
function runnerOf(party: Party, { findWorker }: Pick<PartyRoleInit, 'findWorker'>): TaskRunner {
  const { clock } = party.components
  const meters = new Map<ContractId, WorkMeter>()
  return {
    async run({ contract, skill, input }, { signal, progress = () => undefined }) {
      const agent = party.noteOf<SkillNote>(SKILLS, skill)?.agent
      const worker = agent === undefined ? undefined : await workerNamed(agent, findWorker)
      if (worker === undefined)
        throw new CodedError('MARKET_ROLE_MISSING', { message: `Nobody here does ${skill}`, details: { skill } })
      const meter = new WorkMeter(clock, input.byteLength)
      meters.set(contract, meter)
      try {
        const note = party.noteOf<ContractNote>(CONTRACTS, contract)
        const result = await worker(input, {
          signal,
          count: (unit, quantity) => meter.count(unit, quantity),
          progress,
          ...(note?.role === 'worker' && { payer: note.other }),
        })
        return { result, counts: meter.read(result.byteLength) }
      } finally {
        meters.delete(contract)
      }
    },
    used: (contract) => meters.get(contract)?.read() ?? new Map(),
  }
}

/** Built in, or one that the host of this node brings. */
export async function workerNamed(
  agent: string,
  findWorker: FindWorker | undefined,
): Promise<MarketWorker | undefined> {
  return BUILT_IN_WORKERS.get(agent) ?? (await findWorker?.(agent))
}
