import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { parseTaskId, parseTenantId } from '../../../src/base/identifiers.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { CodedError } from '../../../src/base/errors.ts'
import { type NodeAccess, openAccess, type OpenedAccess } from '../../../src/node/access/open-access.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { AuditJournal } from '../../../src/rights/audit-journal.ts'
import { type BudgetOwner, createBudgetOwner } from '../../../src/router/budgets/budget-owner.ts'
import { createLoneJournal } from '../../../src/storage/lone-journal.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { type DiskFault, FaultyFileSystem } from '../../../src/testing/faulty-file-system.ts'

const random = createSystemRandom()
const timers = { schedule: () => ({ cancel(): void {} }) }
const ROOT = { by: 'test', reach: { kind: 'node' } } as const
const config = { keys: [], budgets: [], dataDir: '/data' }

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('must be there')
  return value
}
const tenant = must(parseTenantId('acme'))
const taskId = must(parseTaskId('t1'))

type Opened = {
  readonly opened: OpenedAccess
  readonly access: NodeAccess
  readonly budgets: BudgetOwner
  readonly audit: AuditJournal
  readonly clock: { at: number }
}

async function open(disk: FaultyFileSystem, at = 1_000_000): Promise<Opened> {
  const time = { at }
  const clock = {
    now: () => timestampFromMs(time.at),
    monotonicMs: () => time.at,
    timeoutSignal: () => new AbortController().signal,
  }
  const logOf = async (directory: string) => await openSegmentedEventLog({ fileSystem: disk, random }, { directory })
  const { journal: audit } = await AuditJournal.open({ log: await logOf('/audit'), clock })
  const actors = createActorSystem()
  const opened = await openAccess({
    config,
    clock,
    random,
    timers,
    fileSystem: disk,
    journal: createLoneJournal(await logOf('/access')),
    shared: undefined,
    record: async (event) => await audit.append(event),
    onError: () => undefined,
  })
  const budgets = createBudgetOwner(
    { actors, clock, random, timers, log: await logOf('/budgets') },
    { limits: opened.limits },
  )
  await budgets.start()
  return { opened, access: await opened.attach(budgets), budgets, audit, clock: time }
}

type Acts = { readonly done: string[]; key?: string; id?: string }

/** Changes of every kind, one after the other; `done` tells which were said to be made. */
async function act({ access }: Opened, acts: Acts): Promise<void> {
  const run = async (name: string, request: object): Promise<Record<string, unknown>> => {
    const answer = (await access.manage(request as never, ROOT)) as Record<string, unknown>
    acts.done.push(name)
    return answer
  }
  await run('tenant', { op: 'create', kind: 'tenant', id: 'acme', budgets: { total: '0.000000100' } })
  const made = await run('key', { op: 'create', kind: 'key', tenant: 'acme' })
  acts.key = String(made['key'])
  acts.id = String(made['id'])
  await run('lower', { op: 'budget-update', id: 'tenant:acme@total', limit_usd: '0.000000040' })
  await run('disable', { op: 'update', kind: 'tenant', id: 'acme', is_disabled: true })
  await run('enable', { op: 'update', kind: 'tenant', id: 'acme', is_disabled: false })
  await run('raise', {
    op: 'update',
    kind: 'tenant',
    id: 'acme',
    budgets: { total: '0.000000060', day: '0.000000050' },
  })
  await run('revoke', { op: 'revoke', kind: 'key', id: acts.id })
  await run('unbound', { op: 'budget-remove', id: 'tenant:acme@day' })
  await run('remove', { op: 'remove', kind: 'key', id: acts.id })
}

const LIMITS: Readonly<Record<string, string | undefined>> = {
  tenant: '100',
  lower: '40',
  raise: '60/50',
  unbound: '60',
}

function limitsOf(budgets: BudgetOwner): string | undefined {
  const limits = budgets.accountOf('tenant:acme')?.limits
  if (limits?.total === undefined) return undefined
  return limits.day === undefined ? String(limits.total) : `${limits.total}/${limits.day}`
}

/** What the limits may be once some changes were said to be made: those of the last of them, or those of the one after, which was under way. */
function possibleLimits(done: readonly string[]): ReadonlySet<string | undefined> {
  const order = ['tenant', 'key', 'lower', 'disable', 'enable', 'raise', 'revoke', 'unbound', 'remove']
  const after = (count: number): string | undefined =>
    order.slice(0, count).reduce<string | undefined>((limits, name) => LIMITS[name] ?? limits, undefined)
  return new Set([after(done.length), after(done.length + 1)])
}

function stateOfKey({ access }: Opened, key: string | undefined): string {
  if (key === undefined) return 'none'
  try {
    const sha256 = createHash('sha256').update(key).digest('hex')
    return access.door.identify(sha256) === undefined ? 'unknown' : 'taken'
  } catch (error: unknown) {
    return (CodedError.is(error) && /revoked|disabled/.exec(error.message)?.[0]) || 'failed'
  }
}

describe('when the machine loses power', () => {
  test('at any write, what was said to be changed is changed, and budgets have the limits of the registry', async () => {
    const whole = new FaultyFileSystem()
    const first: Acts = { done: [] }
    const opened = await open(whole)
    const before = whole.operationCount
    await act(opened, first)
    const operations = whole.operationCount
    expect(first.done.length).toBe(9)
    const outcomes = new Set<number>()
    for (const kind of ['crash', 'fail', 'tear'] as const) {
      for (let operation = before; operation <= operations; operation += 1) {
        const faults: DiskFault[] = [{ operation, kind }]
        const disk = new FaultyFileSystem({ faults, seed: operation })
        const acts: Acts = { done: [] }
        await act(await open(disk), acts).catch(() => undefined)
        outcomes.add(acts.done.length)
        disk.crash('mix')
        const again = await open(disk)
        const at = `${kind} at ${operation}: ${acts.done.join(' ')}`
        expect([...possibleLimits(acts.done)], at).toContain(limitsOf(again.budgets))
        const state = stateOfKey(again, acts.key)
        if (acts.done.includes('remove')) expect(state, at).toBe('unknown')
        else if (acts.done.includes('revoke')) expect(['revoked', 'unknown'], at).toContain(state)
        else if (acts.done.includes('key')) expect(['taken', 'disabled', 'revoked'], at).toContain(state)
        expect(again.budgets.violations(), at).toEqual([])
        expect(again.audit.verify().ok, at).toBe(true)
        const told = [...again.audit.entries()].length
        expect(told, at).toBeGreaterThanOrEqual(acts.done.length)
      }
    }
    expect(outcomes.size).toBeGreaterThan(5)
  }, 120_000)
})

describe('a limit that is changed while calls are under way', () => {
  test('is never passed by what is admitted after it was said to hold, whatever was admitted before', async () => {
    const { access, budgets } = await open(new FaultyFileSystem())
    await access.manage({ op: 'create', kind: 'tenant', id: 'acme', budgets: { total: '0.000001' } }, ROOT)
    const reserve = async () =>
      await budgets.reserve({ caller: { tenant }, taskId, amountNanos: amountFromNanos(100n) })
    const used = (): bigint => {
      const counter = must(budgets.accountOf('tenant:acme')).counters.total
      return counter.spentNanos + counter.heldNanos
    }
    const open64 = async (): Promise<number> =>
      (await Promise.allSettled(Array.from({ length: 64 }, reserve))).filter(({ status }) => status === 'fulfilled')
        .length
    const early = [await reserve(), await reserve(), await reserve(), await reserve()]
    const [, admitted] = await Promise.all([
      access.manage({ op: 'budget-update', id: 'tenant:acme@total', limit_usd: '0.0000006' }, ROOT),
      open64(),
    ])
    expect(admitted).toBeLessThanOrEqual(6)
    const atLowering = used()
    expect(await open64()).toBe(atLowering < 600n ? Number((600n - atLowering) / 100n) : 0)
    for (const reservation of early) await reservation.settle(amountFromNanos(10n))
    const left = used()
    await open64()
    expect(used()).toBe(left < 600n ? left + ((600n - left) / 100n) * 100n : left)
    await access.manage({ op: 'budget-update', id: 'tenant:acme@total', limit_usd: '0.0000008' }, ROOT)
    await open64()
    expect(used() <= 800n && used() > 700n).toBe(true)
    expect(budgets.violations()).toEqual([])
  })

  test('ends as the registry says, however many change it at once', async () => {
    const disk = new FaultyFileSystem()
    const { access, budgets } = await open(disk)
    await access.manage({ op: 'create', kind: 'tenant', id: 'acme' }, ROOT)
    await access.manage({ op: 'budget-create', scope: 'tenant:acme', window: 'day', limit_usd: '1' }, ROOT)
    await Promise.all(
      Array.from({ length: 40 }, async (_, place) => {
        const limit = `0.00000${String(place).padStart(2, '0')}`
        await access.manage({ op: 'budget-update', id: 'tenant:acme@day', limit_usd: limit }, ROOT)
      }),
    )
    const told = (await access.manage({ op: 'budget-show', id: 'tenant:acme@day' }, ROOT)) as { limit_usd: string }
    const limit = must(budgets.accountOf('tenant:acme')).limits.day
    disk.crash('lose')
    const again = await open(disk)
    expect(must(again.budgets.accountOf('tenant:acme')).limits.day).toBe(limit)
    expect(Number(told.limit_usd)).toBeCloseTo(Number(limit) / 1e9, 12)
  })
})

describe('by the clock', () => {
  test('a key is over at its time, and a replaced secret at its own', async () => {
    const opened = await open(new FaultyFileSystem())
    const { access, clock } = opened
    await access.manage({ op: 'create', kind: 'tenant', id: 'acme' }, ROOT)
    const made = (await access.manage(
      { op: 'create', kind: 'key', tenant: 'acme', expires_in_seconds: 100 },
      ROOT,
    )) as {
      key: string
      id: string
    }
    const next = (await access.manage({ op: 'rotate', kind: 'key', id: made.id, grace_seconds: 10 }, ROOT)) as {
      key: string
    }
    const both = (): readonly string[] => [stateOfKey(opened, made.key), stateOfKey(opened, next.key)]
    expect(both()).toEqual(['taken', 'taken'])
    clock.at += 9_999
    expect(both()).toEqual(['taken', 'taken'])
    clock.at += 1
    expect(both()).toEqual(['failed', 'taken'])
    clock.at += 90_000
    expect(both()).toEqual(['failed', 'failed'])
    expect(await access.manage({ op: 'show', kind: 'key', id: made.id }, ROOT)).toMatchObject({ state: 'expired' })
    await access.manage({ op: 'update', kind: 'key', id: made.id, expires_at: null }, ROOT)
    expect(both()[1]).toBe('taken')
  })
})

describe('whoever listens', () => {
  test('hears of each change that counts, and of none that was refused', async () => {
    const { opened, access } = await open(new FaultyFileSystem())
    let heard = 0
    opened.listen(() => (heard += 1))
    await access.manage({ op: 'create', kind: 'tenant', id: 'acme' }, ROOT)
    expect(heard).toBe(1)
    await expect(access.manage({ op: 'create', kind: 'tenant', id: 'acme' }, ROOT)).rejects.toMatchObject({
      code: 'ACCESS_ENTRY_EXISTS',
    })
    await access.manage({ op: 'list', kind: 'tenant' }, ROOT)
    expect(heard).toBe(1)
  })

  test('is told where a limit comes from', async () => {
    const { access } = await open(new FaultyFileSystem())
    await access.manage({ op: 'create', kind: 'tenant', id: 'acme', budgets: { day: '1' } }, ROOT)
    expect(access.sourceOfBudget('tenant:acme@day')).toBe('registry')
    expect(access.sourceOfBudget('tenant:acme@hour')).toBeUndefined()
  })
})
