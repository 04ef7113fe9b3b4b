import { CodedError } from '../../base/errors.ts'
import { sha256Hex, type Sha256Hex } from '../../base/sha256.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import { parseRoutingRow, type RoutingRow, type RowReading } from '../../core/learning/routing-rows.ts'
import { trainPolicy } from '../../core/learning/train-policy.ts'
import type { PolicyArtefact } from '../../core/policy/policy-artefact.ts'

/** A data file as it was read: JSON Lines, unpacked. */
export type RoutingFile = { readonly name: string; readonly text: string }

/** Which member of an outcome says how good it was; with `score_numeric`, `score` counts where an outcome lacks it. */
export type RoutingLabel = RowReading['label']

/** Rows of a file in order, contaminated ones left out. Throws `TRAINING_DATA_INVALID` naming file and line. */
export function readRoutingFile({ name, text }: RoutingFile, label: RoutingLabel): readonly RoutingRow[] {
  const rows: RoutingRow[] = []
  let from = 0
  for (let line = 1; from < text.length; line += 1) {
    const end = text.indexOf('\n', from)
    const row = text.slice(from, end < 0 ? text.length : end)
    from = end < 0 ? text.length : end + 1
    if (row.trim() === '') continue
    const parsed = parseRoutingRow(row, { label, place: `${name}:${line}` })
    if (!parsed.isContaminated) rows.push(parsed)
  }
  return rows
}

/** SHA-256 of what the training rows were: files by their own hash, rows, label. */
export function dataCardHash(
  files: readonly RoutingFile[],
  card: { readonly label: RoutingLabel; readonly rows: number },
  hash: Sha256Hex = sha256Hex,
): string {
  const hashes = files.map(({ text }) => hash(text)).toSorted()
  return hash(canonicalJson({ files: hashes, label: card.label, rows: card.rows }))
}

/** What a router between two models is trained from. `strong` and `weak` are models as the rows name them; `codeVersion` goes into the artefact's lineage. */
export type RoutingTraining = {
  readonly files: readonly RoutingFile[]
  readonly strong: string
  readonly weak: string
  readonly label: RoutingLabel
  readonly seed: number
  readonly codeVersion: string
  readonly sha256Hex?: Sha256Hex
}

/**
 * Trains the router between two models. Rows without both are left out. Whoever has read the files already hands in their rows.
 *
 * Throws `TRAINING_DATA_INVALID` when too few rows are left.
 */
export function trainRouting(
  training: RoutingTraining,
  read: readonly RoutingRow[] = training.files.flatMap((file) => readRoutingFile(file, training.label)),
): PolicyArtefact {
  const { files, strong, weak, label, seed } = training
  const rows = read.filter(({ outcomes }) => outcomes.has(strong) && outcomes.has(weak))
  expectRows(rows.length, `rows that have both ${strong} and ${weak}`)
  return trainPolicy(rows, {
    candidates: [strong, weak],
    pair: { strong, weak },
    withCosts: false,
    seed,
    lineage: {
      dataCardHash: dataCardHash(files, { label, rows: rows.length }, training.sha256Hex),
      codeVersion: training.codeVersion,
    },
  })
}

/** Least rows from which anything is learnt. */
const ROWS_MIN = 20

export function expectRows(count: number, what: string): void {
  if (count >= ROWS_MIN) return
  throw new CodedError('TRAINING_DATA_INVALID', {
    message: `Training needs at least ${ROWS_MIN} ${what}; the files have ${count}`,
    details: { rows: count },
  })
}
