import { sha256Hex } from '../../base/sha256.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'

/**
 * Rows in an order of their own: by the hash of the prompt, then by what `figuresOf` reads of them, which is everything else that the
 * evaluation uses. Chance routes rows, bootstraps draw them and sums round in this order, so figures do not depend on the order of the
 * file, or on members that are not used. Rows that are equal in both may swap: no figure tells them apart.
 */
export function orderRows(
  rows: readonly RoutingRow[],
  figuresOf: (row: RoutingRow) => readonly (string | number | undefined)[],
): readonly RoutingRow[] {
  return rows
    .map((row) => ({ row, promptHash: sha256Hex(row.prompt), figures: JSON.stringify(figuresOf(row)) }))
    .sort((left, right) => compare(left.promptHash, right.promptHash) || compare(left.figures, right.figures))
    .map(({ row }) => row)
}

/** By UTF-16 code units, the same everywhere. */
function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right)
}

/** How many rows ask what one of `train` asked: their figures flatter whoever learnt from it. */
function countSharedPrompts(train: readonly RoutingRow[], test: readonly RoutingRow[]): number {
  const known = new Set(train.map(({ prompt }) => prompt))
  return test.filter(({ prompt }) => known.has(prompt)).length
}

/** The same in a sentence for the reader of the figures; none when nothing is shared. */
export function describeSharedPrompts(train: readonly RoutingRow[], test: readonly RoutingRow[]): readonly string[] {
  const shared = countSharedPrompts(train, test)
  return shared === 0
    ? []
    : [
        `Warning: ${shared} of ${test.length} test rows have a prompt of the training files; the figures are better than on questions not seen.`,
      ]
}
