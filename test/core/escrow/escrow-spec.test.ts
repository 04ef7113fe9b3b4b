import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BOOKS_REFUSALS } from '../../../src/core/books/books-refusals.ts'
import { ESCROW_EDGES } from '../../../src/core/escrow/escrow-edges.ts'
import { ESCROW_REFUSALS } from '../../../src/core/escrow/escrow-refusals.ts'
import { DEFAULT_ESCROW_RULES, DEFAULT_TIMERS } from '../../../src/core/escrow/escrow-rules.ts'
import { ESCROW_STATE_KINDS, SETTLEMENT_CAUSES, TERMINAL_KINDS } from '../../../src/core/escrow/escrow-state.ts'
import { ESCROW_TIMER_NAMES, RETRY_MS } from '../../../src/core/escrow/escrow-timers.ts'
import { ESCROW_MESSAGE_REFUSALS } from '../../../src/core/escrow/message-refusals.ts'
import { TERMS_REFUSALS } from '../../../src/core/escrow/validate-terms.ts'

const PAGE = readFileSync(new URL('../../../protocol/spec/escrow.md', import.meta.url), 'utf8')

/** Rows of the table whose header starts with these columns. */
function tablesOf(header: string): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = []
  let isInside = false
  for (const line of PAGE.split('\n')) {
    if (line.startsWith(header)) isInside = true
    else if (!line.startsWith('|')) isInside = false
    else if (isInside && !line.startsWith('|---')) rows.push(line.slice(2, -2).split(' | '))
  }
  return rows
}

test('the page has the edges of the machine', () => {
  expect(tablesOf('| edge | state |')).toEqual(
    ESCROW_EDGES.map(({ name, from, event, timer, signers, before, guard, to, money }) => [
      name,
      from,
      timer === undefined ? event : `timer ${timer}`,
      signers,
      before ?? '-',
      guard,
      to,
      money,
    ]),
  )
})

test('the page has the refusals of terms, messages, books and contracts', () => {
  const tables = { ...TERMS_REFUSALS, ...ESCROW_MESSAGE_REFUSALS, ...BOOKS_REFUSALS, ...ESCROW_REFUSALS }
  expect(tablesOf('| code | cause |')).toEqual(
    Object.entries(tables).map(([code, { cause, remedy }]) => [`\`${code}\``, cause, remedy]),
  )
})

test('the page has every state, terminal ones marked', () => {
  const rows = tablesOf('| state | holds money |')
  expect(new Set(rows.map(([kind]) => kind))).toEqual(new Set(ESCROW_STATE_KINDS))
  expect(rows.length).toBe(ESCROW_STATE_KINDS.length)
  expect(rows.filter(([, , ends]) => ends === 'terminal').map(([kind]) => kind)).toEqual([...TERMINAL_KINDS])
})

test('the page has every timer with its default and its minimum', () => {
  const rows = tablesOf('| timer | span |')
  expect(rows.map(([name]) => name)).toEqual([...ESCROW_TIMER_NAMES])
  const spans = rows.map(([name = '', , , standard = '', minimum = '']) => [name, spanOf(standard), spanOf(minimum)])
  const { minimums } = DEFAULT_ESCROW_RULES
  const timers = DEFAULT_TIMERS
  expect(spans).toEqual([
    ['offer', timers.offerMs, minimums.offerMs],
    ['hold', timers.holdMs, minimums.holdMs],
    ['start', timers.startMs, minimums.startMs],
    ['beat', 3 * timers.beatMs, 3 * minimums.beatMs],
    ['deliver', timers.deliverMs + timers.graceMs, minimums.deliverMs + minimums.graceMs],
    ['accept', timers.acceptMs, minimums.acceptMs],
    ['evidence', timers.evidenceMs, minimums.evidenceMs],
    ['rule', timers.ruleMs, minimums.ruleMs],
    ['refund', timers.refundMs, minimums.refundMs],
    ['retain', timers.retainMs, minimums.retainMs],
    ['retry', RETRY_MS, RETRY_MS],
  ])
})

const UNITS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** `1 h + 30 s`, `3 x 5 s`; what stands before a comma in words is for people, and so is what comes after. */
function spanOf(text: string): number {
  const [term = ''] = text.replace('per task, ', '').split(', ')
  return term.split(' + ').reduce((sum, part) => {
    const match = /^(?:(\d+) x )?(\d+)(?: (s|min|h|d))?$/.exec(part)
    if (match === null) throw new TypeError(`Not a span: ${part}`)
    return sum + Number(match[1] ?? 1) * Number(match[2]) * (UNITS[match[3] ?? ''] ?? 1)
  }, 0)
}

test('the page has every cause of a settlement', () => {
  expect(tablesOf('| cause | worker gets').map(([cause]) => cause)).toEqual([...SETTLEMENT_CAUSES])
})
