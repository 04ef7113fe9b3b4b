import type { RateReport, RateSlice, RateStore } from '../../ports/rate-store.ts'
import { type ConformanceCase, expectSame } from './conformance-case.ts'

/** A store of rates, fresh, that any number of members join. */
export type RateStoreSubject = {
  /** The same rates as another member sees them. */
  readonly join: (member: string, leaseMs: number) => RateStore
}

const LONG_MS = 60_000
const SHORT_MS = 40
const NEW: RateReport = {
  scope: 'key:k1',
  kind: 'requests',
  limit: 10,
  usedTotal: 0,
  has: 0,
  wants: 0,
  isNew: true,
  isLeaving: false,
}

async function say(store: RateStore, report: Partial<RateReport>): Promise<RateSlice> {
  const [slice] = await store.exchange([{ ...NEW, ...report }])
  if (slice === undefined) throw new Error('a report has an answer')
  return slice
}

/** Asks until the answer is as wanted; the caller of the suite bounds the time. */
async function until(ask: () => Promise<RateSlice>, isWanted: (slice: RateSlice) => boolean): Promise<void> {
  while (!isWanted(await ask()));
}

const known = (report: Partial<RateReport>): Partial<RateReport> => ({ ...report, isNew: false })

/** Promises of the RateStore port. Its limits are small, so that a minute gives nothing back while a case runs. */
export const RATE_STORE_CASES: readonly ConformanceCase<RateStoreSubject>[] = [
  {
    name: 'members together get no more than the limit, whoever asks',
    run: async ({ join }) => {
      const [one, two] = [join('one', LONG_MS), join('two', LONG_MS)]
      expectSame(await say(one, { wants: 4 }), { has: 4, left: 6 }, 'the first')
      expectSame(await say(two, { wants: 9 }), { has: 6, left: 0 }, 'the second')
      expectSame(await say(one, known({ has: 4, wants: 3 })), { has: 4, left: 0 }, 'the first again')
      const many = await Promise.all(
        Array.from(
          { length: 8 },
          async (_, place) => await say(join(`m${place}`, LONG_MS), { scope: 'node', wants: 3 }),
        ),
      )
      expectSame(
        many.reduce((sum, { has }) => sum + has, 0),
        10,
        'of eight at once',
      )
    },
  },
  {
    name: 'what was used is gone, what is given back is there for others',
    run: async ({ join }) => {
      const [one, two] = [join('one', LONG_MS), join('two', LONG_MS)]
      await say(one, { wants: 10 })
      expectSame(await say(one, known({ usedTotal: 3, has: 7 })), { has: 7, left: 0 }, 'while it keeps the rest')
      expectSame(await say(one, known({ usedTotal: 4, has: 1 })), { has: 1, left: 5 }, 'given back')
      expectSame(await say(two, { wants: 9 }), { has: 5, left: 0 }, 'taken by another')
      expectSame(await say(one, known({ usedTotal: 4, isLeaving: true })), { has: 0, left: 1 }, 'left')
      expectSame(await say(one, { wants: 9 }), { has: 1, left: 0 }, 'begun anew')
    },
  },
  {
    name: 'a report that comes again counts nothing twice',
    run: async ({ join }) => {
      const one = join('one', LONG_MS)
      for (let time = 0; time < 3; time += 1) expectSame(await say(one, { wants: 4 }), { has: 4, left: 6 }, 'new')
      const next = known({ usedTotal: 3, has: 1, wants: 2 })
      for (let time = 0; time < 3; time += 1) expectSame(await say(one, next), { has: 3, left: 4 }, 'used')
    },
  },
  {
    name: 'more than there was is a debt, and what was too much is given back',
    run: async ({ join }) => {
      const [one, two] = [join('one', LONG_MS), join('two', LONG_MS)]
      const tokens = { kind: 'tokens' } as const
      await say(one, { ...tokens, wants: 4 })
      expectSame(await say(one, known({ ...tokens, usedTotal: 13 })), { has: 0, left: -3 }, 'used more')
      expectSame(await say(two, { ...tokens, wants: 1 }), { has: 0, left: -3 }, 'nobody gets any')
      expectSame(await say(one, known({ ...tokens, usedTotal: 6, has: 0 })), { has: 0, left: 4 }, 'used less')
      expectSame(await say(two, known({ ...tokens, wants: 9 })), { has: 4, left: 0 }, 'and another may')
    },
  },
  {
    name: 'a bucket is refilled by its rate, and never beyond it with what is in slices',
    run: async ({ join }) => {
      const [one, two] = [join('one', LONG_MS), join('two', LONG_MS)]
      const [used, kept] = [{ limit: 60_000 }, { limit: 60_000, scope: 'key:kept' }] as const
      for (const fast of [used, kept]) await say(one, { ...fast, wants: 60_000 })
      const ask = async (): Promise<RateSlice> => await say(one, known({ ...used, usedTotal: 60_000 - 20, has: 20 }))
      await until(ask, ({ left }) => left >= 5)
      const whole = known({ ...kept, has: 60_000 })
      expectSame(await say(one, whole), { has: 60_000, left: 0 }, 'what is in a slice is not there twice')
      expectSame((await say(two, { ...kept, wants: 1 })).has, 0, 'for others neither')
    },
  },
  {
    name: 'requests at a time are those of all members',
    run: async ({ join }) => {
      const [one, two] = [join('one', LONG_MS), join('two', LONG_MS)]
      const running = { kind: 'running', limit: 3 } as const
      expectSame(await say(one, { ...running, wants: 2 }), { has: 2, left: 1 }, 'one')
      expectSame(await say(two, { ...running, wants: 2 }), { has: 1, left: 0 }, 'two')
      expectSame(await say(one, known({ ...running, has: 1 })), { has: 1, left: 1 }, 'one has ended one')
      expectSame(await say(two, known({ ...running, has: 1, wants: 2 })), { has: 2, left: 0 }, 'two takes its place')
      expectSame(await say(two, known({ ...running, limit: 2, has: 2, wants: 1 })), { has: 2, left: -1 }, 'lowered')
    },
  },
  {
    name: 'of a member that is silent for its lease what is running has ended, and what it had is used',
    run: async ({ join }) => {
      const [dead, alive] = [join('dead', SHORT_MS), join('alive', LONG_MS)]
      // What lapses last is waited for.
      await say(dead, { wants: 6 })
      await say(dead, { kind: 'running', wants: 9 })
      await until(
        async () => await say(alive, known({ kind: 'running', wants: 0 })),
        ({ left }) => left === 10,
      )
      expectSame(await say(alive, { wants: 9 }), { has: 4, left: 0 }, 'what was not given back')
      expectSame(await say(dead, known({ usedTotal: 2, has: 4 })), { has: 0, left: 0 }, 'it has nothing any more')
    },
  },
  {
    name: 'several rates are answered in the order in which they were asked for',
    run: async ({ join }) => {
      const scopes = ['tenant:b', 'key:z', 'tenant:a']
      const slices = await join('one', LONG_MS).exchange(
        scopes.map((scope, place) => ({ ...NEW, scope, limit: 10 + place, wants: 1 })),
      )
      expectSame(
        slices.map(({ left }) => left),
        [9, 10, 11],
        'what is left',
      )
    },
  },
]
