import { bytesOfHex } from '../base/hex.ts'
import type { Did } from '../core/evidence/names.ts'
import { createPortableVerifier } from '../keys/portable-signatures.ts'
import { verifySignatureWith } from '../keys/verify-signature.ts'
import {
  createWebKeyPair,
  openWebKeySigner,
  type SubtleSignatures,
  type WebKeyPair,
} from '../keys/web-crypto-signer.ts'
import type { Libp2pIdentity } from '../network/libp2p/peer-identity.ts'
import type { DeferredSigner, VerifySignature } from '../ports/signer.ts'
import type { IndexedDatabase } from '../storage/indexed/indexed-database.ts'
import { didOfPublicKey, publicKeyOfDid } from '../wire/v1/did-key.ts'

/** The keys of a peer in a page: who it is to other nodes, and whose contracts and credits these are. Never the same key. */
export type PageSigners = { readonly node: DeferredSigner; readonly escrow: DeferredSigner }

/** Those that the browser keeps in the store, made when it is opened for the first time. Throws `KEY_PLATFORM_LACKS`. */
export async function openPageSigners(subtle: SubtleSignatures, database: IndexedDatabase): Promise<PageSigners> {
  const open = async (role: keyof PageSigners): Promise<DeferredSigner> => {
    const name = `key/${role}`
    const known = await database.object(name)
    const pair = known ?? (await database.keepObject(name, await createWebKeyPair(subtle)))
    // As `keepObject` kept it.
    return await openWebKeySigner(subtle, pair as WebKeyPair)
  }
  return { node: await open('node'), escrow: await open('escrow') }
}

/** What the transport proves itself with. */
export function identityOf(signer: DeferredSigner): Libp2pIdentity {
  const verifier = createPortableVerifier()
  return {
    did: didOf(signer),
    sign: (bytes) => signer.sign(bytes),
    verify: (peer, bytes, signature) => {
      const publicKey = publicKeyOfDid(peer)
      return publicKey !== undefined && verifier.verify({ publicKey, bytes, signature })
    },
  }
}

export function didOf({ publicKeyHex }: DeferredSigner): Did {
  return didOfPublicKey(bytesOfHex(publicKeyHex))
}

/** Signatures of others, judged by the rule of `protocol/spec/signatures.md`. */
export function createPageVerify(): VerifySignature {
  return verifySignatureWith(createPortableVerifier())
}
