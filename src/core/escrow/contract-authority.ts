import { type Amount, AMOUNT_MAX, amountFromNanos } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import { type CapabilityRefused, refuseCapability } from '../capability/capability-refusals.ts'
import type { Delegation, Invocation } from '../capability/capability-token.ts'
import { hashOfChain } from '../capability/check-chain.ts'
import { checkInvocation } from '../capability/check-invocation.ts'
import { ipldInteger, type IpldMap, isIpldNumber, memberOf } from '../capability/ipld-value.ts'
import { type ChainLink, isShortLived, type Revocations } from '../capability/revocations.ts'
import { deadlineOf } from '../capability/token-time.ts'
import { type ContractId, type Did, type Hash, parseContractId } from '../evidence/names.ts'
import { type Currency, parseCurrency } from '../ledger/ledger-names.ts'
import { CUSTODY_MODELS, type CustodyModel, type EscrowTerms } from './escrow-terms.ts'

/** What terms name as capability where the payer acts for itself, by nobody's leave: the hash of no chain at all. */
export const OWN_CAPABILITY: Hash = sha256Hex('') as Hash

/** Command of an order to work under a contract; the skill follows. */
export const PURCHASE_COMMAND = '/market/buy'

/** The command that a payer needs for a skill: `/market/buy/text.word-count`. A delegation of `/market/buy` covers all skills. */
export function purchaseCommand(skill: string): string {
  return `${PURCHASE_COMMAND}/${skill}`
}

/** What a payer says of its contract in an order, and what the policies of a chain are asked about. */
export type PurchaseOrder = {
  readonly contract: ContractId
  readonly skill: string
  readonly currency: Currency
  readonly custody: CustodyModel
  /** The most that the work can cost. */
  readonly maxNanos: Amount
  readonly worker: Did
}

/** By whose authority a payer signs a contract: signatures, chain and policies were checked at a stamp. */
export type ContractAuthority = PurchaseOrder & {
  /** Of the chain, as terms name it. */
  readonly capabilityHash: Hash
  /** Whose authority it is. */
  readonly subject: Did
  /** Who ordered. */
  readonly payer: Did
  /** The delegations, root first, for whoever knows of revocations. */
  readonly links: readonly ChainLink[]
}

/** Members of an order's `args`. */
const ORDER_MEMBERS = ['contract', 'currency', 'custody', 'maxNanos', 'skill', 'worker']

/** The `args` of an order. */
export function purchaseArguments({ contract, currency, custody, maxNanos, skill, worker }: PurchaseOrder): IpldMap {
  return { contract, currency, custody, maxNanos: ipldInteger(maxNanos), skill, worker }
}

export type AuthorityQuestion = {
  /** The payer's order, its signature checked. */
  readonly order: Invocation
  /** The delegations that it names, root first, their signatures checked. */
  readonly chain: readonly Delegation[]
  readonly at: Timestamp
  readonly revocations?: Revocations
}

/**
 * What an order grants at a stamp, as `checkInvocation` says, with exactly the delegations that came with it. It is for one contract, so a second use of it has no
 * second effect. Refuses `CAPABILITY_ORDER_WRONG` for an order of something else than work, and as `checkInvocation`.
 */
export function readContractAuthority(question: AuthorityQuestion): ContractAuthority | CapabilityRefused {
  const { order, chain, at, revocations } = question
  const isWhole = order.prf.length === chain.length && order.prf.every((cid, index) => cid === chain[index]?.cid)
  if (!isWhole) return refuseCapability('CAPABILITY_PROOF_MISSING')
  const purchase = readPurchase(order)
  if (purchase === undefined) return refuseCapability('CAPABILITY_ORDER_WRONG')
  const checked = checkInvocation({
    invocation: order,
    proofs: new Map(chain.map((delegation) => [delegation.cid, delegation])),
    at,
    executor: purchase.worker,
    ...(revocations !== undefined && { revocations }),
  })
  if (checked.kind === 'refused') return checked
  // Without a chain the payer acts for itself, and its signature on the contract is all there is to say.
  if (chain.length === 0) return refuseCapability('CAPABILITY_CHAIN_EMPTY')
  if (!chain.every(({ exp }) => isShortLived(exp === undefined ? undefined : deadlineOf(exp), at)))
    return refuseCapability('CAPABILITY_LIFE_LONG')
  return {
    ...purchase,
    subject: checked.subject,
    payer: checked.invoker,
    capabilityHash: hashOfChain(chain.map(({ cid }) => cid)),
    links: chain.map(({ cid, iss }) => ({ cid, iss })),
  }
}

/** Whether an authority is the one that terms name, for this very contract. */
export function isAuthorityFor(
  authority: ContractAuthority | undefined,
  { contract, terms }: { readonly contract: ContractId; readonly terms: EscrowTerms },
): boolean {
  if (authority === undefined) return terms.capabilityHash === OWN_CAPABILITY
  return (
    authority.capabilityHash === terms.capabilityHash &&
    authority.contract === contract &&
    authority.payer === terms.payer &&
    authority.worker === terms.worker &&
    authority.currency === terms.currency &&
    authority.custody === terms.custody &&
    authority.maxNanos === terms.maxNanos
  )
}

function readPurchase({ cmd, args, aud }: Invocation): PurchaseOrder | undefined {
  const text = (name: string): string => {
    const value = memberOf(args, name)
    return typeof value === 'string' ? value : ''
  }
  const contract = parseContractId(text('contract'))
  const currency = parseCurrency(text('currency'))
  const custody = CUSTODY_MODELS.find((model) => model === text('custody'))
  const maxNanos = amountOf(memberOf(args, 'maxNanos'))
  const skill = text('skill')
  const isOrder =
    Object.keys(args).length === ORDER_MEMBERS.length && cmd === purchaseCommand(skill) && aud === text('worker')
  if (!isOrder || aud === undefined || contract === undefined || currency === undefined) return undefined
  if (custody === undefined || maxNanos === undefined) return undefined
  return { contract, currency, custody, maxNanos, skill, worker: aud }
}

function amountOf(value: IpldMap[string] | undefined): Amount | undefined {
  if (value === undefined || !isIpldNumber(value)) return undefined
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return undefined
  const nanos = BigInt(value)
  return nanos >= 0n && nanos <= AMOUNT_MAX ? amountFromNanos(nanos) : undefined
}
