import type { AuctionKind } from '../../../core/auction/auction-call.ts'
import type { CustodyModel } from '../../../core/escrow/escrow-terms.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { formatAmount } from '../../../base/money.ts'
import type { BuyRequest } from './buy-order.ts'

/** Somebody who learns something of a purchase, and what. */
export type DisclosureLine = {
  readonly to: 'asked-nodes' | 'everybody' | 'bidders' | 'seller' | 'notaries' | 'arbiters'
  /** One sentence: what they learn, and when. */
  readonly what: string
  /** Who that is, as far as it is known before the purchase. */
  readonly who: readonly Did[]
}

export type DisclosureInit = {
  readonly request: Pick<
    BuyRequest,
    'skill' | 'custody' | 'auction' | 'arbiters' | 'maxNanos' | 'currency' | 'input' | 'isOpenCall'
  >
  /** Nodes that will be asked for offers. */
  readonly nodes: readonly Did[]
  readonly notaries: readonly Did[]
  /** Whether a seller would lose a penalty: then it reads the input before it signs. */
  readonly isInputFirst: boolean
}

/** Which data of a purchase reach whom, in the order in which they leave. What is said here is what the buyer does: `ask-signature.ts`, `find-sellers.ts` and the auction's call. */
export function discloseOf({ request, nodes, notaries, isInputFirst }: DisclosureInit): readonly DisclosureLine[] {
  const { skill, input, maxNanos, currency, custody, auction, arbiters } = request
  const size = `${input instanceof Uint8Array ? input.byteLength : input.sizeBytes} bytes`
  const lines: DisclosureLine[] = [
    { to: 'asked-nodes', what: `that somebody at this node looks for ${skill}, and nothing of the input`, who: nodes },
  ]
  if (auction !== undefined && request.isOpenCall === true)
    lines.push({
      to: 'everybody',
      what: `your account, skill, salted hash of the task, the most that is paid (${formatAmount(maxNanos)} credits of ${currency}), and where this node is reached: whoever listens hears it, and may keep it; nothing of the input`,
      who: [],
    })
  if (auction !== undefined)
    lines.push({
      to: 'bidders',
      what: `skill, salted hash and size of the input (${size}), and the most that is paid (${formatAmount(maxNanos)} credits of ${currency})${openBids(auction)}`,
      who: nodes,
    })
  lines.push(
    { to: 'seller', what: sellerReads(size, { custody, isInputFirst }), who: [] },
    {
      to: 'notaries',
      what: 'who buys from whom, price, spans, and salted hashes of task and result; no content',
      who: notaries,
    },
  )
  if (arbiters !== undefined && arbiters.members.length > 0)
    lines.push({
      to: 'arbiters',
      what: `input and result (${size}), if you or the seller dispute`,
      who: arbiters.members,
    })
  return lines
}

function openBids(auction: AuctionKind): string {
  return auction === 'english' ? '; each sees the bids of the others' : '; bids are shown when the auction has ended'
}

function sellerReads(
  size: string,
  { custody, isInputFirst }: { readonly custody: CustodyModel; readonly isInputFirst: boolean },
): string {
  const when = isInputFirst
    ? `before it signs, since a penalty in ${custody} needs that; one that declines has read it`
    : 'after it has signed the contract'
  return `the whole input (${size}), ${when}; sellers are tried one after the other until one signs`
}
