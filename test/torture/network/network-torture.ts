import { createRandomStream } from '../../../src/base/random-stream.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { buildPackage } from '../../build/build-package.ts'
import { isOverdue, type Torture, type TortureFailure, type TortureInit } from '../torture.ts'
import type { LinkFault } from './faulty-link.ts'
import { whyNoNamespaces } from './namespace.ts'
import { type CaseEnd, MOMENTS, nameOf, type NetworkCase, playCase } from './play-case.ts'
import { PARTY_NAMES, Trio, WIRE_NAMES } from './trio.ts'

/** Shorter than any span of the contract, and longer than the longest wait of a party for its notary. */
const [SHORT_MS, LONG_MS] = [3_000, 30_000]

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

/** Every moment of a contract, and everything that can happen to a process or a wire at it. */
export const NETWORK_CASES: readonly NetworkCase[] = MOMENTS.flatMap((at) => [
  ...PARTY_NAMES.map((party): NetworkCase => ({ at, trouble: { kind: 'kill', party } })),
  ...PARTY_NAMES.map((party): NetworkCase => ({ at, trouble: { kind: 'freeze', party, ms: SHORT_MS } })),
  ...WIRE_NAMES.flatMap((wire) =>
    FAULTS.map((each): NetworkCase => ({ at, trouble: { kind: 'wire', wire, ...each } })),
  ),
])

/** A paid task between three processes in three network namespaces: each is killed and frozen at each step, each wire between them is cut at each step. */
export const NETWORK_TORTURE: Torture = {
  name: 'network',
  runsDefault: 1,
  plants: {},
  run: async (init) => {
    const why = whyNoNamespaces()
    if (why !== undefined) throw new Error(why)
    buildPackage()
    const failures: TortureFailure[] = []
    const counts: Record<string, number> = { cases: 0, troubled: 0 }
    for (let round = 0; round < init.runs && !isOverdue(init); round += 1) {
      const seed = init.firstSeed + round
      const fail = (what: string): void => void failures.push({ seed, what })
      for (const end of await playAll(shuffled(NETWORK_CASES, seed), { ...init, seed, fail })) {
        counts['cases'] = (counts['cases'] ?? 0) + 1
        counts['troubled'] = (counts['troubled'] ?? 0) + (end.isTroubled ? 1 : 0)
        counts[`ended_${end.state}`] = (counts[`ended_${end.state}`] ?? 0) + 1
      }
    }
    const hash = sha256Hex(NETWORK_CASES.map(nameOf).join('\n'))
    return { name: 'network', runs: counts['cases'] ?? 0, counts: { ...counts, hash }, failures }
  },
}

type Playing = Pick<TortureInit, 'deadlineMs' | 'log'> & {
  readonly seed: number
  readonly fail: (what: string) => void
}

/** One case after the other with the same three, as long as they agree; behind a failure others take their place. */
export async function playAll(cases: readonly NetworkCase[], init: Playing): Promise<readonly CaseEnd[]> {
  const ends: CaseEnd[] = []
  let trio: Trio | undefined
  try {
    for (const [index, each] of cases.entries()) {
      if (isOverdue(init)) break
      trio ??= await Trio.open(init.seed)
      const end = await playCase(trio, each, `case-${index}`)
      ends.push(end)
      init.log(`${nameOf(each)}: ${end.state}${end.isTroubled ? '' : ' before that'}, ${end.wallMs} ms`)
      for (const what of end.failures) init.fail(`${nameOf(each)}: ${what}`)
      if (end.failures.length === 0) continue
      await trio.close()
      trio = undefined
    }
    for (const what of (await trio?.verify()) ?? []) init.fail(what)
  } finally {
    await trio?.close()
  }
  return ends
}

function shuffled(cases: readonly NetworkCase[], seed: number): readonly NetworkCase[] {
  const random = createRandomStream(seed)
  return cases
    .map((each) => ({ each, place: random.nextUnit() }))
    .toSorted((left, right) => left.place - right.place)
    .map(({ each }) => each)
}
