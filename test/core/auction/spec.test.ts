import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { AUCTION_CODES, TRANSCRIPT_CODES } from '../../../src/core/auction/auction-codes.ts'
import { AUCTION_TIMERS } from '../../../src/core/auction/auction-state.ts'
import { AUCTION_MESSAGES } from '../../../src/wire/v1/auction-messages.ts'

const PAGE = readFileSync(new URL('../../../protocol/spec/auction.md', import.meta.url), 'utf8')

/** First cells of the table under a heading. */
function firstCells(heading: string): readonly string[] {
  const section = PAGE.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = '']) => cell)
}

describe('the page on auctions', () => {
  it('names the refusal codes of the machine, all and no other', () => {
    expect(firstCells('Refusals')).toEqual(Object.keys(AUCTION_CODES))
  })

  it('names every code of a transcript', () => {
    expect(Object.keys(TRANSCRIPT_CODES).filter((code) => !PAGE.includes(`\`${code}\``))).toEqual([])
  })

  it('names every timer', () => {
    expect(firstCells('States')).toEqual([...AUCTION_TIMERS])
  })

  it('names every message', () => {
    expect(Object.keys(AUCTION_MESSAGES).filter((type) => !PAGE.includes(`\`${type}\``))).toEqual([])
  })
})
