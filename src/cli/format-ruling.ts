import type { JsonValue } from '../base/canonical-json.ts'
import { formatNanos } from '../base/format-credits.ts'
import { listOf, numberOf, textOf, textsOf } from './registered-policies.ts'

/** What arbiters have signed of a dispute, for people; no line where nothing is ruled on. */
export function formatRuling(ruling: JsonValue | undefined): readonly string[] {
  if (ruling === undefined || ruling === null) return []
  const splits = listOf(ruling, 'splits')
  const needed = numberOf(ruling, 'needed') ?? 0
  const mine = textOf(ruling, 'mine')
  return [
    `ruling    ${numberOf(ruling, 'signed') ?? 0} of ${needed} signatures on one split`,
    ...splits.flatMap((split) => [
      `  ${formatNanos(textOf(split, 'workerNanos'))} to the worker${textOf(split, 'workerNanos') === mine ? ', signed here' : ''}`,
      ...textsOf(split, 'arbiters').map((arbiter) => `    ${arbiter}`),
    ]),
    ...textsOf(ruling, 'silent').map((arbiter) => `  nothing shown by ${arbiter}`),
  ]
}
