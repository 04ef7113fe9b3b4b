import { existsSync } from 'node:fs'
import type { Derivation } from '../node/node-records.ts'
import { formatTable, type Column } from './format-table.ts'

const COLUMNS: readonly Column[] = [
  { heading: 'made' },
  { heading: 'what' },
  // Never cut: it is there to be deleted.
  { heading: 'where' },
  { heading: 'rows', align: 'right' },
  { heading: 'still there' },
]

/** A derivation for programs: with whether its file is where it was; `null` for a policy. */
export function derivationDocument(derivation: Derivation): object {
  const { path } = derivation
  return { ...derivation, exists: path === null ? null : existsSync(path) }
}

export function formatDerivations(derivations: readonly Derivation[], width: number): string {
  const rows = derivations.map(({ made_at, kind, path, version, rows: count }) => [
    made_at,
    kind,
    path ?? version ?? '-',
    String(count),
    stateOf(path),
  ])
  return formatTable(COLUMNS, rows, width)
}

function stateOf(path: string | null): string {
  if (path === null) return '-'
  return existsSync(path) ? 'yes' : 'no'
}
