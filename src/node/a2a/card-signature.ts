import { type AgentCard, canonicalizeAgentCard } from '@a2a-js/sdk'
import { bytesOfHex } from '../../base/hex.ts'
import type { Signer } from '../../ports/signer.ts'

/** A public key of Ed25519 as JWK (RFC 8037). */
export type PublicKeyJwk = {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  /** 32 bytes in base64url. */
  readonly x: string
  readonly kid: string
  readonly use: 'sig'
  readonly alg: 'EdDSA'
}

/** The key as others get it. Its id is made of the key, so that another key has another id. */
export function publicJwkOf({ publicKeyHex }: Pick<Signer, 'publicKeyHex'>): PublicKeyJwk {
  const x = Buffer.from(bytesOfHex(publicKeyHex)).toString('base64url')
  return { kty: 'OKP', crv: 'Ed25519', x, kid: `ed25519-${publicKeyHex.slice(0, 16)}`, use: 'sig', alg: 'EdDSA' }
}

/** The card with a signature of this node: a JWS whose payload is the canonical JSON of the card without its signatures. */
export function signAgentCard(
  card: AgentCard,
  { signer, jku }: { readonly signer: Signer; readonly jku: string },
): AgentCard {
  const { kid } = publicJwkOf(signer)
  const header = encode(JSON.stringify({ alg: 'EdDSA', typ: 'JOSE', kid, jku }))
  const input = `${header}.${encode(canonicalizeAgentCard(card))}`
  const signature = Buffer.from(signer.sign(new TextEncoder().encode(input))).toString('base64url')
  return { ...card, signatures: [{ protected: header, signature, header: undefined }] }
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url')
}
