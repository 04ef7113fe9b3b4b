import { createGuardedVerifier } from '../../src/keys/guarded-verifier.ts'
import { createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { createPublicKey, verify } from 'node:crypto'
import nacl from 'tweetnacl'
import type { SignedBytes, Verifier } from '../../src/ports/verifier.ts'
import { SIGNATURE_ADMISSION } from '../../src/wire/v1/ed25519-admission.ts'

export type SignaturePlant = {
  /** The defect, in words. */
  readonly about: string
  readonly spoil: (verifier: Verifier) => Verifier
}

/** Known defects of a verifier; whatever holds verdicts to the rule must fail with one of them. */
export const SIGNATURE_PLANTS: Readonly<Record<string, SignaturePlant>> = {
  'skipped-signature-check': {
    about: 'the admission rules are kept, and no signature is checked',
    spoil: () => createGuardedVerifier(() => true),
  },
  'skipped-every-fifth-check': {
    about: 'every fifth signature is taken for right',
    spoil(verifier) {
      let count = 0
      return { verify: (signed) => verifier.verify(signed) || (count += 1) % 5 === 0 }
    },
  },
  'small-order-key-accepted': {
    about: 'a key of small order is admitted, under which one signature is right for many messages',
    spoil: () => createNodeVerifier({ admission: { ...SIGNATURE_ADMISSION, publicKeyRefusal: () => undefined } }),
  },
  'small-order-point-accepted': {
    about: 'R of small order is admitted',
    spoil: () =>
      createGuardedVerifier(openssl, {
        ...SIGNATURE_ADMISSION,
        signatureRefusal(signature) {
          const refusal = SIGNATURE_ADMISSION.signatureRefusal(signature)
          return refusal === 'SIGNATURE_POINT_ORDER_SMALL' ? undefined : refusal
        },
      }),
  },
  'scalar-not-reduced': {
    about: 'S is not compared with the order of the group, so that a signature has several forms',
    spoil: () =>
      createGuardedVerifier(
        ({ publicKey, bytes, signature }) => nacl.sign.detached.verify(bytes, signature, publicKey),
        {
          ...SIGNATURE_ADMISSION,
          signatureRefusal(signature) {
            const refusal = SIGNATURE_ADMISSION.signatureRefusal(signature)
            return refusal === 'SIGNATURE_SCALAR_LARGE' ? undefined : refusal
          },
        },
      ),
  },
}

function openssl({ publicKey, bytes, signature }: SignedBytes): boolean {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
  return verify(null, bytes, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
}
