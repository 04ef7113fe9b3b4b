import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { AMOUNT_MAX, CodedError, toPlainError, ZERO_AMOUNT, type Amount, type PlainError } from 'kernell-os/core'
import type { Clock } from 'kernell-os/ports'
import { fromTransition } from 'xstate'
import { checkMethods, checkText, objectOf, type UncheckedInput } from '../agent-input.ts'
import { readAmount, readText } from '../read-fields.ts'
import { invalid } from '../request-desk/protocol.ts'
import { tell } from '../tell.ts'
import {
  EMPTY_TREASURY,
  endHold,
  openAccount,
  passTime,
  reportAccounts,
  reserve,
  type AccountInit,
  type AccountReport,
  type Treasury,
} from './treasury.ts'

export type { AccountInit, AccountReport } from './treasury.ts'

/**
 * What a treasurer is spawned with. An account below one that does not come before it, or a limit that is no amount,
 * makes `spawn` throw `ACTOR_START_FAILED`.
 */
export type TreasurerInput = {
  readonly clock: Pick<Clock, 'now'>
  /** Accounts that are there from the start, those above others first. */
  readonly accounts?: readonly AccountInit[]
  /** How long a reservation may stay open before it is charged in full. Default 15 minutes. */
  readonly leaseMs?: number
}

/**
 * What a treasurer is asked; what it refuses is answered with `failed`: `BUDGET_EXCEEDED`, `BUDGET_OVERLOADED` where
 * too many reservations are open, `REQUEST_INVALID`.
 */
export type TreasurerEvent =
  /** Answered with `opened`. Known already: its limit is changed. */
  | ({ readonly type: 'open'; readonly replyTo?: ReplyTarget } & AccountInit)
  /** Answered with `granted`; asked again with the same id and amount: granted again, and taken once. */
  | {
      readonly type: 'reserve'
      readonly id: string
      readonly account: string
      readonly amountNanos: Amount
      readonly replyTo?: ReplyTarget
    }
  /** Ends a reservation: what was spent is charged, the rest is free again. Answered with `ended`. */
  | { readonly type: 'settle'; readonly id: string; readonly spentNanos: Amount; readonly replyTo?: ReplyTarget }
  /** Ends a reservation of which nothing was spent. Answered with `ended`. */
  | { readonly type: 'release'; readonly id: string; readonly replyTo?: ReplyTarget }
  /** Answered with `accounts`, sorted by name. */
  | { readonly type: 'report'; readonly account?: string; readonly replyTo?: ReplyTarget }

/** Answers of a treasurer, each to one event; `failed` says that the event itself has changed nothing. */
export type TreasurerReply =
  | { readonly type: 'opened'; readonly account: string }
  | { readonly type: 'granted'; readonly id: string }
  /** `wasOpen` false: it had ended before, or was never granted, and nothing was charged now. */
  | { readonly type: 'ended'; readonly id: string; readonly wasOpen: boolean }
  | { readonly type: 'accounts'; readonly accounts: readonly AccountReport[] }
  | { readonly type: 'failed'; readonly error: PlainError }

/**
 * What a treasurer emits for those who watch it; whoever asked has the answer besides. `code` is that of the refusal.
 */
export type TreasurerEmitted =
  | { readonly type: 'refused'; readonly id: string; readonly account: string; readonly code: string }
  /** Nobody ended the reservation in time; it was charged in full. */
  | { readonly type: 'expired'; readonly id: string }

/**
 * State of the actor. Reservations that have run out, and windows that are over, count in it until the next event
 * comes.
 */
export type TreasurerContext = {
  readonly clock: Pick<Clock, 'now'>
  readonly leaseMs: number
  readonly treasury: Treasury
}

const LEASE_MS_DEFAULT = 15 * 60_000

/**
 * Keeps budgets: accounts below accounts, money that is set aside before it can be spent, and what was spent. One actor
 * handles one message at a time, so agents that ask it never overspend together.
 *
 * It is not restarted after a failure: a treasurer that forgot what was spent would grant it again.
 */
export const treasurer: AgentDefinition = defineAgent({
  name: 'treasurer',
  restart: 'temporary',
  logic: fromTransition(
    (context: TreasurerContext, event: TreasurerEvent, { emit, system }): TreasurerContext => {
      if (!isMine(event)) return context
      const at = context.clock.now()
      const { treasury: before, expired } = passTime(context.treasury, at)
      for (const id of expired) emit({ type: 'expired', id } satisfies TreasurerEmitted)
      try {
        const { treasury, reply } = handle(event, { ...context, treasury: before }, at)
        tell(event.replyTo, reply, system)
        return { ...context, treasury }
      } catch (error: unknown) {
        if (!CodedError.is(error)) throw error
        if (event.type === 'reserve')
          emit({ type: 'refused', id: event.id, account: event.account, code: error.code } satisfies TreasurerEmitted)
        const reply: TreasurerReply = { type: 'failed', error: toPlainError(error) }
        tell(event.replyTo, reply, system)
        return { ...context, treasury: before }
      }
    },
    ({ input }: { input: TreasurerInput }): TreasurerContext => open(input),
  ),
})

function open(input: TreasurerInput): TreasurerContext {
  checkParts(objectOf(input))
  const { clock, accounts = [], leaseMs = LEASE_MS_DEFAULT } = input
  if (!(Number.isFinite(leaseMs) && leaseMs > 0)) throw new RangeError(`leaseMs ${leaseMs} is not a number above 0`)
  const at = clock.now()
  const treasury = accounts.reduce((before, account) => openAccount(before, account, at), EMPTY_TREASURY)
  return { clock, leaseMs, treasury }
}

function checkParts({ clock, accounts = [] }: UncheckedInput): void {
  checkMethods(clock, 'clock', {
    names: ['now'],
    hint: 'give the treasurer the clock of its system, `system.environment.clock`',
  })
  if (!Array.isArray(accounts)) throw new TypeError('accounts must be a list')
  for (const [index, account] of accounts.entries()) {
    const where = `accounts[${index}]`
    const { name, limitNanos } = objectOf(account, where)
    checkText(name, `${where}.name`)
    if (typeof limitNanos !== 'bigint' || limitNanos < 0n || limitNanos > AMOUNT_MAX)
      throw new TypeError(`${where}.limitNanos must be a bigint of nano-dollars from 0 to ${AMOUNT_MAX}`)
  }
}

const MINE: ReadonlySet<string> = new Set<TreasurerEvent['type']>(['open', 'reserve', 'settle', 'release', 'report'])

/** Others may send anything, and XState says `xstate.stop`. */
function isMine(event: { readonly type: string }): event is TreasurerEvent {
  return MINE.has(event.type)
}

type Handled = { readonly treasury: Treasury; readonly reply: TreasurerReply }

/** Fields are read as they came: an event crosses threads and programs. Throws coded errors, which are answers. */
function handle(event: TreasurerEvent, { treasury, leaseMs }: TreasurerContext, at: number): Handled {
  switch (event.type) {
    case 'open': {
      const { name, parent, windowMs } = event
      const limitNanos = amountIn(event, 'limitNanos')
      const init = {
        name,
        limitNanos,
        ...(parent !== undefined && { parent }),
        ...(windowMs !== undefined && { windowMs }),
      }
      return { treasury: openAccount(treasury, init, at), reply: { type: 'opened', account: name } }
    }
    case 'reserve': {
      const id = readText(event, 'id', 256)
      const account = readText(event, 'account', 256)
      const amountNanos = amountIn(event, 'amountNanos')
      return {
        treasury: reserve(treasury, { id, account, amountNanos, leaseMs }, at),
        reply: { type: 'granted', id },
      }
    }
    case 'settle':
      return end(treasury, event.id, { spentNanos: amountIn(event, 'spentNanos'), how: 'settled' })
    case 'release':
      return end(treasury, event.id, { spentNanos: ZERO_AMOUNT, how: 'released' })
    case 'report':
      return { treasury, reply: { type: 'accounts', accounts: reportAccounts(treasury, event.account) } }
  }
}

function end(treasury: Treasury, id: string, how: Parameters<typeof endHold>[2]): Handled {
  const next = endHold(treasury, id, how)
  return { treasury: next ?? treasury, reply: { type: 'ended', id, wasOpen: next !== undefined } }
}

function amountIn(event: TreasurerEvent, name: string): Amount {
  const amount = readAmount(event, name)
  if (amount === undefined) throw invalid(`${name} must be a bigint of nano-dollars, 0 or more`)
  return amount
}
