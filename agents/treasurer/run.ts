/** Two agents share one pot and cannot overspend it: `node agents/treasurer/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { amountFromUsd, CodedError, DEFAULT_TENANT, formatAmount, parseTaskId, type Amount } from 'kernell-os/core'
import { treasurer, type TreasurerInput, type TreasurerReply } from './agent.ts'
import { budgetsOf } from './budgets-of.ts'

const usd = (text: string): Amount => {
  const amount = amountFromUsd(text)
  assert.ok(amount !== undefined)
  return amount
}

const system = createActorSystem()
const input: TreasurerInput = {
  clock: system.environment.clock,
  accounts: [
    { name: 'team', limitNanos: usd('1.00') },
    { name: 'research', parent: 'team', limitNanos: usd('0.80') },
    { name: 'default', parent: 'team', limitNanos: usd('0.80') },
  ],
}
const ref = system.spawn(treasurer, { id: 'treasurer', input })

const reserve = async (id: string, account: string, amount: string): Promise<TreasurerReply> =>
  await ref.ask({ type: 'reserve', id, account, amountNanos: usd(amount) })
const granted = await Promise.all([reserve('a', 'research', '0.60'), reserve('b', 'default', '0.60')])
assert.deepEqual(
  granted.map(({ type }) => type),
  ['granted', 'failed'],
)
// Asked again because the answer was lost: the same answer, taken once.
assert.equal((await reserve('a', 'research', '0.60')).type, 'granted')

await ref.ask({ type: 'settle', id: 'a', spentNanos: usd('0.25') })
const again = await ref.ask<TreasurerReply>({ type: 'settle', id: 'a', spentNanos: usd('0.25') })
assert.deepEqual(again, { type: 'ended', id: 'a', wasOpen: false })

// The same actor as the budgets of a router: every call asks it for money first.
const budgets = budgetsOf(ref)
const caller = { tenant: DEFAULT_TENANT }
const taskId = parseTaskId('task-1')
assert.ok(taskId !== undefined)
const held = await budgets.reserve({ caller, taskId, amountNanos: usd('0.70') })
await held.settle(usd('0.10'))
await assert.rejects(
  async () => await budgets.reserve({ caller, taskId, amountNanos: usd('0.90') }),
  (error) => CodedError.is(error, 'BUDGET_EXCEEDED'),
)

// Nobody ends this one: when its lease is over it counts in full, and an end that comes later changes nothing.
let now = 0
const lender = system.spawn(treasurer, {
  id: 'lender',
  input: { clock: { now: () => now }, leaseMs: 60_000, accounts: [{ name: 'lent', limitNanos: usd('1.00') }] },
})
await lender.ask({ type: 'reserve', id: 'lost', account: 'lent', amountNanos: usd('0.40') })
const lentOf = async (): Promise<string[]> => {
  const reply = await lender.ask<TreasurerReply>({ type: 'report' })
  assert.ok(reply.type === 'accounts')
  return reply.accounts.flatMap(({ spentNanos, heldNanos }) => [formatAmount(spentNanos), formatAmount(heldNanos)])
}
now = 59_999
assert.deepEqual(await lentOf(), ['0', '0.4'])
now = 60_000
assert.deepEqual(await lentOf(), ['0.4', '0'])
const late = await lender.ask<TreasurerReply>({ type: 'settle', id: 'lost', spentNanos: usd('0.01') })
assert.deepEqual([late, await lentOf()], [{ type: 'ended', id: 'lost', wasOpen: false }, ['0.4', '0']])

const report = await ref.ask<TreasurerReply>({ type: 'report' })
assert.ok(report.type === 'accounts')
const spent = report.accounts.map(({ name, spentNanos }) => `${name} $${formatAmount(spentNanos)}`)
assert.deepEqual(spent, ['default $0.1', 'research $0.25', 'team $0.35'])
assert.ok(report.accounts.every(({ heldNanos }) => heldNanos === 0n))
await system.stop()

process.stdout.write(`of two reservations of $0.60 in a team of $1.00, one was granted
the same reservation asked twice was taken once, and settled twice was charged once
a reservation that nobody ended was charged in full when its lease was over
a router's calls were paid by the same actor
spent: ${spent.join(', ')}
`)
