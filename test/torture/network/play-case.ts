import { setTimeout as sleep } from 'node:timers/promises'
import type { LinkFault } from './faulty-link.ts'
import type { Asked, Json } from './party.ts'
import { PARTY_NAMES, type PartyName, type Trio, type WireName } from './trio.ts'

/** Steps of a contract at which something happens; `asked`: before there is one. */
export const MOMENTS = ['asked', 'AGREED', 'HELD', 'WORKING', 'DELIVERED', 'CAPTURING', 'SETTLED'] as const

export type NetworkCase = {
  readonly at: (typeof MOMENTS)[number]
  readonly trouble:
    | { readonly kind: 'kill'; readonly party: PartyName }
    | { readonly kind: 'freeze'; readonly party: PartyName; readonly ms: number }
    | { readonly kind: 'wire'; readonly wire: WireName; readonly fault: LinkFault; readonly ms: number }
}

export type CaseEnd = {
  /** How the contract ended; `none` where the buyer got none. */
  readonly state: string
  /** Whether the moment came before the end. */
  readonly isTroubled: boolean
  readonly failures: readonly string[]
  readonly wallMs: number
}

/** Ends that a purchase may come to where machines and wires fail. */
const ENDS = new Set(['FINAL', 'ABORTED', 'VOIDED', 'EXPIRED', 'none'])
/** Longest time for a case: all spans of a contract, one after the other, and starts in between. */
const CASE_MS_MAX = 120_000
const AGREE_MS_MAX = 30_000

export function nameOf({ at, trouble }: NetworkCase): string {
  switch (trouble.kind) {
    case 'kill':
      return `${trouble.party} is killed at ${at}`
    case 'freeze':
      return `${trouble.party} stands still for ${trouble.ms} ms at ${at}`
    case 'wire': {
      const way = trouble.fault.kind === 'one-way' ? ` (${trouble.fault.way})` : ''
      return `${trouble.wire} has ${trouble.fault.kind}${way} at ${at} for ${trouble.ms} ms`
    }
  }
}

/** Buys once while something goes wrong, until there is an outcome, and judges it by the books. */
export async function playCase(trio: Trio, { at, trouble }: NetworkCase, key: string): Promise<CaseEnd> {
  const startedMs = performance.now()
  const before = await balancesOf(trio)
  const ended = Promise.withResolvers<'over'>()
  const troubled = when(trio, at, ended.promise).then(async (isHere) => {
    if (isHere) await make(trio, trouble)
    return isHere
  })
  const outcome = await buyUntilOver(trio, key, startedMs + CASE_MS_MAX)
  ended.resolve('over')
  const isTroubled = await troubled
  const failures = await judge(trio, outcome, before)
  const wallMs = Math.round(performance.now() - startedMs)
  return { state: outcome.state, isTroubled, failures, wallMs }
}

/** Whether the moment came before the purchase was over. */
async function when(trio: Trio, at: NetworkCase['at'], over: Promise<'over'>): Promise<boolean> {
  if (at === 'asked') {
    // The command has to reach its node first.
    return (await Promise.race([sleep(700, 'now' as const), over])) === 'now'
  }
  const seen = Promise.withResolvers<'seen'>()
  const end = trio.onStep(({ to }) => {
    if (to === at) seen.resolve('seen')
  })
  const first = await Promise.race([seen.promise, over])
  end()
  return first === 'seen'
}

async function make(trio: Trio, trouble: NetworkCase['trouble']): Promise<void> {
  if (trouble.kind === 'wire') {
    const wire = trio.wires[trouble.wire]
    await wire.fault(trouble.fault)
    await sleep(trouble.ms)
    await wire.heal()
    return
  }
  const party = trio.parties[trouble.party]
  if (trouble.kind === 'kill') {
    await party.kill()
    await party.start()
    return
  }
  party.freeze()
  await sleep(trouble.ms)
  party.wake()
}

type Outcome = { readonly state: string; readonly view: Json }

/** Asks for the same purchase until it has an end: the command fails while its own node is away. */
async function buyUntilOver(trio: Trio, key: string, deadlineMs: number): Promise<Outcome> {
  const what = ['--skill', 'text.word-count', '--input', 'letter.txt', '--max', '0.5', '--currency', 'USD']
  const how = ['--custody', 'C2', '--timers', 'timers.json', '--newcomer-max', '100', '--idempotency-key', key]
  for (;;) {
    const asked = await trio.parties.buyer.ask('market', 'buy', ...what, ...how)
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

type Balances = { readonly sum: string; readonly buyer: bigint; readonly seller: bigint; readonly held: bigint }

async function balancesOf(trio: Trio): Promise<Balances> {
  const { accounts, sumNanos } = (await trio.parties.notary.do('ledger', 'list')) as unknown as {
    readonly accounts: readonly { readonly owner: string; readonly kind: string; readonly balanceNanos: string }[]
    readonly sumNanos: string
  }
  const of = (isIt: (account: (typeof accounts)[number]) => boolean): bigint =>
    accounts.filter(isIt).reduce((sum, { balanceNanos }) => sum + BigInt(balanceNanos), 0n)
  return {
    sum: sumNanos,
    buyer: of(({ owner, kind }) => owner === trio.didOf('buyer') && kind === 'available'),
    seller: of(({ owner, kind }) => owner === trio.didOf('seller') && kind === 'available'),
    held: of(({ kind }) => kind === 'held'),
  }
}

/** What the books must say of this end. */
async function judge(trio: Trio, { state, view }: Outcome, before: Balances): Promise<readonly string[]> {
  const failures: string[] = []
  if (!ENDS.has(state)) failures.push(`the purchase ended as ${state}`)
  failures.push(...(await disagreements(trio)), ...(await unproven(trio, view)))
  const after = await balancesOf(trio)
  if (after.sum !== '0') failures.push(`the books sum up to ${after.sum}`)
  if (after.held !== 0n) failures.push(`${after.held} nanos are still held`)
  const [captured, fee] = [nanosOf(view, 'capturedNanos'), nanosOf(view, 'feeNanos')]
  if (state === 'FINAL' && captured === 0n) failures.push('FINAL, and nothing was paid')
  if ((state === 'ABORTED' || state === 'VOIDED' || state === 'none') && captured !== 0n)
    failures.push(`${state}, and ${captured} nanos were paid`)
  if (before.buyer - after.buyer !== captured)
    failures.push(`the buyer has paid ${before.buyer - after.buyer} nanos for ${captured}`)
  if (after.seller - before.seller !== captured - fee)
    failures.push(`the seller got ${after.seller - before.seller} nanos of ${captured} with a fee of ${fee}`)
  return failures
}

function nanosOf(view: Json, name: string): bigint {
  const { [name]: nanos } = view
  return typeof nanos === 'string' ? BigInt(nanos) : 0n
}

/** What both parties hold of the contract proves its end to somebody who has nothing else. */
async function unproven(trio: Trio, { contract, state }: Json): Promise<readonly string[]> {
  if (typeof contract !== 'string') return []
  const failures: string[] = []
  for (const name of ['seller', 'buyer'] as const) {
    const file = `${name}-${contract.slice(0, 12)}.json`
    const party = trio.parties[name]
    const exported = await party.ask('escrow', 'export', contract, '--output', file)
    const { code, told } = await party.ask('escrow', 'verify', file, '--notary-set', 'set.json')
    if (exported.code !== 0 || code !== 0 || told['ok'] !== true)
      failures.push(`${name} cannot prove ${String(state)}: ${JSON.stringify([exported.told, told])}`)
  }
  return failures
}

/** Heads of the three that are not one, after the time that they have to tell each other. */
async function disagreements(trio: Trio): Promise<readonly string[]> {
  const deadlineMs = performance.now() + AGREE_MS_MAX
  for (;;) {
    const heads: string[] = []
    for (const name of PARTY_NAMES) {
      const { told } = await trio.parties[name].ask('ledger', 'list')
      heads.push((told['head'] as { readonly hash?: string } | undefined)?.hash ?? `none: ${JSON.stringify(told)}`)
    }
    if (new Set(heads).size === 1) return []
    if (performance.now() > deadlineMs) return [`heads differ: ${heads.join(' ')}`]
    await sleep(100)
  }
}
