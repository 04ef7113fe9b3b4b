import type { ParsedPriceList, PriceRow, RefusalReason, RefusedRow } from './price-row.ts'

/** What a parser says about one entry of a list. */
export type RowOutcome = PriceRow | RefusalReason | 'skipped'

/** Runs a parser over the named entries of a list and sorts the outcomes. */
export function collectRows<Entry>(
  entries: Iterable<readonly [name: string, entry: Entry]>,
  parse: (name: string, entry: Entry) => RowOutcome,
): ParsedPriceList {
  const rows: PriceRow[] = []
  const refused: RefusedRow[] = []
  let skippedCount = 0
  for (const [name, entry] of entries) {
    const outcome = parse(name, entry)
    if (outcome === 'skipped') skippedCount++
    else if (typeof outcome === 'string') refused.push({ name, reason: outcome })
    else rows.push(outcome)
  }
  return { rows, refused, skippedCount }
}
