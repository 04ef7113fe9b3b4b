import { CodedError } from '../../../base/errors.ts'
import type { DeferredSigner, Signer } from '../../../ports/signer.ts'

/** A key for what is signed in the midst of a decision: auctions that a party calls, and tokens that it issues. Signing throws `KEY_ANSWERS_LATER` for one that has to be waited for. */
export function signAtOnce(signer: DeferredSigner): Signer {
  return {
    publicKeyHex: signer.publicKeyHex,
    sign(bytes) {
      const signature = signer.sign(bytes)
      if (signature instanceof Uint8Array) return signature
      // Nobody waits for it any more.
      signature.catch(() => undefined)
      throw new CodedError('KEY_ANSWERS_LATER', { message: `The key ${signer.publicKeyHex} does not answer at once` })
    },
  }
}
