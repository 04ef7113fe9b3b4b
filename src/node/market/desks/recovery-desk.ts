import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { type Did, parseDid } from '../../../core/evidence/names.ts'
import type { OwnerView } from '../../../core/ledger/view-owner.ts'
import type { OwnAccount } from '../../../market/parties/accounts/own-accounts.ts'
import type { NotaryClient } from '../../../ports/notary-client.ts'
import type { MessageBody } from '../../../wire/v1/message-types.ts'
import { type ControlRequest, invalidRequest, optionalText, requiredText } from '../../control/control-request.ts'
import { plain } from './plain-json.ts'
import { marketRefusal } from './market-refusals.ts'
import type { PartyRole } from '../../../market/parties/role/start-party.ts'

export type RecoveryDeskInit = {
  /** `undefined` for a node without an escrow key, which only looks. */
  readonly role: PartyRole | undefined
  readonly notary: NotaryClient
}

type Said = 'ledger-key-rotate' | 'ledger-recovery-request' | 'ledger-recovery-cancel' | 'ledger-recovery-complete'
type Saying<Type extends Said> = { readonly type: Type; readonly body: MessageBody<Type>; readonly as?: Did }

/** Who signs for an account, and how that becomes another key when one is lost. */
export class RecoveryDesk {
  private readonly init: RecoveryDeskInit

  constructor(init: RecoveryDeskInit) {
    this.init = init
  }

  /** An account, this node's own where none is named, and those of keys before, as they stand. Nothing is done. Throws `REQUEST_INVALID`. */
  async show(request: ControlRequest): Promise<JsonValue> {
    const { role, notary } = this.init
    const account = didOf(request, 'account') ?? this.roleOrThrow().party.did
    const isOwn = account === role?.party.did
    const former = isOwn ? role.accounts.accounts : []
    const views: JsonValue[] = []
    for (const did of former) views.push(describe(await notary.owner(did)))
    return { ...describe(await notary.owner(account)), former: views }
  }

  /** Looks at the accounts of keys before at once, and moves what they have, and what this node's notary has earned. Throws `REQUEST_INVALID`, `MARKET_REFUSED`. */
  async collect(request: ControlRequest): Promise<JsonValue> {
    const { accounts, party } = this.roleOrThrow()
    const account = didOf(request, 'account')
    if (account !== undefined) {
      const { authority } = await this.init.notary.owner(account)
      if (authority !== party.did) throw marketRefusal('LEDGER_SIGNER_WRONG', { account, authority })
      await accounts.actFor(account)
    }
    const rows = [
      ...(await accounts.look({ isAsked: true })),
      ...(account === undefined ? await accounts.collectEarned() : []),
    ]
    return { accounts: plain(rows.filter((row) => account === undefined || row.account === account)) }
  }

  /** By the recovery key, which is this node's: another key takes the account's place once the delay has passed. Throws `REQUEST_INVALID`, `MARKET_REFUSED`. */
  async request(request: ControlRequest): Promise<JsonValue> {
    const [owner, successor] = [requiredDid(request, 'account'), requiredDid(request, 'successor')]
    return await this.say(owner, { type: 'ledger-recovery-request', body: { owner, successor } })
  }

  /** By whoever signs for the account, or by the recovery key. Throws `REQUEST_INVALID`, `MARKET_REFUSED`. */
  async cancel(request: ControlRequest): Promise<JsonValue> {
    const owner = didOf(request, 'account') ?? this.roleOrThrow().party.did
    return await this.say(owner, { type: 'ledger-recovery-cancel', body: { owner } })
  }

  /** By anybody once the delay has passed. Where this node's key is the successor, it acts for the account from then on. Throws `REQUEST_INVALID`, `MARKET_REFUSED`. */
  async complete(request: ControlRequest): Promise<JsonValue> {
    const { accounts, party } = this.roleOrThrow()
    const owner = requiredDid(request, 'account')
    const before = await this.init.notary.owner(owner)
    // A node that looked by itself a moment ago has done it.
    const isDone = before.recovery === null && before.authority === party.did
    const view = isDone
      ? describe(before)
      : await this.say(owner, { type: 'ledger-recovery-complete', body: { owner } })
    if ((await this.init.notary.owner(owner)).authority !== party.did) return { ...view, collected: [] }
    await accounts.actFor(owner)
    const row: OwnAccount | undefined = (await accounts.look({ isAsked: true })).find(
      ({ account }) => account === owner,
    )
    return { ...view, collected: plain(row?.collected ?? []) }
  }

  /** A key before may do nothing more: contracts that it has signed end by their timers. Throws `REQUEST_INVALID`, `MARKET_REFUSED`. */
  async giveUp(request: ControlRequest): Promise<JsonValue> {
    const { party } = this.roleOrThrow()
    const from = requiredDid(request, 'account')
    const { next: key } = await this.init.notary.owner(from)
    const { keys, did } = party
    if (from === did || key === null || !keys.includes(from) || !keys.includes(key))
      throw invalidRequest('account', `${from} is no key before ${did} whose secret is here`)
    const body = { key, isLost: true, signature: await party.wallet.signRotation({ from, key }) }
    return await this.say(from, { type: 'ledger-key-rotate', body, as: from })
  }

  private async say<Type extends Said>(
    account: Did,
    { type, body, as }: Saying<Type>,
  ): Promise<{ readonly [name: string]: JsonValue }> {
    const { party } = this.roleOrThrow()
    const { notary } = this.init
    const { clock } = party.components
    // What is asked for again is said again: the ledger knows what it did before.
    const act = `account/${type}/${account}/${clock.now()}`
    const kept = await party.wallet.say({ act, type, body, aud: notary.set.id, as })
    const { effect, code } = await party.outbox.submit(kept)
    if (effect === 'refused') throw marketRefusal(code ?? '', { account })
    return describe(await notary.owner(account))
  }

  private roleOrThrow(): PartyRole {
    const { role } = this.init
    if (role !== undefined) return role
    throw new CodedError('MARKET_ROLE_MISSING', {
      message: 'This node has no escrow key, so it signs nothing about accounts',
      details: { remedy: 'Make one with `kernell key create --role escrow`, and start the node again.' },
    })
  }
}

function describe({ owner, ...view }: OwnerView): { readonly [name: string]: JsonValue } {
  return { account: owner, ...view, recovery: plain(view.recovery) }
}

function didOf(request: ControlRequest, name: string): Did | undefined {
  const text = optionalText(request, name)
  return text === undefined ? undefined : requiredDid(request, name)
}

function requiredDid(request: ControlRequest, name: string): Did {
  const did = parseDid(requiredText(request, name))
  if (did === undefined) throw invalidRequest(name, `${name} must be the did:key of an escrow key`)
  return did
}
