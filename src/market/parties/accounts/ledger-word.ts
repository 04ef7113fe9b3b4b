import { CodedError } from '../../../base/errors.ts'
import type { Timestamp } from '../../../base/time.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import type { Currency } from '../../../core/ledger/ledger-names.ts'
import type { NotaryAnswer } from '../../../ports/notary-client.ts'
import type { LedgerMessageType } from '../../../wire/v1/ledger-messages.ts'
import type { MessageBody } from '../../../wire/v1/message-types.ts'
import { readReceipt } from '../../../wire/v1/notary-receipt.ts'
import { pause } from '../contracts/contract-follower.ts'
import { RETRY_FIRST_MS, RETRY_LAST_MS } from '../outbox.ts'
import type { Party } from '../party.ts'

/** What the notary set said of a message about the ledger. */
export type LedgerWord = Pick<NotaryAnswer, 'effect' | 'code'> & {
  /** The stamp under which it counts; `undefined` where it changed nothing. */
  readonly at: Timestamp | undefined
}

export type LedgerSaying<Type extends LedgerMessageType> = {
  readonly act: string
  readonly type: Type
  readonly body: MessageBody<Type>
}

/**
 * Says something to the ledger, once for each act: it is in the journal before it leaves, and the same bytes go out until they are answered, also after a restart by
 * whoever asks for the act again. What expired before it was answered is said anew. Rejects with what the journal throws, and when the party has stopped.
 */
export async function tellLedger<Type extends LedgerMessageType>(
  party: Party,
  saying: LedgerSaying<Type>,
): Promise<LedgerWord> {
  const { notary } = party.components
  for (let tries = 0; ; tries += 1) {
    const act = tries === 0 ? saying.act : `${saying.act}/${tries}`
    const isFresh = party.wallet.said(act) === undefined
    const { bytes } = await party.wallet.say({ ...saying, act, aud: notary.set.id })
    const word = wordOf(await submitUntilAnswered(party, bytes))
    if (isFresh || word.code !== 'ENVELOPE_EXPIRED') return word
  }
}

async function submitUntilAnswered(party: Party, bytes: Uint8Array): Promise<NotaryAnswer> {
  const { notary, timers } = party.components
  for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, RETRY_LAST_MS)) {
    party.signal.throwIfAborted()
    try {
      return await notary.submit(bytes, { signal: party.signal })
    } catch (error: unknown) {
      if (!CodedError.is(error) || !error.isRetryable) throw error
    }
    await pause(timers, pauseMs, party.signal)
  }
}

export function wordOf({ effect, code, receipt }: NotaryAnswer): LedgerWord {
  const read = readReceipt(receipt)?.receipt
  return { effect, code, at: read?.kind === 'transition' ? read.certificate.at : undefined }
}

/** Has the set stamp a hash; the same act has the stamp of the first time. Throws `MARKET_STAMP_REFUSED`, and as `tellLedger`. */
export async function stampHash(
  party: Party,
  { act, hash, currency }: { readonly act: string; readonly hash: Hash; readonly currency: Currency },
): Promise<Timestamp> {
  const { at, code } = await tellLedger(party, { act, type: 'ledger-stamp', body: { hash, currency } })
  if (at !== undefined && code === undefined) return at
  throw new CodedError('MARKET_STAMP_REFUSED', {
    message: `The notary set does not stamp ${hash}: ${code ?? 'it said nothing new'}`,
    details: { code: code ?? null },
  })
}
