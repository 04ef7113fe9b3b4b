import { isOverdue, type TortureInit } from '../torture.ts'
import { verifyAll } from './books-of-case.ts'
import { Cast, type CastPlan, closeOnSignal } from './cast.ts'
import { type CaseEnd, nameOf, type NetworkCase, playCase } from './play-case.ts'

export type Playing = Pick<TortureInit, 'deadlineMs' | 'log'> & {
  readonly plan: CastPlan
  readonly seed: number
  /** Casts that play at the same time: most of a case is waiting. */
  readonly lanes: number
  readonly fail: (what: string) => void
}

/** Plays all cases, each cast one after the other as long as its members agree; behind a failure others take their place. */
export async function playAll(cases: readonly NetworkCase[], init: Playing): Promise<readonly CaseEnd[]> {
  const hand = new Hand(cases, init)
  const lanes = Array.from({ length: Math.min(init.lanes, cases.length) }, (_, lane) => lane)
  const end = closeOnSignal()
  try {
    return (await Promise.all(lanes.map(async (lane) => await playLane(hand, init, lane)))).flat()
  } finally {
    end()
  }
}

async function playLane(hand: Hand, init: Playing, lane: number): Promise<readonly CaseEnd[]> {
  const ends: CaseEnd[] = []
  const convicts = new Set<string>()
  let cast: Cast | undefined
  const playNext = async ({ each, index }: Dealt): Promise<CaseEnd> => {
    cast ??= await Cast.open(init.plan, init.seed + lane)
    return await playCase(cast, each, `case-${index}`)
  }
  try {
    for (let next = hand.next(); next !== undefined; next = hand.next()) {
      const end = await playNext(next).catch((error: unknown) => failedBy(error))
      ends.push(end)
      hand.took(next, end)
      for (const what of end.failures) init.fail(`case ${next.index}: ${nameOf(next.each)}: ${what}`)
      const { trouble } = next.each
      if (trouble.kind === 'lie' && trouble.lie === 'notary-votes-twice' && end.isTroubled) convicts.add(trouble.party)
      if (end.failures.length === 0) continue
      await cast?.close()
      cast = undefined
      convicts.clear()
    }
    if (cast !== undefined) for (const what of await verifyAll(cast, convicts)) init.fail(what)
  } finally {
    await cast?.close()
  }
  return ends
}

/** The processes could not be started, or the harness did not reach them. */
function failedBy(error: unknown): CaseEnd {
  return { state: 'not played', isTroubled: false, failures: [String(error)], wallMs: 0 }
}

type Dealt = { readonly each: NetworkCase; readonly index: number }

/** Cases that are still to be played, and how long that will take. */
class Hand {
  private readonly cases: readonly NetworkCase[]
  private readonly init: Playing
  private spentMs = 0
  private dealt = 0
  private done = 0

  constructor(cases: readonly NetworkCase[], init: Playing) {
    this.cases = cases
    this.init = init
  }

  next(): Dealt | undefined {
    const each = isOverdue(this.init) ? undefined : this.cases[this.dealt]
    if (each === undefined) return undefined
    this.dealt += 1
    return { each, index: this.dealt }
  }

  took({ each, index }: Dealt, { state, isTroubled, failures, wallMs }: CaseEnd): void {
    this.done += 1
    this.spentMs += wallMs
    const leftMs = (this.spentMs / this.done / this.init.lanes) * (this.cases.length - this.done)
    const how = failures.length === 0 ? state : `FAILED, ${state}`
    const when = isTroubled ? '' : ' before that'
    const left = `${this.done} of ${this.cases.length}, ${Math.ceil(leftMs / 60_000)} min left`
    this.init.log(`case ${index}: ${nameOf(each)}: ${how}${when}, ${wallMs} ms (${left})`)
  }
}
