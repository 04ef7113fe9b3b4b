import { type Amount, AMOUNT_MAX, amountFromNanos } from '../../../base/money.ts'
import type { CustodyModel } from '../../../core/escrow/escrow-terms.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { Party } from '../party.ts'

/** Topic of notes on who does the work of a skill, and under which custody. */
export const SKILLS = 'skill'
export type SkillNote = {
  readonly agent: string
  readonly custody: readonly CustodyModel[]
  /** The least that it may bring where bids go down; absent: the price of the offer. */
  readonly lowestNanos?: string
  /** By whose authority payers must act; absent: by anybody's. */
  readonly subjects?: readonly Did[]
  /** Who may rule on its contracts; absent: nobody. */
  readonly arbiters?: readonly Did[]
  /** Where nobody rules, the least share of what is disputed that is the worker's, in millionths; absent: 0. */
  readonly fallbackPerMillionMin?: number
  /** Whether its tasks are run again for arbiters, without pay; absent: they are not. */
  readonly isReplicating?: boolean
}

/** Topic of notes on what is lent in `C1`, by payer. */
export const CREDIT_LINES = 'credit-line'
/** Key of the note on payers that have none of their own. */
export const EVERY_PAYER = 'every-payer'
export type CreditLineNote = { readonly nanos: string }

export function skillsOf({ journal }: Party): readonly (readonly [string, SkillNote])[] {
  // Written by `market offer`.
  return journal.notesOf(SKILLS).map(([skill, note]) => [skill, note as SkillNote])
}

/** What is lent to a payer in `C1`; `undefined` where nobody has said anything. */
export function creditLineOf(party: Party, payer: Did | typeof EVERY_PAYER): Amount | undefined {
  const note =
    party.noteOf<CreditLineNote>(CREDIT_LINES, payer) ?? party.noteOf<CreditLineNote>(CREDIT_LINES, EVERY_PAYER)
  return note && amountFromNanos(BigInt(note.nanos))
}

/** Topic and key of the note on what is lent to all payers together that have no line of their own. */
const CREDIT_TOTAL = 'credit-total'
/** What it is where nobody has said anything: so many lines of such payers. */
const LINES_DEFAULT = 10n

export async function keepCreditTotal(party: Party, nanos: Amount): Promise<void> {
  await party.keep(CREDIT_TOTAL, EVERY_PAYER, { nanos: nanos.toString() })
}

export function creditTotalOf(party: Party): Amount {
  const said = party.noteOf<CreditLineNote>(CREDIT_TOTAL, EVERY_PAYER)
  if (said !== undefined) return amountFromNanos(BigInt(said.nanos))
  const lines = (creditLineOf(party, EVERY_PAYER) ?? 0n) * LINES_DEFAULT
  return amountFromNanos(lines > AMOUNT_MAX ? AMOUNT_MAX : lines)
}
