import { CodedError } from '../../../base/errors.ts'

/** A value of a feature column. */
export type FeatureValue = string | number | boolean

/** Fields of a record in which other programs keep what they know of a task beforehand. */
const CONTAINER = /^(?:features|[a-z_]+_features|feature_vector|metadata|[a-z_]+_metadata|context|input)$/

/** Columns of one row at most; a wider row is no row of features. */
const COLUMNS_MAX = 4096
const DEPTH_MAX = 6

/** A record without its feature containers, and the columns in them. */
export type TakenApart = {
  readonly record: Readonly<Record<string, unknown>>
  /** By path, such as `features.length`; empty where the record has none. */
  readonly columns: ReadonlyMap<string, FeatureValue>
}

/**
 * Takes the feature fields out of a record: objects and lists under the names that such fields have. The base64 text that our own records have in
 * `features` stays where it is.
 *
 * @returns What is wrong with a record of more than 4,096 columns or 6 levels.
 */
export function takeFeatureColumns(json: Readonly<Record<string, unknown>>): TakenApart | { readonly problem: string } {
  let record: Record<string, unknown> | undefined
  const columns = new Map<string, FeatureValue>()
  for (const [name, value] of Object.entries(json)) {
    if (typeof value !== 'object' || value === null || !CONTAINER.test(name)) continue
    record ??= { ...json }
    delete record[name]
    const problem = flatten({ path: name, value, depth: 1 }, columns)
    if (problem !== undefined) return { problem }
  }
  return { record: record ?? json, columns }
}

type Branch = { readonly path: string; readonly value: unknown; readonly depth: number }

/** Adds the columns of a branch; returns what is wrong with it. */
function flatten({ path, value, depth }: Branch, columns: Map<string, FeatureValue>): string | undefined {
  if (typeof value === 'object' && value !== null) {
    if (depth > DEPTH_MAX) return `${path} is nested more than ${DEPTH_MAX} levels deep`
    for (const [name, member] of Object.entries(value)) {
      const problem = flatten({ path: `${path}.${name}`, value: member, depth: depth + 1 }, columns)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined
  if (columns.size === COLUMNS_MAX) return `it has more than ${COLUMNS_MAX} feature columns`
  columns.set(path, value)
  return undefined
}

/** The same of a row that has to be sound. Throws `TRAINING_DATA_INVALID` naming its place. */
export function requireFeatureColumns(json: Readonly<Record<string, unknown>>, place: string): TakenApart {
  const taken = takeFeatureColumns(json)
  if (!('problem' in taken)) return taken
  throw new CodedError('TRAINING_DATA_INVALID', { message: `${place}: ${taken.problem}`, details: { place } })
}
