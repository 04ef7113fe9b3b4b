import { type Amount, amountFromNanos } from '../../../base/money.ts'
import { transferIdOfDigest } from '../../../core/escrow/escrow-money.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import { Turns } from '../../../market/parties/turns.ts'
import { parseContractId, parseDid, type Did } from '../../../core/evidence/names.ts'
import {
  type Currency,
  issuerOf,
  parseCurrency,
  parseTransferId,
  type TransferId,
} from '../../../core/ledger/ledger-names.ts'
import { dueTryOf } from '../../../market/parties/next-try.ts'
import type { OwnAccounts } from '../../../market/parties/accounts/own-accounts.ts'
import type { Party } from '../../../market/parties/party.ts'
import type { CurrenciesQuery, NotaryClient } from '../../../ports/notary-client.ts'
import type { MessageBody } from '../../../wire/v1/message-types.ts'
import type { KeyRecovery } from '../../../wire/v1/key-statements.ts'
import {
  choiceOf,
  type ControlRequest,
  invalidRequest,
  optionalText,
  requiredText,
} from '../../control/control-request.ts'
import { CreditRequests } from './credit-requests.ts'

/** Credits that an issuer publishes as the most there may be, where it says nothing: a million. */
const CAP_NANOS_DEFAULT = 1_000_000_000_000_000n
/** Currencies that share a code, as far as they are looked at. */
const CURRENCY_CODE = /^[A-Z][A-Z0-9]{1,11}$/

export type CreditDeskInit = {
  readonly party: Party
  readonly notary: NotaryClient
  /** Who may name another key for the issuer's accounts; `undefined`: nobody. */
  readonly recovery: KeyRecovery | undefined
  /** Accounts of keys in whose place this node's is. */
  readonly accounts: Pick<OwnAccounts, 'accounts'>
}

/** What became of credits that were asked for. */
export type CreditsMoved = {
  readonly transferId: TransferId
  readonly amountNanos: string
  readonly currency: Currency
  readonly status: 'posted' | 'exists'
  /** Of an issue: whether its payment was confirmed when it was asked for; nobody spends the credits before. */
  readonly isConfirmed?: boolean
}

/** What became of an issue whose payment was not confirmed. */
export type IssueReconciled = {
  readonly transferId: TransferId
  readonly issue: TransferId
  readonly outcome: Outcome
  readonly status: 'posted' | 'exists'
}

type Outcome = MessageBody<'ledger-reconcile'>['outcome']
const OUTCOMES = ['confirmed', 'reversed'] as const satisfies readonly Outcome[]

/** Issues, reconciles and redeems credits with this node's escrow key. */
export class CreditDesk {
  private readonly init: CreditDeskInit
  private readonly requests: CreditRequests
  /** Requests of one key, and caps of one currency. */
  private readonly turns = new Turns()

  constructor(init: CreditDeskInit) {
    this.init = init
    this.requests = new CreditRequests(init)
  }

  /** Throws `REQUEST_INVALID`, `MARKET_KEY_REUSED`, `MARKET_REFUSED`. */
  async issue(request: ControlRequest): Promise<CreditsMoved> {
    const { party } = this.init
    const currency = await this.ownCurrencyOf(requiredText(request, 'currency'))
    if (!(await this.signsFor(issuerOf(currency))))
      throw invalidRequest('currency', `Only its issuer gives out ${currency}, and this node is ${party.did}`)
    const credits = creditsOf(request, { currency, signer: party.did, word: 'issue' })
    const body = { ...credits, isConfirmed: request['isUnconfirmed'] !== true }
    const act = `issue/${requiredText(request, 'key')}`
    return await this.turns.take(act, async () => {
      // A request that comes again moves no cap that was changed since.
      if (!this.requests.isDone({ act, body })) {
        await this.requests.remember({ act, body }, { isDone: false })
        await this.turns.take(`cap/${currency}`, async () => await this.register(currency, request))
      }
      const status = await this.requests.do('ledger-issue', { act, body })
      return { ...movedOf(body), status, isConfirmed: body.isConfirmed }
    })
  }

  /** Says of an issue that its payment came, or did not. Throws `REQUEST_INVALID`, `MARKET_KEY_REUSED`, `MARKET_REFUSED`. */
  async reconcile(request: ControlRequest): Promise<IssueReconciled> {
    const issue = parseTransferId(requiredText(request, 'transfer'))
    if (issue === undefined) throw invalidRequest('transfer', 'A transfer is named by 32 hexadecimal digits')
    const outcome = choiceOf(request, 'outcome', OUTCOMES)
    if (outcome === undefined) throw invalidRequest('outcome', `outcome must be one of ${OUTCOMES.join(', ')}`)
    const key = requiredText(request, 'key')
    const id = idOf({ word: 'reconcile', signer: this.init.party.did, key })
    const act = `reconcile/${key}`
    return await this.turns.take(act, async () => {
      const status = await this.requests.do('ledger-reconcile', { act, body: { id, issue, outcome } })
      return { transferId: id, issue, outcome, status }
    })
  }

  /** Throws `REQUEST_INVALID`, `MARKET_KEY_REUSED`, `MARKET_REFUSED`. */
  async redeem(request: ControlRequest): Promise<CreditsMoved> {
    const { party } = this.init
    const currency = await this.currencyOf(requiredText(request, 'currency'))
    const body = creditsOf(request, { currency, signer: party.did, word: 'redeem' })
    if (!(await this.signsFor(body.owner)))
      throw invalidRequest('account', `Only its owner gives credits back, and this node is ${party.did}`)
    const act = `redeem/${requiredText(request, 'key')}`
    return await this.turns.take(act, async () => {
      const status = await this.requests.do('ledger-redeem', { act, body })
      return { ...movedOf(body), status }
    })
  }

  /** A currency by its name, or by a code that stands for one alone (`findMeant`). Throws `REQUEST_INVALID`. */
  async currencyOf(text: string): Promise<Currency> {
    const whole = parseCurrency(text)
    if (whole !== undefined) return whole
    const fitting = await findMeant(this.init.notary, codeOf(text))
    const [only] = fitting
    if (only !== undefined && fitting.length === 1) return only
    const what = fitting.length === 0 ? 'No issuer has registered' : 'Several issuers have registered'
    throw invalidRequest('currency', `${what} ${text}: write ${text}@DID with the DID of the issuer`)
  }

  /** A currency by its name, or by a code: of this node's key, or of one that it took the place of and that has issued it. */
  private async ownCurrencyOf(text: string): Promise<Currency> {
    const { party, accounts } = this.init
    const whole = parseCurrency(text)
    if (whole !== undefined) return whole
    const own = parseCurrency(`${codeOf(text)}@${party.did}`)
    const registered: Currency[] = []
    for (const owner of new Set([party.did, ...accounts.accounts])) {
      const currency = parseCurrency(`${text}@${owner}`)
      if (currency !== undefined && (await this.isRegistered(currency))) registered.push(currency)
    }
    const [only, ...others] = registered
    if (own !== undefined && (only === undefined || registered.includes(own))) return own
    if (only !== undefined && others.length === 0) return only
    throw invalidRequest('currency', `Keys before have issued ${text}: write ${text}@DID with the DID of one of them`)
  }

  private async isRegistered(currency: Currency): Promise<boolean> {
    return (await this.init.notary.currencies({ currency })).currencies.length > 0
  }

  /** Whether this node's key signs for an account: its own, or one of a key in whose place it is. */
  private async signsFor(owner: Did): Promise<boolean> {
    const { party, notary } = this.init
    return owner === party.did || (await notary.owner(owner)).authority === party.did
  }

  /** Registers a currency that is none yet; of one that is, the cap is changed where another one is asked for. Throws `REQUEST_INVALID`, `MARKET_REFUSED`. */
  private async register(currency: Currency, request: ControlRequest): Promise<void> {
    const { party, notary, recovery } = this.init
    const isNamed = optionalText(request, 'capNanos') !== undefined
    const capNanos = isNamed ? nanosOf(request, 'capNanos') : amountFromNanos(CAP_NANOS_DEFAULT)
    const [known] = (await notary.currencies({ currency })).capsNanos
    if (known !== undefined) {
      if (!isNamed || known === String(capNanos)) return
      // The cap may have been this one before: what was answered then is not said again.
      const act = dueTryOf(party, `cap/${currency}/${capNanos}`, () => true)
      await this.requests.say({ act, type: 'ledger-cap-change', body: { currency, capNanos } })
      return
    }
    const isOwn = issuerOf(currency) === party.did
    const naming = isOwn && recovery !== undefined
    const body = {
      currency,
      capNanos,
      ...(naming && { recoveryKey: recovery.key, recoveryDelayMs: recovery.delayMs }),
    }
    await this.requests.say({ act: dueTryOf(party, `register/${currency}`), type: 'ledger-currency-register', body })
  }
}

/**
 * The currencies that a code may mean, or all; two where there are more. Where the notary set lists issuers, theirs alone: anybody registers a currency of any code, and must not
 * change with it what the code means to others.
 */
export async function findMeant(notary: Pick<NotaryClient, 'currencies'>, code?: string): Promise<readonly Currency[]> {
  const listed = await findCurrencies(notary, { code, isListed: true })
  return listed.length > 0 ? listed : await findCurrencies(notary, { code })
}

/** Two where there are more. A page may have none of what is looked for, and not be the last. */
async function findCurrencies(
  notary: Pick<NotaryClient, 'currencies'>,
  query: CurrenciesQuery,
): Promise<readonly Currency[]> {
  const found: Currency[] = []
  for (let after: string | undefined; ;) {
    const { currencies, next } = await notary.currencies({ ...query, after })
    found.push(...currencies)
    if (found.length >= 2 || next === null) return found.slice(0, 2)
    after = next
  }
}

/** Throws `REQUEST_INVALID`. */
function codeOf(text: string): string {
  if (CURRENCY_CODE.test(text)) return text
  throw invalidRequest('currency', `${text} is no currency: write USD, or USD@DID`)
}

function creditsOf(
  request: ControlRequest,
  { currency, signer, word }: { readonly currency: Currency; readonly signer: Did; readonly word: string },
): MessageBody<'ledger-redeem'> {
  const owner = parseDid(requiredText(request, 'account'))
  if (owner === undefined) throw invalidRequest('account', 'account must be a did:key of an escrow key')
  const key = requiredText(request, 'key')
  const id = idOf({ word, signer, key })
  const amountNanos = nanosOf(request, 'nanos')
  if (amountNanos === 0n) throw invalidRequest('nanos', 'The amount must be above 0')
  return { id, owner, currency, amountNanos, reference: optionalText(request, 'reference') ?? key }
}

/** The transfer that a request makes: the same for the same key. */
function idOf({ word, signer, key }: Readonly<Record<'word' | 'signer' | 'key', string>>): TransferId {
  return transferIdOfDigest(sha256Hex(`kernell/credits/${word}/${signer}/${key}`))
}

function movedOf({ id, amountNanos, currency }: MessageBody<'ledger-redeem'>): Omit<CreditsMoved, 'status'> {
  return { transferId: id, amountNanos: String(amountNanos), currency }
}

/** Nano-units of a member that is decimal text. Throws `REQUEST_INVALID`. */
export function nanosOf(request: ControlRequest, name: string): Amount {
  const text = requiredText(request, name)
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) throw invalidRequest(name, `${name} must be decimal text of nano-units`)
  try {
    return amountFromNanos(BigInt(text))
  } catch {
    throw invalidRequest(name, `${name} is larger than any amount`)
  }
}

/** The contract of a member. Throws `REQUEST_INVALID`. */
export function contractOf(
  request: ControlRequest,
  name = 'contract',
): NonNullable<ReturnType<typeof parseContractId>> {
  const contract = parseContractId(requiredText(request, name))
  if (contract === undefined) throw invalidRequest(name, 'A contract is named by 64 hexadecimal digits')
  return contract
}
