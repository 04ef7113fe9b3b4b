import { CodedError } from '../../../base/errors.ts'
import { amountFromNanos, ZERO_AMOUNT } from '../../../base/money.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { type AccountKind, type Currency, parseTransferId, type TransferId } from '../../../core/ledger/ledger-names.ts'
import type { OwnerView } from '../../../core/ledger/view-owner.ts'
import type { CurrencyAccounts, NotaryClient } from '../../../ports/notary-client.ts'
import type { KeyRecovery } from '../../../wire/v1/key-statements.ts'
import { pause } from '../contracts/contract-follower.ts'
import { dueTryOf } from '../next-try.ts'
import type { Party } from '../party.ts'
import type { SayInit } from './wallet.ts'
import { Turns } from '../turns.ts'

export type OwnAccountsInit = {
  readonly party: Party
  /** Keys in whose place the party's key is, by the statements about it. */
  readonly former: readonly Did[]
  /** Keys of other roles that the party's wallet signs with as well, and that earn: a notary's. What they have is moved when somebody asks. */
  readonly earning?: readonly Did[]
  /** Who may name another key when this one is lost; `undefined`: nobody. */
  readonly recovery: KeyRecovery | undefined
}

/**
 * How the party stands to an account: it signs for it; it will once a recovery is through, which is under way or has to be asked for; or somebody else does.
 */
export type AccountStanding = 'signs' | 'recovering' | 'unrecovered' | 'elsewhere'

export type CollectedCredits = { readonly currency: Currency; readonly amountNanos: string }

/** One account of a key that the party's key took the place of. */
export type OwnAccount = {
  readonly account: Did
  readonly standing: AccountStanding
  /** Stamp from which on the recovery can be completed; `null` where none is under way. */
  readonly completesAt: number | null
  /** What was moved to the party's own account just now. */
  readonly collected: readonly CollectedCredits[]
  /** Why something of this was refused; `null` where nothing was. */
  readonly code: string | null
}

/** Messages about accounts that the party sends by itself. */
type Said = 'ledger-account-open' | 'ledger-key-rotate' | 'ledger-recovery-complete' | 'ledger-transfer'

/** Topic of notes on accounts that the party was told to act for, by their owner. */
const ACTED_FOR = 'acted-for'
/** Pause between looks: payouts of contracts of former keys arrive at their accounts. */
const LOOK_MS = 30_000
/** Pauses between tries of what the set refuses: they double from the one between looks up to this. */
const AGAIN_MS_MAX = 3_600_000
const COLLECTED_KINDS: readonly AccountKind[] = ['available', 'fee', 'arbiter']

/**
 * Keeps the credits of a party within reach of its key. It names the recovery key to the notary set when it first speaks to it; it tells the set of keys in whose place
 * the party's is, by a message of both; it completes a recovery in favour of the party's key when its delay has passed; and it moves whatever is on accounts that the
 * key signs for, and was not paid to it itself, to the account that it makes contracts with. Everything follows from what the set says, so that it goes on after a
 * crash at any point.
 */
export class OwnAccounts {
  private readonly party: Party
  private readonly init: OwnAccountsInit
  /** What the set refused last, by act: it is tried again when the pause is over. */
  private readonly refused = new Map<
    string,
    { readonly code: string; readonly pauseMs: number; readonly againAt: number }
  >()
  private readonly turns = new Turns()
  /** When the recovery of the party's own account completes that its owner was told of last. */
  private warnedOf: number | undefined

  constructor(init: OwnAccountsInit) {
    this.init = init
    this.party = init.party
  }

  /** Looks now, and again and again while there are accounts of other keys. */
  start(): void {
    this.party.begin(async () => {
      while (!this.party.isStopped) {
        await this.look().catch((error: unknown) => {
          // A set that cannot be reached is asked again.
          if (!CodedError.is(error) || !error.isRetryable) throw error
        })
        await pause(this.party.components.timers, LOOK_MS, this.party.signal)
      }
    })
  }

  /** Accounts of other keys that the party's key took the place of, or was told to act for, the oldest first. */
  get accounts(): readonly Did[] {
    const noted = this.party.journal.notesOf(ACTED_FOR).map(([account]) => account as Did)
    return [...new Set([...this.init.former, ...noted])].filter((account) => account !== this.party.did)
  }

  /** Acts for an account from now on, where the set says that the party's key signs for it. */
  async actFor(account: Did): Promise<void> {
    if (!this.accounts.includes(account)) await this.party.keep(ACTED_FOR, account, {})
  }

  /**
   * Does what there is to do. One look after the other. What was refused before is tried again after a pause, and at once where somebody asks for the look. Rejects as
   * the notary does.
   */
  async look({ isAsked = false }: { readonly isAsked?: boolean } = {}): Promise<readonly OwnAccount[]> {
    return await this.inTurn(async () => {
      if (isAsked) this.refused.clear()
      return await this.lookOnce()
    })
  }

  /** Moves what keys of other roles have earned to the party's own account, in turn with the looks. Rejects as the notary does. */
  async collectEarned(): Promise<readonly OwnAccount[]> {
    return await this.inTurn(async () => {
      const rows: OwnAccount[] = []
      for (const account of this.init.earning ?? [])
        rows.push({ account, standing: 'signs', completesAt: null, ...(await this.collect(account, account)) })
      return rows
    })
  }

  private async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return await this.turns.take('', work)
  }

  private async lookOnce(): Promise<readonly OwnAccount[]> {
    await this.open()
    const rows: OwnAccount[] = []
    for (const account of this.accounts) rows.push(await this.lookAt(account))
    return rows
  }

  /** Names the recovery key of the party's own account, unless one is known there, and looks whether somebody is about to take its place. */
  private async open(): Promise<void> {
    const { recovery, party } = this.init
    const { recoveryKey, next, recovery: underWay } = await party.components.notary.owner(party.did)
    if (underWay !== null) this.warn(underWay)
    if (recovery === undefined || recoveryKey !== null || next !== null) return
    const body = { recoveryKey: recovery.key, recoveryDelayMs: recovery.delayMs }
    const act = `account/open/${party.did}/${recovery.key}/${recovery.delayMs}`
    await this.say({ act, type: 'ledger-account-open', body })
  }

  /** Once for each: within the delay its owner can object. */
  private warn({ successor, completesAt }: NonNullable<OwnerView['recovery']>): void {
    if (this.warnedOf === completesAt) return
    this.warnedOf = completesAt
    const { did } = this.party
    const message = `${successor} takes the place of ${did} when the delay has passed, unless somebody objects`
    this.tell(new CodedError('LEDGER_RECOVERY_ASKED', { message, details: { successor, completesAt } }))
  }

  private tell(error: CodedError): void {
    this.party.begin(async () => {
      await Promise.reject(error)
    })
  }

  private async lookAt(account: Did): Promise<OwnAccount> {
    const { notary } = this.party.components
    const before = await notary.owner(account)
    const code = await this.takePlace(before)
    const view = code === undefined ? before : await notary.owner(account)
    const row = { account, completesAt: view.recovery?.completesAt ?? null, code: code ?? null }
    if (view.authority !== this.party.did) return { ...row, standing: this.standingOf(view), collected: [] }
    return { ...row, standing: 'signs', ...(await this.collect(account)) }
  }

  private standingOf({ owner, authority, recovery }: OwnerView): AccountStanding {
    if (recovery?.successor === this.party.did) return 'recovering'
    return authority === owner ? 'unrecovered' : 'elsewhere'
  }

  /** @returns `undefined` where nothing was to be said; else the code of a refusal, or `null`. */
  private async takePlace({ owner, authority, recovery }: OwnerView): Promise<string | null | undefined> {
    const { did, wallet, components } = this.party
    if (authority === did) return undefined
    if (authority === owner && wallet.keys.includes(owner)) {
      const body = { key: did, isLost: false, signature: await wallet.signRotation({ from: owner, key: did }) }
      return await this.say({ act: `account/rotate/${owner}/${did}`, type: 'ledger-key-rotate', body, as: owner })
    }
    const now = components.clock.now()
    if (recovery?.successor !== did || now < recovery.completesAt) return undefined
    const act = `account/complete/${owner}/${recovery.completesAt}`
    return await this.say({ act, type: 'ledger-recovery-complete', body: { owner } })
  }

  private async collect(
    account: Did,
    as?: Did,
  ): Promise<Pick<OwnAccount, 'collected'> & { readonly code: string | null }> {
    const { did, components } = this.party
    const collected: CollectedCredits[] = []
    let code: string | null = null
    const lines = (await allOf(components.notary, account)).flatMap(linesToCollect)
    for (const { currency, line } of lines) {
      const amountNanos = amountFromNanos(BigInt(line.balanceNanos))
      if (amountNanos === ZERO_AMOUNT) continue
      // A row that was dropped begins anew, so that the same act may be another transfer.
      const act = `account/collect/${line.id}/${line.debitsPostedNanos}`
      const order = {
        kind: 'post',
        id: this.transferId(),
        isLinked: false,
        reference: 'collected',
        debit: { owner: account, kind: line.kind },
        credit: { owner: did, kind: 'available' },
        currency,
        amountNanos,
      } as const
      const refusal = await this.say({ act, type: 'ledger-transfer', body: { orders: [order] }, as })
      if (refusal === null) collected.push({ currency, amountNanos: line.balanceNanos })
      else code = refusal
    }
    return { collected, code }
  }

  private transferId(): TransferId {
    const bytes = [...this.party.components.random.bytes(16)]
    const digits = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
    // Ids that begin with ffff are those of contracts.
    const id = parseTransferId(`0${digits.slice(1)}`)
    if (id === undefined) throw new TypeError('unreachable')
    return id
  }

  /**
   * Says what the books do not say yet. A refusal is told of, once for each reason, and is not the last word: the next look says it anew.
   *
   * @returns The code of a refusal; `null` where there is none.
   */
  private async say<Type extends Said>(
    said: Pick<SayInit<Type>, 'act' | 'type' | 'body' | 'as'>,
  ): Promise<string | null> {
    const { wallet, outbox, components } = this.party
    const { notary, clock } = components
    const before = this.refused.get(said.act)
    if (before !== undefined && clock.now() < before.againAt) return before.code
    // Credits may come again and again, so that a transfer that was answered is over; one that waits is the same.
    const isOver = said.type === 'ledger-transfer' ? () => true : undefined
    const kept = await wallet.say({ ...said, act: dueTryOf(this.party, said.act, isOver), aud: notary.set.id })
    const { effect, code = '' } = await outbox.submit(kept)
    if (effect !== 'refused') {
      this.refused.delete(said.act)
      return null
    }
    const pauseMs = before === undefined ? LOOK_MS : Math.min(2 * before.pauseMs, AGAIN_MS_MAX)
    this.refused.set(said.act, { code, pauseMs, againAt: clock.now() + pauseMs })
    if (before?.code !== code)
      this.tell(
        new CodedError('LEDGER_ACT_REFUSED', {
          message: `The notary set refuses a ${said.type}: ${code}`,
          details: { code },
        }),
      )
    return code
  }
}

function linesToCollect({ currency, accounts }: CurrencyAccounts) {
  return accounts.filter(({ kind }) => COLLECTED_KINDS.includes(kind)).map((line) => ({ currency, line }))
}

/** Every account of an owner, page by page. */
async function allOf(notary: Pick<NotaryClient, 'accounts'>, owner: Did): Promise<readonly CurrencyAccounts[]> {
  const all: CurrencyAccounts[] = []
  for (let after: string | undefined; ;) {
    const { ledgers, next } = await notary.accounts({ owner, after })
    all.push(...ledgers)
    if (next === null) return all
    after = next
  }
}
