import type { Claim, Claims } from '../../ports/claims.ts'
import { type ConformanceCase, expectRejection, expectSame } from './conformance-case.ts'

/** Claims on one store, fresh, of any number of processes. */
export type ClaimsSubject = {
  /** The claims of another process. `stop`: it dies, and gives no more signs. */
  readonly join: (owner: string, leaseMs: number) => Claims & { stop(): void }
}

const LONG_MS = 60_000
/** Short enough to be waited for, and long enough for a process that is held up for a moment. */
const SHORT_MS = 1_000

const isThere = (claim: Claim | undefined): boolean => claim !== undefined

/** Promises of the Claims port. */
export const CLAIMS_CASES: readonly ConformanceCase<ClaimsSubject>[] = [
  {
    name: 'a claim is of one process at a time, and free once that lets go',
    run: async ({ join }) => {
      const [one, two] = [join('one', LONG_MS), join('two', LONG_MS)]
      expectSame([one.leaseMs, await one.isTaken('a')], [LONG_MS, false], 'before')
      const first = await one.take('a')
      const others = [isThere(await two.take('a')), isThere(await one.take('a'))]
      expectSame([isThere(first), ...others, await two.isTaken('a')], [true, false, false, true], 'while it is held')
      await first?.release()
      await first?.release()
      expectSame(await two.isTaken('a'), false, 'let go')
      const second = await two.take('a')
      await first?.release()
      const after = [isThere(second), await one.isTaken('a'), await one.isTaken('b')]
      expectSame(after, [true, true, false], 'what was let go before takes nothing away')
    },
  },
  {
    name: 'of many who want the same at once one gets it',
    run: async ({ join }) => {
      const both = [join('one', LONG_MS), join('two', LONG_MS)]
      for (let round = 0; round < 20; round += 1) {
        const asked = Array.from({ length: 4 }, () => both).flat()
        const taken = await Promise.all(asked.map(async (claims) => await claims.take(`round/${round}`)))
        expectSame(taken.filter(isThere).length, 1, `round ${round}`)
      }
    },
  },
  {
    name: 'a claim lasts beyond its lease while its process gives signs, and ends when that dies',
    run: async ({ join }) => {
      const [one, two] = [join('one', SHORT_MS), join('two', SHORT_MS)]
      const claim = await one.take('a')
      const untilMs = performance.now() + 2.5 * SHORT_MS
      let looks = 0
      while (performance.now() < untilMs) {
        expectSame(isThere(await two.take('a')), false, 'while it gives signs')
        looks += 1
      }
      expectSame([looks > 3, claim?.lost.aborted], [true, false], 'it is not lost')
      one.stop()
      const diedMs = performance.now()
      let taken = await two.take('a')
      while (taken === undefined && performance.now() < diedMs + 10 * SHORT_MS) taken = await two.take('a')
      expectSame([isThere(taken), await two.isTaken('a')], [true, true], 'behind the lease of the dead')
    },
  },
  {
    name: 'names are 1 to 1,000 printable ASCII characters without spaces, and no other one is taken',
    run: async ({ join }) => {
      const one = join('one', LONG_MS)
      const isTypeError = (error: unknown): boolean => error instanceof TypeError
      for (const name of ['', 'x'.repeat(1_001), 'a b', 'ü', 'a\0']) {
        await expectRejection(async () => await one.take(name), isTypeError, JSON.stringify(name.slice(0, 9)))
        expectSame(await one.isTaken(name), false, JSON.stringify(name.slice(0, 9)))
      }
      expectSame(isThere(await one.take('x'.repeat(1_000))), true, 'the longest')
    },
  },
]
