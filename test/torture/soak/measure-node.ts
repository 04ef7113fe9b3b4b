import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a node holds, by what it tells itself and by what the kernel knows of its process. */
export type NodeMeasure = {
  readonly rssBytes: number
  /** Resident without the files that are mapped: those of the store may be many, and their pages are the kernel's to take back. */
  readonly anonymousBytes: number
  readonly heapBytes: number
  /** Of `/proc/PID/fd`: connections and pipes; files of the store are counted apart, since it keeps open what it has read. */
  readonly descriptors: number
  readonly files: number
  /** Timers, sockets and requests that keep the process awake, by the process. */
  readonly resources: number
  /** Requests that are served, the one that asks included. */
  readonly inFlight: number
}

export function measureNode(pid: number, metrics: string): NodeMeasure {
  const links = descriptorsOf(pid)
  const files = links.filter((link) => link.startsWith('/') && !link.startsWith('/dev/')).length
  return {
    rssBytes: metricOf(metrics, 'process_resident_memory_bytes'),
    anonymousBytes: anonymousOf(pid),
    heapBytes: metricOf(metrics, 'nodejs_heap_size_used_bytes'),
    descriptors: links.length - files,
    files,
    resources: metricOf(metrics, 'nodejs_active_resources_total'),
    inFlight: metricOf(metrics, 'kernell_http_requests_in_flight'),
  }
}

function anonymousOf(pid: number): number {
  const [, kibibytes] = /^RssAnon:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  if (kibibytes === undefined) throw new Error('The kernel does not tell what is resident')
  return Number(kibibytes) * 1_024
}

/** The value of a metric without labels. Throws where it is not told. */
export function metricOf(metrics: string, name: string): number {
  const [, value] = new RegExp(`^${name} ([0-9.e+-]+)$`, 'm').exec(metrics) ?? []
  if (value === undefined) throw new Error(`The node does not tell ${name}`)
  return Number(value)
}

function descriptorsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(`${folder}/${name}`)]
    } catch {
      // Closed since it was listed; the one that lists is none of the node's.
      return []
    }
  })
}

/** A process, told apart from a later one of the same number. */
export type ChildProcessId = { readonly pid: number; readonly startedAt: string }

/** All processes below one, at any depth. */
export function processesBelow(pid: number): readonly ChildProcessId[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const stat = /^[0-9]+$/.test(name) ? statOf(Number(name)) : undefined
    if (stat !== undefined) parents.set(Number(name), stat.parent)
  }
  const isBelow = (child: number): boolean => {
    const parent = parents.get(child)
    return parent !== undefined && parent !== 0 && (parent === pid || isBelow(parent))
  }
  return [...parents.keys()].filter(isBelow).flatMap((child) => {
    const stat = statOf(child)
    return stat === undefined ? [] : [{ pid: child, startedAt: stat.startedAt }]
  })
}

/** Those that are still there after a moment. */
export async function survivorsOf(children: readonly ChildProcessId[]): Promise<readonly ChildProcessId[]> {
  const alive = (): readonly ChildProcessId[] =>
    children.filter(({ pid, startedAt }) => statOf(pid)?.startedAt === startedAt)
  for (let tries = 0; tries < 20 && alive().length > 0; tries += 1) await sleep(100)
  return alive()
}

function statOf(pid: number): { readonly parent: number; readonly startedAt: string } | undefined {
  try {
    // The name in parentheses may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[0] === 'Z' ? undefined : { parent: Number(fields[1]), startedAt: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/** A point of a line: how many requests were served, and a size in bytes. */
export type SlopePoint = { readonly requests: number; readonly bytes: number }

/** The median of all slopes between two points, in bytes each request: a few points that are off do not move it. */
export function medianSlope(points: readonly SlopePoint[]): number {
  const slopes = points.flatMap((left, place) =>
    points
      .slice(place + 1)
      .filter(({ requests }) => requests > left.requests)
      .map((right) => (right.bytes - left.bytes) / (right.requests - left.requests)),
  )
  slopes.sort((left, right) => left - right)
  const middle = slopes.length >> 1
  if (slopes.length === 0) return 0
  return slopes.length % 2 === 1 ? (slopes[middle] ?? 0) : ((slopes[middle - 1] ?? 0) + (slopes[middle] ?? 0)) / 2
}
