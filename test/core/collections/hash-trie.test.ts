import fc from 'fast-check'
import { expect, it, test } from 'vitest'
import {
  emptyHashTrie,
  hashTrieApply,
  hashTrieDelete,
  hashTrieEntries,
  hashTrieForEach,
  hashTrieGet,
  hashTrieSet,
  type HashTrie,
} from '../../../src/core/collections/hash-trie.ts'
import { utf8Length } from '../../../src/core/memory/utf8-length.ts'

fc.configureGlobal({ seed: 2026 })

it('does what a map does, and changes none of the maps before', () => {
  const key = fc.oneof(fc.nat({ max: 400 }).map(String), fc.string({ maxLength: 3 }))
  const change = fc.record({ key, value: fc.option(fc.nat(), { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 600, size: 'max' }), (changes) => {
      const model = new Map<string, number>()
      let trie: HashTrie<number> = emptyHashTrie()
      const kept: [HashTrie<number>, string][] = []
      for (const [index, { key: name, value }] of changes.entries()) {
        if (value === undefined) model.delete(name)
        else model.set(name, value)
        trie = value === undefined ? hashTrieDelete(trie, name) : hashTrieSet(trie, name, value)
        expect(hashTrieGet(trie, name)).toBe(value)
        if (index % 50 === 0) kept.push([trie, JSON.stringify(hashTrieEntries(trie))])
      }
      const expected = [...model].sort(([left], [right]) => (left < right ? -1 : 1))
      expect(hashTrieEntries(trie)).toEqual(expected)
      expect(trie.size).toBe(model.size)
      let visited = 0
      hashTrieForEach(trie, (value, name) => {
        visited += 1
        expect(model.get(name)).toBe(value)
      })
      expect(visited).toBe(model.size)
      for (const [earlier, written] of kept) expect(JSON.stringify(hashTrieEntries(earlier))).toBe(written)
    }),
    { numRuns: 60 },
  )
})

it('takes many changes at once as it takes them one by one, and changes none of the maps before', () => {
  const change = fc.tuple(fc.nat({ max: 200 }).map(String), fc.option(fc.nat(), { nil: undefined }))
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 80, size: 'max' }), { maxLength: 12 }), (groups) => {
      let together: HashTrie<number> = emptyHashTrie()
      let single: HashTrie<number> = emptyHashTrie()
      const kept: [HashTrie<number>, string][] = []
      for (const changes of groups) {
        together = hashTrieApply(together, changes)
        for (const [key, value] of changes)
          single = value === undefined ? hashTrieDelete(single, key) : hashTrieSet(single, key, value)
        expect(hashTrieEntries(together)).toEqual(hashTrieEntries(single))
        expect(together.size).toBe(single.size)
        kept.push([together, JSON.stringify(hashTrieEntries(together))])
      }
      for (const [earlier, written] of kept) expect(JSON.stringify(hashTrieEntries(earlier))).toBe(written)
    }),
    { numRuns: 100 },
  )
})

test('more keys of one hash than a leaf holds live together', () => {
  // Each pair leads FNV-1a from the state that the pairs before it left to one state; so all 16 ways through have one hash.
  const pairs = [
    ['k32728', 'k261234'],
    ['k22488', 'k186524'],
    ['k1022789', 'k1239192'],
    ['k522789', 'k739192'],
  ]
  let keys: readonly string[] = ['']
  for (const pair of pairs) keys = keys.flatMap((key) => pair.map((piece) => key + piece))
  let trie: HashTrie<number> = emptyHashTrie()
  for (const [index, key] of keys.entries()) trie = hashTrieSet(trie, key, index)
  expect(keys.map((key) => hashTrieGet(trie, key))).toEqual(keys.map((_, index) => index))
  for (const key of keys.slice(1)) trie = hashTrieDelete(trie, key)
  expect(hashTrieEntries(trie)).toEqual([[keys[0], 0]])
})

it('UTF-8 is as long as an encoder says', () => {
  const unit = fc.constantFrom('a', 'é', '€', '😀', '\ud83d', '\ude00')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 20 }), (text) => {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length)
    }),
  )
})
