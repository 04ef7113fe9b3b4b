import { canonicalText } from '../../src/wire/v1/canonical.ts'
import { hashOfText } from '../../src/wire/v1/signing-bytes.ts'
import type { MessageBody } from '../../src/wire/v1/message-types.ts'
import type { FixedKey } from './fixed-keys.ts'
import type { Vector } from './vector.ts'
import { accepted, rawEnvelope, VECTOR_KEYS } from './vector-kit.ts'

const { payer, worker } = VECTOR_KEYS
const ABOUT = { type: 'receipt', contract: '22'.repeat(32), seq: 1, prev: '44'.repeat(32) }

type Shown = { readonly head: Readonly<Record<string, unknown>>; readonly signature: string }

/** A head and its signature, without the body. */
function shown(entry: number, head: Readonly<Record<string, unknown>> = {}, key: FixedKey = payer): Shown {
  const { body: _body, signature, ...rest } = rawEnvelope({ entry }, { ...ABOUT, ...head }, key)
  return { head: JSON.parse(canonicalText(rest)) as Shown['head'], signature }
}

/** A proof as a message, by whoever found it. */
export function acceptedProof(): Vector {
  const body = { first: shown(1), second: shown(2) } as unknown as MessageBody<'equivocation-proof'>
  return accepted('a proof of equivocation', { type: 'equivocation-proof', body }, VECTOR_KEYS.arbiter)
}

export function equivocationVectors(): readonly Vector[] {
  const [first, second] = [shown(1), shown(2)]
  const proven = (name: string, left: Shown, right: Shown): Vector => ({
    kind: 'equivocation',
    name,
    proof: { first: left, second: right },
    envelopes: [left, right].map(({ head }) => hashOfText(canonicalText(head))).sort(),
  })
  const refused = (name: string, code: string, right: Shown): Vector => ({
    kind: 'equivocation',
    name,
    proof: { first, second: right },
    code,
  })
  return [
    proven('two bodies for one position', first, second),
    proven('the same the other way round', second, first),
    proven('two types for one position', first, shown(1, { type: 'equivocation-proof' })),
    proven('two audiences for one position', first, shown(1, { aud: '*' })),
    refused('one message twice', 'ENVELOPE_PROOF_SAME', first),
    refused('one message, another signature', 'ENVELOPE_PROOF_SAME', { ...first, signature: second.signature }),
    refused('two positions', 'ENVELOPE_PROOF_UNRELATED', shown(2, { seq: 2 })),
    refused('two contracts', 'ENVELOPE_PROOF_UNRELATED', shown(2, { contract: '23'.repeat(32) })),
    refused('two networks', 'ENVELOPE_PROOF_UNRELATED', shown(2, { net: 'elsewhere' })),
    refused('two issuers', 'ENVELOPE_PROOF_UNRELATED', shown(2, {}, worker)),
    refused('a second message that was forged', 'ENVELOPE_SIGNATURE_WRONG', { ...second, signature: first.signature }),
    {
      kind: 'equivocation',
      name: 'no contract',
      proof: { first: shown(1, { contract: undefined }), second: shown(2, { contract: undefined }) },
      code: 'ENVELOPE_PROOF_UNRELATED',
    },
  ]
}
