/**
 * The canonical text of transitions and certificates, written member by member: a notary writes some thousand of them a second, and all that they hold are
 * numbers and words without anything to escape. A property test holds it equal to `canonicalText`.
 */
import type { Certificate } from '../../core/notary/certificate.ts'
import type { Transition } from './notary-transition.ts'

/** Equal to `canonicalText(transition)`. */
export function transitionText(transition: Transition): string {
  const { at, code, contract, edges, effect, event, from, message, previous, receipt, seq, to } = transition
  return (
    `{"at":${at},${optional('code', code)}"contract":"${contract}","edges":${listText(edges)},"effect":"${effect}",` +
    `"event":"${event}",${optional('from', from)}"message":"${message}","previous":"${previous}",` +
    `${receipt === undefined ? '' : `"receipt":${moneyText(receipt)},`}"seq":${seq}${last('to', to)}}`
  )
}

/** Equal to `canonicalText(certificate)`. */
export function certificateText(certificate: Certificate): string {
  const { at, contract, epoch, message, path, previous, seq, set, signatures, slot, state, transitionHash, view } =
    certificate
  const signed = signatures.map(({ member, signature }) => `{"member":${member},"signature":"${signature}"}`)
  return (
    `{"at":${at},"contract":"${contract}","epoch":${epoch},"message":"${message}",` +
    `"path":{"hashes":${listText(path.hashes)},"index":${path.index},"size":${path.size}},` +
    `"previous":"${previous}","seq":${seq},"set":"${set}","signatures":[${signed.join(',')}],"slot":${slot},` +
    `"state":"${state}","transitionHash":"${transitionHash}","view":${view}}`
  )
}

function moneyText(receipt: NonNullable<Transition['receipt']>): string {
  const { capturedNanos, currency, feeNanos, kind, refundedNanos, subject } = receipt
  return (
    `{"capturedNanos":"${capturedNanos}","currency":"${currency}","feeNanos":"${feeNanos}","kind":"${kind}",` +
    `"refundedNanos":"${refundedNanos}"${last('subject', subject)}}`
  )
}

function optional(name: string, value: string | undefined): string {
  return value === undefined ? '' : `"${name}":"${value}",`
}

function last(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":"${value}"`
}

function listText(words: readonly string[]): string {
  return words.length === 0 ? '[]' : `["${words.join('","')}"]`
}
