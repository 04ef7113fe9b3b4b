import { CodedError } from '../../base/errors.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'

/** `NOTARY_ANSWER_WRONG` of a member. */
export function wrong(member: number, what: string): CodedError {
  return new CodedError('NOTARY_ANSWER_WRONG', {
    message: `Member ${member} answered with ${what}`,
    details: { member },
  })
}

/** `NOTARY_UNREACHABLE`, with what members said. */
export function unreachable(set: NotarySet, causes: readonly unknown[]): CodedError {
  // A member that says why it does not answer is worth more than that the others are away.
  const [coded] = causes.filter((cause) => CodedError.is(cause))
  return new CodedError('NOTARY_UNREACHABLE', {
    message: `${causes.length} of ${set.members.length} members did not answer`,
    cause: coded ?? causes[0],
  })
}
