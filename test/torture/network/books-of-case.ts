import { setTimeout as sleep } from 'node:timers/promises'
import type { Cast } from './cast.ts'
import type { Asked, Json, Party } from './party.ts'

/** How a purchase ended for the one who asked. */
export type Outcome = {
  /** `none` where the buyer got no contract. */
  readonly state: string
  readonly view: Json
}

/** Money as the books of the set say. */
export type Balances = {
  readonly sum: bigint
  readonly buyer: bigint
  readonly seller: bigint
  readonly held: bigint
}

/** Ends that a purchase may come to where machines and wires fail. */
const ENDS = new Set(['FINAL', 'ABORTED', 'VOIDED', 'EXPIRED', 'none'])
const AGREE_MS_MAX = 60_000
/** Longer than it takes to notice a dead wire. */
const EXPORTED_MS_MAX = 45_000
/** A node answers so many questions a minute, and no more. */
const AGAIN_MS = 250

/** Balances that everybody tells alike, after the time that they have to tell each other. `undefined`: they do not agree. */
export async function agreedBalances(cast: Cast): Promise<Balances | string> {
  const deadlineMs = performance.now() + AGREE_MS_MAX
  for (;;) {
    const told = await Promise.all(cast.names.map(async (name) => ({ name, told: await cast.booksOf(name) })))
    const heads = told.map(({ name, told: books }) => `${name} ${headOf(books)}`)
    const [first] = told
    if (first !== undefined && new Set(told.map(({ told: books }) => headOf(books))).size === 1) {
      return balancesIn(cast, first.told)
    }
    if (performance.now() > deadlineMs) return `heads differ: ${heads.join(', ')}`
    await sleep(AGAIN_MS)
  }
}

/** What the books must say of this end. */
export function judgeBooks({ state, view }: Outcome, before: Balances, after: Balances): readonly string[] {
  const failures: string[] = []
  if (!ENDS.has(state)) failures.push(`the purchase ended as ${state}`)
  if (after.sum !== 0n) failures.push(`the books sum up to ${after.sum}`)
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

/** What both parties hold of the contract proves its end to somebody who has nothing else. */
export async function unproven(cast: Cast, { contract, state }: Json): Promise<readonly string[]> {
  if (typeof contract !== 'string') return []
  const found = await Promise.all(
    [cast.seller, cast.buyer].map(async (party) => {
      const file = `${party.name}-${contract.slice(0, 12)}.json`
      const exported = await exportOf(party, contract, file)
      const { code, told } = await party.ask('escrow', 'verify', file, '--notary-set', 'set.json')
      if (exported.code === 0 && code === 0 && told['ok'] === true) return []
      return [`${party.name} cannot prove ${String(state)}: ${JSON.stringify([exported.told, told])}`]
    }),
  )
  return found.flat()
}

/** A wire may be dead behind a case without anybody knowing: what says that it may be asked again is, for a while. */
async function exportOf(party: Party, contract: string, file: string): Promise<Asked> {
  const untilMs = performance.now() + EXPORTED_MS_MAX
  for (;;) {
    const exported = await party.ask('escrow', 'export', contract, '--output', file)
    const { code } = (exported.told['error'] ?? {}) as { readonly code?: string }
    if (code !== 'NOTARY_UNREACHABLE' || performance.now() > untilMs) return exported
  }
}

/** Stops all in order. `convicts`: notaries that have voted twice. @returns What is wrong with what they leave. */
export async function verifyAll(cast: Cast, convicts: ReadonlySet<string>): Promise<readonly string[]> {
  const failures: string[] = []
  for (const name of cast.names.toReversed()) {
    const code = await cast.party(name).stop()
    if (code !== 0) failures.push(`${name} ended with ${code}`)
  }
  const { notaries } = cast.plan
  // One journal of several is the word of one member, whoever is named beside it.
  const besides = (name: string): readonly string[] =>
    !notaries.includes(name)
      ? []
      : ['--notary-set', 'set.json', ...notaries.flatMap((other) => (other === name ? [] : ['--against', other]))]
  const asked = await Promise.all(
    cast.names.map(async (name) => ({
      name,
      ...(await cast.party(name).ask('ledger', 'verify', name, ...besides(name))),
    })),
  )
  for (const { name, code, told } of asked) {
    const forks = (told['against'] ?? []) as readonly { readonly fork?: { readonly kind?: string } }[]
    if (code !== 0 || told['ok'] !== true || forks.some(({ fork }) => fork?.kind !== 'same'))
      failures.push(`the directory of ${name}: ${JSON.stringify(told)}`)
  }
  return [...failures, ...(await wrongConvictions(cast, convicts))]
}

/** Each notary knows the others that have voted twice, and takes nobody else for a liar. */
async function wrongConvictions(cast: Cast, convicts: ReadonlySet<string>): Promise<readonly string[]> {
  const found = await Promise.all(
    cast.plan.notaries.map(async (name) => {
      const { told } = await cast.party(name).ask('doctor')
      const checks = (told['checks'] ?? []) as readonly { readonly name: string; readonly detail: string }[]
      const details = checks.filter((check) => check.name === 'notary set').map(({ detail }) => detail)
      return cast.plan.notaries.flatMap((other) => {
        const isConvicted = details.some((detail) => detail.includes(cast.didOf(other)))
        if (other === name || isConvicted === convicts.has(other)) return []
        return [`${name} ${isConvicted ? 'takes' : 'does not take'} ${other} for a liar: ${JSON.stringify(details)}`]
      })
    }),
  )
  return found.flat()
}

type Account = { readonly owner: string; readonly kind: string; readonly balanceNanos: string }

function balancesIn(cast: Cast, books: Json): Balances {
  const { accounts } = books as { readonly accounts: readonly Account[] }
  const of = (isIt: (account: Account) => boolean): bigint =>
    accounts.filter(isIt).reduce((sum, { balanceNanos }) => sum + BigInt(balanceNanos), 0n)
  return {
    sum: of(() => true),
    buyer: of(({ owner, kind }) => owner === cast.didOf('buyer') && kind === 'available'),
    seller: of(({ owner, kind }) => owner === cast.didOf('seller') && kind === 'available'),
    held: of(({ kind }) => kind === 'held'),
  }
}

function headOf(books: Json): string {
  return (books['head'] as { readonly hash?: string } | undefined)?.hash ?? `none: ${JSON.stringify(books)}`
}

function nanosOf(view: Json, name: string): bigint {
  const { [name]: nanos } = view
  return typeof nanos === 'string' ? BigInt(nanos) : 0n
}
