import { timestampFromMs } from '../../../base/time.ts'
import { BATCH_MAX } from '../../../core/notary/notary-state.ts'
import { encodeSignature } from '../../../wire/v1/checkpoint.ts'
import { NotaryReplica } from './notary-replica.ts'
import type { NotaryReplicaComponents } from './replica-components.ts'
import type { SetOrderComponents } from './set-order-components.ts'

/** The replica behind an order of several. Receipts are made of what the application has kept, so that its certificates are not listened to. */
export function createSetReplica(
  { set, me, members, timing, signer, highWater, clock, timers, hash: digest, onDoubleVote }: SetOrderComponents,
  ways: Pick<NotaryReplicaComponents, 'application' | 'send' | 'onFailure'>,
): NotaryReplica {
  return new NotaryReplica(
    {
      ...ways,
      log: members.replica,
      highWater,
      sign: async (bytes) => {
        const [signature] = await signer.signBatch([bytes])
        if (signature === undefined) throw new TypeError('a signer signs what it is given')
        return encodeSignature(signature)
      },
      verify: members.verify,
      digest,
      clock,
      timers,
      onDoubleVote,
      onCertificates: () => {},
      onEpochChange: () => {},
    },
    { set, me, startAt: timestampFromMs(0), batchMax: BATCH_MAX, ...timing },
  )
}
