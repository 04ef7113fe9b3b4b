import { describe, expect, it } from 'vitest'
import type { LedgerEffect, LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { LEDGER_MACHINE } from '../../../src/core/ledger/ledger-machine.ts'
import type { LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import type { TransferOrder } from '../../../src/core/ledger/transfer-order.ts'
import { nameJournal } from '../../../src/market/ledger/journal-line.ts'
import { journaledLedger } from '../../../src/market/ledger/journaled-machine.ts'
import { MachineJournal } from '../../../src/market/ledger/machine-journal.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { type HistoryLine, readHistory, TransferHistory } from '../../../src/market/ledger/transfer-history.ts'
import {
  account,
  after,
  ALICE,
  BOB,
  CAROL,
  CONTRACT,
  fundedLedger,
  hold,
  idOf,
  post,
  postHeld,
  voidHeld,
} from '../../core/ledger/ledger-builder.ts'

function submitted(at: number, ...orders: readonly TransferOrder[]): LedgerEvent {
  return { type: 'transfers-submitted', at: after(at), orders }
}

const EVENTS: readonly LedgerEvent[] = [
  submitted(1, post(1, 10)),
  submitted(2, hold(2, 20, { contract: CONTRACT, expiresAt: after(100) }), hold(3, 5, { expiresAt: after(50) })),
  submitted(3, postHeld(4, 2, 15, { contract: CONTRACT, credit: account(CAROL) })),
  submitted(4, hold(5, 7), voidHeld(6, 5)),
  submitted(5, post(1, 10), post(7, 1_000_000_000)),
  { type: 'holds-expired', at: after(50) },
]

function historyOf(events: readonly LedgerEvent[], linesMax?: number): TransferHistory {
  const history = new TransferHistory(linesMax === undefined ? {} : { linesMax })
  let state = fundedLedger()
  for (const [index, event] of events.entries()) {
    const step = LEDGER_MACHINE.transition(state, event)
    state = step.state
    history.add({ index, at: event.at, state, effects: step.effects })
  }
  return history
}

/** All lines by pages of `limit`. */
function paged(history: TransferHistory, query: Parameters<TransferHistory['list']>[0]): readonly HistoryLine[] {
  const lines: HistoryLine[] = []
  let next: number | undefined
  do {
    const page = history.list({ ...query, ...(next !== undefined && { after: next }) })
    expect(page.lines.length).toBeLessThanOrEqual(query.limit ?? 100)
    lines.push(...page.lines)
    next = page.next
  } while (next !== undefined)
  return lines
}

const short = ({ index, id, what, amountNanos, releasedNanos }: HistoryLine): string =>
  `${index} ${Number.parseInt(id, 16)} ${what} ${amountNanos} ${releasedNanos ?? '-'}`

describe('the history of transfers', () => {
  it('has a line for each movement, and none for repeats and refusals', () => {
    expect(historyOf(EVENTS).list({}).lines.map(short)).toEqual([
      '0 1 posted 10 -',
      '1 2 held 20 -',
      '1 3 held 5 -',
      '2 4 posted 15 5',
      '3 5 held 7 -',
      '3 6 voided 0 7',
      '5 3 expired 0 5',
    ])
  })

  it('knows both sides, the contract and the hold', () => {
    const lines = historyOf(EVENTS).list({ contract: CONTRACT }).lines
    expect(lines).toMatchObject([
      { what: 'held', debit: account(ALICE), credit: account(BOB), contract: CONTRACT, heldId: null },
      { what: 'posted', debit: account(ALICE), credit: account(CAROL), contract: CONTRACT, heldId: idOf(2) },
    ])
    expect(
      historyOf(EVENTS)
        .list({ account: account(CAROL) })
        .lines.map(short),
    ).toEqual(['2 4 posted 15 5'])
    const both = historyOf(EVENTS).list({ account: account(BOB), contract: CONTRACT })
    expect(both.lines.map(short)).toEqual(['1 2 held 20 -'])
    expect(historyOf(EVENTS).list({ account: account(ALICE) }).lines).toHaveLength(7)
  })

  it('comes in pages that join without a gap', () => {
    const history = historyOf(EVENTS)
    const whole = history.list({ limit: 1_000 }).lines
    for (const limit of [1, 2, 3, 7]) expect(paged(history, { limit })).toEqual(whole)
    for (const limit of [1, 2])
      expect(paged(history, { limit, account: account(BOB) })).toEqual(history.list({ account: account(BOB) }).lines)
    for (const query of [{ limit: 0 }, { limit: 1_001 }, { limit: 1.5 }, { after: -2 }])
      expect(() => history.list(query)).toThrow(expect.objectContaining({ code: 'LEDGER_HISTORY_QUERY' }))
  })

  it('keeps so many lines, the newest, and says from where on', () => {
    const events = Array.from({ length: 50 }, (_, index) => submitted(index + 1, post(100 + index, 1)))
    const history = historyOf(events, 20)
    expect(history.size).toBeLessThanOrEqual(20)
    const { lines, from } = history.list({ account: account(BOB) })
    expect(lines).toHaveLength(history.size)
    expect(lines[0]?.index).toBe(from)
    expect(lines.at(-1)?.index).toBe(49)
    expect(paged(history, { limit: 3 })).toEqual(lines)
    expect(from).toBeGreaterThan(25)
  })

  it('is shown by a journal what was replayed and what is made, and read from a copy', async () => {
    const log = createMemoryEventLog()
    const journaled = { ...journaledLedger({ at: after(0) }), first: fundedLedger() }
    const open = async (history: TransferHistory) =>
      await MachineJournal.open({ log, journaled, onEntry: (entry) => history.add(entry) }, nameJournal('history'))
    const made = new TransferHistory()
    const journal = await open(made)
    await journal.append(EVENTS)
    const due = historyOf(EVENTS).list({}).lines
    expect(made.list({}).lines.map(short)).toEqual(due.map(short))
    const replayed = new TransferHistory()
    await open(replayed)
    expect(replayed.list({}).lines).toEqual(made.list({}).lines)
    const view = { ledgerOf: (state: LedgerState) => state, effectsOf: (effects: readonly LedgerEffect[]) => effects }
    const read = await readHistory(journal.lines(), { journaled, ...view })
    expect(read.list({})).toEqual(made.list({}))
  })
})
