import type { Hash } from '../../../core/evidence/names.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import { encodeSignature } from '../../../wire/v1/checkpoint.ts'
import { formatReceipt, type NotaryStatement, statementSigningBytes } from '../../../wire/v1/notary-receipt.ts'
import type { Waiter } from '../admission.ts'
import type { SetOrderComponents } from './set-order-components.ts'

/** The word of this member alone; a client needs that of `f + 1`. */
export async function answerStatement(
  { set, me, signer, hash }: Pick<SetOrderComponents, 'set' | 'me' | 'signer' | 'hash'>,
  statement: NotaryStatement,
  waiters: readonly Waiter[],
): Promise<void> {
  const [signature] = await signer.signBatch([statementSigningBytes(set.id, statement, hash)])
  const signatures = signature === undefined ? [] : [{ member: me, signature: encodeSignature(signature) }]
  const receipt = utf8Bytes(formatReceipt(set.id, { kind: 'statement', statement, signatures }))
  for (const waiter of waiters) waiter.resolve({ effect: statement.effect, code: statement.code, receipt })
}

/** What is said of a message that changed nothing. */
export function refusal(message: Hash, code: string): NotaryStatement {
  return { message, effect: 'refused', code }
}
