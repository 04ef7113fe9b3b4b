import { canonicalJson } from '../../../base/canonical-json.ts'
import { bytesOfEpochChange, type EpochChange } from '../../../core/notary/epoch-change.ts'
import { type NotarySet, quorumOf } from '../../../core/notary/notary-set.ts'
import type { MemberSignature, VerifyStatement } from '../../../core/notary/statement.ts'
import type { EpochEnd } from '../../../wire/v1/notary-messages.ts'

/** Gathers where members end their epoch: one end of each, the last. */
export class EpochEnds {
  private readonly set: NotarySet
  private readonly verify: VerifyStatement
  private readonly ends = new Map<number, EpochEnd>()

  constructor(set: NotarySet, verify: VerifyStatement) {
    this.set = set
    this.verify = verify
  }

  /** Of this replica; `undefined` while it has not ended. */
  of(member: number): EpochEnd | undefined {
    return this.ends.get(member)
  }

  /** @returns The change, when `2f + 1` members end at one slot for one next set. */
  take(frame: EpochEnd): EpochChange | undefined {
    const { end, signature } = frame
    const { member } = signature
    const key = this.set.members[member]?.key
    const known = this.ends.get(member)
    if (key === undefined || end.from !== this.set.id || (known !== undefined && known.end.slot > end.slot))
      return undefined
    if (!this.verify({ key, bytes: bytesOfEpochChange(end), signature: signature.signature })) return undefined
    this.ends.set(member, frame)
    const text = canonicalJson(end)
    const signatures: MemberSignature[] = [...this.ends.values()]
      .filter((other) => canonicalJson(other.end) === text)
      .map((other) => other.signature)
      .toSorted((left, right) => left.member - right.member)
    return signatures.length < quorumOf(this.set) ? undefined : { ...end, signatures }
  }
}
