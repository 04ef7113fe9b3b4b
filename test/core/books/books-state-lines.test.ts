import { expect, test } from 'vitest'
import { formatGovernedBooksState } from '../../../src/core/books/governed-books-codec.ts'
import { GOVERNED_BOOKS_MACHINE } from '../../../src/core/books/governed-books.ts'
import { governedStateLines, GovernedStateReader } from '../../../src/core/books/governed-state-lines.ts'
import type { GovernedBooksState } from '../../../src/core/books/governed-books.ts'
import { parseCapabilityCid } from '../../../src/core/capability/capability-token.ts'
import { formatBooksState } from '../../../src/core/books/books-codec.ts'
import { booksStateLines, BooksStateReader } from '../../../src/core/books/books-state-lines.ts'
import { journaledBooks } from '../../../src/market/notary/books/journaled-books.ts'
import { DEFAULT_PARAMETERS } from '../../../src/core/governance/parameter-set.ts'
import { LocalNotary, START } from '../../market/notary/local-notary.ts'
import { Deal, issueUsd, registerUsd } from '../../market/notary/settlement-builder.ts'
import { WATCHER } from '../escrow/escrow-builder.ts'
import { at, Books } from './books-builder.ts'

function readBack(lines: readonly string[]): GovernedBooksState | undefined {
  const reader = new GovernedStateReader()
  return lines.every((line) => reader.add(JSON.parse(line))) ? reader.end() : undefined
}

test('books come back from their lines as they were, behind every entry', async () => {
  const notary = new LocalNotary()
  const service = await notary.open({ founding: DEFAULT_PARAMETERS })
  const deal = new Deal(notary.set, { name: 'one', now: START })
  for (const message of [registerUsd(START), issueUsd(deal.payer.did, 1_000n, { now: START }), ...deal.all])
    expect((await service.submit(message)).effect).toBe('applied')
  const journaled = journaledBooks({ set: notary.set, feeOwner: notary.member.did })
  let state = journaled.first
  let steps = 0
  for await (const { payload } of notary.log.read(0)) {
    const event = journaled.parseEvent((JSON.parse(new TextDecoder().decode(payload)) as { event: unknown }).event)
    if (event === undefined) throw new TypeError('unreachable')
    state = journaled.machine.transition(state, event).state
    const lines = [...governedStateLines(state)]
    const back = readBack(lines)
    expect(back && formatGovernedBooksState(back)).toBe(formatGovernedBooksState(state))
    expect(back && GOVERNED_BOOKS_MACHINE.violations(back)).toEqual([])
    expect(back && [...governedStateLines(back)]).toEqual(lines)
    steps += 1
  }
  expect(steps).toBe(11)
  const lines = [...governedStateLines(state)]
  expect(readBack(lines.slice(1))).toBeUndefined()
  expect(readBack([...lines, lines.at(-1) ?? ''])).toBeUndefined()
  expect(readBack([...lines, '{"else":1}'])).toBeUndefined()
})

test('revocations of tokens are among the lines', () => {
  const books = new Books()
  for (const digit of ['1', '2']) {
    const cid = parseCapabilityCid(`zdpu${digit.repeat(45)}`)
    if (cid === undefined) throw new TypeError('unreachable')
    books.send({ type: 'capability-revoked', cid, revoker: WATCHER, expiresAt: at(50_000), at: at(5) })
  }
  const lines = [...booksStateLines(books.state)]
  expect(lines.filter((line) => line.startsWith('{"revocation"'))).toHaveLength(2)
  const reader = new BooksStateReader()
  expect(lines.every((line) => reader.add(JSON.parse(line)))).toBe(true)
  const back = reader.end()
  expect(back && formatBooksState(back)).toBe(formatBooksState(books.state))
})
