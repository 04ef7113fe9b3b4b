import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { KIND_RULES } from '../../../src/core/ledger/order-origin.ts'
import { ORDERS_MAX } from '../../../src/core/ledger/ledger-event.ts'
import { ACCOUNT_KINDS } from '../../../src/core/ledger/ledger-names.ts'
import { LEDGER_REFUSALS } from '../../../src/core/ledger/ledger-refusals.ts'
import { JOURNAL_FINDINGS } from '../../../src/core/transparency/journal-findings.ts'
import { LEDGER_MESSAGES } from '../../../src/wire/v1/ledger-messages.ts'

const SPEC = readFileSync(new URL('../../../protocol/spec/ledger.md', import.meta.url), 'utf8')

/** Cells of the table under a heading, row by row. */
function tableOf(heading: string): readonly (readonly string[])[] {
  const part = SPEC.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  const rows = part.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

function wordsOf(cell: string | undefined): readonly string[] {
  return [...(cell ?? '').matchAll(/`([a-z]+)`/g)].map((match) => match[1] ?? '')
}

it('lists the refusals of the code, with their causes', () => {
  const due = Object.entries(LEDGER_REFUSALS).map(([code, { cause, isTransient }]) => [
    `\`${code}\``,
    cause,
    isTransient ? 'yes' : '',
  ])
  expect(tableOf('Refusals')).toEqual(due)
  const findings = Object.entries(JOURNAL_FINDINGS).map(([code, { cause }]) => [`\`${code}\``, cause])
  expect(tableOf('Findings of a verification')).toEqual(findings)
})

it('lists the kinds of account, the messages, and what an order may touch', () => {
  expect(tableOf('Accounts').map(([kind]) => kind)).toEqual(ACCOUNT_KINDS.map((kind) => `\`${kind}\``))
  expect(tableOf('Messages').map(([type]) => type)).toEqual(Object.keys(LEDGER_MESSAGES).map((type) => `\`${type}\``))
  const origins = tableOf('Orders')
    .slice(4)
    .filter(([origin]) => origin !== 'origin' && !origin?.startsWith('---'))
  expect(wordsOf(origins[0]?.[1])).toEqual(KIND_RULES.contract.debit)
  expect(KIND_RULES.contract.credit).toEqual(KIND_RULES.contract.debit)
  expect(wordsOf(origins[1]?.[1])).toEqual(KIND_RULES.signed.debit)
  expect(wordsOf(origins[1]?.[2])).toEqual(KIND_RULES.signed.credit)
  expect(SPEC).toContain(`${ORDERS_MAX.toLocaleString('en-US')} at most`)
})
