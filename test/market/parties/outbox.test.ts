import { expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { PartyJournal } from '../../../src/market/parties/journal/party-journal.ts'
import type { KeptEnvelope } from '../../../src/market/parties/journal/party-record.ts'
import { PartyOutbox } from '../../../src/market/parties/outbox.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'

const FULL = new CodedError('STORE_WRITE_FAILED', { message: 'No space is left' })
const AWAY = new CodedError('NOTARY_UNREACHABLE', { message: 'Nobody answers' })

/** Sends one message over a notary that is away; the journal fails with the first try, or before. */
async function submit(failsAt: 'before' | 'first try' | 'never', thrown: CodedError): Promise<unknown> {
  let failure = failsAt === 'before' ? FULL : undefined
  const journal = {
    note: () => undefined,
    throwFailure: () => {
      if (failure !== undefined) throw failure
    },
  }
  const notary = {
    submit: async () => {
      if (failsAt === 'first try') failure = FULL
      return await Promise.reject(thrown)
    },
  }
  const outbox = new PartyOutbox({
    journal: journal as unknown as PartyJournal,
    notary,
    timers: createSystemTimers(),
  })
  const kept = { bytes: new Uint8Array(1), envelope: { hash: 'h', head: { type: 'escrow-start' } } }
  return await outbox.submit(kept as unknown as KeptEnvelope).catch((error: unknown) => error)
}

it('names the journal that failed, and not the notary set that is away as well', async () => {
  expect(await submit('before', AWAY)).toBe(FULL)
  expect(await submit('first try', AWAY)).toBe(FULL)
})

it('tells what cannot be tried again as it is', async () => {
  const wrong = new CodedError('NOTARY_ANSWER_WRONG', { message: 'It lies', isRetryable: false })
  expect(await submit('never', wrong)).toBe(wrong)
})
