import type { EscrowState, EscrowStateKind } from '../../core/escrow/escrow-state.ts'
import type { BookedStep } from '../../market/notary/books/journaled-books.ts'
import { contractOf, type ContractStep } from './market-steps.ts'

/** By the design's picture of a contract: where one entry of the books may bring it. What is decided is captured within the same entry or a later one. */
const NEXT: Readonly<Record<EscrowStateKind | 'NONE', readonly (EscrowStateKind | 'NONE')[]>> = {
  NONE: ['OFFERED'],
  DRAFT: ['OFFERED'],
  OFFERED: ['OFFERED', 'AGREED', 'ABORTED'],
  AGREED: ['AGREED', 'HELD', 'ABORTED'],
  HELD: ['WORKING', 'CAPTURING', 'VOIDED', 'FROZEN'],
  WORKING: ['WORKING', 'DELIVERED', 'CAPTURING', 'VOIDED', 'EXPIRED', 'FROZEN'],
  DELIVERED: ['DELIVERED', 'CAPTURING', 'SETTLED', 'DISPUTED', 'FROZEN', 'VOIDED'],
  DISPUTED: ['DISPUTED', 'CAPTURING', 'SETTLED', 'FROZEN'],
  FROZEN: ['FROZEN', 'CAPTURING', 'SETTLED'],
  CAPTURING: ['CAPTURING', 'SETTLED', 'VOIDED', 'EXPIRED'],
  SETTLED: ['SETTLED', 'FINAL', 'REFUNDED'],
  ABORTED: ['NONE'],
  VOIDED: ['NONE'],
  EXPIRED: ['NONE'],
  FINAL: ['NONE'],
  REFUNDED: ['NONE'],
}

const SETTLING: ReadonlySet<EscrowStateKind | undefined> = new Set(['SETTLED', 'VOIDED', 'EXPIRED'])

/** A contract goes where the state table lets it, is settled once, and pays no more than its price. */
export function findContractFault(steps: readonly BookedStep[]): string | undefined {
  const settled = new Set<string>()
  for (const step of steps) {
    const about = contractOf(step)
    if (about === undefined) continue
    const { contract, from, to } = about
    const [before, after] = [from?.kind ?? 'NONE', to?.kind ?? 'NONE'] as const
    if (before !== after && !NEXT[before].includes(after)) return `${contract} went from ${before} to ${after}`
    if (SETTLING.has(to?.kind) && before !== after) {
      if (settled.has(contract)) return `${contract} was settled twice`
      settled.add(contract)
    }
    const fault = to && faultOfMoney(to)
    if (fault !== undefined) return `${contract}: ${fault}`
  }
  return undefined
}

function faultOfMoney(state: EscrowState): string | undefined {
  if (!('capturedNanos' in state)) return undefined
  const { terms, capturedNanos, feeNanos } = state
  const refundedNanos = 'refundedNanos' in state ? state.refundedNanos : 0n
  if (capturedNanos > terms.maxNanos) return `${capturedNanos} of ${terms.maxNanos} were paid`
  if (refundedNanos > capturedNanos) return `${refundedNanos} of ${capturedNanos} were refunded`
  return feeNanos > terms.fees.capNanos ? `its fee of ${feeNanos} is above ${terms.fees.capNanos}` : undefined
}

/** A message changes the books once, and of one task of a payer at most one contract is ever held. */
export function findRepetition(steps: readonly BookedStep[]): string | undefined {
  const messages = new Set<string>()
  const tasks = new Map<string, string>()
  for (const step of steps) {
    const { sent } = step.booked
    if (sent !== undefined) {
      const { hash } = sent.envelope
      if (messages.has(hash)) return `the message ${hash} changed the books twice`
      messages.add(hash)
    }
    const about = contractOf(step)
    if (about?.to?.kind !== 'HELD' || about.from?.kind === 'HELD') continue
    const task = `${about.terms.payer} ${about.terms.taskHash}`
    const held = tasks.get(task)
    if (held !== undefined && held !== about.contract)
      return `two contracts of one task were held: ${held} and ${about.contract}`
    tasks.set(task, about.contract)
  }
  return undefined
}

/** What happens before a deadline is stamped before it, what happens by it is stamped at it or behind, and deadlines are as far as the terms say. */
export function findDeadlineFault(steps: readonly BookedStep[]): string | undefined {
  for (const step of steps) {
    const about = contractOf(step)
    const fault = about && (faultOfStamp(about) ?? faultOfSpan(about))
    if (about !== undefined && fault !== undefined) return `${about.contract} at ${about.at}: ${fault}`
  }
  return undefined
}

function faultOfStamp({ from, to, at, cause }: ContractStep): string | undefined {
  if (from === undefined || to?.kind === from.kind) return undefined
  const deadline = deadlineOf(from, cause)
  if (deadline === undefined) return undefined
  const [name, by] = deadline
  const isTimer = cause.startsWith('timer')
  if (isTimer && at < by) return `${cause} fired before ${name}, ${by}`
  return !isTimer && at >= by ? `${cause} counted at ${name}, ${by}, or behind it` : undefined
}

/** The deadline that a step is held against. */
function deadlineOf(from: EscrowState, cause: string): readonly [string, number] | undefined {
  // Proofs against a party count at any time, and what the ledger answers to a try comes when it comes.
  if (cause === 'equivocation-proved' || cause === 'timer retry') return undefined
  switch (from.kind) {
    case 'OFFERED':
      return ['T_offer', from.offerBy]
    case 'AGREED':
      return ['T_hold', from.holdBy]
    case 'HELD':
      return ['T_start', from.startBy]
    case 'WORKING':
      return ['T_deliver', from.deliverBy]
    case 'DELIVERED':
      return ['T_accept', from.acceptBy]
    case 'DISPUTED':
    case 'FROZEN':
      return ['T_rule', from.ruleBy]
    case 'SETTLED':
      return ['T_refund', from.refundBy]
    default:
      return 'retainUntil' in from ? ['T_retain', from.retainUntil] : undefined
  }
}

/** Deadlines follow from the stamp at which a state began. */
function faultOfSpan({ from, to, at, terms: { timers } }: ContractStep): string | undefined {
  if (to === undefined || to.kind === from?.kind) return undefined
  const wrong = (name: string, by: number, spanMs: number): string | undefined =>
    by === at + spanMs ? undefined : `${name} is ${by}, not ${at} + ${spanMs}`
  switch (to.kind) {
    case 'AGREED':
      return wrong('T_hold', to.holdBy, timers.holdMs)
    case 'HELD':
      return (
        wrong('T_start', to.startBy, timers.startMs) ??
        wrong('T_deliver', to.deliverBy, timers.deliverMs + timers.graceMs)
      )
    case 'DELIVERED':
      return wrong('T_accept', to.acceptBy, timers.acceptMs)
    case 'DISPUTED':
      return to.evidenceBy === undefined ? undefined : wrong('T_evidence', to.evidenceBy, timers.evidenceMs)
    case 'SETTLED':
      return wrong('T_refund', to.refundBy, timers.refundMs)
    default:
      return undefined
  }
}
