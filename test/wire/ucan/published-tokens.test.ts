import { readFileSync } from 'node:fs'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { checkInvocation } from '../../../src/core/capability/check-invocation.ts'
import type { CapabilityCid, Delegation } from '../../../src/core/capability/capability-token.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { decodeToken, openDelegation, openInvocation } from '../../../src/wire/ucan/token-codec.ts'
import { bytesOfTokenText, sealToken, textOfTokenBytes } from '../../../src/wire/ucan/token-envelope.ts'

type Published = {
  readonly delegation: { readonly token: string; readonly cid: string; readonly payload: Record<string, unknown> }
  readonly invocations: readonly {
    readonly name: string
    readonly token: string
    readonly proofs: readonly string[]
    readonly timeSeconds: number
    readonly outcome: string
  }[]
}

// The file names its source: repository, commit and paths.
const PUBLISHED = JSON.parse(
  readFileSync(new URL('../../../protocol/vectors/v1/ucan-published.json', import.meta.url), 'utf8'),
) as Published

const verify = verifySignatureWith(createNodeVerifier())

function outcomeOf({ token, proofs, timeSeconds }: Published['invocations'][number]): string {
  const invocation = openInvocation(token, verify)
  if (invocation.kind === 'refused') return invocation.code
  const byCid = new Map<CapabilityCid, Delegation>()
  for (const text of proofs) {
    const delegation = openDelegation(text, verify)
    if (delegation.kind === 'refused') return delegation.code
    byCid.set(delegation.cid, delegation)
  }
  const checked = checkInvocation({
    invocation,
    proofs: byCid,
    at: timestampFromMs(timeSeconds * 1000),
    executor: invocation.aud ?? invocation.sub,
  })
  return checked.kind === 'refused' ? checked.code : checked.kind
}

describe('the published delegation', () => {
  it('decodes to its published fields, is signed by its issuer, and is written byte for byte', () => {
    const { token: text, cid, payload } = PUBLISHED.delegation
    const bytes = bytesOfTokenText(text)
    if (bytes.kind === 'refused') throw new Error(bytes.code)
    const decoded = decodeToken(bytes.bytes)
    if (decoded.kind === 'refused') throw new Error(decoded.code)
    const { token, signature, signedBytes } = decoded
    expect(token).toMatchObject({
      kind: 'delegation',
      iss: payload['iss'],
      aud: payload['aud'],
      sub: payload['sub'],
      cmd: payload['cmd'],
      pol: [],
      exp: payload['exp'],
      nonce: Buffer.from(String(payload['nonce']), 'base64').toString('hex'),
    })
    expect(openDelegation(text, verify)).toEqual(token)
    expect(textOfTokenBytes(sealToken(signedBytes, signature))).toBe(text)
    expect(token.cid).toBe(CID.parse(cid, base32).toString(base58btc))
  })
})

describe('the published invocations', () => {
  it('are twenty', () => {
    expect(PUBLISHED.invocations).toHaveLength(20)
  })

  it.each(PUBLISHED.invocations)('$name: $outcome', (vector) => {
    expect(outcomeOf(vector)).toBe(vector.outcome)
  })
})
