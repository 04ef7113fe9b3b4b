import { CodedError } from '../../base/errors.ts'
import { createPublicFetch, type PublicFetch } from '../../guard/public-fetch.ts'
import type { SendPinned } from '../../guard/send-pinned.ts'
import type { OutboundResponse } from '../../ports/outbound-fetch.ts'
import { createSystemClock } from '../system-clock.ts'

/**
 * What is to become of a URL: `block`, whatever its name leads to; `block_after_dns`, because its name leads to this machine; `block_after_redirect`, because its server sends on to an internal
 * address; `allow`; `ambiguous`, which programs read in different ways, so that either will do.
 */
export const SSRF_EXPECTATIONS = ['block', 'block_after_dns', 'block_after_redirect', 'allow', 'ambiguous'] as const

export type SsrfExpectation = (typeof SSRF_EXPECTATIONS)[number]

export type SsrfRow = { readonly id: string; readonly url: string; readonly expect: SsrfExpectation }

export type SsrfReport = {
  readonly block: { readonly n: number; readonly refused: number }
  readonly block_after_dns: { readonly n: number; readonly refused: number }
  readonly block_after_redirect: { readonly n: number; readonly refused: number }
  readonly allow: { readonly n: number; readonly allowed: number }
  readonly ambiguous: { readonly n: number; readonly refused: number }
  /** Rows that should have been refused. */
  readonly missed: readonly string[]
  /** Rows that should have been allowed. */
  readonly overblocked: readonly string[]
}

const PUBLIC_ADDRESS = '93.184.215.14'
const INSIDE = 'inside.example'

/** Where servers send on to: an answer counts as refused when all of these are. */
const INTERNAL_PLACES = [
  'http://169.254.169.254/latest/meta-data/',
  'http://127.0.0.1/',
  'http://2852039166/',
  'http://0x7f.1/',
  'http://[::1]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::7f00:1]/',
  'http://localhost/',
  `http://${INSIDE}/`,
  'gopher://127.0.0.1:6379/_INFO',
  'file:///etc/passwd',
]

/**
 * Judges the guard that agents, tools, sandboxes and the gateway go through, by URLs with known outcomes, and by nothing of a network: what a name leads to and what a server answers are played. The
 * guard is given a URL; what is expected of it decides only what is played.
 */
export async function evaluateSsrf(rows: readonly SsrfRow[]): Promise<SsrfReport> {
  const counts = new Map<SsrfExpectation, { n: number; refused: number }>(
    SSRF_EXPECTATIONS.map((expectation) => [expectation, { n: 0, refused: 0 }]),
  )
  const [missed, overblocked]: [string[], string[]] = [[], []]
  for (const row of rows) {
    const isRefused = await isRefusedWhenPlayed(row)
    const count = counts.get(row.expect)
    if (count !== undefined) {
      count.n += 1
      count.refused += Number(isRefused)
    }
    if (row.expect.startsWith('block') && !isRefused) missed.push(row.id)
    if (row.expect === 'allow' && isRefused) overblocked.push(row.id)
  }
  const of = (expectation: SsrfExpectation): { n: number; refused: number } =>
    counts.get(expectation) ?? { n: 0, refused: 0 }
  const { n, refused } = of('allow')
  return {
    block: of('block'),
    block_after_dns: of('block_after_dns'),
    block_after_redirect: of('block_after_redirect'),
    allow: { n, allowed: n - refused },
    ambiguous: of('ambiguous'),
    missed,
    overblocked,
  }
}

async function isRefusedWhenPlayed({ url, expect }: SsrfRow): Promise<boolean> {
  const address = expect === 'block_after_dns' ? '127.0.0.1' : PUBLIC_ADDRESS
  if (expect !== 'block_after_redirect') return await isRefused(url, playWorld(address, undefined))
  for (const place of INTERNAL_PLACES) if (!(await isRefused(url, playWorld(address, place)))) return false
  return true
}

/** A guard in a world in which every name leads to one address, but one that leads to this machine, and every server sends on to one place, or answers. */
function playWorld(address: string, location: string | undefined): PublicFetch {
  const send: SendPinned = async ({ onSettled }) => {
    onSettled(0)
    return await Promise.resolve(new PlayedResponse(location))
  }
  const resolve = async (name: string): Promise<readonly string[]> =>
    await Promise.resolve([name === INSIDE ? '127.0.0.1' : address])
  return createPublicFetch({ clock: createSystemClock(), resolve, send })
}

async function isRefused(url: string, guard: PublicFetch): Promise<boolean> {
  try {
    await guard.request({ url, method: 'GET' })
    return false
  } catch (error: unknown) {
    if (CodedError.is(error, 'OUTBOUND_NOT_ALLOWED')) return true
    throw error
  }
}

class PlayedResponse implements OutboundResponse {
  readonly status: number
  readonly body: AsyncIterable<Uint8Array> = emptyBody()
  readonly #location: string | undefined

  constructor(location: string | undefined) {
    this.status = location === undefined ? 200 : 302
    this.#location = location
  }

  header(name: string): string | undefined {
    return name === 'location' ? this.#location : undefined
  }

  async text(): Promise<string> {
    return await Promise.resolve('')
  }

  release(): void {
    // Nothing arrives.
  }

  cancel(): void {
    // Nothing arrives.
  }
}

async function* emptyBody(): AsyncIterable<Uint8Array> {
  // Nothing arrives.
}
