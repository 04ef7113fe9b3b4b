import type { RandomStream } from '../../base/random-stream.ts'

/** What is wrong with a provider. Shares of the calls that it befalls, 0 to 1. */
export type ProviderFaults = {
  /** Nobody can be reached, or the server fails. */
  readonly outage: number
  /** Turned away, to come again later. */
  readonly rateLimited: number
  /** The answer is no answer: what cannot be read, or nonsense with a plausible usage. */
  readonly garbage: number
  /** Nothing comes until the caller gives up. */
  readonly hanging: number
  /** The answer breaks off. */
  readonly truncated: number
  /** So many times as slow. */
  readonly slowness: number
}

export const SOUND_PROVIDER: ProviderFaults = {
  outage: 0,
  rateLimited: 0,
  garbage: 0,
  hanging: 0,
  truncated: 0,
  slowness: 1,
}

/** What befalls one call. */
export type CallFault =
  | 'unreachable'
  | 'server-error'
  | 'rate-limited'
  | 'malformed'
  | 'nonsense'
  | 'hanging'
  | 'truncated'

/** What the faults of a model do to its next call; `undefined`: nothing. */
export function drawCallFault(random: RandomStream, faults: ProviderFaults): CallFault | undefined {
  // The same draws for each call, whatever is wrong.
  const [kind, which] = [random.nextUnit(), random.nextUnit() < 0.5]
  const { outage, rateLimited, garbage, hanging, truncated } = faults
  const parts: readonly (readonly [share: number, fault: CallFault])[] = [
    [outage, which ? 'unreachable' : 'server-error'],
    [rateLimited, 'rate-limited'],
    [garbage, which ? 'malformed' : 'nonsense'],
    [hanging, 'hanging'],
    [truncated, 'truncated'],
  ]
  let from = 0
  for (const [share, fault] of parts) {
    if (kind >= from && kind < from + share) return fault
    from += share
  }
  return undefined
}
