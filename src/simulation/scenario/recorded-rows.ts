import { parseRoutingRow, type RoutingRow } from '../../core/learning/routing-rows.ts'

/** What models really answered, from JSON Lines, for scenarios that take data; contaminated rows are left out. Throws `TRAINING_DATA_INVALID` naming file and line. */
export function readRecordedRows({ name, text }: { readonly name: string; readonly text: string }): RoutingRow[] {
  const rows: RoutingRow[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const row = parseRoutingRow(line, { label: 'score', place: `${name}:${index + 1}` })
    if (!row.isContaminated) rows.push(row)
  }
  return rows
}
