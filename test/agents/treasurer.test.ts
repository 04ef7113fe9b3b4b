import { AMOUNT_MAX, amountFromNanos, DEFAULT_TENANT, parseTaskId, type Amount, type TaskId } from 'kernell-os/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  treasurer,
  type AccountInit,
  type AccountReport,
  type TreasurerEvent,
  type TreasurerInput,
  type TreasurerReply,
} from '../../agents/treasurer/agent.ts'
import { budgetsOf } from '../../agents/treasurer/budgets-of.ts'
import {
  EMPTY_TREASURY,
  endHold,
  openAccount,
  passTime,
  reportAccounts,
  reserve,
} from '../../agents/treasurer/treasury.ts'
import { ask, createWorld, refusalOf, type AgentWorld, type SpawnedAgent } from './agent-fixture.ts'

const nanos = (value: number): Amount => amountFromNanos(BigInt(value))
const account = (name: string, limit: number, more: Partial<AccountInit> = {}): AccountInit => ({
  name,
  limitNanos: nanos(limit),
  ...more,
})

function start(accounts: readonly AccountInit[], more: Partial<TreasurerInput> = {}) {
  const world = createWorld()
  const input = { clock: world.system.environment.clock, accounts, ...more }
  return { world, ref: world.spawn(treasurer, input) }
}

type Run = { readonly world: AgentWorld; readonly ref: SpawnedAgent }
const tell = async ({ world, ref }: Run, event: TreasurerEvent): Promise<TreasurerReply> => await ask(world, ref, event)
const codeOf = (reply: TreasurerReply): string => (reply.type === 'failed' ? reply.error.code : reply.type)
const hold = (id: string, name: string, amount: number): TreasurerEvent => ({
  type: 'reserve',
  id,
  account: name,
  amountNanos: nanos(amount),
})

async function figuresOf(run: Run): Promise<unknown[]> {
  const reply = await tell(run, { type: 'report' })
  const accounts: readonly AccountReport[] = reply.type === 'accounts' ? reply.accounts : []
  return accounts.map(({ name, spentNanos, heldNanos, remainingNanos }) => [
    name,
    Number(spentNanos),
    Number(heldNanos),
    Number(remainingNanos),
  ])
}

describe('the treasurer', () => {
  it('grants what is left, in the account and in all above it, and nothing more', async () => {
    const run = start([account('all', 100), account('a', 80, { parent: 'all' }), account('b', 80, { parent: 'all' })])
    const replies = []
    for (const event of [hold('1', 'a', 60), hold('2', 'b', 41), hold('3', 'b', 40), hold('4', 'a', 1)])
      replies.push(codeOf(await tell(run, event)))
    expect(replies).toEqual(['granted', 'BUDGET_EXCEEDED', 'granted', 'BUDGET_EXCEEDED'])
    expect(await figuresOf(run)).toEqual([
      ['a', 0, 60, 20],
      ['all', 0, 100, 0],
      ['b', 0, 40, 40],
    ])
    expect(run.ref.emitted).toEqual(
      ['2', '4'].map((id) => ({ type: 'refused', id, account: id === '2' ? 'b' : 'a', code: 'BUDGET_EXCEEDED' })),
    )
  })

  it('says in a refusal what is left, and of which account', async () => {
    const run = start([account('all', 10), account('a', 80, { parent: 'all' })])
    expect(await tell(run, hold('1', 'a', 11))).toMatchObject({
      error: { details: { account: 'all', remainingNanos: '10', limitNanos: '10' } },
    })
  })

  it('charges what was spent and frees the rest', async () => {
    const run = start([account('a', 100)])
    await tell(run, hold('1', 'a', 50))
    expect(await tell(run, { type: 'settle', id: '1', spentNanos: nanos(20) })).toEqual({
      type: 'ended',
      id: '1',
      wasOpen: true,
    })
    await tell(run, hold('2', 'a', 50))
    await tell(run, { type: 'release', id: '2' })
    expect(await figuresOf(run)).toEqual([['a', 20, 0, 80]])
  })

  it('charges more than was held when that is what it cost', async () => {
    const run = start([account('a', 100)])
    await tell(run, hold('1', 'a', 50))
    await tell(run, { type: 'settle', id: '1', spentNanos: nanos(120) })
    expect(await figuresOf(run)).toEqual([['a', 120, 0, 0]])
  })

  it('outlives a charge that nobody can mean', async () => {
    const run = start([account('a', 100)])
    for (const id of ['1', '2']) {
      await tell(run, hold(id, 'a', id === '1' ? 50 : 0))
      await tell(run, { type: 'settle', id, spentNanos: amountFromNanos(AMOUNT_MAX) })
    }
    expect(codeOf(await tell(run, hold('3', 'a', 1)))).toBe('BUDGET_EXCEEDED')
  })

  it('answers a repeated message as the first time, and takes nothing twice', async () => {
    const run = start([account('a', 100)])
    for (let n = 0; n < 3; n += 1) expect(codeOf(await tell(run, hold('1', 'a', 60)))).toBe('granted')
    expect(codeOf(await tell(run, hold('1', 'a', 61)))).toBe('REQUEST_INVALID')
    for (const wasOpen of [true, false])
      expect(await tell(run, { type: 'settle', id: '1', spentNanos: nanos(30) })).toEqual({
        type: 'ended',
        id: '1',
        wasOpen,
      })
    expect(codeOf(await tell(run, hold('1', 'a', 60)))).toBe('REQUEST_INVALID')
    expect(await figuresOf(run)).toEqual([['a', 30, 0, 70]])
  })

  it('charges a reservation in full that nobody ends in time, and says so', async () => {
    const run = start([account('a', 100)], { leaseMs: 1_000 })
    await tell(run, hold('1', 'a', 60))
    await run.world.advance(999)
    expect(await figuresOf(run)).toEqual([['a', 0, 60, 40]])
    await run.world.advance(1)
    expect(await tell(run, { type: 'release', id: '1' })).toMatchObject({ wasOpen: false })
    expect(await figuresOf(run)).toEqual([['a', 60, 0, 40]])
    expect(run.ref.emitted).toEqual([{ type: 'expired', id: '1' }])
  })

  it('forgets what was spent when a new window begins', async () => {
    const run = start([account('a', 100, { windowMs: 60_000 })])
    await tell(run, hold('1', 'a', 100))
    await tell(run, { type: 'settle', id: '1', spentNanos: nanos(100) })
    expect(codeOf(await tell(run, hold('2', 'a', 1)))).toBe('BUDGET_EXCEEDED')
    await run.world.advance(60_000)
    expect(codeOf(await tell(run, hold('3', 'a', 100)))).toBe('granted')
  })

  it('changes the limit of an account that is there, and keeps what was spent', async () => {
    const run = start([account('a', 100)])
    await tell(run, hold('1', 'a', 80))
    await tell(run, { type: 'open', ...account('a', 50) })
    expect(await figuresOf(run)).toEqual([['a', 0, 80, 0]])
    expect(codeOf(await tell(run, { type: 'open', ...account('a', 50, { parent: 'a' }) }))).toBe('REQUEST_INVALID')
  })

  it.each<[string, unknown]>([
    ['an unknown account', hold('1', 'nobody', 1)],
    ['money in a number', { type: 'reserve', id: '1', account: 'a', amountNanos: 5 }],
    ['no money', { type: 'settle', id: '1' }],
    ['more than there is in the world', { type: 'settle', id: '1', spentNanos: 2n ** 70n }],
    ['an id with a blank', hold('a b', 'a', 1)],
    ['an account below none', { type: 'open', ...account('b', 1, { parent: 'nobody' }) }],
    ['a window of no length', { type: 'open', ...account('b', 1, { windowMs: 0 }) }],
    ['a report on nobody', { type: 'report', account: 'nobody' }],
  ])('refuses %s', async (_name, event) => {
    expect(codeOf(await tell(start([account('a', 100)]), event as TreasurerEvent))).toBe('REQUEST_INVALID')
  })

  it('goes on after events that are none of its own, and is not restarted into forgetting', async () => {
    const run = start([account('a', 100)])
    await tell(run, hold('1', 'a', 60))
    run.ref.send({ type: 'else' })
    expect(await figuresOf(run)).toEqual([['a', 0, 60, 40]])
    expect(treasurer.restart.kind).toBe('temporary')
  })

  it('does not start with accounts that contradict each other', () => {
    expect(refusalOf(() => start([account('a', 1, { parent: 'b' }), account('b', 1)]))).toMatchObject({
      code: 'REQUEST_INVALID',
    })
    expect(refusalOf(() => start([], { leaseMs: 0 }))).toBeInstanceOf(RangeError)
  })
})

describe('the treasury', () => {
  const NAMES = ['all', 'a', 'b', 'aa']
  const operation = fc.oneof(
    fc.record({
      kind: fc.constant('reserve' as const),
      id: fc.nat(20),
      account: fc.constantFrom(...NAMES),
      amount: fc.nat(60),
    }),
    fc.record({ kind: fc.constant('end' as const), id: fc.nat(20), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(400) }),
  )

  it('never lets what is spent and held pass a limit, and keeps every sum of the accounts below', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const accounts = [
          account('all', 150),
          account('a', 100, { parent: 'all' }),
          account('b', 100, { parent: 'all' }),
          account('aa', 50, { parent: 'a' }),
        ]
        let treasury = accounts.reduce((before, each) => openAccount(before, each, 0), EMPTY_TREASURY)
        let at = 0
        for (const each of operations) {
          try {
            if (each.kind === 'pass') at += each.ms
            treasury = passTime(treasury, at).treasury
            if (each.kind === 'reserve')
              treasury = reserve(
                treasury,
                { id: `${each.id}`, account: each.account, amountNanos: nanos(each.amount), leaseMs: 500 },
                at,
              )
            const held = each.kind === 'end' ? treasury.holds.get(`${each.id}`) : undefined
            if (held !== undefined && each.kind === 'end') {
              const spentNanos = nanos(Math.floor(Number(held.amountNanos) * each.share))
              treasury = endHold(treasury, `${each.id}`, { spentNanos, how: 'settled' }) ?? treasury
            }
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/BUDGET_EXCEEDED|REQUEST_INVALID/) as string })
          }
          const reports = new Map(reportAccounts(treasury, undefined).map((report) => [report.name, report]))
          for (const { limitNanos, spentNanos, heldNanos } of reports.values())
            expect(spentNanos + heldNanos <= limitNanos).toBe(true)
          const own = (name: string): bigint =>
            (reports.get(name)?.heldNanos ?? 0n) + (reports.get(name)?.spentNanos ?? 0n)
          expect(own('a') >= own('aa')).toBe(true)
          expect(own('all') >= own('a') + own('b')).toBe(true)
          const open = [...treasury.holds.values()].reduce((sum, { amountNanos }) => sum + amountNanos, 0n)
          expect(reports.get('all')?.heldNanos).toBe(open)
        }
      }),
    )
  })
})

describe('a treasurer as the budgets of a router', () => {
  const taskId = parseTaskId('task') as TaskId
  const caller = { tenant: DEFAULT_TENANT }
  const request = (amount: number) => ({ caller, taskId, amountNanos: nanos(amount) })

  async function settled<Result>(world: AgentWorld, work: Promise<Result> | Result): Promise<Result> {
    const kept = Promise.resolve(work)
    kept.catch(() => undefined)
    await world.settle()
    return await kept
  }

  it('reserves, settles and releases', async () => {
    const run = start([account('default', 100)])
    const budgets = budgetsOf(run.ref)
    const first = await settled(run.world, budgets.reserve(request(60)))
    await expect(settled(run.world, budgets.reserve(request(41)))).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
    await settled(run.world, first.settle(nanos(10)))
    const second = await settled(run.world, budgets.reserve(request(90)))
    await settled(run.world, second.release())
    expect(await figuresOf(run)).toEqual([['default', 10, 0, 90]])
  })

  it('leaves nothing reserved when the caller has gone before the answer', async () => {
    const run = start([account('default', 100)])
    const leaving = new AbortController()
    const pending = Promise.resolve(budgetsOf(run.ref).reserve(request(60), { signal: leaving.signal }))
    const refused = expect(pending).rejects.toThrow('gone')
    leaving.abort(new Error('gone'))
    await refused
    expect(await figuresOf(run)).toEqual([['default', 0, 0, 100]])
  })

  it('tells two routers apart, and picks the account that it is told to', async () => {
    const run = start([account('team', 100)])
    for (const name of ['one', 'two'])
      await settled(run.world, budgetsOf(run.ref, { name, accountOf: () => 'team' }).reserve(request(50)))
    expect(await figuresOf(run)).toEqual([['team', 0, 100, 0]])
  })
})
