import type { ModelEntry } from './model-entry.ts'

/** What a request needs of a model. Absent fields need nothing. */
export type RequestNeeds = {
  readonly tools?: boolean
  readonly vision?: boolean
  readonly jsonSchema?: boolean
  readonly logprobs?: boolean
  readonly streaming?: boolean
  /** Prompt tokens plus the tokens reserved for the answer. */
  readonly contextTokens?: number
  readonly outputTokens?: number
}

/** Names of what a model lacks, as messages and `details` show them. */
export type MissingCapability =
  | 'tools'
  | 'vision'
  | 'json_schema'
  | 'logprobs'
  | 'streaming'
  | 'context_length'
  | 'output_length'

/** What `entry` lacks of `needs`, in a fixed order; empty when it can serve the request. An unknown length passes. */
export function missingCapabilities(
  entry: Pick<ModelEntry, 'capabilities' | 'contextTokens' | 'outputTokensMax'>,
  needs: RequestNeeds,
): readonly MissingCapability[] {
  const missing: MissingCapability[] = []
  const has = entry.capabilities
  if (needs.tools === true && !has.tools) missing.push('tools')
  if (needs.vision === true && !has.vision) missing.push('vision')
  if (needs.jsonSchema === true && !has.jsonSchema) missing.push('json_schema')
  if (needs.logprobs === true && !has.logprobs) missing.push('logprobs')
  if (needs.streaming === true && !has.streaming) missing.push('streaming')
  if (exceeds(needs.contextTokens, entry.contextTokens)) missing.push('context_length')
  if (exceeds(needs.outputTokens, entry.outputTokensMax)) missing.push('output_length')
  return missing
}

function exceeds(need: number | undefined, limit: number | undefined): boolean {
  return need !== undefined && limit !== undefined && need > limit
}

export type CapabilityVerdict = {
  readonly capable: readonly ModelEntry[]
  /** What each removed model lacks, by id. */
  readonly removed: ReadonlyMap<string, readonly MissingCapability[]>
  /** When none is capable: what is lacking in the models that come closest; empty otherwise. */
  readonly missing: readonly MissingCapability[]
}

/** Removes the models that cannot serve a request, and names what the nearest ones lack when nothing is left. */
export function filterByCapability(entries: Iterable<ModelEntry>, needs: RequestNeeds): CapabilityVerdict {
  const capable: ModelEntry[] = []
  const removed = new Map<string, readonly MissingCapability[]>()
  for (const entry of entries) {
    const missing = missingCapabilities(entry, needs)
    if (missing.length === 0) capable.push(entry)
    else removed.set(entry.id, missing)
  }
  return { capable, removed, missing: capable.length > 0 ? [] : nearestMissing(removed.values()) }
}

function nearestMissing(lists: Iterable<readonly MissingCapability[]>): readonly MissingCapability[] {
  let fewest = Number.POSITIVE_INFINITY
  let names = new Set<MissingCapability>()
  for (const list of lists) {
    if (list.length > fewest) continue
    if (list.length < fewest) names = new Set()
    fewest = list.length
    for (const name of list) names.add(name)
  }
  return [...names]
}
