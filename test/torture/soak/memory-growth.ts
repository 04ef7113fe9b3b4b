import { setTimeout as sleep } from 'node:timers/promises'
import { medianSlope, metricOf, type NodeMeasure, type SlopePoint } from './measure-node.ts'

const LOOK_MS = 400

/** A quiet point, with how many requests there were by then, and when it was. */
export type SoakPoint = NodeMeasure & { readonly requests: number; readonly seconds: number }

/** What memory may grow by over the last half, for each million requests. */
const GROWTH_BYTES_PER_MILLION = 64 * 1024 * 1024
/** What no short run can be told from: of what is held after a collection, and of what the process keeps for the next peak. */
const HELD_BYTES_ANYHOW = 24 * 1024 * 1024
const RESIDENT_BYTES_ANYHOW = 128 * 1024 * 1024
/** Fewer collections say nothing. */
const COLLECTIONS_MIN = 4

export type MemoryHistory = {
  readonly points: readonly SoakPoint[]
  /** What was held right after the collector had been through all of it. */
  readonly collected: readonly SlopePoint[]
}

/** Over the last half, in bytes each request. */
export function growthOf({ points, collected }: MemoryHistory): {
  readonly residentSlope: number
  readonly heldSlope: number
} {
  const resident = points.map(({ requests, anonymousBytes }) => ({ requests, bytes: anonymousBytes }))
  const isKnown = lastHalf(collected).length >= COLLECTIONS_MIN
  return {
    residentSlope: medianSlope(lastHalf(resident)),
    heldSlope: isKnown ? medianSlope(lastHalf(collected)) : 0,
  }
}

/** What grew by more than it may. */
export function judgeGrowth(history: MemoryHistory): readonly string[] {
  const half = lastHalf(history.points)
  const requests = (half.at(-1)?.requests ?? 0) - (half[0]?.requests ?? 0)
  const { residentSlope, heldSlope } = growthOf(history)
  const grown = [
    ['resident memory without files', residentSlope * requests, RESIDENT_BYTES_ANYHOW],
    ['what is held after a collection', heldSlope * requests, HELD_BYTES_ANYHOW],
  ] as const
  const kibibytes = (bytes: number): number => Math.round(bytes / 1_024)
  return grown.flatMap(([name, bytes, anyhow]) => {
    const bound = Math.max(anyhow, (requests * GROWTH_BYTES_PER_MILLION) / 1e6)
    if (bytes <= bound) return []
    return [`${name} grew by ${kibibytes(bytes)} KiB over ${requests} requests, and may by ${kibibytes(bound)} KiB`]
  })
}

function lastHalf<T>(all: readonly T[]): readonly T[] {
  return all.slice(Math.floor(all.length / 2))
}

/** Looks at what is held whenever the collector has been through all of it, until told that it is over. */
export async function watchCollections(init: {
  readonly readMetrics: () => Promise<string>
  readonly requests: () => number
  readonly isOver: () => boolean
}): Promise<readonly SlopePoint[]> {
  const found: SlopePoint[] = []
  let known: number | undefined
  while (!init.isOver()) {
    // A look that was cut off, or came to nothing, is no look.
    const text = await init.readMetrics().catch(() => '')
    const [, majors] = /^nodejs_gc_duration_seconds_count\{kind="major"\} ([0-9]+)$/m.exec(text) ?? []
    if (majors !== undefined) {
      const bytes = metricOf(text, 'nodejs_heap_size_used_bytes') + metricOf(text, 'nodejs_external_memory_bytes')
      if (known !== undefined && Number(majors) > known) found.push({ requests: init.requests(), bytes })
      known = Number(majors)
    }
    await sleep(LOOK_MS)
  }
  return found
}
