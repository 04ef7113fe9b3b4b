import { FOUR, partiesOf, TRIO, wiresOf } from './cast.ts'
import type { LinkFault } from './faulty-link.ts'
import { MOMENTS, type NetworkCase } from './play-case.ts'
import { type Trouble, UNTIL_OVER } from './trouble.ts'

/** Shorter than any span of the contract, and longer than the longest wait of a party for its notary. */
const [SHORT_MS, LONG_MS] = [3_000, 30_000]
/** Long enough for several views that decide nothing. */
const WITHOUT_QUORUM_MS = 6_000

const FAULTS: readonly { readonly fault: LinkFault; readonly ms: number }[] = [
  { fault: { kind: 'reset' }, ms: 0 },
  { fault: { kind: 'half-open' }, ms: 0 },
  { fault: { kind: 'stall' }, ms: SHORT_MS },
  { fault: { kind: 'stall' }, ms: LONG_MS },
  { fault: { kind: 'one-way', way: 'out' }, ms: SHORT_MS },
  { fault: { kind: 'one-way', way: 'back' }, ms: SHORT_MS },
  { fault: { kind: 'delay', delayMs: 150, jitterMs: 300 }, ms: SHORT_MS },
  { fault: { kind: 'rate', bytesPerSecond: 4_000 }, ms: SHORT_MS },
]

/** Lies of a notary, and what their strengths say: which frames it keeps from whom, which of two votes comes first, how far its clock is off. */
const LIES: readonly { readonly lie: string; readonly strength: number }[] = [
  { lie: 'notary-votes-twice', strength: 0.2 },
  { lie: 'notary-votes-twice', strength: 0.8 },
  // All that it would say; and its proposals, so that others run into their timers.
  { lie: 'notary-withholds', strength: 0.77 },
  { lie: 'notary-withholds', strength: 0.02 },
  { lie: 'notary-stamps-falsely', strength: 0.1 },
  { lie: 'notary-stamps-falsely', strength: 0.3 },
  { lie: 'notary-stamps-falsely', strength: 0.6 },
  { lie: 'notary-stamps-falsely', strength: 0.8 },
  { lie: 'notary-goes-on', strength: 0.5 },
]

/** Everything that can happen to one of three processes or to a wire between them, at every moment of a contract. */
export const NETWORK_CASES: readonly NetworkCase[] = everyMoment([
  ...partiesOf(TRIO).flatMap((party): readonly Trouble[] => [
    { kind: 'kill', party },
    { kind: 'freeze', parties: [party], ms: SHORT_MS },
  ]),
  ...wiresOf(TRIO).flatMap(({ name }) => FAULTS.map((each): Trouble => ({ kind: 'wire', wire: name, ...each }))),
])

/** One of four notaries away or lying, and two of them away, at every moment of a contract. */
export const NOTARIES_CASES: readonly NetworkCase[] = everyMoment([
  ...FOUR.notaries.flatMap((party): readonly Trouble[] => [
    { kind: 'kill', party },
    { kind: 'down', parties: [party], ms: UNTIL_OVER },
    { kind: 'freeze', parties: [party], ms: UNTIL_OVER },
    { kind: 'part', parties: [party], ms: UNTIL_OVER },
  ]),
  ...pairsOf(FOUR.notaries).flatMap((parties) =>
    (['down', 'freeze', 'part'] as const).map((kind): Trouble => ({ kind, parties, ms: WITHOUT_QUORUM_MS })),
  ),
  ...FOUR.notaries.flatMap((party) => LIES.map((each): Trouble => ({ kind: 'lie', party, ...each }))),
])

/** All troubles once, each at the next moment, before any of them comes a second time: what is played first is of every kind. */
function everyMoment(troubles: readonly Trouble[]): readonly NetworkCase[] {
  return MOMENTS.flatMap((_, round) =>
    oneOfEachKind(troubles).map((trouble, index): NetworkCase => {
      const at = MOMENTS[(index + round) % MOMENTS.length] ?? 'asked'
      return { at, trouble }
    }),
  )
}

/** The first of each kind, then the second ones, and so on. */
function oneOfEachKind(troubles: readonly Trouble[]): readonly Trouble[] {
  const kinds = Object.values(Object.groupBy(troubles, kindOf)).map((kind) => kind ?? [])
  const most = Math.max(...kinds.map(({ length }) => length))
  return Array.from({ length: most }, (_, place) => kinds.flatMap((kind) => kind.slice(place, place + 1))).flat()
}

function kindOf(trouble: Trouble): string {
  switch (trouble.kind) {
    case 'kill':
      return trouble.kind
    case 'lie':
      return `${trouble.lie} ${trouble.strength}`
    case 'wire':
      return JSON.stringify([trouble.fault, trouble.ms])
    default:
      return `${trouble.kind} ${trouble.parties.length}`
  }
}

function pairsOf(names: readonly string[]): readonly (readonly string[])[] {
  return names.flatMap((first, index) => names.slice(index + 1).map((second) => [first, second]))
}
