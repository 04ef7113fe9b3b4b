import { expect, it } from 'vitest'
import type { Did } from '../../../src/core/evidence/names.ts'
import { hashOfBlock } from '../../../src/core/notary/block.ts'
import { NOTARY_SET_PROTOCOL } from '../../../src/market/notary/set/member-frames.ts'
import type { PeerQuestion, Transport } from '../../../src/ports/transport.ts'
import { CommitLoss } from '../../../src/simulation/market/commit-loss.ts'
import { encodeNotaryFrame, type NotaryFrame } from '../../../src/wire/v1/notary-messages.ts'
import { blockOf, quorumOfVotes, voteOf } from '../../core/notary/notary-fixtures.ts'
import { setOf } from '../../torture/notary-world.ts'

const SET = setOf(1)
const BLOCK = blockOf(['a'])
const PLACE = { view: 0, slot: 1, block: hashOfBlock(BLOCK) }
const PREPARE = voteOf(SET, { phase: 'prepare', ...PLACE }, 1)
const COMMIT = voteOf(SET, { phase: 'commit', ...PLACE }, 1)
const DECISION = { block: BLOCK, quorum: quorumOfVotes(SET, { phase: 'commit', ...PLACE }, [0, 1, 2]) }
const KEPT: readonly NotaryFrame[] = [
  { type: 'notary-vote', set: SET.id, vote: PREPARE },
  { type: 'notary-ask', set: SET.id, slot: 3 },
]
const LOST: readonly NotaryFrame[] = [
  { type: 'notary-vote', set: SET.id, vote: COMMIT },
  { type: 'notary-decision', set: SET.id, decision: DECISION },
]

/** What arrives of what is sent while commits are lost, or not. */
function passed(): {
  readonly loss: CommitLoss
  readonly arrived: string[]
  readonly send: (say: Say) => Promise<void>
} {
  const arrived: string[] = []
  const loss = new CommitLoss()
  const request = async (_: Did, { body }: PeerQuestion): Promise<Uint8Array> => {
    arrived.push(new TextDecoder().decode(body))
    return await Promise.resolve(new Uint8Array())
  }
  const transport = loss.wrap({ request } as unknown as Transport)
  const send = async ({ text, protocol = NOTARY_SET_PROTOCOL }: Say): Promise<void> => {
    const body = new TextEncoder().encode(text)
    await transport.request(SET.members[0]?.key as Did, { protocol, body } as PeerQuestion)
  }
  return { loss, arrived, send }
}

type Say = { readonly text: string; readonly protocol?: string }

it('commit votes and decisions do not arrive while they are lost, and everything else does', async () => {
  const { loss, arrived, send } = passed()
  const texts = [...KEPT, ...LOST].map(encodeNotaryFrame)
  loss.begin()
  for (const text of texts) await send({ text })
  expect(arrived).toEqual(KEPT.map(encodeNotaryFrame))
  expect(loss.lost).toBe(2)
  for (const text of texts.slice(2, 3)) await send({ text, protocol: '/other/1' })
  expect(arrived).toHaveLength(3)
})

it('commit votes arrive again when the last cause has ended', async () => {
  const { loss, arrived, send } = passed()
  const [text = ''] = LOST.map(encodeNotaryFrame)
  loss.begin()
  loss.begin()
  loss.end()
  await send({ text })
  expect(arrived).toEqual([])
  loss.end()
  await send({ text })
  expect(arrived).toEqual([text])
  expect(loss.lost).toBe(1)
})
