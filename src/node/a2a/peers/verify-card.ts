import { createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto'
import { type AgentCard, type AgentCardSignature, canonicalizeAgentCard } from '@a2a-js/sdk'

/** A key that the operator named: of Ed25519, P-256 or RSA, as JWK. */
export type PinnedKey = JsonWebKey

const SIGNATURES_MAX = 16
const HEADER_LENGTH_MAX = 4_096
const RSA_BITS_MIN = 2_048

/** `undefined` for what is no public key of a kind that is read. */
export function readPinnedKey(jwk: PinnedKey): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return algorithmOf(key) === undefined ? undefined : key
  } catch {
    return undefined
  }
}

/** Whether one of a card's signatures is by the key. The algorithm is the key's, whatever the card says. */
export function isSignedBy(card: AgentCard, key: KeyObject): boolean {
  const payload = Buffer.from(canonicalizeAgentCard(card), 'utf8').toString('base64url')
  return card.signatures.slice(0, SIGNATURES_MAX).some((signature) => isBy(signature, payload, key))
}

function isBy({ protected: header, signature }: AgentCardSignature, payload: string, key: KeyObject): boolean {
  const algorithm = algorithmOf(key)
  if (algorithm === undefined || !isPlainHeader(header, algorithm)) return false
  const bytes = Buffer.from(`${header}.${payload}`, 'ascii')
  const given = Buffer.from(signature, 'base64url')
  switch (algorithm) {
    case 'EdDSA':
      return verify(null, bytes, key, given)
    case 'ES256':
      return verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, given)
    case 'RS256':
      return verify('sha256', bytes, key, given)
  }
}

type Algorithm = 'EdDSA' | 'ES256' | 'RS256'

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Algorithm | undefined {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  if (asymmetricKeyType === 'ec') return asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : undefined
  const isStrong = (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS_MIN
  return asymmetricKeyType === 'rsa' && isStrong ? 'RS256' : undefined
}

/** Members that change how a signature is read (`crit`, `b64`) are not known here. */
function isPlainHeader(text: string, algorithm: Algorithm): boolean {
  if (text.length > HEADER_LENGTH_MAX) return false
  try {
    const header: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (typeof header !== 'object' || header === null || 'crit' in header || 'b64' in header) return false
    return 'alg' in header && (header.alg === algorithm || (algorithm === 'EdDSA' && header.alg === 'Ed25519'))
  } catch {
    return false
  }
}
