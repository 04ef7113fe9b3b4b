import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from '../../../base/errors.ts'
import type { StandingSale } from '../../market/desks/end-sale.ts'
import type { SkillCancellation } from '../agent-skill.ts'
import type { JsonObjectValue } from '../plain-json.ts'
import type { PaidRuns } from './paid-runs.ts'
import type { PaymentDesk } from './payment-desk.ts'
import { PAYMENT_EXTENSION, type PaymentCancellation } from './payment-documents.ts'
import { nameOfInput, type PaidInput } from './task-documents.ts'

export type CancelPaidComponents = {
  readonly desk: Pick<PaymentDesk, 'contractsFor' | 'giveUp'>
  readonly runs: PaidRuns
  /** Longest wait for payer and notary set, milliseconds; absent: 10,000. What was signed counts all the same. */
  readonly waitMs?: number
}

type Giving = Pick<CancelPaidComponents, 'desk' | 'waitMs'>

type CanceledContract = PaymentCancellation['contracts'][number]

const WAIT_MS = 10_000

/** Ended, and nothing of the price is with the seller. */
const RETURNED: readonly string[] = ['ABORTED', 'VOIDED', 'EXPIRED']
/** Delivered, or in the hands of arbiters: nobody takes that back by leaving. */
const BEYOND_RECALL: readonly string[] = ['DELIVERED', 'DISPUTED', 'FROZEN', 'SETTLED', 'FINAL', 'REFUNDED']

/**
 * Cancels a task that has a price. Once there is a result it is too late: it is delivered, and paid. Until then the work stops at once and for good, and each contract for the
 * task is given up: the seller signs its end for nothing, and its payer is asked to.
 */
export async function cancelPaid(components: CancelPaidComponents, input: PaidInput): Promise<SkillCancellation> {
  const { desk, runs } = components
  const contracts = await contractsFor(desk, input)
  if (contracts?.some(isTooLate) === true || !runs.giveUp(nameOfInput(input).hash))
    return {
      kind: 'too-late',
      text: 'The work of this task is done and is being delivered under its contract, which cannot be undone.',
    }
  return { kind: 'canceled', finish: async () => await giveUpAll(components, contracts) }
}

/** Gives up what is held for a task that was cancelled before: a contract that came later, or one whose payer has signed since. Throws as the market does. */
export async function giveUpContracts(desk: CancelPaidComponents['desk'], input: PaidInput): Promise<void> {
  for (const sale of (await contractsFor(desk, input)) ?? []) if (!isTooLate(sale)) await giveUp({ desk }, sale)
}

/** `undefined` where the node takes no part in the market now. */
async function contractsFor(
  desk: CancelPaidComponents['desk'],
  input: PaidInput,
): Promise<readonly StandingSale[] | undefined> {
  try {
    return await desk.contractsFor(input)
  } catch (error: unknown) {
    if (!CodedError.is(error, 'A2A_PAYMENT_CLOSED')) throw error
    return undefined
  }
}

function isTooLate({ state, isMade }: StandingSale): boolean {
  return BEYOND_RECALL.includes(state) || (isMade && !RETURNED.includes(state))
}

async function giveUpAll(
  giving: Giving,
  known: readonly StandingSale[] | undefined,
): Promise<{ readonly text: string; readonly metadata: JsonObjectValue }> {
  const contracts = await Promise.all((known ?? []).map(async (sale) => await giveUp(giving, sale)))
  const document: PaymentCancellation = { v: 1, kind: 'cancellation', isWhole: known !== undefined, contracts }
  return { text: textOf(document), metadata: { [PAYMENT_EXTENSION]: document } }
}

/** Whatever the market says of it: the work has stopped, and the task is cancelled. */
async function giveUp({ desk, waitMs = WAIT_MS }: Giving, sale: StandingSale): Promise<CanceledContract> {
  if (RETURNED.includes(sale.state)) return told(sale, 'returned')
  const late = new AbortController()
  try {
    const after = await Promise.race([
      desk.giveUp(sale.contract),
      sleep(waitMs, undefined, { signal: late.signal }).catch(() => undefined),
    ])
    if (after === undefined) return told(sale, 'unknown')
    return told(after, RETURNED.includes(after.state) ? 'returned' : 'agreed')
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
    return told(sale, 'unknown')
  } finally {
    late.abort()
  }
}

function told({ contract, state, lapsesAt }: StandingSale, outcome: CanceledContract['outcome']): CanceledContract {
  return { contract, state, outcome, lapsesAt: outcome === 'returned' ? null : lapsesAt }
}

function textOf({ isWhole, contracts }: PaymentCancellation): string {
  const begin = 'The task was cancelled by its sender, and nobody works on it any more.'
  const open = contracts.filter(({ outcome }) => outcome !== 'returned')
  if (!isWhole) return `${begin} The node takes no part in the market now: a contract for it ends by its timers.`
  if (contracts.length === 0) return `${begin} This node has made no contract for it.`
  if (open.length === 0) return `${begin} Nothing is held for it: the price is with the payer.`
  const latest = Math.max(...open.map(({ lapsesAt }) => lapsesAt ?? 0))
  const byThen = latest === 0 ? 'by the timers of the contract' : `by ${new Date(latest).toISOString()}`
  return `${begin} The price goes back when the payer signs the end of the contract too, and ${byThen} in any case.`
}
