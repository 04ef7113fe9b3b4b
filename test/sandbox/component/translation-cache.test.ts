import { describe, expect, it } from 'vitest'
import { TranslationCache } from '../../../src/sandbox/component/translation-cache.ts'
import type { TranslatedComponent } from '../../../src/sandbox/component/translate-component.ts'

const MIB = 1_048_576
const ofBytes = (bytes: number): TranslatedComponent => ({ imports: [], names: ['a'], files: [new Uint8Array(bytes)] })

describe('translations that are kept', () => {
  it('are found again by their hash', () => {
    const cache = new TranslationCache()
    const entry = ofBytes(10)
    cache.put('a', entry)
    expect(cache.get('a')).toBe(entry)
    expect(cache.get('b')).toBeUndefined()
  })

  it('are 64 MiB at most together, and those that were not used for longest go first', () => {
    const cache = new TranslationCache()
    for (const hash of ['a', 'b', 'c']) cache.put(hash, ofBytes(20 * MIB))
    cache.get('a')
    cache.put('d', ofBytes(20 * MIB))
    expect(['a', 'b', 'c', 'd'].filter((hash) => cache.get(hash) !== undefined)).toEqual(['a', 'c', 'd'])
  })

  it('are 64 at most', () => {
    const cache = new TranslationCache()
    for (let index = 0; index < 70; index += 1) cache.put(String(index), ofBytes(1))
    expect(cache.get('5')).toBeUndefined()
    expect(cache.get('6')).toBeDefined()
  })

  it('do not push everything else out where one is too large by itself', () => {
    const cache = new TranslationCache()
    cache.put('a', ofBytes(1))
    cache.put('b', ofBytes(65 * MIB))
    expect([cache.get('a') !== undefined, cache.get('b')]).toEqual([true, undefined])
  })

  it('count once where they are put again', () => {
    const cache = new TranslationCache()
    for (let index = 0; index < 5; index += 1) cache.put('a', ofBytes(30 * MIB))
    cache.put('b', ofBytes(30 * MIB))
    expect(cache.get('a')).toBeDefined()
  })
})
