import { keyOfHold } from '../../../src/core/ledger/remembered-ids.ts'
import type { LedgerEffect, LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import type { TransferOrder } from '../../../src/core/ledger/transfer-order.ts'

/**
 * What the ledger must do, said as plainly as possible: one mutable table per thing, chains tried on a copy of all tables, no limits, no forgetting.
 * It shares nothing with the machine but the types of events and effects; accounts are told apart by cutting their text.
 */
export type ReferenceLedger = {
  readonly tables: Tables
  /** Effects that are due, in order. */
  step(event: LedgerEvent): readonly LedgerEffect[]
  /** The id, as `idsOf` names it, is taken for new by both from now on: the caller has seen that it is old enough. */
  forget(id: string): void
}

type Hold = { order: Extract<TransferOrder, { kind: 'hold' }>; state: 'open' | 'posted' | 'voided' | 'expired' }
type Known = { body: string; at: number; isFailed: boolean; isClient: boolean }

export type Tables = {
  at: number
  balances: Map<string, bigint>
  debits: Map<string, bigint>
  credits: Map<string, bigint>
  caps: Map<string, { cap: bigint; first: bigint; by: string; seq: number }>
  holds: Map<string, Hold>
  /** Accounts that there are, also those of 0. */
  accounts: Set<string>
  /** By the id alone for contracts and holds, else by `WHOSE ID`. */
  ids: Map<string, Known>
  issues: Map<string, { owner: string; currency: string; amount: bigint }>
  owners: Map<
    string,
    {
      key: string | undefined
      delay: number
      successor: string | undefined
      at: number
      authority: string
      isLost: boolean | undefined
    }
  >
}

type Refusal = Extract<LedgerEffect, { type: 'event-refused' }>['code']
type Result = LedgerEffect | Refusal
type Who = { readonly kind: 'contract' | 'signed' | 'credits'; readonly iss: string }

/** Whose word a client's order is: of money that leaves, its owner's; of a hold that ends, the signer's. */
function nameOf(order: TransferOrder, { kind, iss }: Who): string {
  if (kind === 'contract') return order.id
  if (kind === 'credits' || !('debit' in order)) return `${iss} ${order.id}`
  return `${order.debit.split('/')[0]} ${order.id}`
}

/** Holds of clients have names of their own: no client takes that of a contract's. */
function holdNameOf({ id, contract }: { readonly id: string; readonly contract?: string | undefined }): string {
  return contract === undefined ? `hold ${id}` : id
}

const TRANSIENT: readonly string[] = [
  'LEDGER_CURRENCY_UNKNOWN',
  'LEDGER_BALANCE_SHORT',
  'LEDGER_CAP_EXCEEDED',
  'LEDGER_HOLD_UNKNOWN',
  'LEDGER_ISSUE_UNKNOWN',
]

const MONEY_SHORT: readonly string[] = ['LEDGER_BALANCE_SHORT', 'LEDGER_CAP_EXCEEDED']

export function createReferenceLedger(at: number): ReferenceLedger {
  return new PlainLedger(at)
}

class PlainLedger implements ReferenceLedger {
  tables: Tables

  constructor(at: number) {
    this.tables = {
      at,
      balances: new Map(),
      debits: new Map(),
      credits: new Map(),
      caps: new Map(),
      holds: new Map(),
      accounts: new Set(),
      ids: new Map(),
      issues: new Map(),
      owners: new Map(),
    }
  }

  forget(id: string): void {
    this.tables.ids.delete(id)
    if (this.tables.holds.get(id)?.state !== 'open') this.tables.holds.delete(id)
  }

  step(event: LedgerEvent): readonly LedgerEffect[] {
    if (event.at < this.tables.at) return [{ type: 'event-refused', code: 'LEDGER_STAMP_BACKWARD', id: undefined }]
    const clock = this.tables.at
    const mark = markOf(this.tables)
    this.tables.at = event.at
    const effects = this.play(event)
    // An event that did nothing does not move the clock either.
    const isQuiet = !effects.some(({ type }) => MOVING.includes(type)) && mark === markOf(this.tables)
    if (isQuiet) this.tables.at = clock
    return effects
  }

  private play(event: LedgerEvent): LedgerEffect[] {
    if (event.type === 'transfers-submitted') return this.playOrders(event.orders, { kind: 'contract', iss: '' })
    if (event.type === 'orders-signed') return this.playOrders(event.orders, { kind: 'signed', iss: event.iss })
    if (event.type === 'holds-expired') return expire(this.tables)
    const credited = this.playCredits(event)
    if (credited !== undefined) return credited
    const result = playOther(this.tables, event)
    return [typeof result === 'string' ? { type: 'event-refused', code: result, id: undefined } : result]
  }

  private playOrders(orders: readonly TransferOrder[], who: Who): LedgerEffect[] {
    const effects: LedgerEffect[] = []
    for (const chain of chainsOf(orders)) effects.push(...this.playChain(chain, who))
    return effects
  }

  private playChain(chain: readonly TransferOrder[], who: Who): LedgerEffect[] {
    const backup = chain.length > 1 ? copy(this.tables) : this.tables
    if (chain.at(-1)?.isLinked === true)
      return this.refuseAll(chain, who, { failed: chain.length - 1, code: 'LEDGER_CHAIN_OPEN' })
    if (chain.every((order) => idVerdict(backup, order, who) === 'exists'))
      return chain.map(({ id }) => ({ type: 'transfer-exists', id }))
    const done: LedgerEffect[] = []
    for (const [index, order] of chain.entries()) {
      const verdict = idVerdict(this.tables, order, who)
      const known = verdict === 'exists' ? 'LEDGER_CHAIN_MIXED' : verdict
      const result = known ?? playOrder(this.tables, order, who)
      if (typeof result !== 'string') {
        done.push(result)
        continue
      }
      this.tables = backup
      return this.refuseAll(chain, who, { failed: index, code: result })
    }
    return done
  }

  private refuseAll(
    chain: readonly TransferOrder[],
    who: Who,
    { failed, code }: { readonly failed: number; readonly code: Refusal },
  ): LedgerEffect[] {
    return chain.map((order, index) => {
      const own = index === failed ? code : 'LEDGER_CHAIN_FAILED'
      const isClient = who.kind !== 'contract'
      const hasAccount = 'debit' in order && this.tables.accounts.has(order.debit)
      const isKept = isClient ? MONEY_SHORT.includes(own) && hasAccount : TRANSIENT.includes(own)
      if (isKept) this.tables.ids.set(nameOf(order, who), { body: '', at: this.tables.at, isFailed: true, isClient })
      return { type: 'event-refused', code: own, id: order.id }
    })
  }

  private playCredits(event: LedgerEvent): LedgerEffect[] | undefined {
    if (event.type !== 'credits-issued' && event.type !== 'credits-redeemed' && event.type !== 'credits-reconciled')
      return undefined
    const refuse = (code: Refusal): LedgerEffect[] => [{ type: 'event-refused', code, id: event.id }]
    if (event.type === 'credits-reconciled') return this.reconcile(event, refuse)
    const issuer = event.currency.split('@')[1] ?? ''
    const signer = event.type === 'credits-issued' ? issuer : event.owner
    if (authority(this.tables, signer) !== event.iss) return refuse('LEDGER_SIGNER_WRONG')
    const kind = event.type === 'credits-issued' && !event.isConfirmed ? 'unreconciled' : 'available'
    const own = `${event.owner}/${kind}/${event.currency}`
    const debt = `${issuer}/issuer/${event.currency}`
    const [debit, credit] = event.type === 'credits-issued' ? [debt, own] : [own, debt]
    const isOpen = kind === 'unreconciled' && this.tables.issues.has(event.id)
    if (isOpen && !this.tables.ids.has(`${signer} ${event.id}`)) return refuse('LEDGER_ID_CONFLICT')
    const effects = this.playOrders([orderOf(event, debit, credit)], { kind: 'credits', iss: signer })
    if (kind === 'unreconciled' && effects[0]?.type === 'transfer-posted')
      this.tables.issues.set(event.id, { owner: event.owner, currency: event.currency, amount: event.amount })
    return effects
  }

  private reconcile(
    event: Extract<LedgerEvent, { type: 'credits-reconciled' }>,
    refuse: (code: Refusal) => LedgerEffect[],
  ): LedgerEffect[] {
    const reference = `reconcile ${event.issue} ${event.outcome}`
    const known = this.tables.ids.get(`${event.iss} ${event.id}`)
    if (known?.isFailed === true) return refuse('LEDGER_ID_FAILED')
    if (known !== undefined) {
      if (!known.body.includes(reference)) return refuse('LEDGER_ID_CONFLICT')
      return [{ type: 'transfer-exists', id: event.id }]
    }
    const issue = this.tables.issues.get(event.issue)
    if (issue === undefined) return refuse('LEDGER_ISSUE_UNKNOWN')
    const issuer = issue.currency.split('@')[1] ?? ''
    if (authority(this.tables, issuer) !== event.iss) return refuse('LEDGER_SIGNER_WRONG')
    const debit = `${issue.owner}/unreconciled/${issue.currency}`
    const target = event.outcome === 'confirmed' ? `${issue.owner}/available` : `${issuer}/issuer`
    const order = orderOf({ ...event, amount: issue.amount, reference }, debit, `${target}/${issue.currency}`)
    const effects = this.playOrders([order], { kind: 'credits', iss: event.iss })
    if (effects[0]?.type === 'transfer-posted') this.tables.issues.delete(event.issue)
    return effects
  }
}

function orderOf(event: { id: string; amount: bigint; reference: string }, debit: string, credit: string) {
  const { id, amount, reference } = event
  // The texts were cut from names, and put together again.
  return { kind: 'post', id, amount, reference, debit, credit, isLinked: false, contract: undefined } as TransferOrder
}

const MOVING: readonly string[] = [
  'transfer-posted',
  'transfer-held',
  'transfer-voided',
  'transfer-expired',
  'hash-noted',
]

function markOf({ ids, caps, owners }: Tables): string {
  const text = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
  return `${ids.size} ${JSON.stringify([...caps], text)} ${JSON.stringify([...owners])}`
}

function copy(tables: Tables): Tables {
  return {
    at: tables.at,
    balances: new Map(tables.balances),
    debits: new Map(tables.debits),
    credits: new Map(tables.credits),
    caps: new Map(tables.caps),
    holds: new Map([...tables.holds].map(([id, hold]) => [id, { ...hold }])),
    accounts: new Set(tables.accounts),
    ids: new Map(tables.ids),
    issues: new Map(tables.issues),
    owners: new Map(tables.owners),
  }
}

function chainsOf(orders: readonly TransferOrder[]): TransferOrder[][] {
  const chains: TransferOrder[][] = [[]]
  for (const order of orders) {
    chains.at(-1)?.push(order)
    if (!order.isLinked) chains.push([])
  }
  return chains.filter(({ length }) => length > 0)
}

function bodyOf(order: TransferOrder): string {
  return JSON.stringify(
    Object.entries(order).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  )
}

function idVerdict(tables: Tables, order: TransferOrder, who: Who): 'exists' | Refusal | undefined {
  const isOfHolds = who.kind === 'contract' || order.kind === 'hold'
  const hold = holdNameOf(order)
  const ofHold = isOfHolds && tables.holds.has(hold) ? tables.ids.get(hold) : undefined
  const known = tables.ids.get(nameOf(order, who)) ?? ofHold
  if (known === undefined) return undefined
  if (known.isFailed) return 'LEDGER_ID_FAILED'
  return known.body === bodyOf(order) ? 'exists' : 'LEDGER_ID_CONFLICT'
}

function authority(tables: Tables, owner: string): string {
  const next = tables.owners.get(owner)?.authority ?? owner
  return next === owner ? owner : authority(tables, next)
}

/** The first recovery key counts. */
function name(
  tables: Tables,
  owner: string,
  {
    recoveryKey,
    recoveryDelay,
  }: { readonly recoveryKey: string | undefined; readonly recoveryDelay: number | undefined },
): void {
  const known = tables.owners.get(owner)
  if (recoveryKey === undefined || known?.key !== undefined) return
  const row = { successor: undefined, at: 0, authority: owner, isLost: undefined, ...known }
  tables.owners.set(owner, { ...row, key: recoveryKey, delay: recoveryDelay ?? 0 })
}

function move(tables: Tables, [from, to]: readonly [string, string], amount: bigint): void {
  tables.debits.set(from, (tables.debits.get(from) ?? 0n) + amount)
  tables.credits.set(to, (tables.credits.get(to) ?? 0n) + amount)
  tables.balances.set(from, (tables.balances.get(from) ?? 0n) - amount)
  tables.balances.set(to, (tables.balances.get(to) ?? 0n) + amount)
}

function heldOf(account: string): string {
  const [owner, , currency] = account.split('/')
  return `${owner}/held/${currency}`
}

const SPENDABLE = ['available', 'bond', 'fee', 'arbiter']
const FROM: Record<Who['kind'], string[]> = {
  contract: [...SPENDABLE, 'issuer'],
  signed: ['available', 'fee', 'arbiter'],
  credits: ['available', 'issuer', 'unreconciled'],
}
const INTO: Record<Who['kind'], string[]> = {
  contract: [...SPENDABLE, 'issuer'],
  signed: ['available'],
  credits: ['available', 'issuer', 'unreconciled'],
}

function playOrder(tables: Tables, order: TransferOrder, who: Who): Result {
  if (who.kind === 'signed' && order.contract !== undefined) return 'LEDGER_CONTRACT_DIFFERS'
  if (who.kind !== 'contract' && 'amount' in order && order.amount === 0n) return 'LEDGER_AMOUNT_ZERO'
  const isEnding = order.kind === 'post-held' || order.kind === 'void-held'
  return isEnding ? playEnd(tables, order, who) : playStart(tables, order, who)
}

function playStart(tables: Tables, order: TransferOrder & { kind: 'post' | 'hold' }, who: Who): Result {
  const { id, debit, credit, amount } = order
  const [owner = '', kind = '', currency = ''] = debit.split('/')
  const [, intoKind = '', intoCurrency = ''] = credit.split('/')
  if (!tables.caps.has(currency) || !tables.caps.has(intoCurrency)) return 'LEDGER_CURRENCY_UNKNOWN'
  if (debit === credit) return 'LEDGER_ACCOUNTS_SAME'
  if (!FROM[who.kind].includes(kind) || !INTO[who.kind].includes(intoKind)) return 'LEDGER_ACCOUNT_KIND'
  if (currency !== intoCurrency) return 'LEDGER_CURRENCY_DIFFERS'
  if (who.kind === 'signed' && authority(tables, owner) !== who.iss) return 'LEDGER_SIGNER_WRONG'
  if (order.kind === 'hold') {
    if (who.kind === 'signed' && order.expiresAt === undefined) return 'LEDGER_EXPIRY_MISSING'
    if (order.expiresAt !== undefined && order.expiresAt <= tables.at) return 'LEDGER_EXPIRY_PAST'
    if (who.kind === 'signed' && (order.expiresAt ?? 0) > tables.at + 2_592_000_000) return 'LEDGER_EXPIRY_FAR'
  }
  const after = (tables.balances.get(debit) ?? 0n) - amount
  if (kind === 'issuer' && -after > (tables.caps.get(currency)?.cap ?? 0n)) return 'LEDGER_CAP_EXCEEDED'
  if (kind !== 'issuer' && after < 0n) return 'LEDGER_BALANCE_SHORT'
  const isClient = order.kind === 'hold' ? order.contract === undefined : who.kind !== 'contract'
  const place = order.kind === 'hold' ? holdNameOf(order) : nameOf(order, who)
  tables.ids.set(place, { body: bodyOf(order), at: tables.at, isFailed: false, isClient })
  for (const account of [debit, credit]) tables.accounts.add(account)
  if (order.kind === 'post') {
    move(tables, [debit, credit], amount)
    return { type: 'transfer-posted', id, amount, heldId: undefined, released: (amount - amount) as typeof amount }
  }
  move(tables, [debit, heldOf(debit)], amount)
  tables.balances.set(credit, tables.balances.get(credit) ?? 0n)
  tables.accounts.add(heldOf(debit))
  tables.holds.set(holdNameOf(order), { order, state: 'open' })
  return { type: 'transfer-held', id, amount, expiresAt: order.expiresAt }
}

function playEnd(tables: Tables, order: TransferOrder & { kind: 'post-held' | 'void-held' }, who: Who): Result {
  const held = holdNameOf({ id: order.heldId, contract: order.contract })
  const hold = tables.holds.get(held)
  // What was forgotten was never known.
  if (hold === undefined || (hold.state !== 'open' && !tables.ids.has(held))) {
    const isOfContract = order.contract === undefined && tables.holds.get(order.heldId)?.state === 'open'
    return isOfContract ? 'LEDGER_CONTRACT_DIFFERS' : 'LEDGER_HOLD_UNKNOWN'
  }
  if (hold.state === 'posted') return 'LEDGER_HOLD_POSTED'
  if (hold.state === 'voided') return 'LEDGER_HOLD_VOIDED'
  if (hold.state === 'expired') return 'LEDGER_HOLD_EXPIRED'
  const { debit, credit, amount, expiresAt, contract, agent } = hold.order
  if (contract !== order.contract) return 'LEDGER_CONTRACT_DIFFERS'
  const judge = agent ?? credit.split('/')[0] ?? ''
  if (who.kind === 'signed' && authority(tables, judge) !== who.iss) return 'LEDGER_SIGNER_WRONG'
  if (expiresAt !== undefined && tables.at >= expiresAt) return 'LEDGER_HOLD_EXPIRED'
  const taken = order.kind === 'post-held' ? order.amount : 0n
  if (order.kind === 'post-held') {
    if (who.kind === 'signed' && order.credit !== credit) return 'LEDGER_SIGNER_WRONG'
    if (taken > amount) return 'LEDGER_HOLD_EXCEEDED'
    const [, kind = '', currency = ''] = order.credit.split('/')
    if (!tables.caps.has(currency)) return 'LEDGER_CURRENCY_UNKNOWN'
    if (!INTO[who.kind].includes(kind)) return 'LEDGER_ACCOUNT_KIND'
    if (currency !== debit.split('/')[2]) return 'LEDGER_CURRENCY_DIFFERS'
    tables.accounts.add(order.credit)
    move(tables, [heldOf(debit), order.credit], taken)
  }
  const released = (amount - taken) as typeof amount
  move(tables, [heldOf(debit), debit], released)
  hold.state = order.kind === 'post-held' ? 'posted' : 'voided'
  touch(tables, held)
  const isClient = who.kind !== 'contract'
  tables.ids.set(nameOf(order, who), { body: bodyOf(order), at: tables.at, isFailed: false, isClient })
  const { id, heldId } = order
  if (order.kind === 'void-held') return { type: 'transfer-voided', id, heldId, released }
  return { type: 'transfer-posted', id, amount: order.amount, heldId, released }
}

/** A hold that ends is remembered from its end on. */
function touch(tables: Tables, id: string): void {
  const known = tables.ids.get(id)
  if (known !== undefined) tables.ids.set(id, { ...known, at: tables.at })
}

function expire(tables: Tables): LedgerEffect[] {
  const due = [...tables.holds.values()].filter(
    ({ state, order }) => state === 'open' && order.expiresAt !== undefined && order.expiresAt <= tables.at,
  )
  due.sort(
    ({ order: one }, { order: other }) =>
      (one.expiresAt ?? 0) - (other.expiresAt ?? 0) || (keyOfHold(one) < keyOfHold(other) ? -1 : 1),
  )
  return due.map((hold) => {
    move(tables, [heldOf(hold.order.debit), hold.order.debit], hold.order.amount)
    hold.state = 'expired'
    touch(tables, holdNameOf(hold.order))
    return { type: 'transfer-expired', id: hold.order.id, released: hold.order.amount }
  })
}

function playOther(tables: Tables, event: LedgerEvent): Result {
  if (event.type === 'currency-registered') {
    const owner = event.currency.split('@')[1] ?? ''
    if (authority(tables, owner) !== event.iss) return 'LEDGER_SIGNER_WRONG'
    const known = tables.caps.get(event.currency)
    if (known !== undefined)
      return known.first === event.cap
        ? { type: 'currency-exists', currency: event.currency }
        : 'LEDGER_CURRENCY_CONFLICT'
    if (event.recoveryKey === owner || event.recoveryKey === event.iss) return 'LEDGER_RECOVERY_KEY'
    tables.caps.set(event.currency, { cap: event.cap, first: event.cap, by: '', seq: -1 })
    name(tables, owner, event)
    return { type: 'currency-opened', currency: event.currency }
  }
  if (event.type === 'cap-changed') {
    const known = tables.caps.get(event.currency)
    const issuer = event.currency.split('@')[1] ?? ''
    if (known === undefined) return 'LEDGER_CURRENCY_UNKNOWN'
    if (authority(tables, issuer) !== event.iss) return 'LEDGER_SIGNER_WRONG'
    const last = known.by === event.iss ? known.seq : -1
    if (event.seq < last || (event.seq === last && event.cap !== known.cap)) return 'LEDGER_MESSAGE_OLD'
    if (-(tables.balances.get(`${issuer}/issuer/${event.currency}`) ?? 0n) > event.cap) return 'LEDGER_CAP_BELOW_ISSUED'
    tables.caps.set(event.currency, { ...known, cap: event.cap, by: event.iss, seq: event.seq })
    return { type: 'cap-set', currency: event.currency, cap: event.cap }
  }
  return playRecovery(tables, event)
}

function playRecovery(tables: Tables, event: LedgerEvent): Result {
  if (event.type === 'account-opened') {
    const known = tables.owners.get(event.iss)
    if (authority(tables, event.iss) !== event.iss) return 'LEDGER_SIGNER_WRONG'
    if (event.recoveryKey === event.iss) return 'LEDGER_RECOVERY_KEY'
    const isSame = known?.key === undefined || (known.key === event.recoveryKey && known.delay === event.recoveryDelay)
    if (!isSame) return 'LEDGER_OWNER_CONFLICT'
    name(tables, event.iss, event)
    return { type: 'owner-recorded', owner: event.iss }
  }
  if (event.type === 'hash-stamped') {
    const { currency, hash, iss } = event
    if (!tables.caps.has(currency)) return 'LEDGER_CURRENCY_UNKNOWN'
    const isKnown =
      tables.balances.has(`${iss}/available/${currency}`) || authority(tables, currency.split('@')[1] ?? '') === iss
    return isKnown ? { type: 'hash-noted', hash } : 'LEDGER_OWNER_UNKNOWN'
  }
  if (event.type === 'key-rotated') {
    const known = tables.owners.get(event.iss)
    if (known?.authority === event.key && known.isLost === event.isLost)
      return { type: 'key-replaced', owner: event.iss, key: event.key }
    if (known?.authority === event.key && known.isLost === false) {
      tables.owners.set(event.iss, { ...known, isLost: true })
      return { type: 'key-replaced', owner: event.iss, key: event.key }
    }
    if (authority(tables, event.iss) !== event.iss) return 'LEDGER_SIGNER_WRONG'
    if (event.key === event.iss || authority(tables, event.key) !== event.key) return 'LEDGER_KEY_REPLACED'
    const changed = { successor: undefined, authority: event.key, isLost: event.isLost }
    tables.owners.set(event.iss, { ...(known ?? { key: undefined, delay: 0, at: 0 }), ...changed })
    return { type: 'key-replaced', owner: event.iss, key: event.key }
  }
  const owner = 'owner' in event ? event.owner : undefined
  const known = tables.owners.get(owner ?? '')
  if (owner === undefined || known === undefined) return 'LEDGER_OWNER_UNKNOWN'
  const isFree = (key: string): boolean => key !== owner && authority(tables, key) === key
  if (event.type === 'recovery-requested') {
    if (known.key === undefined) return 'LEDGER_OWNER_UNKNOWN'
    if (known.key !== event.iss) return 'LEDGER_SIGNER_WRONG'
    if (!isFree(event.successor)) return 'LEDGER_KEY_REPLACED'
    if (known.successor !== undefined && known.successor !== event.successor) return 'LEDGER_RECOVERY_STATE'
    const at = known.successor === undefined ? tables.at + known.delay : known.at
    tables.owners.set(owner, { ...known, successor: event.successor, at })
    return { type: 'recovery-started', owner, completesAt: at as typeof event.at }
  }
  if (event.type === 'recovery-cancelled') {
    const isAsker = known.key === event.iss
    if (!isAsker && authority(tables, owner) !== event.iss) return 'LEDGER_SIGNER_WRONG'
    if (known.successor === undefined || (!isAsker && tables.at >= known.at)) return 'LEDGER_RECOVERY_STATE'
    tables.owners.set(owner, { ...known, successor: undefined })
    return { type: 'recovery-stopped', owner }
  }
  if (known.successor === undefined) return 'LEDGER_RECOVERY_STATE'
  if (tables.at < known.at) return 'LEDGER_RECOVERY_EARLY'
  if (!isFree(known.successor)) return 'LEDGER_KEY_REPLACED'
  tables.owners.set(owner, { ...known, successor: undefined, authority: known.successor, isLost: true })
  return { type: 'recovery-done', owner, successor: known.successor as typeof owner }
}
