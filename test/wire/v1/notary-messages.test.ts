import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { certificatesOf } from '../../../src/core/notary/certificate.ts'
import { GENESIS, hashOfBlock } from '../../../src/core/notary/block.ts'
import { verifyProposal, verifyDecision } from '../../../src/core/notary/verify-message.ts'
import { bytesOfChange, type Change } from '../../../src/core/notary/view-change.ts'
import {
  decodeNotaryFrame,
  encodeNotaryFrame,
  NOTARY_CERTIFICATE,
  type NotaryFrame,
} from '../../../src/wire/v1/notary-messages.ts'
import { blockOf, quorumOfVotes, signAs, verify, voteOf } from '../../core/notary/notary-fixtures.ts'
import { entryOf, setOf } from '../../torture/notary-world.ts'

const SET = setOf(1)
const BLOCK = blockOf(['a', 'b'])
const PLACE = { view: 0, slot: 1, block: hashOfBlock(BLOCK) }
const PREPARED = { block: BLOCK, quorum: quorumOfVotes(SET, { phase: 'prepare', ...PLACE }, [0, 1, 2]) }
const DECISION = { block: BLOCK, quorum: quorumOfVotes(SET, { phase: 'commit', ...PLACE }, [0, 1, 2]) }

function changeOf(member: number, prepared: Change['prepared']): Change {
  const statement = { view: 1, head: { slot: 0, block: GENESIS, quorum: undefined }, prepared }
  const key = SET.members[member]?.key
  if (key === undefined) throw new TypeError('no member')
  return { ...statement, member, signature: signAs(key, bytesOfChange(SET, statement)) }
}

const CHANGES = [changeOf(0, undefined), changeOf(1, PREPARED), changeOf(2, undefined)]
const VOTE = voteOf(SET, { phase: 'prepare', ...PLACE, view: 1 }, 1)
const PROPOSAL = { view: 1, block: BLOCK, changes: CHANGES, signature: { member: 1, signature: VOTE.signature } }
const FRAMES: readonly NotaryFrame[] = [
  { type: 'notary-bodies-ask', set: SET.id, messages: [entryOf('a').message] },
  { type: 'notary-bodies', set: SET.id, bodies: ['{"a":"\u00e4"}'] },
  { type: 'notary-proposal', set: SET.id, proposal: PROPOSAL },
  { type: 'notary-vote', set: SET.id, vote: VOTE },
  { type: 'notary-change', set: SET.id, change: changeOf(3, PREPARED) },
  { type: 'notary-ask', set: SET.id, slot: 3 },
  { type: 'notary-decision', set: SET.id, decision: DECISION },
  { type: 'notary-witness-ask', set: SET.id, instance: '0'.repeat(32), asked: 5 },
  {
    type: 'notary-witness',
    set: SET.id,
    instance: '0'.repeat(32),
    asked: 5,
    isFree: true,
    seenVote: VOTE,
    seenChange: changeOf(3, PREPARED),
    view: 2,
    head: { slot: 1, block: PLACE.block, quorum: DECISION.quorum },
  },
  { type: 'notary-state', set: SET.id, decision: DECISION, before: GENESIS, root: GENESIS, chunks: [GENESIS] },
  { type: 'notary-chunk-ask', set: SET.id, slot: 128, index: 0 },
  { type: 'notary-chunk', set: SET.id, slot: 128, index: 0, text: '{"a":1' },
  {
    type: 'notary-epoch-end',
    set: SET.id,
    end: { from: SET.id, to: GENESIS, epoch: 1, slot: 1, block: PLACE.block, at: BLOCK.at, state: BLOCK.state },
    signature: { member: 1, signature: VOTE.signature },
  },
]

describe('frames between notaries', () => {
  test.each(FRAMES.map((frame) => [frame.type, frame] as const))('%s comes back as it was', (_type, frame) => {
    expect(decodeNotaryFrame(encodeNotaryFrame(frame))).toEqual({ kind: 'frame', frame })
  })

  test('keep their signatures right', () => {
    const decoded = decodeNotaryFrame(encodeNotaryFrame(FRAMES[2] ?? { type: 'notary-ask', set: SET.id, slot: 0 }))
    if (decoded.kind !== 'frame' || decoded.frame.type !== 'notary-proposal') throw new TypeError('no proposal')
    expect(verifyProposal(SET, decoded.frame.proposal, verify)).toBe(true)
    expect(verifyDecision(SET, DECISION, verify)).toBe(true)
    expect(verifyProposal(SET, { ...PROPOSAL, view: 5 }, verify)).toBe(false)
    const [first, ...rest] = CHANGES
    if (first === undefined) throw new TypeError('no change')
    const forged = [{ ...first, view: 2 }, ...rest]
    expect(verifyProposal(SET, { ...PROPOSAL, changes: forged }, verify)).toBe(false)
  })

  test('in any other form are refused', () => {
    const malformed = { kind: 'refused', code: 'NOTARY_FRAME_MALFORMED' }
    const text = encodeNotaryFrame({ type: 'notary-ask', set: SET.id, slot: 3 })
    for (const other of [
      '',
      '{}',
      'null',
      `${text} `,
      text.replace('"slot"', '"slot":1,"slot"'),
      text.replace('3', '3.5'),
      `{"bodies":["\\ud800"],"set":"${SET.id}","type":"notary-bodies"}`,
    ]) {
      expect(decodeNotaryFrame(other), other).toEqual(malformed)
    }
    expect(decodeNotaryFrame(' '.repeat(4_194_305))).toEqual({ kind: 'refused', code: 'NOTARY_FRAME_TOO_LARGE' })
  })

  test('changed anywhere give a typed answer, never an exception', () => {
    const texts = FRAMES.map(encodeNotaryFrame)
    fc.assert(
      fc.property(fc.nat(texts.length - 1), fc.nat(4_000), fc.string({ maxLength: 3 }), (which, at, put) => {
        const text = texts[which] ?? ''
        const place = at % text.length
        const { kind } = decodeNotaryFrame(text.slice(0, place) + put + text.slice(place + 1))
        expect(['frame', 'refused']).toContain(kind)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a certificate has its written form', () => {
    for (const certificate of certificatesOf(SET, DECISION)) {
      expect(NOTARY_CERTIFICATE.parse(JSON.parse(canonicalJson(certificate)))).toEqual(certificate)
    }
  })
})
