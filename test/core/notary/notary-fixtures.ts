import { createHash } from 'node:crypto'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { Block } from '../../../src/core/notary/block.ts'
import { GENESIS, hashOfBlock } from '../../../src/core/notary/block.ts'
import type { NotarySet } from '../../../src/core/notary/notary-set.ts'
import {
  bytesOfVote,
  type VerifyStatement,
  type Vote,
  type VoteQuorum,
  type VoteStatement,
} from '../../../src/core/notary/statement.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import { APPLICATION_START } from '../../torture/notary-local.ts'
import { entryOf, execute, NOW } from '../../torture/notary-world.ts'

/** A stand-in for Ed25519 that everybody can compute: what matters here is which bytes are signed, and by whom. */
export function signAs(key: Did, bytes: Uint8Array): string {
  return createHash('sha512').update(key).update(bytes).digest('base64url')
}

export const verify: VerifyStatement = ({ key, bytes, signature }) => signAs(key, bytes) === signature

export function voteOf(set: NotarySet, statement: VoteStatement, member: number): Vote {
  const key = set.members[member]?.key
  if (key === undefined) throw new TypeError(`No member ${member}`)
  return { ...statement, member, signature: signAs(key, bytesOfVote(set, statement)) }
}

export function quorumOfVotes(set: NotarySet, statement: VoteStatement, members: readonly number[]): VoteQuorum {
  const signatures = members.map((member) => {
    const { signature } = voteOf(set, statement, member)
    return { member, signature }
  })
  return { ...statement, signatures }
}

/** A block of entries with these names on top of another, or the first. */
export function blockOf(names: readonly string[], init: { previous?: Block; at?: Timestamp } = {}): Block {
  const { previous } = init
  const at = init.at ?? NOW
  const made = execute(previous?.state ?? APPLICATION_START, at, names.map(entryOf))
  return {
    slot: (previous?.slot ?? 0) + 1,
    previous: previous === undefined ? GENESIS : hashOfBlock(previous),
    at,
    entries: names.map((name, index) => ({ ...entryOf(name), seq: 0, transition: GENESIS, ...made.results[index] })),
    state: made.state,
  }
}
