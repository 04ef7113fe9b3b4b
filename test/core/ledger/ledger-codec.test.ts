import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import {
  formatLedgerEvent,
  formatOrderJson,
  formatOrders,
  parseLedgerEvent,
} from '../../../src/core/ledger/ledger-codec.ts'
import { LEDGER_MACHINE } from '../../../src/core/ledger/ledger-machine.ts'
import { formatLedgerState, parseLedgerState } from '../../../src/core/ledger/ledger-state-codec.ts'
import { ledgerStateLines, LedgerStateReader } from '../../../src/core/ledger/ledger-state-lines.ts'
import { after, fundedLedger, hold, post, postHeld, run, START, voidHeld } from './ledger-builder.ts'
import { createLedgerCommands } from './ledger-commands.ts'

function draws(seed: number): (bound: number) => number {
  const random = createRandomStream(seed)
  return (bound) => random.nextBelow(bound)
}

describe('the text of an event', () => {
  it('is canonical and read back, for every kind of event', () => {
    const commands = createLedgerCommands()
    const draw = draws(3)
    const seen = new Set<string>()
    for (let index = 0; index < 4_000; index += 1) {
      const event = commands.next(draw)
      const text = formatLedgerEvent(event)
      const json: unknown = JSON.parse(text)
      seen.add(event.type)
      expect(canonicalJson(json)).toBe(text)
      expect(parseLedgerEvent(json)).toEqual(event)
    }
    expect(seen.size).toBe(14)
  })

  it('is read with nothing missing, more or of another form', () => {
    const json = JSON.parse(formatLedgerEvent({ type: 'transfers-submitted', at: START, orders: [post(1, 5)] }))
    const wrong: unknown[] = [
      null,
      [],
      'event',
      { ...json, type: 'holds-expired' },
      { ...json, type: 'toString' },
      { ...json, extra: 1 },
      { ...json, at: -1 },
      { ...json, at: '1' },
      { ...json, orders: {} },
      { ...json, orders: [{ ...json.orders[0], amountNanos: '05' }] },
      { ...json, orders: [{ ...json.orders[0], amountNanos: '18446744073709551616' }] },
      { ...json, orders: [{ ...json.orders[0], id: '1' }] },
      { ...json, orders: [{ ...json.orders[0], debit: 'x' }] },
      { ...json, orders: [{ ...json.orders[0], heldId: json.orders[0].id }] },
      { ...json, orders: [{ ...json.orders[0], isLinked: undefined }] },
    ]
    expect(parseLedgerEvent(json)).toBeDefined()
    for (const value of wrong) expect(parseLedgerEvent(value)).toBeUndefined()
  })

  it('has orders as the general writer writes them', () => {
    const orders = [
      post(1, 5, { reference: 'a "quoted" \\ name' }),
      hold(2, 6, { expiresAt: after(3) }),
      hold(3, 0),
      postHeld(4, 2, 5),
      voidHeld(5, 2, { isLinked: true }),
    ]
    expect(formatOrders(orders)).toBe(canonicalJson(orders.map(formatOrderJson)))
  })
})

describe('the text of a state', () => {
  it('is read back to a state that goes on in the same way', () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const commands = createLedgerCommands()
      const draw = draws(seed)
      let state = LEDGER_MACHINE.initial({ at: START })
      for (let index = 0; index < 600; index += 1) state = LEDGER_MACHINE.transition(state, commands.next(draw)).state
      const text = formatLedgerState(state)
      let again = parseLedgerState(JSON.parse(text)) ?? LEDGER_MACHINE.initial({ at: START })
      expect(formatLedgerState(again)).toBe(text)
      for (let index = 0; index < 600; index += 1) {
        const event = commands.next(draw)
        const step = LEDGER_MACHINE.transition(state, event)
        const other = LEDGER_MACHINE.transition(again, event)
        expect(other.effects).toEqual(step.effects)
        state = step.state
        again = other.state
      }
      expect(formatLedgerState(again)).toBe(formatLedgerState(state))
    }
  })

  it('is written line by line, and read back to the same', () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const commands = createLedgerCommands()
      let state = LEDGER_MACHINE.initial({ at: START })
      const draw = draws(seed)
      for (let index = 0; index < 800; index += 1) state = LEDGER_MACHINE.transition(state, commands.next(draw)).state
      const lines = [...ledgerStateLines(state)]
      const reader = new LedgerStateReader()
      expect(lines.map((line) => reader.add(JSON.parse(line)))).not.toContain(false)
      const again = reader.end() ?? LEDGER_MACHINE.initial({ at: START })
      expect(formatLedgerState(again)).toBe(formatLedgerState(state))
      expect([...ledgerStateLines(again)]).toEqual(lines)
      expect(LEDGER_MACHINE.violations(again)).toEqual([])
      for (const line of lines) expect(canonicalJson(JSON.parse(line))).toBe(line)
    }
  })

  it('has no lines but its own', () => {
    const lines = [...ledgerStateLines(run(fundedLedger(), []))].map((line) => JSON.parse(line))
    const [head, ...rows] = lines
    const isRead = (list: readonly unknown[]): boolean => {
      const reader = new LedgerStateReader()
      return list.every((line) => reader.add(line)) && reader.end() !== undefined
    }
    expect(isRead(lines)).toBe(true)
    expect(isRead(rows)).toBe(false)
    expect(isRead([head, head])).toBe(false)
    for (const [at, row] of rows.entries()) {
      const [name = ''] = Object.keys(row)
      if (['currency', 'owner', 'account', 'remembered'].includes(name))
        expect(isRead([head, ...rows, row])).toBe(false)
      expect(isRead([head, ...rows.toSpliced(at, 1, { ...row, more: 1 })])).toBe(false)
      expect(isRead([head, ...rows.toSpliced(at, 1, { [name]: { ...row[name], more: 1 } })])).toBe(false)
    }
    for (const line of [null, 1, [], {}, { other: {} }]) expect(isRead([head, line])).toBe(false)
  })

  it('is read with nothing missing or of another form', () => {
    const json = JSON.parse(
      formatLedgerState(run(fundedLedger(), [{ type: 'transfers-submitted', at: START, orders: [hold(1, 5)] }])),
    )
    expect(parseLedgerState(json)).toBeDefined()
    for (const name of Object.keys(json)) expect(parseLedgerState({ ...json, [name]: undefined })).toBeUndefined()
    expect(parseLedgerState({ ...json, format: 2 })).toBeUndefined()
    expect(parseLedgerState({ ...json, accounts: [...json.accounts, json.accounts[0]] })).toBeUndefined()
    expect(
      parseLedgerState({
        ...json,
        holds: json.remembered.map(({ known }: { known: { order: unknown } }) => known.order),
      }),
    ).toBeUndefined()
  })
})
