import { AMOUNT_MAX } from '../../base/money.ts'
import type { Did, Hash } from '../evidence/names.ts'
import { hashOf } from './parameter-set.ts'

/** Voters of a table at most: a whole table is one entry of the notary set's log. */
export const VOTERS_MAX = 256

/** What weight comes from. */
export const WEIGHT_SOURCES = ['bond', 'stake', 'reputation'] as const
export type WeightSource = (typeof WEIGHT_SOURCES)[number]

export type WeightRow = {
  readonly voter: Did
  /** 1 to 2^64 - 1, of whatever unit the source has. */
  readonly weight: bigint
}

/** Who has how much to say: a snapshot, published whole. Rows ascend by voter, in code unit order. */
export type WeightTable = { readonly source: WeightSource; readonly rows: readonly WeightRow[] }

export function isWeightTable({ rows }: WeightTable): boolean {
  if (rows.length === 0 || rows.length > VOTERS_MAX || totalOf({ rows }) > AMOUNT_MAX) return false
  let before = ''
  return rows.every(({ voter, weight }) => {
    const isNext = voter > before && weight > 0n
    before = voter
    return isNext
  })
}

export function totalOf({ rows }: Pick<WeightTable, 'rows'>): bigint {
  return rows.reduce((sum, { weight }) => sum + weight, 0n)
}

/** Weight of a voter, 0n for everybody else. Rows ascend, so it is found by halves. */
export function weightOf({ rows }: Pick<WeightTable, 'rows'>, voter: Did): bigint {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle]?.voter ?? '') < voter) low = middle + 1
    else high = middle
  }
  const row = rows[low]
  return row?.voter === voter ? row.weight : 0n
}

/** The name of a table, which proposals are pinned to. */
export function hashOfWeights({ source, rows }: WeightTable): Hash {
  const pairs = rows.map(({ voter, weight }) => [voter, weight.toString()])
  return hashOf({ purpose: 'kernell/weight-table/v1', rows: pairs, source })
}
