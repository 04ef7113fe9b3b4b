import { lossBound } from '../../src/core/escrow/loss-bound.ts'
import { nanos, PAYER, WORKER } from '../core/escrow/escrow-builder.ts'
import type { Act } from './escrow-acts.ts'
import type { EscrowNode } from './escrow-node.ts'
import { balancesOf } from './escrow-text.ts'
import type { EscrowWorld } from './escrow-worlds.ts'

/**
 * I14: one party follows the protocol, everybody else does anything. Of the acts of a world those remain that an honest party of either side leaves possible.
 *
 * - **Honest payer.** Offers, awards, signs, has the hold made. Signs vouchers for what it got, so that what it vouched for is what it owes. Accepts a delivery at its claim, or
 *   rejects it before T_accept at any amount from the last voucher to below the claim. Signs a joint cancellation at the last voucher only. Never says two things at one place.
 * - **Honest worker.** Starts before T_start, sends its beats, signs any voucher that rises, delivers before T_deliver (before T_rule where the payer's lie froze the contract) and claims the whole price, insists on it, signs no
 *   cancellation, gives nothing back, never says two things at one place.
 * - **Arbiters** rule for what the honest side should pay or get, or are silent.
 */
export function isFair(node: EscrowNode, act: Act, { honest, terms }: EscrowWorld): boolean {
  if (honest === undefined) return true
  if (act.type === 'deadline') return honest === 'payer' ? isPayerLate(node, act.name) : isWorkerLate(node, act.name)
  if (act.type !== 'message') return true
  const { message } = act
  const { escrow } = node
  const own = honest === 'payer' ? PAYER : WORKER
  if (message.type === 'equivocation-proved' && message.culprit === own) return false
  if (message.iss === own && message.seq < 2 && !act.label.endsWith('again')) return false
  const { voucher } = node.ghost
  switch (message.type) {
    case 'ruled':
      return message.workerNanos === (honest === 'payer' ? (node.ghost.should ?? voucher.amount) : terms.maxNanos)
    case 'cancelled':
      if (!message.signers.includes(own)) return true
      return honest === 'payer' && message.amountNanos === voucher.amount
    case 'accepted':
      return honest === 'worker' || (escrow?.kind === 'DELIVERED' && message.amountNanos === escrow.delivery.claimNanos)
    case 'delivered':
      return honest === 'payer' || message.claimNanos === terms.maxNanos
    case 'disputed':
      return honest === 'payer' || message.claimNanos === terms.maxNanos
    case 'refund-requested':
      return honest === 'payer'
    default:
      return true
  }
}

/** The payer answers a delivery in time. */
function isPayerLate({ escrow, ghost }: EscrowNode, name: string): boolean {
  if (name !== 'accept' || escrow?.kind !== 'DELIVERED') return true
  return escrow.delivery.claimNanos === ghost.voucher.amount
}

/** The worker starts, beats and delivers in time. */
function isWorkerLate({ escrow }: EscrowNode, name: string): boolean {
  if (escrow?.kind === 'HELD') return name !== 'start'
  if (escrow?.kind === 'FROZEN') return escrow.claimNanos !== undefined
  return !(escrow?.kind === 'WORKING' && (name === 'deliver' || name === 'beat'))
}

const OVER = ['VOIDED', 'EXPIRED', 'FINAL', 'REFUNDED']

/** What the honest party ends below what it should have, and how much that may be at most; `undefined` while nothing is over. */
export function judgeFairness(
  { escrow, ledger, ghost, isPruned }: EscrowNode,
  world: EscrowWorld,
): { readonly loss: bigint; readonly bound: bigint } | undefined {
  const { honest, terms, funds } = world
  if (honest === undefined || escrow === undefined || isPruned || !OVER.includes(escrow.kind)) return undefined
  const bound = lossBound(terms, honest, nanos(ghost.voucher.amount))
  const balance = balancesOf(ledger, world)[honest] ?? 0n
  const gain = balance - BigInt(funds[honest])
  // In C1 the worker has the payer's word, which may be worth nothing.
  const worth = honest === 'worker' && terms.custody === 'C1' ? 0n : gain
  if (honest === 'payer') return { loss: -gain - (ghost.should ?? ghost.voucher.amount), bound }
  return { loss: terms.maxNanos - (ghost.decision?.fee ?? 0n) - worth, bound }
}
