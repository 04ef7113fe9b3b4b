import type { JsonValue } from '../base/canonical-json.ts'
import { formatCredits } from '../base/format-credits.ts'
import { listOf, membersOf, numberOf, textOf } from './registered-policies.ts'

/** States after which nothing happens to a contract any more. */
export const TERMINAL_STATES = ['ABORTED', 'VOIDED', 'EXPIRED', 'FINAL', 'REFUNDED'] as const
export const CONTRACT_STATES = [
  'OFFERED',
  'AGREED',
  'HELD',
  'WORKING',
  'DELIVERED',
  'CAPTURING',
  'DISPUTED',
  'FROZEN',
  'SETTLED',
  ...TERMINAL_STATES,
] as const

/** Members that every document about a contract has, in this order. */
const MEMBERS = [
  'task',
  'auction',
  'contract',
  'contractHash',
  'payer',
  'worker',
  'state',
  'priceNanos',
  'heldNanos',
  'capturedNanos',
  'releasedNanos',
  'feeNanos',
  'resultHash',
  'certificate',
] as const

/** What `--json` says of a contract, in short. `wallMs` is how long it took, or its stamps tell. */
export function contractDocument(view: JsonValue, wallMs = spanOf(view)): { readonly [name: string]: JsonValue } {
  const known = membersOf(view)
  const document: { [name: string]: JsonValue } = {}
  for (const name of MEMBERS) document[name] = known[name] ?? null
  return {
    ...document,
    wallMs,
    currency: known['currency'] ?? null,
    custody: known['custody'] ?? null,
    refundedNanos: known['refundedNanos'] ?? null,
  }
}

function spanOf(view: JsonValue): number {
  const steps = listOf(view, 'transitions')
  return (numberOf(steps.at(-1), 'at') ?? 0) - (numberOf(steps[0], 'at') ?? 0)
}

/** A contract for people: every amount says whose credits it is, and who keeps them. */
export function formatContract(view: JsonValue): string {
  const currency = textOf(view, 'currency')
  const money = (name: string): string => formatCredits(textOf(view, name) || '0', currency)
  return [
    `contract  ${textOf(view, 'contract')}`,
    `state     ${textOf(view, 'state')}`,
    `payer     ${textOf(view, 'payer')}`,
    `worker    ${textOf(view, 'worker')}`,
    `price     ${money('priceNanos')}`,
    `held      ${money('heldNanos')}`,
    `captured  ${money('capturedNanos')}`,
    `released  ${money('releasedNanos')}`,
    `fee       ${money('feeNanos')}`,
    `custody   ${formatCustody(textOf(view, 'custody'))}`,
    `result    ${textOf(view, 'resultHash') || 'none yet'}`,
  ].join('\n')
}

const CUSTODY: Readonly<Record<string, string>> = {
  C1: 'C1, bilateral credit: the loss is bounded by the limit, not prevented',
  C2: 'C2, the notary set keeps the credits: safe while fewer than f + 1 of it lie',
  C3: 'C3, as C2, with bonds of both sides',
  'C2/f=0': 'C2/f=0, one notary keeps the credits: it survives crashes, not lies',
  'C3/f=0': 'C3/f=0, one notary keeps credits and bonds: it survives crashes, not lies',
}

/** A custody label with what it means. */
export function formatCustody(label: string): string {
  return CUSTODY[label] ?? label
}

/** `in 4 min`, or how long ago. */
export function formatDeadline(atMs: number, nowMs: number): string {
  const span = formatSpan(Math.round(Math.abs(atMs - nowMs) / 1000))
  return atMs >= nowMs ? `in ${span}` : `${span} ago`
}

function formatSpan(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}
