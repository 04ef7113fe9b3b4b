import { sha256Hex } from '../../src/base/sha256.ts'
import type { Did, Hash } from '../../src/core/evidence/names.ts'
import { createNotarySet, type NotarySet } from '../../src/core/notary/notary-set.ts'
import { bytesOfVote, type Vote, type VoteStatement } from '../../src/core/notary/statement.ts'
import { utf8Bytes } from '../../src/core/text/encode-utf8.ts'
import { canonicalText } from '../../src/wire/v1/canonical.ts'
import {
  type Checkpoint,
  encodeSignature,
  type SignedCheckpoint,
  signingBytesOfCheckpoint,
} from '../../src/wire/v1/checkpoint.ts'
import type { FixedKey } from './fixed-keys.ts'
import type { NotaryGossipVector, Vector } from './vector.ts'
import { hex, VECTOR_HEAD, VECTOR_KEYS } from './vector-kit.ts'

const { notary: LIAR, payer, worker, arbiter } = VECTOR_KEYS
const named = (name: string): Hash => sha256Hex(name) as Hash

const DOCUMENT = {
  epoch: 0,
  f: 1,
  members: [LIAR, payer, worker, arbiter].map(({ did }, at) => ({
    key: did,
    address: `/ip4/203.0.113.${at + 1}/tcp/4001`,
  })),
}
const SET = setOf()
const LIAR_INDEX = SET.members.findIndex(({ key }) => key === LIAR.did)

function setOf(): NotarySet {
  const made = createNotarySet(DOCUMENT)
  if (made.kind === 'refused') throw new TypeError(made.code)
  return made.set
}

function checkpointOf(changes: Partial<Checkpoint> = {}, key: FixedKey = LIAR): SignedCheckpoint {
  const checkpoint: Checkpoint = {
    v: 1,
    journal: named('journal'),
    entries: 7,
    head: named('head'),
    root: named('root'),
    balances: named('balances'),
    at: VECTOR_HEAD.iat as Checkpoint['at'],
    signer: LIAR.did,
    ...changes,
  }
  return { checkpoint, signature: encodeSignature(key.sign(signingBytesOfCheckpoint(checkpoint))) }
}

function voteOf(changes: Partial<VoteStatement> = {}, key: FixedKey = LIAR): Vote {
  const statement: VoteStatement = { phase: 'commit', view: 0, slot: 3, block: named('block'), ...changes }
  return { ...statement, member: LIAR_INDEX, signature: encodeSignature(key.sign(bytesOfVote(SET, statement))) }
}

function bytesOf(value: unknown): string {
  return hex(utf8Bytes(canonicalText(value)))
}

function checkpointTaken(name: string, signed: SignedCheckpoint): Vector {
  const { signer, journal, entries } = signed.checkpoint
  return { kind: 'checkpoint', name, bytes: bytesOf(signed), signer, journal, entries }
}

type Reason = Extract<NotaryGossipVector, { kind: 'proof-refused' }>['reason']

function convicts(name: string, proof: unknown, member: Did = LIAR.did): Vector {
  return { kind: 'proof', name, bytes: bytesOf(proof), set: DOCUMENT, member }
}

function convictsNobody(name: string, proof: unknown, reason: Reason): Vector {
  return { kind: 'proof-refused', name, bytes: bytesOf(proof), set: DOCUMENT, reason }
}

const SPLIT = { v: 1, kind: 'split-view', signer: LIAR.did, journal: named('journal') }
const DOUBLE = { v: 1, kind: 'double-vote', set: SET.id }

/** Checkpoints that are said to everybody, and proofs against who has signed two that differ. */
export function notaryGossipVectors(): readonly Vector[] {
  const [first, second] = [checkpointOf(), checkpointOf({ head: named('other head') })]
  return [
    checkpointTaken('checkpoint', first),
    checkpointTaken('checkpoint that closes a segment', checkpointOf({ state: named('state') })),
    {
      kind: 'checkpoint-refused',
      name: 'checkpoint signed by another key',
      bytes: bytesOf(checkpointOf({}, payer)),
      reason: 'signature',
    },
    {
      kind: 'checkpoint-refused',
      name: 'checkpoint with a member that nobody knows',
      bytes: bytesOf({ ...first, stars: 5 }),
      reason: 'malformed',
    },
    convicts('two checkpoints for one number of entries', { ...SPLIT, checkpoints: [first, second] }),
    convicts('two votes for one place', {
      ...DOUBLE,
      first: voteOf(),
      second: voteOf({ block: named('other block') }),
    }),
    convictsNobody('the same checkpoint twice', { ...SPLIT, checkpoints: [first, first] }, 'proves-nothing'),
    convictsNobody(
      'checkpoints of another signer than is named',
      { ...SPLIT, signer: payer.did, checkpoints: [first, second] },
      'proves-nothing',
    ),
    convictsNobody(
      'a checkpoint that its signer has not signed',
      { ...SPLIT, checkpoints: [first, checkpointOf({ head: named('other head') }, payer)] },
      'proves-nothing',
    ),
    convictsNobody('the same vote twice', { ...DOUBLE, first: voteOf(), second: voteOf() }, 'proves-nothing'),
    convictsNobody(
      'votes in two views',
      { ...DOUBLE, first: voteOf(), second: voteOf({ view: 1, block: named('other block') }) },
      'proves-nothing',
    ),
    convictsNobody(
      'a vote that its member has not signed',
      { ...DOUBLE, first: voteOf(), second: voteOf({ block: named('other block') }, payer) },
      'proves-nothing',
    ),
    convictsNobody('a proof without its second half', { ...DOUBLE, first: voteOf() }, 'malformed'),
  ]
}
