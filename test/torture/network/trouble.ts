import { setTimeout as sleep } from 'node:timers/promises'
import type { Cast } from './cast.ts'
import type { LinkFault } from './faulty-link.ts'

/** What goes wrong. `ms` is how long at most: what lasts ends with the purchase. */
export type Trouble =
  /** Starts again at once. */
  | { readonly kind: 'kill'; readonly party: string }
  /** Killed, and started again later. */
  | { readonly kind: 'down'; readonly parties: readonly string[]; readonly ms: number }
  | { readonly kind: 'freeze'; readonly parties: readonly string[]; readonly ms: number }
  /** No wire leads there. */
  | { readonly kind: 'part'; readonly parties: readonly string[]; readonly ms: number }
  | { readonly kind: 'wire'; readonly wire: string; readonly fault: LinkFault; readonly ms: number }
  | { readonly kind: 'lie'; readonly party: string; readonly lie: string; readonly strength: number }

/** Longer than any case. */
export const UNTIL_OVER = 600_000
/** What two members had under way when two others left is decided by then. */
const SETTLE_MS = 1_500

export type Troubled = {
  readonly failures: readonly string[]
  /** Lies that were told. */
  readonly lies: number
}

export function nameOfTrouble(trouble: Trouble): string {
  switch (trouble.kind) {
    case 'kill':
      return `${trouble.party} is killed`
    case 'down':
      return `${whoIs(trouble.parties)} down for ${spanOf(trouble.ms)}`
    case 'freeze':
      return `${whoIs(trouble.parties)} standing still for ${spanOf(trouble.ms)}`
    case 'part':
      return `${whoIs(trouble.parties)} parted from all for ${spanOf(trouble.ms)}`
    case 'wire': {
      const way = trouble.fault.kind === 'one-way' ? ` (${trouble.fault.way})` : ''
      return `${trouble.wire} has ${trouble.fault.kind}${way} for ${spanOf(trouble.ms)}`
    }
    case 'lie':
      return `${trouble.party} lies: ${trouble.lie} (${trouble.strength})`
  }
}

/** Makes it, and what was before again. */
export async function make(cast: Cast, trouble: Trouble, over: Promise<'over'>): Promise<Troubled> {
  switch (trouble.kind) {
    case 'kill': {
      const party = cast.party(trouble.party)
      await party.kill()
      await party.start()
      return NOTHING_WRONG
    }
    case 'wire':
      await cast.set(trouble.wire, trouble.fault)
      await span(trouble.ms, over)
      await cast.set(trouble.wire)
      return NOTHING_WRONG
    case 'lie': {
      const liar = cast.party(trouble.party)
      const before = await liar.lie(trouble.lie, trouble.strength)
      await over
      const lies = (await liar.lie(trouble.lie)) - before
      return { failures: [], lies }
    }
    default:
      return await doWithout(cast, trouble, over)
  }
}

const NOTHING_WRONG: Troubled = { failures: [], lies: 0 }

type Absence = Extract<Trouble, { readonly kind: 'down' | 'freeze' | 'part' }>

/** More members away than may lie: the others decide nothing in the meantime. */
async function doWithout(cast: Cast, trouble: Absence, over: Promise<'over'>): Promise<Troubled> {
  await leave(cast, trouble)
  const { notaries, f } = cast.plan
  const left = notaries.filter((name) => !trouble.parties.includes(name))
  const isStuck = left.length > 0 && left.length < notaries.length - f
  await sleep(isStuck ? SETTLE_MS : 0)
  const before = isStuck ? await slotsOf(cast, left) : []
  await span(trouble.ms, over)
  const after = isStuck ? await slotsOf(cast, left) : []
  await comeBack(cast, trouble)
  const failures = before.flatMap((slot, index) =>
    slot === after[index] ? [] : [`${left[index]} went on from ${slot} to ${after[index]} without a quorum`],
  )
  return { failures, lies: 0 }
}

async function leave(cast: Cast, { kind, parties }: Absence): Promise<void> {
  for (const name of parties) {
    const party = cast.party(name)
    if (kind === 'down') await party.kill()
    else if (kind === 'freeze') party.freeze()
    else for (const wire of wiresTo(cast, name)) await cast.set(wire, { kind: 'stall' })
  }
}

async function comeBack(cast: Cast, { kind, parties }: Absence): Promise<void> {
  for (const name of parties) {
    const party = cast.party(name)
    if (kind === 'down') await party.start()
    else if (kind === 'freeze') party.wake()
    else for (const wire of wiresTo(cast, name)) await cast.set(wire)
  }
}

function wiresTo(cast: Cast, name: string): readonly string[] {
  return [...cast.wires.values()].filter(({ from, to }) => from === name || to === name).map((wire) => wire.name)
}

async function slotsOf(cast: Cast, names: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(
    names.map(async (name) => {
      const told = await cast.booksOf(name)
      return JSON.stringify(told['head'] ?? told)
    }),
  )
}

/** Until the purchase is over, or so long. */
async function span(ms: number, over: Promise<'over'>): Promise<void> {
  const timeout = new AbortController()
  await Promise.race([over, sleep(ms, undefined, { signal: timeout.signal }).catch(() => {})])
  timeout.abort()
}

function whoIs(parties: readonly string[]): string {
  return `${parties.join(' and ')} ${parties.length === 1 ? 'is' : 'are'}`
}

function spanOf(ms: number): string {
  return ms === UNTIL_OVER ? 'the rest' : `${ms} ms`
}
