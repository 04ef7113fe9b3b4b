import { describe, expect, it } from 'vitest'
import { COUNTER, OPTIONS_MAX, SCAN_LIMIT, createPromptScanner } from '../../../src/core/policy/scan-prompt.ts'

const scanner = createPromptScanner()

describe('scanning a prompt', () => {
  it('tells the stem from lettered options and the answer slot from both', () => {
    const scan = scanner.scan('Which is red?\nA. blood\nB. sky 42\nAnswer:')
    expect(scan.optionCount).toBe(2)
    expect(scan.stemLength).toBe('Which is red?\n'.length)
    expect(scan.isStemQuestion).toBe(true)
    expect([...scan.regions.subarray(0, scan.wordCount)]).toEqual([0, 0, 0, 1, 2, 2, 0])
    expect(scan.optionDigits[2]).toBe(2)
  })

  it('reads letters after a line start as options only in order', () => {
    expect(scanner.scan('B. second\nC. third').optionCount).toBe(0)
    expect(scanner.scan('e.g. nothing\nA person').optionCount).toBe(0)
  })

  it('counts words, numbers and symbols', () => {
    const scan = scanner.scan("The price isn't $1,250.50 or 20%.")
    const count = (name: keyof typeof COUNTER): number => scan.counts[COUNTER[name]] ?? 0
    expect(scan.wordCount).toBe(6)
    expect(count('numbers')).toBe(2)
    expect(count('decimals')).toBe(1)
    expect(count('largeNumbers')).toBe(1)
    expect(count('dollars')).toBe(1)
    expect(count('percents')).toBe(1)
    expect(count('sentences')).toBe(1)
  })

  it('ends on every character, wide punctuation and lone surrogates included', () => {
    for (const text of ['’', '“quoted”', '—', '😀', '\ud800', '漢字', 'naïve', '\u2028x', "'", "a'", '…']) {
      expect(() => scanner.scan(text.repeat(3))).not.toThrow()
    }
    expect(scanner.scan('naïve café').wordCount).toBe(2)
  })

  it('reads no more than its limit and forgets the prompt before', () => {
    const long = scanner.scan('word '.repeat(10_000))
    expect(long.length).toBe(50_000)
    expect(long.wordCount).toBeLessThanOrEqual(SCAN_LIMIT)
    const empty = scanner.scan('')
    expect([empty.wordCount, empty.optionCount, empty.length]).toEqual([0, 0, 0])
    expect(Math.max(...empty.counts, ...empty.classCounts)).toBe(0)
  })

  it('tells at most twelve options apart', () => {
    const letters = 'ABCDEFGHIJKLMN'.split('')
    expect(scanner.scan(letters.map((letter) => `${letter}. x`).join('\n')).optionCount).toBe(OPTIONS_MAX)
  })
})
