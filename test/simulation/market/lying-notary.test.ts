import { expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { hashOfBlock } from '../../../src/core/notary/block.ts'
import type { Vote } from '../../../src/core/notary/statement.ts'
import { verifyVote } from '../../../src/core/notary/verify-message.ts'
import { LyingNotary, type LyingNotaryInit } from '../../../src/simulation/market/hostile/lying-notary.ts'
import { blockOf, signAs, verify, voteOf } from '../../core/notary/notary-fixtures.ts'
import { setOf } from '../../torture/notary-world.ts'

const SET = setOf(1)
const ME = 3
const STATEMENT = { phase: 'commit', view: 0, slot: 1, block: hashOfBlock(blockOf(['a'])) } as const
const KEY = SET.members[ME]?.key as Did
const IDENTITY = {
  name: 'liar',
  did: KEY,
  signer: { sign: (bytes: Uint8Array) => new Uint8Array(Buffer.from(signAs(KEY, bytes), 'base64url')) },
} as unknown as LyingNotaryInit['identity']

it('a member that votes twice says another vote of its own, and in the name of another member what it cannot sign', () => {
  const lies: string[] = []
  const liar = new LyingNotary({
    identity: IDENTITY,
    set: SET,
    me: ME,
    random: createRandomStream(1),
    onLie: (kind) => lies.push(kind),
  })
  const frame = { type: 'notary-vote', set: SET.id, vote: voteOf(SET, STATEMENT, ME) } as const
  expect(liar.said(0, frame)).toEqual([frame])
  liar.begin('notary-votes-twice', 0)
  const said = liar.said(0, frame)
  const votes = said.map((each) => (each as { readonly vote: Vote }).vote)
  expect(votes.map((vote) => [vote.member, vote.block === STATEMENT.block, verifyVote(SET, vote, verify)])).toEqual([
    [ME, true, true],
    [ME, false, true],
    [0, true, false],
    [0, false, false],
  ])
  expect(lies).toEqual(['notary-votes-twice'])
})
