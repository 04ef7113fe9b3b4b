import { canonicalJson } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import { dueTryOf } from '../../../market/parties/next-try.ts'
import type { KeptAnswer } from '../../../market/parties/outbox.ts'
import type { Party } from '../../../market/parties/party.ts'
import type { NotaryClient } from '../../../ports/notary-client.ts'
import type { MessageBody } from '../../../wire/v1/message-types.ts'
import { marketRefusal } from './market-refusals.ts'
import { plain } from './plain-json.ts'

/** Topic of notes on requests, by their acts: each names one request for as long as its note is there. */
const REQUESTS = 'credit-request'
type RequestNote = { readonly body: string; readonly isDone: boolean }
/** Requests that are remembered, beside what the notary set remembers; the oldest are forgotten beyond. */
const REQUESTS_MAX = 32_768

/** What moves credits, or has them move. */
type MovingType = 'ledger-issue' | 'ledger-redeem' | 'ledger-reconcile'
type SaidType = MovingType | 'ledger-currency-register' | 'ledger-cap-change'

/** `act`: what the request is, and its key behind a `/`. */
export type CreditRequest<Type extends MovingType = MovingType> = {
  readonly act: string
  readonly body: MessageBody<Type>
}

/** Requests about credits, each of which the notary set does once, however often it is asked for with its key. */
export class CreditRequests {
  private readonly party: Party
  private readonly notary: Pick<NotaryClient, 'set'>

  constructor({ party, notary }: { readonly party: Party; readonly notary: Pick<NotaryClient, 'set'> }) {
    this.party = party
    this.notary = notary
  }

  /** Whether the set has done it. Throws `MARKET_KEY_REUSED` for the key of something else. */
  isDone({ act, body }: CreditRequest): boolean {
    const { party } = this
    const before = party.wallet.said(act)
    const note = party.noteOf<RequestNote>(REQUESTS, act)
    const known = note?.body ?? (before && hashOf(before.envelope.body))
    if (known !== undefined && known !== hashOf(body))
      throw new CodedError('MARKET_KEY_REUSED', {
        message: `The key ${act.split('/')[1] ?? ''} was used for another request`,
      })
    if (note?.isDone === true) return true
    const said = party.wallet.said(dueTryOf(party, act))
    return said !== undefined && party.outbox.answerOf(said) !== undefined
  }

  /** Has it done, unless it was done before. Throws `MARKET_KEY_REUSED`, `MARKET_REFUSED`, `EVIDENCE_FULL`. */
  async do<Type extends MovingType>(type: Type, request: CreditRequest<Type>): Promise<'posted' | 'exists'> {
    const { act, body } = request
    if (this.isDone(request)) return 'exists'
    await this.remember(request, { isDone: false })
    const { effect } = await this.say<Type>({ act: dueTryOf(this.party, act), type, body })
    await this.remember(request, { isDone: true })
    return effect === 'exists' ? 'exists' : 'posted'
  }

  /** Throws `EVIDENCE_FULL` where there is no room for another note; then nothing was said. */
  async remember({ act, body }: CreditRequest, { isDone }: { readonly isDone: boolean }): Promise<void> {
    const { party } = this
    const before = party.noteOf<RequestNote>(REQUESTS, act)
    if (before?.isDone === isDone) return
    const notes = party.journal.notesOf(REQUESTS)
    const [oldest] = notes
    if (before === undefined && oldest !== undefined && notes.length >= REQUESTS_MAX)
      await party.journal.keepNote(REQUESTS, oldest[0], null)
    const note: RequestNote = { body: hashOf(body), isDone }
    await party.keep(REQUESTS, act, note)
  }

  /** Throws `MARKET_REFUSED`. */
  async say<Type extends SaidType>(what: {
    readonly act: string
    readonly type: Type
    readonly body: MessageBody<Type>
  }): Promise<KeptAnswer> {
    const { party, notary } = this
    const kept = await party.wallet.say({ ...what, aud: notary.set.id })
    const answer = await party.outbox.submit(kept)
    if (answer.effect !== 'refused') return answer
    throw marketRefusal(answer.code ?? '', namesOf(what.body))
  }
}

/** What a refusal is about. */
function namesOf(body: MessageBody<SaidType>): Readonly<Record<string, string>> {
  return {
    ...('id' in body && { transferId: body.id }),
    ...('currency' in body && { currency: body.currency }),
    ...('issue' in body && { issue: body.issue }),
  }
}

function hashOf(body: unknown): string {
  return sha256Hex(canonicalJson(plain(body)))
}
