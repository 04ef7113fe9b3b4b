import { applyOrder } from './apply-order.ts'
import { beginChain, keepChain, type LedgerDraft, read, remember, rememberedRoom, revertChain } from './ledger-draft.ts'
import { currencyIn } from './ledger-names.ts'
import { keyOfHold } from './remembered-ids.ts'
import { isTransientRefusal, type LedgerRefusalCode } from './ledger-refusals.ts'
import { type OrderOrigin, placeOf } from './order-origin.ts'
import { isSameOrder } from './same-order.ts'
import type { HoldOrder, TransferOrder } from './transfer-order.ts'

/**
 * Applies a list of orders in order. Chains of linked ones are all or none; single ones and chains stand or fall by themselves. Each order leaves one
 * effect that carries its id: what it did, `transfer-exists`, or a refusal.
 */
export function applyOrders(draft: LedgerDraft, orders: readonly TransferOrder[], origin: OrderOrigin): undefined {
  for (let first = 0; first < orders.length;) {
    const last = endOfChain(orders, first)
    const order = orders[first]
    if (last === first && order !== undefined && !order.isLinked) applySingle(draft, order, origin)
    else applyChain(draft, orders.slice(first, last + 1), origin)
    first = last + 1
  }
}

/** Index of the chain's last order: the first that is not linked, or the end of the list. */
function endOfChain(orders: readonly TransferOrder[], first: number): number {
  let last = first
  while (orders[last]?.isLinked === true && last < orders.length - 1) last += 1
  return last
}

function applySingle(draft: LedgerDraft, order: TransferOrder, origin: OrderOrigin): void {
  const known = judgeId(draft, order, origin)
  if (known === 'exists') draft.effects.push({ type: 'transfer-exists', id: order.id })
  else if (known === 'new') refuse(draft, { order, origin }, applyNew(draft, order, origin))
  else refuse(draft, { order, origin }, known)
}

function applyChain(draft: LedgerDraft, chain: readonly TransferOrder[], origin: OrderOrigin): void {
  if (chain.at(-1)?.isLinked === true) {
    refuseChain(draft, { chain, origin }, { at: chain.length - 1, code: 'LEDGER_CHAIN_OPEN' })
    return
  }
  // As they were before the chain: an order of the chain itself does not make another one known.
  const verdicts = chain.map((order) => judgeId(draft, order, origin))
  if (verdicts.every((verdict) => verdict === 'exists')) {
    for (const { id } of chain) draft.effects.push({ type: 'transfer-exists', id })
    return
  }
  const mark = beginChain(draft)
  for (const [at, order] of chain.entries()) {
    const verdict = judgeId(draft, order, origin)
    const code = verdict === 'new' ? applyNew(draft, order, origin) : codeInChain(verdict)
    if (code === undefined) continue
    revertChain(draft, mark)
    refuseChain(draft, { chain, origin }, { at, code })
    return
  }
  keepChain(draft)
}

function codeInChain(verdict: 'exists' | LedgerRefusalCode): LedgerRefusalCode {
  return verdict === 'exists' ? 'LEDGER_CHAIN_MIXED' : verdict
}

/** Every order that is applied takes room for its id; a hold for its end too. What ends a hold has its room since the hold was made. */
function applyNew(draft: LedgerDraft, order: TransferOrder, origin: OrderOrigin): LedgerRefusalCode | undefined {
  const needed = { post: 1, hold: 2, 'post-held': 0, 'void-held': 0 }[order.kind]
  if (needed > 0 && !hasIdRoom(draft, { order, origin }, needed)) return 'LEDGER_MEMORY_FULL'
  return applyOrder(draft, order, origin)
}

/** Whose credits they are is looked at only where that makes a difference. */
function hasIdRoom(draft: LedgerDraft, { order, origin }: Refused, needed: number): boolean {
  const source = origin.kind === 'contract' ? 'contracts' : 'clients'
  if (needed <= rememberedRoom(draft, source, false)) return true
  const isListed = 'debit' in order ? draft.listed.has(currencyIn(order.debit)) : true
  return isListed && needed <= rememberedRoom(draft, source, true)
}

/** What the id says about the order before anything else is looked at. */
function judgeId(draft: LedgerDraft, order: TransferOrder, origin: OrderOrigin): 'new' | 'exists' | LedgerRefusalCode {
  const known = read(draft.remembered, placeOf(order, origin).key)
  if (known?.kind === 'failed') return 'LEDGER_ID_FAILED'
  const before = known?.order ?? holdOf(draft, order, origin)
  if (before === undefined) return 'new'
  return isSameOrder(before, order) ? 'exists' : 'LEDGER_ID_CONFLICT'
}

/** Ids of clients' holds are one name space, since whoever a hold is for names it; other ids of clients are nothing to them. A contract's hold has its id. */
function holdOf(draft: LedgerDraft, order: TransferOrder, { kind }: OrderOrigin): HoldOrder | undefined {
  if (kind === 'contract') {
    const open = read(draft.holds, order.id)
    if (open !== undefined || order.contract !== undefined) return open
  } else if (order.kind !== 'hold') return undefined
  const key = keyOfHold(order)
  const ended = read(draft.remembered, key)
  return read(draft.holds, key) ?? (ended?.kind === 'ended-hold' ? ended.order : undefined)
}

type Failure = { readonly at: number; readonly code: LedgerRefusalCode }

/** The order that failed gets its code, the others say that another one failed. */
function refuseChain(
  draft: LedgerDraft,
  { chain, origin }: { readonly chain: readonly TransferOrder[]; readonly origin: OrderOrigin },
  failure: Failure,
): void {
  for (const [at, order] of chain.entries())
    refuse(draft, { order, origin }, at === failure.at ? failure.code : 'LEDGER_CHAIN_FAILED')
}

type Refused = { readonly order: TransferOrder; readonly origin: OrderOrigin }

function refuse(draft: LedgerDraft, { order, origin }: Refused, code: LedgerRefusalCode | undefined): void {
  if (code === undefined) return
  draft.effects.push({ type: 'event-refused', code, id: order.id })
  if (!isKeptFailed(draft, { order, origin }, code)) return
  if (hasIdRoom(draft, { order, origin }, 1)) remember(draft, placeOf(order, origin), { kind: 'failed', at: draft.at })
}

/** Of a client's order its id is kept when it came to the money of an account that there is: whoever has none leaves nothing behind. */
function isKeptFailed(draft: LedgerDraft, { order, origin }: Refused, code: LedgerRefusalCode): boolean {
  if (!isTransientRefusal(code)) return false
  if (origin.kind === 'contract') return true
  if (code !== 'LEDGER_BALANCE_SHORT' && code !== 'LEDGER_CAP_EXCEEDED') return false
  return 'debit' in order && read(draft.accounts, order.debit) !== undefined
}
