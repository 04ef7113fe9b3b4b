import { decodeFloat64, encodeFloats } from '../../core/policy/float-text.ts'
import { type EncodeFloats, formatOnlineState, parseOnlineState, type SavedLearning } from './online-state.ts'

/** What became of the tasks that were fed, since learning began. */
export type OnlineCounts = {
  readonly learned: number
  /** Outcomes that were corrected, by feedback for the most part. */
  readonly revised: number
  readonly skipped: number
  /** Learned or corrected since the last version. */
  readonly sinceVersion: number
  /** Versions that were registered and are kept, oldest first. */
  readonly versions: readonly string[]
  /** ISO 8601, UTC. */
  readonly lastVersionAt: string | undefined
}

export type SavedOnlinePolicy = {
  readonly learning: SavedLearning
  readonly counts: OnlineCounts
  /** Numbers of the tasks that were learned from; `undefined` when they were too many to be noted. */
  readonly notedTasks: Float64Array | undefined
  /** ISO 8601, UTC. */
  readonly savedAt: string
}

/** @param encode  Some megabytes go through it while nobody is served: a native one is a hundred times as fast. */
export function encodeOnlinePolicy(
  { learning, counts, notedTasks, savedAt }: SavedOnlinePolicy,
  encode: EncodeFloats = encodeFloats,
): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({
      learning: formatOnlineState(learning, encode),
      counts,
      saved_at: savedAt,
      noted_count: notedTasks?.length ?? null,
      noted: notedTasks === undefined ? null : encode(notedTasks),
    }),
  )
}

/** `undefined` for what `encodeOnlinePolicy` has not written, or another version has: then learning begins anew from the records. */
export function decodeOnlinePolicy(bytes: Uint8Array): SavedOnlinePolicy | undefined {
  const json = parse(bytes)
  const { learning: written, counts, noted, noted_count: count, saved_at: savedAt } = json
  if (typeof written !== 'object' || typeof savedAt !== 'string' || typeof counts !== 'object' || counts === null)
    return undefined
  const learning = parseOnlineState(JSON.stringify(written))
  const read = readCounts(counts)
  const notedTasks = typeof noted === 'string' && typeof count === 'number' ? decodeFloat64(noted, count) : undefined
  if (learning === undefined || read === undefined || (noted !== null && notedTasks === undefined)) return undefined
  return { learning, counts: read, notedTasks, savedAt }
}

type Members = Readonly<Record<string, unknown>>

function parse(bytes: Uint8Array): Members {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function readCounts(value: object): OnlineCounts | undefined {
  const { learned, revised, skipped, sinceVersion, versions, lastVersionAt }: Members = { ...value }
  const isCounted = [learned, revised, skipped, sinceVersion].every(
    (count) => typeof count === 'number' && Number.isSafeInteger(count) && count >= 0,
  )
  if (!isCounted || !Array.isArray(versions) || !versions.every((version) => typeof version === 'string'))
    return undefined
  return {
    learned: Number(learned),
    revised: Number(revised),
    skipped: Number(skipped),
    sinceVersion: Number(sinceVersion),
    versions,
    lastVersionAt: typeof lastVersionAt === 'string' ? lastVersionAt : undefined,
  }
}
