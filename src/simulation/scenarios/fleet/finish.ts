import type { PlayEnd } from '../../scenario/scenario.ts'
import type { BookedStep } from '../../../market/notary/books/journaled-books.ts'
import { contractOf } from '../../checks/market-steps.ts'
import { entriesOf } from '../../checks/market-journals.ts'
import { findStampFault } from '../../checks/stamps-monotone.ts'
import { checkMarket } from '../../market/audit/check-market.ts'
import { readBookLines } from '../../market/audit/read-books.ts'
import { judgeReputation } from '../chaos/judge-market.ts'
import type { FleetFaults } from './fleet-faults.ts'
import type { FleetWorld } from './fleet-world.ts'

/** Virtual milliseconds in which what begins behind the faults has to come to its end, and in which honest notaries come to the same head. */
const PROGRESS_MS = 240_000
const AGREE_MS = 60_000
const STEP_MS = 250

/** The last looks of a run: that the market goes on, and what the journals of the honest say. */
export async function finishFleet(world: FleetWorld, faults: FleetFaults): Promise<PlayEnd> {
  const { stage, town, witnesses, liar } = world
  const { checks } = stage
  await goOn(world)
  await comeToOneHead(world)
  const { market } = town
  const books = await checkMarket(market, checks, world.honest)
  const steps = books?.steps ?? []
  checks.check('answers-kept', witnesses.answers.findLost(steps))
  checks.check('stamps-monotone', findStampFault(steps))
  judgeReputation({ town }, (what) => checks.check('reputation-once', what))
  const metrics = {
    entries: steps.length,
    certified: witnesses.certified,
    answers: witnesses.answers.size,
    liar: liar?.machine.machine.name ?? null,
    convicted: [...witnesses.convicted],
    bookedMs: faults.losses.bookedMs ?? null,
    edges: edgesIn(steps),
  }
  return { metrics, state: { entries: (books?.verification.entries ?? 0).toString(), head: headOf(steps) } }
}

/** Behind the faults new work comes in, and is done. */
async function goOn(world: FleetWorld): Promise<void> {
  const { stage, members } = world
  // Sellers that were started anew have to say what they offer.
  for (let step = 0; step < 12; step += 1) await pause(world)
  await members.buyMore()
  const endMs = stage.world.nowMs() + PROGRESS_MS
  while (stage.world.nowMs() < endMs && world.unsettled() !== undefined) await pause(world)
  const open = world.unsettled()
  stage.checks.check('progress', open && `${open}, ${PROGRESS_MS} ms behind the last beginning`)
  // Whoever asks a liar first may wait past a deadline: what it wanted has an end, and not always the one that it wanted.
  stage.checks.check('progress', members.findUnmade(world.isLiedTo))
  for (let step = 0; step < 8; step += 1) await pause(world)
}

/** Nothing is ordered any more, so that all who are honest have the same entries before long. */
async function comeToOneHead(world: FleetWorld): Promise<void> {
  const { stage, town } = world
  const endMs = stage.world.nowMs() + AGREE_MS
  let counts: readonly number[] = []
  do {
    counts = await Promise.all(
      world.honest.map(async (notary) => entriesOf(await readBookLines(town.market, notary)).length),
    )
    if (new Set(counts).size === 1) break
    await pause(world)
  } while (stage.world.nowMs() < endMs)
  const apart = `honest notaries have ${counts.join(', ')} entries ${AGREE_MS} ms behind the last purchase`
  stage.checks.check('heads-agree', new Set(counts).size === 1 ? undefined : apart)
}

/** How often contracts went from one state to another. */
function edgesIn(steps: readonly BookedStep[]): Readonly<Record<string, number>> {
  const edges: Record<string, number> = {}
  for (const step of steps) {
    const { from, to, cause = '' } = contractOf(step) ?? {}
    if (to === undefined || from?.kind === to.kind) continue
    const edge = `${from?.kind ?? 'DRAFT'} > ${to.kind} by ${cause}`
    edges[edge] = (edges[edge] ?? 0) + 1
  }
  return Object.fromEntries(Object.entries(edges).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function headOf(steps: readonly BookedStep[]): string {
  const last = steps.at(-1)
  return last === undefined ? '' : `${last.booked.slot} ${last.booked.message}`
}

async function pause({ stage }: FleetWorld): Promise<void> {
  await new Promise<void>((resolve) => void stage.world.schedule(STEP_MS, { kind: 'look', run: resolve }))
}
