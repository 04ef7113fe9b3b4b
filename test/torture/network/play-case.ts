import { setTimeout as sleep } from 'node:timers/promises'
import { agreedBalances, type Balances, judgeBooks, type Outcome, unproven } from './books-of-case.ts'
import type { Cast } from './cast.ts'
import type { Asked, Json } from './party.ts'
import { make, nameOfTrouble, type Trouble, type Troubled } from './trouble.ts'

/**
 * Steps of a contract at which something happens; `asked`: before there is one. Nobody sees CAPTURING, which begins and ends in one block: there it happens when the buyer, whose next
 * word captures, has seen the delivery.
 */
export const MOMENTS = ['asked', 'AGREED', 'HELD', 'WORKING', 'DELIVERED', 'CAPTURING', 'SETTLED'] as const

export type NetworkCase = { readonly at: (typeof MOMENTS)[number]; readonly trouble: Trouble }

export type CaseEnd = {
  /** How the contract ended; `none` where the buyer got none. */
  readonly state: string
  /** Whether the moment came before the end, and, of a liar, whether it told a lie. */
  readonly isTroubled: boolean
  readonly failures: readonly string[]
  readonly wallMs: number
}

/** Longest time for a case: all spans of a contract, one after the other, and starts in between. */
const CASE_MS_MAX = 120_000
/** The command has to reach its node first. */
const ASKED_MS = 700

export function nameOf({ at, trouble }: NetworkCase): string {
  return `${nameOfTrouble(trouble)}, from ${at} on`
}

/** Buys once while something goes wrong, until there is an outcome, and judges it by the books. */
export async function playCase(cast: Cast, { at, trouble }: NetworkCase, key: string): Promise<CaseEnd> {
  const startedMs = performance.now()
  const ends = (state: string, rest: Pick<CaseEnd, 'isTroubled' | 'failures'>): CaseEnd => ({
    state,
    ...rest,
    wallMs: Math.round(performance.now() - startedMs),
  })
  await putLiar(cast, trouble)
  const before = await agreedBalances(cast)
  if (typeof before === 'string') return ends('none', { isTroubled: false, failures: [`at the start ${before}`] })
  const over = Promise.withResolvers<'over'>()
  const troubling = when(cast, at, over.promise)
    .then(async (isHere) => (isHere ? await make(cast, trouble, over.promise) : undefined))
    .catch((error: unknown): Troubled => ({ failures: [String(error)], lies: 0 }))
  const outcome = await buyUntilOver(cast, key, startedMs + CASE_MS_MAX).finally(() => over.resolve('over'))
  const troubled = await troubling
  const isTroubled = troubled !== undefined && (trouble.kind !== 'lie' || troubled.lies > 0)
  return ends(outcome.state, { isTroubled, failures: await judge(cast, { outcome, before, troubled }) })
}

type Played = {
  readonly outcome: Outcome
  readonly before: Balances
  readonly troubled: Troubled | undefined
}

async function judge(cast: Cast, { outcome, before, troubled }: Played): Promise<readonly string[]> {
  const failures = [...(troubled?.failures ?? [])]
  const [after, cannot] = await Promise.all([agreedBalances(cast), unproven(cast, outcome.view)])
  failures.push(...cannot, ...(typeof after === 'string' ? [after] : judgeBooks(outcome, before, after)))
  return failures
}

/** One notary at most is a liar, and only where the case says so. */
async function putLiar(cast: Cast, trouble: Trouble): Promise<void> {
  const name = trouble.kind === 'lie' ? trouble.party : undefined
  for (const notary of cast.plan.notaries) {
    const party = cast.party(notary)
    const isLiar = notary === name
    if (party.isLiar === isLiar) continue
    await party.kill()
    await party.start({ isLiar })
  }
}

/** Whether the moment came before the purchase was over. */
async function when(cast: Cast, at: NetworkCase['at'], over: Promise<'over'>): Promise<boolean> {
  if (at === 'asked') return (await Promise.race([sleep(ASKED_MS, 'now' as const), over])) === 'now'
  const seen = Promise.withResolvers<'seen'>()
  const end = cast.onStep(({ to, party }) => {
    if (at === 'CAPTURING' ? to === 'DELIVERED' && party === 'buyer' : to === at) seen.resolve('seen')
  })
  const first = await Promise.race([seen.promise, over])
  end()
  return first === 'seen'
}

/** Asks for the same purchase until it has an end: the command fails while its own node is away. */
async function buyUntilOver(cast: Cast, key: string, deadlineMs: number): Promise<Outcome> {
  const what = ['--skill', 'text.word-count', '--input', 'letter.txt', '--max', '0.5', '--currency', 'USD']
  const how = ['--custody', 'C2', '--timers', 'timers.json', '--newcomer-max', '100', '--idempotency-key', key]
  for (;;) {
    const asked = await cast.buyer.ask('market', 'buy', ...what, ...how)
    const outcome = outcomeOf(asked)
    if (outcome !== undefined) return outcome
    if (performance.now() > deadlineMs) return { state: `waits for ever: ${JSON.stringify(asked.told)}`, view: {} }
    await sleep(200)
  }
}

function outcomeOf({ code, told }: Asked): Outcome | undefined {
  if (code === 0 || code === 1) {
    const { state } = told
    if (typeof state === 'string') return { state, view: told }
  }
  const error = told['error'] as { readonly code?: string; readonly details?: Json } | undefined
  // The purchase itself came to nothing.
  return error?.code === 'MARKET_REFUSED' ? { state: 'none', view: error.details ?? {} } : undefined
}
