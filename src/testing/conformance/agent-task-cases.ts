import type {
  AgentTaskBounds,
  AgentTaskHead,
  AgentTaskName,
  AgentTaskPhase,
  AgentTaskQuery,
  AgentTaskRecord,
  AgentTaskStore,
} from '../../ports/agent-task-store.ts'
import { type ConformanceCase, expectRejection, expectSame } from './conformance-case.ts'

/** Tasks on one store, fresh. */
export type AgentTaskSubject = {
  readonly store: AgentTaskStore
  /** The process dies, and gives no more signs. @returns The same tasks as one that comes after it has them. */
  readonly afterDeath: () => Promise<AgentTaskStore>
}

const BOUNDS: AgentTaskBounds = { countMax: 3, oldest: instant(0) }
const PHASES = { 2: 'running', 3: 'ended', 5: 'ended', 6: 'waiting' } as const satisfies Record<number, AgentTaskPhase>
const ENCODER = new TextEncoder()

function instant(second: number): string {
  return `2026-01-01T00:00:${String(second).padStart(2, '0')}.000Z`
}

type Made = {
  readonly state?: keyof typeof PHASES
  readonly second?: number
  readonly contextId?: string
  readonly text?: string
}

function record(id: string, { state = 2, second = 1, contextId = 'c', text = id }: Made = {}): AgentTaskRecord {
  const head: AgentTaskHead = { id, contextId, state, phase: PHASES[state], timestamp: instant(second) }
  return { head, bytes: ENCODER.encode(text) }
}

/** Adds one, and lets go of it in the state that is wanted. */
async function put(store: AgentTaskStore, owner: string, made: AgentTaskRecord): Promise<void> {
  const adding = await store.add(
    owner,
    { ...made, head: { ...made.head, state: 2, phase: 'running' } },
    { ...BOUNDS, countMax: 99 },
  )
  expectSame(adding.kind, 'added', made.head.id)
  expectSame(await store.write(owner, made, { isKept: false }), true, `${made.head.id} is written`)
}

async function shown(store: AgentTaskStore, owner: string, id: string): Promise<readonly unknown[]> {
  const found = await store.get({ owner, id })
  return found === undefined ? [] : [found.standing, new TextDecoder().decode(found.bytes)]
}

const listed = async (store: AgentTaskStore, owner: string, query: Partial<AgentTaskQuery> = {}): Promise<unknown> => {
  const { places, isLast, total } = await store.list(owner, { limit: 10, ...query })
  return [places.map(({ id }) => id).join(''), isLast, total]
}

const idsOf = (names: readonly AgentTaskName[]): readonly string[] =>
  names.map(({ owner, id }) => `${owner}/${id}`).toSorted()

/** Promises of the AgentTaskStore port. */
export const AGENT_TASK_STORE_CASES: readonly ConformanceCase<AgentTaskSubject>[] = [
  {
    name: 'a task is its owner’s alone, under an id that another one may have too',
    run: async ({ store }) => {
      await put(store, 'acme', record('a', { state: 3, text: 'theirs' }))
      expectSame(await shown(store, 'other', 'a'), [], 'for somebody else')
      expectSame(await listed(store, 'other'), ['', true, 0], 'the list of somebody else')
      await put(store, 'other', record('a', { state: 5, text: 'mine' }))
      expectSame(await shown(store, 'acme', 'a'), ['free', 'theirs'], 'of the one')
      expectSame(await shown(store, 'other', 'a'), ['free', 'mine'], 'of the other')
      expectSame(
        (await store.statesOf('a')).toSorted((one, other) => one - other),
        [3, 5],
        'whosever',
      )
      expectSame(await store.statesOf('b'), [], 'of one that is not there')
    },
  },
  {
    name: 'one that is held is written by its holder until that lets go, and not before it was added',
    run: async ({ store }) => {
      expectSame(await store.write('acme', record('a'), { isKept: true }), false, 'before')
      expectSame(await store.add('acme', record('a'), BOUNDS), { kind: 'added', gone: [] }, 'added')
      expectSame((await store.add('acme', record('a'), BOUNDS)).kind, 'taken', 'a second one')
      expectSame(await shown(store, 'acme', 'a'), ['here', 'a'], 'held')
      expectSame(await store.hold({ owner: 'acme', id: 'a' }), false, 'held once more')
      expectSame(await store.write('acme', record('a', { text: 'more' }), { isKept: true }), true, 'kept')
      expectSame(await store.write('acme', record('a', { state: 6, text: 'all' }), { isKept: false }), true, 'let go')
      expectSame(await shown(store, 'acme', 'a'), ['free', 'all'], 'as it is then')
      expectSame(await store.write('acme', record('a', { text: 'no' }), { isKept: true }), false, 'held no more')
      expectSame(await shown(store, 'acme', 'a'), ['free', 'all'], 'nothing was written')
    },
  },
  {
    name: 'one that waits for its sender is held by one at a time, as it is',
    run: async ({ store }) => {
      const name = { owner: 'acme', id: 'a' }
      await put(store, 'acme', record('a', { state: 6 }))
      await put(store, 'acme', record('b', { state: 3 }))
      const tries = await Promise.all(Array.from({ length: 4 }, async () => await store.hold(name)))
      expectSame(tries.filter(Boolean).length, 1, 'of several at once')
      expectSame(await shown(store, 'acme', 'a'), ['here', 'a'], 'held')
      await store.letGo(name)
      await store.letGo(name)
      expectSame(await shown(store, 'acme', 'a'), ['free', 'a'], 'let go')
      const others = [
        await store.hold(name),
        await store.hold({ ...name, id: 'b' }),
        await store.hold({ ...name, id: 'c' }),
      ]
      expectSame(others, [true, false, false], 'again, one that has ended, one that is not there')
    },
  },
  {
    name: 'of an owner so many are kept: the oldest that have ended make room, and unfinished ones do not',
    run: async ({ store }) => {
      for (const [place, id] of ['a', 'b', 'c'].entries())
        await put(store, 'acme', record(id, { state: 3, second: 9 - place }))
      expectSame(await store.hasRoom('acme', BOUNDS), true, 'some have ended')
      expectSame(await store.add('acme', record('d'), BOUNDS), { kind: 'added', gone: ['c'] }, 'the oldest goes')
      await store.add('acme', record('e'), BOUNDS)
      await store.add('acme', record('f'), BOUNDS)
      expectSame(await listed(store, 'acme'), ['fed', true, 3], 'the newest are there')
      expectSame([await store.hasRoom('acme', BOUNDS), await store.hasRoom('other', BOUNDS)], [false, true], 'room')
      expectSame((await store.add('acme', record('g'), BOUNDS)).kind, 'full', 'none that may go')
      expectSame(await shown(store, 'acme', 'g'), [], 'it was not added')
      expectSame((await store.add('other', record('g'), BOUNDS)).kind, 'added', 'of somebody else')
    },
  },
  {
    name: 'of many that are added at once no more are kept than may be',
    run: async ({ store }) => {
      // One that makes room does so for one.
      await put(store, 'acme', record('ended', { state: 3 }))
      const adding = Array.from(
        { length: 12 },
        async (_, place) => await store.add('acme', record(`t${place}`), BOUNDS),
      )
      const kinds = (await Promise.all(adding)).map(({ kind }) => kind)
      expectSame(
        [kinds.filter((kind) => kind === 'added').length, kinds.filter((kind) => kind === 'full').length],
        [3, 9],
        'kinds',
      )
      expectSame((await store.list('acme', { limit: 99 })).total, 3, 'what is there')
    },
  },
  {
    name: 'what is too old goes with the next one, and what is being worked on stays',
    run: async ({ store }) => {
      await put(store, 'acme', record('a', { state: 6, second: 1 }))
      await put(store, 'acme', record('b', { state: 3, second: 5 }))
      await store.add('acme', record('c', { second: 1 }), BOUNDS)
      const bounds = { countMax: 9, oldest: instant(4) }
      expectSame(await store.add('acme', record('d', { second: 8 }), bounds), { kind: 'added', gone: ['a'] }, 'gone')
      expectSame(await listed(store, 'acme'), ['dbc', true, 3], 'what is left')
      await put(store, 'other', record('w', { state: 6, second: 1 }))
      expectSame(await store.hasRoom('other', { countMax: 1, oldest: instant(4) }), true, 'one that is too old is room')
    },
  },
  {
    name: 'a list is newest first, by its filters, in pages',
    run: async ({ store }) => {
      await put(store, 'acme', record('a', { state: 3, second: 2 }))
      await put(store, 'acme', record('b', { state: 6, second: 3 }))
      await put(store, 'acme', record('c', { state: 3, second: 3, contextId: 'd\0\ud800\'"' }))
      await put(store, 'acme', record('d', { state: 5, second: 1 }))
      expectSame(await listed(store, 'acme'), ['cbad', true, 4], 'all')
      expectSame(await listed(store, 'acme', { state: 3 }), ['ca', true, 2], 'of a state')
      expectSame(await listed(store, 'acme', { contextId: 'd\0\ud800\'"' }), ['c', true, 1], 'of a context')
      expectSame(await listed(store, 'acme', { contextId: 'none' }), ['', true, 0], 'of no context')
      expectSame(await listed(store, 'acme', { after: instant(2) }), ['cb', true, 2], 'after')
      const first = await store.list('acme', { limit: 3 })
      expectSame([first.places.map(({ id }) => id).join(''), first.isLast, first.total], ['cba', false, 4], 'a page')
      const behind = first.places.at(-1) ?? { id: '', timestamp: '' }
      expectSame(await listed(store, 'acme', { behind, limit: 1 }), ['d', true, 4], 'the next one')
      expectSame(
        await listed(store, 'acme', { behind: { timestamp: instant(3), id: 'c' } }),
        ['bad', true, 4],
        'same time',
      )
      expectSame(
        await listed(store, 'acme', { behind: { timestamp: instant(1), id: 'd' } }),
        ['', true, 4],
        'behind all',
      )
    },
  },
  {
    name: 'what one that died held is for the next, each once, and nothing else is',
    run: async ({ store, afterDeath }) => {
      await store.add('acme', record('a'), BOUNDS)
      await store.add('other', record('a', { text: 'x' }), BOUNDS)
      await put(store, 'acme', record('b', { state: 6 }))
      await put(store, 'acme', record('c', { state: 3 }))
      expectSame(await store.adopt(), [], 'while it lives')
      const next = await afterDeath()
      expectSame(await shown(next, 'acme', 'a'), ['adrift', 'a'], 'before')
      expectSame(await next.adopt({ owner: 'acme', id: 'c' }), [], 'one that nobody held')
      const [one, ...rest] = await next.adopt({ owner: 'other', id: 'a' })
      expectSame([one, rest.length], [{ owner: 'other', id: 'a', bytes: ENCODER.encode('x') }, 0], 'one of them')
      expectSame(idsOf(await next.adopt()), ['acme/a'], 'the others')
      expectSame(await next.adopt(), [], 'once')
      expectSame(await shown(next, 'acme', 'a'), ['here', 'a'], 'held')
      expectSame(
        await next.write('acme', record('a', { state: 3, text: 'failed' }), { isKept: false }),
        true,
        'written',
      )
      expectSame(await shown(next, 'acme', 'a'), ['free', 'failed'], 'as it is then')
      expectSame(await next.hold({ owner: 'acme', id: 'b' }), true, 'and one that waits is there to be held')
    },
  },
  {
    name: 'is erased whole, by owner, or by age but for what is being worked on, with its notes',
    run: async ({ store }) => {
      const notes = ENCODER.encode('notes')
      for (const [owner, id] of [
        ['acme', 'a'],
        ['acme', 'b'],
        ['other', 'a'],
      ] as const) {
        await put(store, owner, record(id, { state: 3, second: id === 'a' ? 1 : 5 }))
        await store.editNotes({ owner, id }, () => notes)
      }
      await store.add('acme', record('r', { second: 1 }), { ...BOUNDS, countMax: 9 })
      expectSame(idsOf(await store.erase({ kind: 'before', before: instant(5) })), ['acme/a', 'other/a'], 'by age')
      expectSame(
        [await store.notesOf({ owner: 'acme', id: 'a' }), await store.notesOf({ owner: 'acme', id: 'b' })],
        [undefined, notes],
        'notes',
      )
      expectSame(idsOf(await store.erase({ kind: 'tenant', tenant: 'acme' })), ['acme/b', 'acme/r'], 'by owner')
      expectSame(await store.write('acme', record('r', { second: 1 }), { isKept: true }), false, 'nothing comes back')
      await put(store, 'other', record('z', { state: 6 }))
      expectSame(idsOf(await store.erase({ kind: 'all' })), ['other/z'], 'all')
      expectSame(
        [await shown(store, 'acme', 'r'), await listed(store, 'other')],
        [[], ['', true, 0]],
        'nothing is left',
      )
    },
  },
  {
    name: 'notes are changed one edit after another, also before there is a task',
    run: async ({ store }) => {
      const name = { owner: 'acme', id: 'a' }
      const read = async (): Promise<string> =>
        new TextDecoder().decode((await store.notesOf(name)) ?? new Uint8Array())
      await Promise.all(
        Array.from(
          { length: 4 },
          async (_, place) =>
            await store.editNotes(name, (notes) =>
              ENCODER.encode(`${new TextDecoder().decode(notes ?? new Uint8Array())}${place}`),
            ),
        ),
      )
      expectSame((await read()).split('').toSorted().join(''), '0123', 'each is there')
      const isRefused = (error: unknown): boolean => error instanceof RangeError
      await expectRejection(
        async () =>
          await store.editNotes(name, () => {
            throw new RangeError('no')
          }),
        isRefused,
        'an edit that throws',
      )
      expectSame((await read()).length, 4, 'and changes nothing')
      await store.editNotes(name, () => undefined)
      await store.editNotes(name, () => undefined)
      expectSame(
        [await store.notesOf(name), await store.notesOf({ ...name, owner: 'other' })],
        [undefined, undefined],
        'none',
      )
    },
  },
]
