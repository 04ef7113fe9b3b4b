import { createRandomStream, type RandomStream } from '../../../src/base/random-stream.ts'
import { type Did, parseDid } from '../../../src/core/evidence/names.ts'
import type { Study, StudyInit, StudyReport } from '../study.ts'
import { firstListed, winnersPlace } from './equal-bids.ts'

const BIDDERS = 4
/** 95 % of a normal distribution lie so many deviations around its middle. */
const DEVIATIONS = 1.96
const TOLERANCE = 0.02
/** So that the whole interval, and not its middle alone, may lie within the tolerance. */
const HALF_WIDTH = TOLERANCE / 2

type Case = { readonly name: string; readonly play: (bidders: readonly Did[], random: RandomStream) => number }

const CASES: readonly Case[] = [
  ...(['first', 'second'] as const).flatMap((kind) =>
    [true, false].map((hasBeacon) => ({
      name: `sealed, ${kind} price, ${hasBeacon ? 'ties by the beacon' : 'ties by the commitment'}`,
      play: (bidders: readonly Did[], random: RandomStream) => winnersPlace({ kind, hasBeacon, bidders, random }),
    })),
  ),
  { name: 'standing offers', play: (bidders, random) => firstListed({ bidders, random }) },
]

type Advantage = { readonly name: string; readonly rounds: number; readonly ratio: number; readonly halfWidth: number }

/**
 * Whether it pays to be first: `P(win | first to arrive) / P(win | other place)` at equal bids, through the machines that decide. A ratio of shares of N rounds with n bidders
 * has, at 1, the deviation `n / sqrt((n - 1) N)` (delta method: Casella and Berger, Statistical Inference, 2002, 5.5.4).
 */
export const study: Study = {
  name: 'advantage',
  summary: 'whether the first to arrive wins more often at equal bids',
  run: async (init) => await Promise.resolve(measure(init)),
}

/** Rounds after which the interval of 95 % is as narrow as is wanted. */
export function roundsFor(bidders: number, halfWidth: number): number {
  const deviation = bidders / Math.sqrt(bidders - 1)
  return Math.ceil(((DEVIATIONS * deviation) / halfWidth) ** 2)
}

function measure({ seeds, log }: StudyInit): StudyReport {
  const rounds = seeds === undefined ? roundsFor(BIDDERS, HALF_WIDTH) : seeds.to - seeds.from + 1
  const rows = CASES.map(({ name, play }, index) => {
    const random = createRandomStream((seeds?.from ?? 1) * CASES.length + index)
    let first = 0
    for (let round = 0; round < rounds; round += 1) {
      const bidders = Array.from({ length: BIDDERS }, () => didOf(random))
      if (play(bidders, random) === 0) first += 1
    }
    log(`${name}: ${rounds} rounds`)
    return advantageOf(name, first, rounds)
  })
  return {
    name: 'advantage',
    runs: rounds * CASES.length,
    figures: { bidders: BIDDERS, roundsNeeded: roundsFor(BIDDERS, TOLERANCE), cases: rows },
    findings: rows.map(({ name, ratio, halfWidth }) => ({
      what: `${name}: ${ratio.toFixed(4)} +- ${halfWidth.toFixed(4)} is within 1.00 +- ${TOLERANCE}`,
      // The whole interval: few rounds would be within it by luck.
      isMet: Math.abs(ratio - 1) + halfWidth <= TOLERANCE,
    })),
    table: [
      `${BIDDERS} bidders, ${rounds} rounds a case; ${roundsFor(BIDDERS, TOLERANCE)} are needed for +- ${TOLERANCE} with 95 %`,
      'An English auction takes no bid that equals the standing one, so that there are no equal bids to tell apart',
    ],
    charts: [],
  }
}

function advantageOf(name: string, first: number, rounds: number): Advantage {
  const share = first / rounds
  const ratio = (share * (BIDDERS - 1)) / (1 - share)
  const slope = (BIDDERS - 1) / ((1 - share) * (1 - share))
  return { name, rounds, ratio, halfWidth: DEVIATIONS * slope * Math.sqrt((share * (1 - share)) / rounds) }
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

function didOf(random: RandomStream): Did {
  const digits = Array.from({ length: 44 }, () => BASE58[random.nextBelow(BASE58.length)])
  const did = parseDid(`did:key:z6Mk${digits.join('')}`)
  if (did === undefined) throw new TypeError('A name of the study is none')
  return did
}
