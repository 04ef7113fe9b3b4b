import { applyOrder, type OrderOrigin } from './apply-order.ts'
import { beginChain, keepChain, type LedgerDraft, read, remember, rememberedRoom, revertChain } from './ledger-draft.ts'
import { isTransientRefusal, type LedgerRefusalCode } from './ledger-refusals.ts'
import { isSameOrder } from './same-order.ts'
import type { TransferOrder } from './transfer-order.ts'

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
  const known = judgeId(draft, order)
  if (known === 'exists') draft.effects.push({ type: 'transfer-exists', id: order.id })
  else if (known === 'new') refuse(draft, order, applyNew(draft, order, origin))
  else refuse(draft, order, known)
}

function applyChain(draft: LedgerDraft, chain: readonly TransferOrder[], origin: OrderOrigin): void {
  if (chain.at(-1)?.isLinked === true) {
    refuseChain(draft, chain, { at: chain.length - 1, code: 'LEDGER_CHAIN_OPEN' })
    return
  }
  // As they were before the chain: an order of the chain itself does not make another one known.
  const verdicts = chain.map((order) => judgeId(draft, order))
  if (verdicts.every((verdict) => verdict === 'exists')) {
    for (const { id } of chain) draft.effects.push({ type: 'transfer-exists', id })
    return
  }
  const mark = beginChain(draft)
  for (const [at, order] of chain.entries()) {
    const verdict = judgeId(draft, order)
    const code = verdict === 'new' ? applyNew(draft, order, origin) : codeInChain(verdict)
    if (code === undefined) continue
    revertChain(draft, mark)
    refuseChain(draft, chain, { at, code })
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
  if (needed > rememberedRoom(draft)) return 'LEDGER_MEMORY_FULL'
  return applyOrder(draft, order, origin)
}

/** What the id says about the order before anything else is looked at. */
function judgeId(draft: LedgerDraft, order: TransferOrder): 'new' | 'exists' | LedgerRefusalCode {
  const known = read(draft.remembered, order.id)
  if (known?.kind === 'failed') return 'LEDGER_ID_FAILED'
  const before = known?.order ?? read(draft.holds, order.id)
  if (before === undefined) return 'new'
  return isSameOrder(before, order) ? 'exists' : 'LEDGER_ID_CONFLICT'
}

type Failure = { readonly at: number; readonly code: LedgerRefusalCode }

/** The order that failed gets its code, the others say that another one failed. */
function refuseChain(draft: LedgerDraft, chain: readonly TransferOrder[], failure: Failure): void {
  for (const [at, order] of chain.entries())
    refuse(draft, order, at === failure.at ? failure.code : 'LEDGER_CHAIN_FAILED')
}

function refuse(draft: LedgerDraft, order: TransferOrder, code: LedgerRefusalCode | undefined): void {
  if (code === undefined) return
  draft.effects.push({ type: 'event-refused', code, id: order.id })
  if (isTransientRefusal(code) && rememberedRoom(draft) >= 1)
    remember(draft, order.id, { kind: 'failed', at: draft.at })
}
