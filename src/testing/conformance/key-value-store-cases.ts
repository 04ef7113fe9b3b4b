import { CodedError } from '../../base/errors.ts'
import type { KeyRange, KeyValueStore } from '../../ports/key-value-store.ts'
import { expectRejection, expectSame } from './conformance-case.ts'
import type { ConformanceCase } from './conformance-case.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** By both ways of reading them. */
async function keysIn(store: KeyValueStore, range?: KeyRange): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.iterate(range)) keys.push(key)
  expectSame(await keysAlone(store, range), keys, 'keys without values')
  return keys
}

async function keysAlone(store: KeyValueStore, range?: KeyRange): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys(range)) keys.push(key)
  return keys
}

async function fill(store: KeyValueStore, keys: readonly string[]): Promise<void> {
  await store.batch(keys.map((key, index) => ({ type: 'put', key, value: bytes(index) })))
}

const isTypeError = (error: unknown): boolean => error instanceof TypeError
const isNotOpen = (error: unknown): boolean => CodedError.is(error, 'STORE_NOT_OPEN')

/** Every promise of the KeyValueStore port. An implementation runs all of them. */
export const KEY_VALUE_STORE_CASES: readonly ConformanceCase<KeyValueStore>[] = [
  {
    name: 'an absent key reads as undefined',
    run: async (store) => expectSame(await store.get('a'), undefined, 'get'),
  },
  {
    name: 'a value is read back as it was put, empty values included',
    run: async (store) => {
      await store.put('a', bytes(1, 0, 255))
      await store.put('b', bytes())
      expectSame(await store.get('a'), bytes(1, 0, 255), 'get a')
      expectSame(await store.get('b'), bytes(), 'get b')
    },
  },
  {
    name: 'a later put replaces, a delete removes, deleting twice is fine',
    run: async (store) => {
      await store.put('a', bytes(1))
      await store.put('a', bytes(2), { sync: true })
      expectSame(await store.get('a'), bytes(2), 'after put')
      await store.delete('a')
      await store.delete('a', { sync: true })
      expectSame(await store.get('a'), undefined, 'after delete')
    },
  },
  {
    name: 'bytes are copied in and out',
    run: async (store) => {
      const mine = bytes(1, 2)
      await store.put('a', mine)
      mine[0] = 9
      const first = await store.get('a')
      expectSame(first, bytes(1, 2), 'after changing what was put')
      if (first !== undefined) first[0] = 9
      expectSame(await store.get('a'), bytes(1, 2), 'after changing what was got')
    },
  },
  {
    name: 'getMany answers in the order of the keys, repeats and gaps included',
    run: async (store) => {
      await fill(store, ['a', 'b'])
      expectSame(await store.getMany(['b', 'x', 'a', 'b']), [bytes(1), undefined, bytes(0), bytes(1)], 'getMany')
      expectSame(await store.getMany([]), [], 'getMany of nothing')
    },
  },
  {
    name: 'a batch is applied in order and whole',
    run: async (store) => {
      await store.batch([
        { type: 'put', key: 'a', value: bytes(1) },
        { type: 'delete', key: 'a' },
        { type: 'put', key: 'b', value: bytes(1) },
        { type: 'put', key: 'b', value: bytes(2) },
      ])
      expectSame(await store.getMany(['a', 'b']), [undefined, bytes(2)], 'after the batch')
    },
  },
  {
    name: 'a batch with a bad key changes nothing',
    run: async (store) => {
      const operations = [
        { type: 'put', key: 'a', value: bytes(1) },
        { type: 'put', key: '', value: bytes(1) },
      ] as const
      await expectRejection(async () => await store.batch(operations), isTypeError, 'empty key in a batch')
      expectSame(await store.get('a'), undefined, 'the good key of a bad batch')
    },
  },
  {
    name: 'keys are ordered by code point, beyond the basic plane too',
    run: async (store) => {
      const sorted = ['A', 'a', 'a!', 'a/b', 'ab', 'b', 'é', '\uffee', '😀']
      await fill(store, sorted.toReversed())
      expectSame(await keysIn(store), sorted, 'order')
      expectSame(await keysIn(store, { reverse: true }), sorted.toReversed(), 'reverse order')
    },
  },
  {
    name: 'ranges respect open and closed bounds, limits and direction',
    run: async (store) => {
      await fill(store, ['a', 'b', 'c', 'd'])
      expectSame(await keysIn(store, { gt: 'a', lte: 'c' }), ['b', 'c'], 'gt lte')
      expectSame(await keysIn(store, { gte: 'b', lt: 'd' }), ['b', 'c'], 'gte lt')
      expectSame(await keysIn(store, { gte: 'b', limit: 2 }), ['b', 'c'], 'limit')
      expectSame(await keysIn(store, { lt: 'd', reverse: true, limit: 2 }), ['c', 'b'], 'reverse limit')
      expectSame(await keysIn(store, { limit: 0 }), [], 'limit 0')
      expectSame(await keysIn(store, { gt: 'c', lt: 'b' }), [], 'crossed bounds')
      expectSame(await store.count({ gt: 'a' }), 3, 'count')
      expectSame(await store.count({ gt: 'a', limit: 2 }), 2, 'count with a limit')
    },
  },
  {
    name: 'an iteration sees the store as it was at its first entry',
    run: async (store) => {
      await fill(store, ['a', 'b', 'c'])
      const seen: string[] = []
      for await (const { key } of store.iterate()) {
        seen.push(key)
        await store.batch([
          { type: 'put', key: 'bb', value: bytes(1) },
          { type: 'delete', key: 'c' },
        ])
      }
      expectSame(seen, ['a', 'b', 'c'], 'keys seen')
    },
  },
  {
    name: 'reading keys alone sees the store as it was at its first key',
    run: async (store) => {
      await fill(store, ['a', 'b', 'c'])
      const seen: string[] = []
      for await (const key of store.keys()) {
        seen.push(key)
        await store.batch([
          { type: 'put', key: 'bb', value: bytes(1) },
          { type: 'delete', key: 'c' },
        ])
      }
      expectSame(seen, ['a', 'b', 'c'], 'keys seen')
    },
  },
  {
    name: 'a sublevel holds its own keys under a prefix of its parent',
    run: async (store) => {
      const inner = store.sublevel('one').sublevel('two')
      await inner.put('k', bytes(7))
      await store.put('one', bytes(1))
      await store.put('one0', bytes(1))
      expectSame(await store.get('one/two/k'), bytes(7), 'from the root')
      expectSame(await keysIn(inner), ['k'], 'inner keys')
      expectSame(await keysIn(store.sublevel('one')), ['two/k'], 'outer keys')
      expectSame(await inner.count(), 1, 'inner count')
      expectSame(await keysIn(store.sublevel('two')), [], 'an unrelated sublevel')
    },
  },
  {
    name: 'sublevel ranges stay inside the sublevel, in both directions',
    run: async (store) => {
      const middle = store.sublevel('m')
      await fill(store, ['l', 'm', 'm0', 'z'])
      await fill(middle, ['a', 'b', 'c'])
      expectSame(await keysIn(middle, { reverse: true, limit: 1 }), ['c'], 'last')
      expectSame(await keysIn(middle, { gt: 'a' }), ['b', 'c'], 'above')
      expectSame(await keysIn(middle, { lte: 'b' }), ['a', 'b'], 'below')
    },
  },
  {
    name: 'bad keys, names and ranges are misuse',
    run: async (store) => {
      await expectRejection(async () => await store.get(''), isTypeError, 'empty key')
      await expectRejection(async () => await store.put('\ud800', bytes()), isTypeError, 'lone surrogate')
      await expectRejection(async () => await store.put('k'.repeat(1025), bytes()), isTypeError, 'long key')
      await expectRejection(async () => store.sublevel('No'), isTypeError, 'sublevel name')
      await expectRejection(async () => await keysIn(store, { gt: 'a', gte: 'a' }), isTypeError, 'two lower bounds')
      await expectRejection(async () => await keysIn(store, { limit: -1 }), isTypeError, 'negative limit')
      await expectRejection(async () => await keysAlone(store, { lt: 'a', lte: 'a' }), isTypeError, 'two upper bounds')
    },
  },
  {
    name: 'an aborted signal rejects reads with its reason',
    run: async (store) => {
      await fill(store, ['a', 'b'])
      const controller = new AbortController()
      const reason = new Error('enough')
      const seen: string[] = []
      const read = async (): Promise<void> => {
        for await (const { key } of store.iterate({}, { signal: controller.signal })) {
          seen.push(key)
          controller.abort(reason)
        }
      }
      await expectRejection(read, (error) => error === reason, 'iterate')
      expectSame(seen, ['a'], 'entries before the abort')
      const options = { signal: controller.signal }
      await expectRejection(
        async () => await store.get('a', options),
        (error) => error === reason,
        'get',
      )
      await expectRejection(
        async () => await store.getMany(['a'], options),
        (error) => error === reason,
        'getMany',
      )
      const keys = store.keys({}, options)[Symbol.asyncIterator]()
      await expectRejection(
        async () => await keys.next(),
        (error) => error === reason,
        'keys',
      )
    },
  },
  {
    name: 'compacting keeps what is there, and only that',
    run: async (store) => {
      await store.compact()
      await fill(store, ['a', 'b', 'c'])
      await store.delete('b')
      await store.sublevel('s').put('d', bytes(7))
      await store.compact()
      expectSame(await keysIn(store), ['a', 'c', 's/d'], 'keys')
      expectSame(await store.get('c'), bytes(2), 'a value')
      await store.put('b', bytes(9))
      expectSame(await store.get('b'), bytes(9), 'a later put')
    },
  },
  {
    name: 'a closed store refuses with STORE_NOT_OPEN, and closing twice is fine',
    run: async (store) => {
      await store.close()
      await store.close()
      await expectRejection(async () => await store.get('a'), isNotOpen, 'get')
      await expectRejection(async () => await store.put('a', bytes()), isNotOpen, 'put')
      await expectRejection(async () => await keysIn(store), isNotOpen, 'iterate')
      await expectRejection(async () => await keysAlone(store), isNotOpen, 'keys')
      await expectRejection(async () => await store.sublevel('s').get('a'), isNotOpen, 'sublevel')
    },
  },
]
