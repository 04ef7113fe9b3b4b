import { CodedError } from '../../base/errors.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'

/** An answer of a member that its signatures do not bear out. */
export function wrong(member: number, what: string): CodedError {
  return new CodedError('NOTARY_ANSWER_WRONG', {
    message: `Member ${member} answered with ${what}`,
    details: { member },
  })
}

/** Too few members have answered. */
export function unreachable(set: NotarySet, causes: readonly unknown[]): CodedError {
  // A member that says why it does not answer is worth more than that the others are away.
  const [coded] = causes.filter((cause) => CodedError.is(cause))
  return new CodedError('NOTARY_UNREACHABLE', {
    message: `${causes.length} of ${set.members.length} members did not answer`,
    cause: coded ?? causes[0],
  })
}
