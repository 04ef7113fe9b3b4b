import { fromTransition } from 'xstate'
import type { AnyEventObject } from 'xstate'
import type { ActorRef } from '../../src/actors/actor-ref.ts'
import { defineAgent } from '../../src/actors/define-agent.ts'
import type { AgentDefinition } from '../../src/actors/agent-definition.ts'
import { stateOf } from '../../src/actors/durable/state/durable-actor.ts'
import type { DurableState } from '../../src/actors/durable/state/durable-actor.ts'
import { durableActions } from '../../src/actors/durable/durable-actors.ts'
import { violationsOf } from '../../src/actors/durable/state/check-record.ts'

export const START_BALANCE = 1_000
export const TICK_MS = 30
/** How many there are where processes are killed. */
export const ACCOUNTS = 120

/** What is asked of an account from outside. `key` is given with the delivery too, and repeated when nobody answered. */
export type AccountCommand = AnyEventObject & {
  readonly type: 'transfer' | 'pay' | 'tick later'
  readonly key: string
  readonly to: string
  readonly amount: number
}

export type SentCommand = { readonly account: string; readonly command: AccountCommand }

export type Account = {
  readonly balance: number
  /** Paid out for good. */
  readonly paid: number
  /** How often each command, each credit and each tick was handled: never more than once. */
  readonly handled: Readonly<Record<string, number>>
  readonly ticksAsked: number
  readonly effectsAsked: number
  readonly effectsDone: number
}

const NEW_ACCOUNT: Account = {
  balance: START_BALANCE,
  paid: 0,
  handled: {},
  ticksAsked: 0,
  effectsAsked: 0,
  effectsDone: 0,
}

type AccountEvent = AnyEventObject & { readonly key?: string; readonly amount?: number; readonly to?: string }

/** Moves what it has to others and out of the world, and counts everything it does. */
export function accountAgent(refOf: (id: string) => ActorRef | undefined): AgentDefinition {
  return defineAgent({
    name: 'account',
    durable: { snapshotEvery: 20, passivateAfterMs: 200 },
    logic: fromTransition((account: Account, event: AccountEvent, { self }) => {
      const { type, key = '', amount = 0, to = '' } = event
      if (type === 'read') {
        const replyTo = event['replyTo'] as { send(event: object): unknown }
        replyTo.send({ type: 'told', handled: Object.keys(account.handled).length })
        return account
      }
      if (type === 'kernell.effect.done') return { ...account, effectsDone: account.effectsDone + 1 }
      const counted = {
        ...account,
        handled: { ...account.handled, [`${type} ${key}`]: timesOf(account, type, key) + 1 },
      }
      switch (type) {
        case 'transfer':
          if (account.balance < amount) return counted
          refOf(to)?.send({ type: 'credit', key, amount })
          return { ...counted, balance: account.balance - amount }
        case 'credit':
          return { ...counted, balance: account.balance + amount }
        case 'pay':
          if (account.balance < amount) return counted
          durableActions(self).effect('pay', { amount })
          return {
            ...counted,
            balance: account.balance - amount,
            paid: account.paid + amount,
            effectsAsked: account.effectsAsked + 1,
          }
        case 'tick later':
          durableActions(self).setTimer(`tick ${key}`, { delayMs: TICK_MS, event: { type: 'tick', key } })
          return { ...counted, ticksAsked: account.ticksAsked + 1 }
        case 'tick':
          return counted
        default:
          return account
      }
    }, NEW_ACCOUNT),
  })
}

function timesOf(account: Account, type: string, key: string): number {
  return account.handled[`${type} ${key}`] ?? 0
}

export type AccountCheck = {
  /** Commands that were acknowledged: key and account. */
  readonly acknowledged: readonly { readonly key: string; readonly account: string }[]
  /** What an account once said that it had handled. */
  readonly told: readonly { readonly account: string; readonly handled: number }[]
  /** Keys of the payments that happened outside. */
  readonly bank: readonly string[]
  /** Nothing may be left to do: timers have fired, effects have ended. */
  readonly isSettled: boolean
}

/** What is wrong with stored accounts. */
export function checkAccounts(state: DurableState, check: AccountCheck): readonly string[] {
  const failures = [...violationsOf(state)]
  const accounts = new Map([...state.actors.values()].map((actor) => [actor.id, stateOf(actor) as Account]))
  const actors = [...state.actors.values()]
  let total = 0
  for (const { id, inbox, effects, timers } of actors) {
    const account = accounts.get(id)
    if (account === undefined) continue
    total += account.balance + account.paid
    for (const { event } of inbox?.values() ?? []) if (event.type === 'credit') total += Number(event['amount'])
    for (const [what, times] of Object.entries(account.handled)) {
      if (times > 1) failures.push(`${id} handled ${what} ${times} times`)
    }
    const open = effects?.size ?? 0
    if (account.effectsDone > account.effectsAsked) failures.push(`${id} was told of ${account.effectsDone} payments`)
    if (!check.isSettled) continue
    if (inbox !== undefined || timers !== undefined || open > 0) failures.push(`${id} is not settled`)
    const ticks = Object.keys(account.handled).filter(
      (what) => what.startsWith('tick ') && !what.startsWith('tick later'),
    )
    if (ticks.length !== account.ticksAsked)
      failures.push(`${id} asked for ${account.ticksAsked} ticks, ${ticks.length} came`)
    if (account.effectsDone !== account.effectsAsked) failures.push(`${id} was not told of all its payments`)
  }
  if (total !== accounts.size * START_BALANCE) failures.push(`${total} is there of ${accounts.size * START_BALANCE}`)
  for (const { key, account } of check.acknowledged) {
    const actor = state.actors.get(account)
    const isHandled = Object.keys(accounts.get(account)?.handled ?? {}).some((what) => what.endsWith(` ${key}`))
    const isWaiting = [...(actor?.inbox?.values() ?? [])].some(({ event }) => event['key'] === key)
    if (!isHandled && !isWaiting) failures.push(`${key} was acknowledged and is gone`)
  }
  for (const { account, handled } of check.told) {
    const stored = Object.keys(accounts.get(account)?.handled ?? {}).length
    if (stored < handled) failures.push(`${account} told of ${handled} things it had done, and has ${stored}`)
  }
  return [...failures, ...checkBank(state, { ...check, accounts })]
}

/** A payment happens only for a request that is stored, and in the end for each one. */
function checkBank(
  state: DurableState,
  { bank, isSettled, accounts }: AccountCheck & { readonly accounts: ReadonlyMap<string, Account> },
): readonly string[] {
  const failures: string[] = []
  const paid = new Map<string, number>()
  for (const key of new Set(bank)) {
    const id = key.split('/')[0] ?? ''
    paid.set(id, (paid.get(id) ?? 0) + 1)
  }
  for (const [id, account] of accounts) {
    const count = paid.get(id) ?? 0
    if (count > account.effectsAsked)
      failures.push(`${count} payments of ${id} happened, ${account.effectsAsked} were asked for`)
    const least = isSettled ? account.effectsAsked : account.effectsDone
    if (count < least) failures.push(`${count} payments of ${id} happened of ${least}`)
  }
  for (const id of paid.keys()) if (!state.actors.has(id)) failures.push(`${id} paid and is not stored`)
  return failures
}
