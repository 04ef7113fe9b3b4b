import { expect, test } from 'vitest'
import { effectDoneBefore } from '../../../../src/actors/durable/consequences/effect-runner.ts'
import { readJournal } from '../../../../src/actors/durable/journal/read-journal.ts'
import { violationsOf } from '../../../../src/actors/durable/state/check-record.ts'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import type { EventLog } from '../../../../src/ports/event-log.ts'
import { prefixOf } from '../controlled-log.ts'
import { World } from '../durable-world.ts'
import type { WorldAgent } from '../durable-world.ts'
import { ManualEnvironment } from '../manual-environment.ts'

const ACCOUNTS = 4
const START = 100

type Account = { readonly balance: number; readonly paid: number; readonly ticks: number }
type Command = { readonly type: string; readonly to: string; readonly amount: number }

const ACCOUNT: WorldAgent = {
  name: 'account',
  version: 1,
  initial: { balance: START, paid: 0, ticks: 0 },
  handle(state: Account, event, actions) {
    const { type, to, amount } = event as Command
    switch (type) {
      case 'transfer':
        if (state.balance < amount) return state
        actions.send(to, { type: 'credit', amount })
        return { ...state, balance: state.balance - amount }
      case 'credit':
        return { ...state, balance: state.balance + amount }
      case 'pay out':
        actions.effect('pay', amount)
        return { ...state, balance: state.balance - amount, paid: state.paid + amount }
      case 'ask':
        actions.effect('pay', amount, { needsApproval: { question: 'Pay?' } })
        return { ...state, balance: state.balance - amount, paid: state.paid + amount }
      case 'kernell.effect.failed':
        return { ...state, balance: state.balance + 1, paid: state.paid - 1 }
      case 'tick later':
        actions.setTimer('t', { delayMs: 50, event: { type: 'tick' } })
        return state
      case 'tick':
        return { ...state, ticks: state.ticks + 1 }
      default:
        return state
    }
  },
}

/** Who pays out: once per key, whoever asks. */
class Bank {
  readonly paid = new Map<string, number>()

  attachTo(world: World): void {
    world.store.registerEffect('pay', (input, { key }) => {
      if (this.paid.has(key)) return effectDoneBefore()
      this.paid.set(key, Number(input))
      return undefined
    })
  }
}

type Played = {
  readonly log: EventLog
  /** What was acknowledged, and how long the journal was then. */
  readonly acknowledged: readonly { readonly key: string; readonly records: number }[]
  /** Payments that had happened, by the length of the journal. */
  readonly paidAt: readonly { readonly key: string; readonly records: number }[]
}

const COMMANDS = ['transfer', 'transfer', 'transfer', 'pay out', 'ask', 'tick later'] as const

async function play(seed: number): Promise<Played> {
  const draws = createRandomStream(seed)
  const world = await World.open({ agents: [ACCOUNT], store: { compactAtBytes: Number.POSITIVE_INFINITY } })
  const acknowledged: { key: string; records: number }[] = []
  const paidAt: { key: string; records: number }[] = []
  world.store.registerEffect('pay', (_input, { key }) => void paidAt.push({ key, records: world.log.nextIndex }))
  for (let number = 0; number < ACCOUNTS; number += 1) world.spawn('account', `a${number}`)
  for (let step = 0; step < 14; step += 1) {
    const type = COMMANDS[draws.nextBelow(COMMANDS.length)] ?? 'transfer'
    const event = { type, to: `a${draws.nextBelow(ACCOUNTS)}`, amount: type === 'ask' ? 1 : 1 + draws.nextBelow(40) }
    const key = `k${step}`
    const delivered = world.store.deliver(`a${draws.nextBelow(ACCOUNTS)}`, event, { key })
    const noted = delivered.then(() => void acknowledged.push({ key, records: world.log.nextIndex }))
    if (draws.nextBelow(3) === 0) world.passivate(`a${draws.nextBelow(ACCOUNTS)}`)
    await Promise.all([noted, draws.nextBelow(3) === 0 ? world.environment.advance(20) : world.settle()])
    const approval = world.store.pendingApprovals()[0]
    if (approval !== undefined && draws.nextBelow(2) === 0) {
      const decision = draws.nextBelow(2) === 0 ? 'approved' : 'rejected'
      await Promise.all([world.store.resolveApproval(approval.id, { decision, by: 'ann' }), world.settle()])
    }
  }
  await world.environment.advance(100)
  await world.store.close()
  return { log: world.log, acknowledged, paidAt }
}

/** What is wrong after the process died when the journal had so many records. */
async function check(played: Played, records: number): Promise<readonly string[]> {
  const failures: string[] = []
  const log = await prefixOf(played.log, records)
  const before = await readJournal(log)
  failures.push(...violationsOf(before))
  for (const { key, records: needed } of played.acknowledged) {
    const isThere = [...before.actors.values()].some((actor) => actor.keys?.has(key) === true)
    if (needed <= records && !isThere) failures.push(`${key} was acknowledged and is gone`)
  }
  const bank = new Bank()
  for (const { key, records: needed } of played.paidAt) if (needed <= records) bank.paid.set(key, 0)
  const world = await World.open({ agents: [ACCOUNT], log, environment: new ManualEnvironment() })
  bank.attachTo(world)
  await world.environment.advance(1_000)
  for (const approval of world.store.pendingApprovals()) {
    await Promise.all([world.store.resolveApproval(approval.id, { decision: 'approved', by: 'bob' }), world.settle()])
  }
  await world.settle()
  failures.push(...world.failures.map(String), ...world.environment.errors.map(String))
  const accounts = [...world.store.actors()].map(({ id }) => world.stateOf(id) as Account)
  const total = accounts.reduce((sum, { balance, paid }) => sum + balance + paid, 0)
  if (total !== accounts.length * START) failures.push(`${total} of ${accounts.length * START} is there`)
  if ([...world.store.actors()].some(({ inbox, timers }) => inbox !== undefined || timers !== undefined)) {
    failures.push('something still waits')
  }
  if (world.store.pendingEffects().length > 0) failures.push('an effect was not run')
  failures.push(...(await checkSecondDeath(world)))
  return failures.map((what) => `after ${records} records: ${what}`)
}

/** Everything was done: a further start finds nothing to do. */
async function checkSecondDeath(world: World): Promise<readonly string[]> {
  const states = [...world.store.actors()].map(({ id }) => [id, world.stateOf(id)] as const)
  world.isDead = true
  await world.store.close()
  const next = await World.open({ agents: [ACCOUNT], log: world.log, environment: world.environment })
  const calls: string[] = []
  next.store.registerEffect('pay', (_input, { key }) => void calls.push(key))
  await next.environment.advance(1_000)
  const changed = states.filter(([id, state]) => JSON.stringify(next.stateOf(id)) !== JSON.stringify(state))
  return [...changed.map(([id]) => `${id} changed by a further start`), ...calls.map((key) => `${key} ran once more`)]
}

test.each([1, 2, 3, 4, 5, 6])('a crash between any two records loses and repeats nothing (seed %i)', async (seed) => {
  const played = await play(seed)
  const failures: string[] = []
  for (let records = 1; records <= played.log.nextIndex; records += 1) failures.push(...(await check(played, records)))
  expect(failures).toEqual([])
  expect(played.log.nextIndex).toBeGreaterThan(40)
  expect(played.paidAt.length).toBeGreaterThan(0)
})
