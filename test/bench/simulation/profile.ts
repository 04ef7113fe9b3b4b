import { readdirSync, readFileSync } from 'node:fs'

type Profile = {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Where the time of the only profile in a folder was spent, as shares of it, the largest first; parts below one in a hundred together. */
export function sharesOf(folder: string): ReadonlyMap<string, number> {
  const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as Profile
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]))
  const times = new Map<string, number>()
  let total = 0
  for (const [at, sample] of samples.entries()) {
    const part = parts.get(sample) ?? 'other'
    // The program waits for nothing but its own start.
    if (part === 'idle') continue
    const time = timeDeltas[at] ?? 0
    total += time
    times.set(part, (times.get(part) ?? 0) + time)
  }
  const shares = new Map<string, number>()
  for (const [part, time] of [...times].toSorted((left, right) => right[1] - left[1])) {
    const name = time / total < 0.01 ? 'the rest' : part
    shares.set(name, (shares.get(name) ?? 0) + time / total)
  }
  return shares
}

/** A folder of `src`, or of the simulation, or what is not ours. */
function partOf({ functionName, url }: { readonly functionName: string; readonly url: string }): string {
  if (functionName === '(idle)') return 'idle'
  if (functionName === '(garbage collector)') return 'garbage collection'
  const own = /\/src\/(simulation\/[a-z-]+|[a-z]+)\//.exec(url)?.[1]
  if (own !== undefined) return own
  const foreign = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  return foreign ?? (url.startsWith('node:') || url === '' ? 'platform' : 'other')
}
