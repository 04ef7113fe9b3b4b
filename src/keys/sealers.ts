import nacl from 'tweetnacl'
import type { Random } from '../ports/random.ts'
import { SEAL_PADDING_BYTES, SEAL_PAYLOAD_BYTES_MAX, type Sealer, type SealOutcome } from '../ports/sealer.ts'
import { type KeyAgreement, NODE_AGREEMENT, PORTABLE_AGREEMENT } from './agree.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 24
const TAG_BYTES = 16
const LENGTH_BYTES = 4
const HEAD_BYTES = KEY_BYTES + NONCE_BYTES

export type SealerComponents = { readonly random: Random }
export type SealerInit = {
  /** 32 random bytes, used for nothing else. Copied; the caller may overwrite them. */
  readonly secret: Uint8Array
}

/** The sealer over tweetnacl: runs anywhere. Throws `RangeError` for a secret of another length. */
export function createPortableSealer(components: SealerComponents, init: SealerInit): Sealer {
  return createSealer(components, init, PORTABLE_AGREEMENT)
}

/** The sealer that agrees on keys with `node:crypto`. The same bytes, faster. Throws `RangeError` for a secret of another length. */
export function createNodeSealer(components: SealerComponents, init: SealerInit): Sealer {
  return createSealer(components, init, NODE_AGREEMENT)
}

function createSealer({ random }: SealerComponents, init: SealerInit, agreement: KeyAgreement): Sealer {
  if (init.secret.byteLength !== KEY_BYTES)
    throw new RangeError(`A secret has ${KEY_BYTES} bytes, not ${init.secret.byteLength}`)
  const secret = new Uint8Array(init.secret)
  const publicKey = agreement.publicKeyOf(secret)
  return {
    get publicKey() {
      return new Uint8Array(publicKey)
    },
    seal(payload, recipient) {
      if (payload.byteLength > SEAL_PAYLOAD_BYTES_MAX) return { ok: false, code: 'SEAL_PAYLOAD_TOO_LARGE' }
      const ephemeral = new Uint8Array(random.bytes(KEY_BYTES))
      const shared = agreed(agreement, ephemeral, recipient)
      if (shared === undefined) return { ok: false, code: 'SEAL_KEY_UNUSABLE' }
      const nonce = new Uint8Array(random.bytes(NONCE_BYTES))
      const box = nacl.secretbox(padded(payload), nonce, shared)
      const bytes = new Uint8Array(HEAD_BYTES + box.byteLength)
      bytes.set(agreement.publicKeyOf(ephemeral))
      bytes.set(nonce, KEY_BYTES)
      bytes.set(box, HEAD_BYTES)
      ephemeral.fill(0)
      shared.fill(0)
      return { ok: true, bytes }
    },
    open(sealed) {
      if (!isSealedSize(sealed.byteLength)) return BROKEN
      const shared = agreed(agreement, secret, sealed.slice(0, KEY_BYTES))
      if (shared === undefined) return BROKEN
      const nonce = sealed.slice(KEY_BYTES, HEAD_BYTES)
      const content = nacl.secretbox.open(sealed.slice(HEAD_BYTES), nonce, shared)
      shared.fill(0)
      return content === null ? BROKEN : unpadded(content)
    },
  }
}

const BROKEN: SealOutcome = { ok: false, code: 'SEAL_BROKEN' }

function agreed(agreement: KeyAgreement, secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  if (publicKey.byteLength !== KEY_BYTES) return undefined
  return agreement.agree(secret, publicKey)
}

function paddedSize(payloadBytes: number): number {
  return Math.ceil((LENGTH_BYTES + payloadBytes) / SEAL_PADDING_BYTES) * SEAL_PADDING_BYTES
}

function isSealedSize(sizeBytes: number): boolean {
  const content = sizeBytes - HEAD_BYTES - TAG_BYTES
  return content > 0 && content % SEAL_PADDING_BYTES === 0 && content <= paddedSize(SEAL_PAYLOAD_BYTES_MAX)
}

function padded(payload: Uint8Array): Uint8Array {
  const content = new Uint8Array(paddedSize(payload.byteLength))
  new DataView(content.buffer).setUint32(0, payload.byteLength, true)
  content.set(payload, LENGTH_BYTES)
  return content
}

/** One form per payload: no more padding than needed, and zeros only. */
function unpadded(content: Uint8Array): SealOutcome {
  const length = new DataView(content.buffer, content.byteOffset).getUint32(0, true)
  if (length > SEAL_PAYLOAD_BYTES_MAX || paddedSize(length) !== content.byteLength) return BROKEN
  const end = LENGTH_BYTES + length
  if (content.subarray(end).some((byte) => byte !== 0)) return BROKEN
  return { ok: true, bytes: content.slice(LENGTH_BYTES, end) }
}
