import { CodedError } from '../../base/errors.ts'
import { decideSigning, type HighWater } from '../../core/notary/high-water.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { HighWaterFile } from './high-water.ts'

export type SigningPlace = {
  /** Of one member. */
  readonly set: NotarySet
  readonly me: number
  /** The last one of the journal; 0 for an empty one. */
  readonly slot: number
  /** Of the set that the journal names last: smaller than that of `set` when this start begins the epoch. */
  readonly epoch: number
  readonly restored: { readonly epoch: number } | undefined
}

/**
 * What was signed before this start must be in the journal; of a set of one, nobody else knows. Throws `NOTARY_MAY_NOT_SIGN` with the reason among its details, and
 * what the file throws.
 */
export async function admitSigning(
  highWater: Pick<HighWaterFile, 'write'> & { readonly value: HighWater | undefined },
  { set, me, slot, epoch: written, restored }: SigningPlace,
): Promise<void> {
  const { epoch } = set
  const position = { view: 0, slot, phase: 'commit' } as const
  const isBegun = highWater.value?.epoch === epoch
  // The first start of an epoch has signed nothing in it; a crash before its first entry leaves the file at the place where the epoch before ended.
  const isFirst = !isBegun && (written < epoch || (slot === 0 && highWater.value === undefined))
  const journal = isFirst ? undefined : { epoch, position }
  const decision = decideSigning({ set, me, journal, highWater: highWater.value, restored, witnesses: [] })
  if (decision.kind !== 'sign') {
    const code = 'code' in decision ? decision.code : decision.kind
    throw new CodedError('NOTARY_MAY_NOT_SIGN', {
      message: `${code}: slot ${slot} is the last in the journal`,
      details: { code },
    })
  }
  // The file is there before the journal has anything. Behind the journal it is after a crash between the two: that block may be signed now.
  if (isFirst || (highWater.value?.position.slot ?? 0) < slot) await highWater.write({ epoch, position })
}
