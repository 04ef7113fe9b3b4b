import type { GossipVector } from '../../../scripts/protocol-vectors/vector.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { NotaryWatch } from '../../../src/market/gossip/notary-watch.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'

const verify = verifySignatureWith(createNodeVerifier())

/** What a node makes of an announcement that knows nothing but the set. */
export function announcedOutcome({
  kind,
  bytes,
  set,
}: Extract<GossipVector, { readonly kind: 'notary-checkpoint' | 'notary-proof' }>): unknown {
  const convicts: string[] = []
  const watch = new NotaryWatch(
    {
      clock: { monotonicMs: () => 0 },
      verify,
      store: createMemoryKeyValueStore(),
      askBeginning: async () => await Promise.resolve(undefined),
    },
    {
      sets: () => [set],
      onConvicted: ({ member }) => void convicts.push(member ?? set.id),
      onSuspicions: () => {},
      onFailure: (cause) => {
        throw cause
      },
    },
  )
  const message = { from: set.members[0]?.key as Did, data: new Uint8Array(Buffer.from(bytes, 'hex')) }
  const verdict = kind === 'notary-proof' ? watch.hearProof(message) : watch.hearCheckpoint(message)
  return { verdict, convicts }
}
