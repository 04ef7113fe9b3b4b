import { CodedError } from '../../base/errors.ts'
import { amountFromNanos } from '../../base/money.ts'
import type { AuctionCall } from '../../core/auction/auction-call.ts'
import type { Bid } from '../../core/auction/commitment.ts'
import type { ContractId, Did } from '../../core/evidence/names.ts'
import type { OfferTerms } from '../../core/market/offer-directory.ts'
import { attestedOf } from '../../market/parties/attestations.ts'
import { PriceKeeper } from '../../market/parties/accounts/price-keeper.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import type { OpenKey } from '../../keys/store/key-store.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import { CapabilityDesk } from '../../market/capabilities/capability-desk.ts'
import { RevocationPost } from '../../market/capabilities/revocation-post.ts'
import { Buyer } from '../../market/parties/buying/buyer.ts'
import { Replica } from '../../market/disputes/replica.ts'
import { Forgetting } from '../../market/parties/forgetting.ts'
import { InboxWebhook } from '../../market/parties/inbox-webhook.ts'
import type { MarketDoor } from '../../market/parties/market-door.ts'
import { OwnAccounts, type OwnAccountsInit } from '../../market/parties/accounts/own-accounts.ts'
import { OutsideMatters } from '../../market/parties/outside-matters.ts'
import { Party } from '../../market/parties/party.ts'
import { type RestoredMark, takeOver } from '../../market/parties/restored-party.ts'
import { Seller } from '../../market/parties/selling/seller.ts'
import type { TaskRunner } from '../../market/parties/selling/seller-work.ts'
import { exposureOf, payerPpm, standingOf } from '../../market/reputation/known-standing.ts'
import { ReputationKeeper } from '../../market/reputation/reputation-keeper.ts'
import type { Clock } from '../../ports/clock.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { Random } from '../../ports/random.ts'
import type { Timers } from '../../ports/timers.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import { signerOfKey } from '../../wire/v1/checkpoint.ts'
import { BUILT_IN_WORKERS } from './built-in-workers.ts'
import { plain } from './desks/plain-json.ts'
import type { MarketInit, MarketWorker } from './market-init.ts'
import { PARTY_JOURNAL, partyFilesIn } from './market-files.ts'
import { type SkillNote, SKILLS } from './party-notes.ts'
import { buyerPolicyOf, sellerPolicyOf } from './party-policies.ts'
import { WorkMeter } from './work-meter.ts'
import { UsableParameters } from './parameters/usable-parameters.ts'

/** Journal of what is known of others from the contracts of this node. */
const REPUTATION_JOURNAL = 'reputation'
/** Journal of tokens that were issued, orders that were taken, and what was revoked. */
const CAPABILITY_JOURNAL = 'capabilities'

/** Who is told what waits for an act, and the way there. */
export type WebhookTarget = { readonly url: string; readonly outbound: OutboundFetch }

export type PartyRoleInit = Pick<MarketInit, 'findWorker'> & {
  readonly directory: DataDirectory
  readonly key: OpenKey
  /** Of the notary of this node, whose fees are this party's to collect. */
  readonly notaryKey?: OpenKey
  readonly notary: NotaryClient
  readonly door: MarketDoor
  readonly network: string
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly onFailure: (cause: unknown) => void
  readonly webhook?: WebhookTarget
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
async function openLogs(directory: Pick<DataDirectory, 'openEventLog'>): Promise<PartyLogs> {
  const opened: EventLog[] = []
  const close = async (): Promise<void> => {
    for (const log of opened.splice(0).toReversed()) await log.close()
  }
  const open = async (name: string): Promise<EventLog> => {
    const log = await directory.openEventLog(name)
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
export async function startParty(init: PartyRoleInit): Promise<PartyRole> {
  const { directory, key, notary, network, onFailure } = init
  const logs = await openLogs(directory)
  const { log, reputationLog, capabilityLog } = logs
  try {
    const verify = verifySignatureWith(createNodeVerifier())
    const { signer, formerSigners, earning } = signersOf(init)
    const stores = { log, files: partyFilesIn(directory) }
    const party = await Party.open({ ...init, ...stores, signer, formerSigners, verify }, { network, onFailure })
    await takeOver(party, init.restored)
    const capabilities = await CapabilityDesk.open({ ...init, self: party.did, signer, verify, log: capabilityLog })
    const parameters = new UsableParameters(notary)
    const reputation = await ReputationKeeper.open({ party, log: reputationLog })
    const buyer = new Buyer(
      {
        party,
        capabilities,
        standingOf: async (seller) =>
          await Promise.resolve({ ...standingOf(reputation, seller), capabilities: attestedOf(party, seller) }),
        exposureOf: async (seller, stake) => await Promise.resolve(exposureOf(reputation, seller, stake)),
        openAuctionLog: async (auction) => await directory.openEventLog(auctionJournal(auction)),
      },
      { policy: buyerPolicyOf(notary.set, parameters) },
    )
    const runner = runnerOf(party, init)
    startReplica(party, runner)
    const payerPpmOf = (payer: Did): number => payerPpm(reputation, payer)
    const seller = new Seller(
      { party, capabilities, runner, bidOn: (call, offer) => bidOf(party, call, offer) },
      { policy: sellerPolicyOf(party, { set: notary.set, parameters, payerPpmOf }) },
    )
    const prices = new PriceKeeper({ party, payerPpmOf })
    const accounts = new OwnAccounts({ party, ...accountsOf(key), earning })
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
    const stopTelling = tellInbox(party, init)
    return {
      party,
      buyer,
      seller,
      reputation,
      parameters,
      prices,
      capabilities,
      revocations,
      accounts,
      matters,
      async stop() {
        seller.stop()
        buyer.stop()
        await stopTelling()
        await party.stop()
        await reputation.stop()
        await logs.close()
      },
    }
  } catch (error: unknown) {
    await logs.close()
    throw error
  }
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

/** What the party's wallet signs with: keys before its own go on with their contracts, and those of the notary hand out what they have earned. */
function signersOf({ key, notaryKey }: PartyRoleInit) {
  const earners = notaryKey === undefined ? [] : [notaryKey.signer, ...notaryKey.formerSigners]
  const earning = earners.map(({ publicKeyHex }) => signerOfKey(publicKeyHex))
  return { signer: key.signer, formerSigners: [...key.formerSigners, ...earners], earning }
}

/** What the statements about a key say of its accounts. */
function accountsOf({ description }: OpenKey): Omit<OwnAccountsInit, 'party'> {
  const { chain, did, recovery } = description
  const former = chain.map(({ statement }) => statement.key).filter((key) => key !== did)
  return { former, recovery }
}

/** Tells the webhook of the inbox whenever it is another one. @returns Ends it. */
function tellInbox(party: Party, { webhook, key, clock, timers, onFailure }: PartyRoleInit): () => Promise<void> {
  if (webhook === undefined) return async () => await Promise.resolve()
  const { url, outbound } = webhook
  const hook = new InboxWebhook({ outbound, signer: key.signer, clock, timers }, { url, onFailure })
  let told = '[]'
  const stopWatching = party.watchInbox(() => {
    const rows = party.inbox()
    const text = JSON.stringify(plain(rows))
    if (text !== told) hook.tell(rows)
    told = text
  })
  return async () => {
    stopWatching()
    await hook.stop()
  }
}

/** Journal of one auction. */
export function auctionJournal(auction: string): string {
  return `auction-${auction}`
}

/** Does the work by the agent that a skill was offered with, and counts what it uses. */
function runnerOf(party: Party, { findWorker, clock }: Pick<PartyRoleInit, 'findWorker' | 'clock'>): TaskRunner {
  const meters = new Map<ContractId, WorkMeter>()
  return {
    async run({ contract, skill, input }, { signal }) {
      const agent = party.noteOf<SkillNote>(SKILLS, skill)?.agent
      const worker = agent === undefined ? undefined : await workerNamed(agent, findWorker)
      if (worker === undefined)
        throw new CodedError('MARKET_ROLE_MISSING', { message: `Nobody here does ${skill}`, details: { skill } })
      const meter = new WorkMeter(clock, input.byteLength)
      meters.set(contract, meter)
      try {
        const result = await worker(input, { signal, count: (unit, quantity) => meter.count(unit, quantity) })
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
  findWorker: MarketInit['findWorker'],
): Promise<MarketWorker | undefined> {
  return BUILT_IN_WORKERS.get(agent) ?? (await findWorker?.(agent))
}
