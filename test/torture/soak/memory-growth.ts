import { medianSlope, type NodeMeasure, type SlopePoint } from './measure-node.ts'

/** A quiet point, with how many requests there were by then, and when it was. */
export type SoakPoint = NodeMeasure & { readonly requests: number; readonly seconds: number }

/** What memory may grow by over the last half, for each million requests, and what no short run can be told from. */
const GROWTH_BYTES_PER_MILLION = 64 * 1024 * 1024
const GROWTH_BYTES_ANYHOW = 24 * 1024 * 1024

/** Over the last half of the points, in bytes each request. */
export function growthOf(points: readonly SoakPoint[]): { readonly residentSlope: number; readonly heapSlope: number } {
  const half = lastHalf(points)
  const of = (bytes: (point: SoakPoint) => number): readonly SlopePoint[] =>
    half.map((point) => ({ requests: point.requests, bytes: bytes(point) }))
  return {
    residentSlope: medianSlope(of(({ anonymousBytes }) => anonymousBytes)),
    heapSlope: medianSlope(of(({ heapBytes }) => heapBytes)),
  }
}

/** What grew by more than it may. */
export function judgeGrowth(points: readonly SoakPoint[]): readonly string[] {
  const half = lastHalf(points)
  const requests = (half.at(-1)?.requests ?? 0) - (half[0]?.requests ?? 0)
  const bound = Math.max(GROWTH_BYTES_ANYHOW, (requests * GROWTH_BYTES_PER_MILLION) / 1e6)
  const { residentSlope, heapSlope } = growthOf(points)
  const grown = [
    ['resident memory without files', residentSlope * requests],
    ['heap', heapSlope * requests],
  ] as const
  const kibibytes = (bytes: number): number => Math.round(bytes / 1_024)
  return grown
    .filter(([, bytes]) => bytes > bound)
    .map(
      ([name, bytes]) =>
        `${name} grew by ${kibibytes(bytes)} KiB over ${requests} requests, and may by ${kibibytes(bound)} KiB`,
    )
}

function lastHalf(points: readonly SoakPoint[]): readonly SoakPoint[] {
  return points.slice(Math.floor(points.length / 2))
}
