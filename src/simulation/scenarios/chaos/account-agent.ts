import { type AnyEventObject, fromTransition } from 'xstate'
import type { ActorRef } from '../../../actors/actor-ref.ts'
import type { AgentDefinition } from '../../../actors/agent-definition.ts'
import { defineAgent } from '../../../actors/define-agent.ts'
import { durableActions } from '../../../actors/durable/durable-actors.ts'

/** What is asked of an account from outside; `key` names it, however often it is asked. */
export type AccountCommand = AnyEventObject & {
  readonly type: 'transfer' | 'wait'
  readonly key: string
  /** Whom the money is for. */
  readonly to: string
  /** The machine where that account is. */
  readonly node: string
  readonly amount: number
  /** Something that the account needs is away when it is handled for the first time. */
  readonly isHard?: boolean
}

export type Remittance = { readonly node: string; readonly to: string; readonly key: string; readonly amount: number }

export type Account = {
  readonly balance: number
  /** How often each command, credit and reminder was handled. */
  readonly handled: Readonly<Record<string, number>>
  readonly remindersAsked: number
  readonly remittancesAsked: number
  readonly remittancesDone: number
}

export const START_BALANCE = 1_000

const NEW_ACCOUNT: Account = {
  balance: START_BALANCE,
  handled: {},
  remindersAsked: 0,
  remittancesAsked: 0,
  remittancesDone: 0,
}

/** The wall clock, or the one that nobody sets. */
export type ReminderClock = 'wall' | 'steady'

/** What an account tells those who watch its world. */
export type AccountWatch = {
  /** A reminder was asked for: due in so many milliseconds, or at an instant of the wall clock. */
  readonly reminderSet: (name: string, due: { readonly delayMs: number } | { readonly at: number }) => void
  readonly reminded: (name: string, clock: ReminderClock) => void
}

export type AccountSurroundings = {
  readonly refOf: (id: string) => ActorRef | undefined
  readonly nodeName: string
  /** The wall clock of the machine. */
  readonly now: () => number
  readonly watch: AccountWatch
  /** Whether a hard command fails this time. */
  readonly isAway: (actor: unknown, key: string) => boolean
}

type AccountEvent = AnyEventObject &
  Partial<Remittance> & {
    readonly clock?: ReminderClock
    readonly isHard?: boolean
  }

/** Money that outlives its process: pays accounts of its own machine by messages, and those of others by an effect that is repeated until it is answered. */
export function accountAgent(around: AccountSurroundings): AgentDefinition {
  return defineAgent({
    name: 'account',
    durable: { snapshotEvery: 16, passivateAfterMs: 400 },
    mailbox: { bound: 64 },
    // Mail waits while it is away; what it failed over is given to it again.
    restart: { kind: 'permanent', redeliveries: 3, backOff: { firstMs: 150, maxMs: 600 } },
    logic: fromTransition((account: Account, event: AccountEvent, scope) => {
      if (event.type === 'read') {
        const { replyTo } = event as { readonly replyTo?: { send(answer: object): unknown } }
        replyTo?.send({ type: 'told', handled: Object.keys(account.handled).length, balance: account.balance })
        return account
      }
      if (event.isHard === true && around.isAway(scope.self, event.key ?? ''))
        throw new TypeError('What this account needs is away')
      if (event.type === 'kernell.effect.done') return { ...account, remittancesDone: account.remittancesDone + 1 }
      return next(account, event, { ...around, actor: scope.self })
    }, NEW_ACCOUNT),
  })
}

function next(
  account: Account,
  event: AccountEvent,
  around: AccountSurroundings & { readonly actor: unknown },
): Account {
  const { type, key = '', amount = 0, to = '', node = '' } = event
  const name = `${type} ${key}`
  const counted = { ...account, handled: { ...account.handled, [name]: (account.handled[name] ?? 0) + 1 } }
  switch (type) {
    case 'transfer':
      if (account.balance < amount) return counted
      if (node === around.nodeName) {
        around.refOf(to)?.send({ type: 'credit', key, amount })
        return { ...counted, balance: account.balance - amount }
      }
      durableActions(around.actor).effect('remit', { node, to, key, amount })
      return { ...counted, balance: account.balance - amount, remittancesAsked: account.remittancesAsked + 1 }
    case 'credit':
      return { ...counted, balance: account.balance + amount }
    case 'wait':
      remind(event, around)
      return { ...counted, remindersAsked: account.remindersAsked + 1 }
    case 'reminder':
      around.watch.reminded(key, event.clock ?? 'steady')
      return counted
    default:
      return account
  }
}

/** By a delay or, as often, at an instant of the wall clock. */
function remind(
  { key = '', amount = 0 }: AccountEvent,
  { actor, watch, now }: AccountSurroundings & { readonly actor: unknown },
): void {
  const actions = durableActions(actor)
  const clock: ReminderClock = amount % 2 === 0 ? 'steady' : 'wall'
  const event = { type: 'reminder', key, clock }
  if (clock === 'steady') {
    watch.reminderSet(key, { delayMs: amount })
    actions.setTimer(key, { delayMs: amount, event })
    return
  }
  const at = now() + amount
  watch.reminderSet(key, { at })
  actions.setTimer(key, { at, event })
}
