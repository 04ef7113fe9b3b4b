import { canonicalJson } from '../../../base/canonical-json.ts'
import type { DurationMs } from '../../../base/time.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import { GENESIS } from '../../../core/notary/block.ts'
import type { Decision } from '../../../core/notary/certificate.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import type { VerifyStatement } from '../../../core/notary/statement.ts'
import { verifyDecision } from '../../../core/notary/verify-message.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import { authenticate, type VerifyBytes } from '../../../wire/v1/authenticate.ts'
import { encodeSignature, signerOfKey } from '../../../wire/v1/checkpoint.ts'
import { decodeEnvelope } from '../../../wire/v1/envelope.ts'
import { type CopiedSlot, readCopiedLine } from '../../../wire/v1/notary-copy.ts'
import { readMessage } from '../books/booked-event.ts'
import type { DecisionStore } from './decision-store.ts'
import { bodiesFrom } from './journal-bodies.ts'
import type { NotaryMessage, StateCopy } from './notary-application.ts'
import { hashOfUnchanged } from './run-block.ts'
import type { BooksJournal } from '../books/books-journal.ts'

const NO_SKEW = 0 as DurationMs
/** Characters of one copy, beyond which it ends with the slot at hand; the next one goes on there. */
const COPY_CHARACTERS_MAX = 33_554_432

/**
 * What leads from the slot before `fromSlot` to a later one: each line is a slot with its certificate, the messages that changed something, and what was said of the others.
 * `undefined` where the decisions or the entries are not kept from there on.
 */
export async function writeCopy(
  { decisions, journal }: { readonly decisions: DecisionStore; readonly journal: BooksJournal },
  fromSlot: number,
): Promise<StateCopy | undefined> {
  const lines: string[] = []
  let characters = 0
  let last: Decision | undefined
  let before = fromSlot === 1 ? GENESIS : await decisions.stateOf(fromSlot - 1)
  let previous: Hash | undefined
  let root: Hash | undefined
  const bodies = bodiesFrom(journal, fromSlot)
  let next = await bodies.next()
  for await (const record of decisions.from(fromSlot)) {
    const { decision, said } = record
    const { block, quorum } = decision
    const own: string[] = []
    while (next.done !== true && next.value.slot === block.slot) {
      own.push(next.value.body)
      next = await bodies.next()
    }
    if (said === undefined || own.length + said.length !== block.entries.length) break
    if (previous !== undefined) before = previous
    previous = block.state
    last = decision
    ;({ root } = record)
    const line = canonicalJson({ block, bodies: own, quorum, said })
    lines.push(line)
    characters += line.length
    if (characters > COPY_CHARACTERS_MAX) break
  }
  await bodies.return(undefined)
  if (last === undefined || before === undefined) return undefined
  return { decision: last, before, root, text: lines.join('\n') }
}

export type CopyCheck = { readonly set: NotarySet; readonly verify: VerifyStatement }

/** One slot of a copy, checked but for what running it comes to: its certificate, what was said of its entries, and every signature. */
export function readCopiedSlot(
  line: string,
  { set, verify }: CopyCheck,
): { readonly slot: CopiedSlot; readonly messages: readonly NotaryMessage[] } | undefined {
  const slot = readCopiedLine(line)
  if (slot === undefined) return undefined
  const { block, quorum, bodies, said } = slot
  const saidOf = new Map(said.map((statement) => [statement.message, statement]))
  if (bodies.length + said.length !== block.entries.length || saidOf.size !== said.length) return undefined
  if (!verifyDecision(set, { block, quorum }, verify)) return undefined
  const messages: NotaryMessage[] = []
  for (const { message, contract, transition } of block.entries) {
    const statement = saidOf.get(message)
    if (statement !== undefined) {
      if (hashOfUnchanged(statement) !== transition) return undefined
      continue
    }
    const body = bodies[messages.length]
    if (body === undefined || !isSigned(body, verify)) return undefined
    messages.push({ message, contract, body })
  }
  return messages.length === bodies.length ? { slot, messages } : undefined
}

/** What the certificate covers is what was said, not the signatures under it. */
function isSigned(body: string, verifyStatement: VerifyStatement): boolean {
  if (body.startsWith('{"ordered":')) return true
  const decoded = decodeEnvelope(utf8Bytes(body))
  if (decoded.kind === 'refused') return false
  const { head } = decoded.envelope
  const verify: VerifyBytes = ({ publicKeyHex, bytes, signature }) => {
    const key = signerOfKey(publicKeyHex)
    return verifyStatement({ key, bytes, signature: encodeSignature(signature) })
  }
  const context = { verify, now: head.iat, at: head.iat, clockSkewMs: NO_SKEW, audience: [head.aud], network: head.net }
  const authenticated = authenticate(decoded.envelope, context)
  if (authenticated.kind === 'refused') return false
  return readMessage(authenticated, { verify, terms: undefined }).kind === 'event'
}
