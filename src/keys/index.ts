/**
 * Ed25519 keys and signatures behind one verdict rule, whatever library works underneath. It signs and judges bytes; what they mean, `kernell-os/market` says.
 *
 * ```ts
 * import { createInlineSignatures } from 'kernell-os/keys'
 *
 * const signer = createInlineSignatures().createSigner(new Uint8Array(32).fill(7))
 * console.log(signer.publicKeyHex.length) // 64
 * ```
 */
export { createNodeSigner, createNodeVerifier } from './node-signatures.ts'
export { createInlineSignatures, type Signatures } from './pool/inline-signatures.ts'
export { verifySignatureWith } from './verify-signature.ts'
