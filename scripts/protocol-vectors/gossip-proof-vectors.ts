import { sha256Hex } from '../../src/base/sha256.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import type { Hash } from '../../src/core/evidence/names.ts'
import { createNotarySet, type NotarySet } from '../../src/core/notary/notary-set.ts'
import { bytesOfVote, type Vote, type VoteQuorum, type VoteStatement } from '../../src/core/notary/statement.ts'
import { bytesOfHash } from '../../src/core/transparency/hash-text.ts'
import { utf8Bytes } from '../../src/core/text/encode-utf8.ts'
import { MerkleStore } from '../../src/market/ledger/journal-proofs.ts'
import { canonicalText } from '../../src/wire/v1/canonical.ts'
import {
  type Checkpoint,
  encodeSignature,
  type SignedCheckpoint,
  signingBytesOfCheckpoint,
} from '../../src/wire/v1/checkpoint.ts'
import { type FixedKey, fixedKey } from './fixed-keys.ts'
import type { Vector } from './vector.ts'
import { hex, VECTOR_HEAD } from './vector-kit.ts'

const MEMBERS = [31, 32, 33, 34].map(fixedKey)
const [LIAR = fixedKey(31), HONEST = fixedKey(32)] = MEMBERS
const SET = madeSet()
const hashOf = (name: string): Hash => sha256Hex(name) as Hash
const JOURNAL = hashOf('journal of the vectors')

function madeSet(): NotarySet {
  const members = MEMBERS.map(({ did }, at) => ({ key: did, address: `/ip4/203.0.113.${at + 1}/tcp/4001` }))
  const made = createNotarySet({ epoch: 0, members, f: 1 })
  if (made.kind === 'refused') throw new TypeError(made.code)
  return made.set
}

/** A journal of twelve entries, of which those behind `forkAt` are of another view. */
function journalOf(forkAt: number): MerkleStore {
  const names = Array.from({ length: 12 }, (_, at) => hashOf(at < forkAt ? `entry ${at}` : `other entry ${at}`))
  return MerkleStore.of(Uint8Array.from(names.flatMap((name) => [...bytesOfHash(name)])))
}

const [ONE, OTHER] = [journalOf(12), journalOf(3)]

function standing(
  entries: number,
  changes: Partial<Checkpoint> & { readonly of?: MerkleStore } = {},
  key: FixedKey = LIAR,
): SignedCheckpoint {
  const { of = ONE, ...rest } = changes
  const checkpoint: Checkpoint = {
    v: 1,
    journal: JOURNAL,
    entries,
    head: hashOf(`head ${entries}`),
    root: of.rootAt(entries),
    balances: hashOf(`balances ${entries}`),
    at: timestampFromMs(VECTOR_HEAD.iat),
    signer: LIAR.did,
    ...rest,
  }
  return { checkpoint, signature: encodeSignature(key.sign(signingBytesOfCheckpoint(checkpoint))) }
}

function vote(block: string, key: FixedKey = LIAR): Vote {
  const statement: VoteStatement = { phase: 'commit', view: 0, slot: 3, block: hashOf(block) }
  return { ...statement, member: indexOf(LIAR), signature: encodeSignature(key.sign(bytesOfVote(SET, statement))) }
}

function certificate(block: string, signers: readonly FixedKey[], view = 0): VoteQuorum {
  const statement: VoteStatement = { phase: 'commit', view, slot: 3, block: hashOf(block) }
  const signatures = signers
    .map((key) => ({ member: indexOf(key), signature: encodeSignature(key.sign(bytesOfVote(SET, statement))) }))
    .toSorted((left, right) => left.member - right.member)
  return { ...statement, signatures }
}

function indexOf({ did }: FixedKey): number {
  return SET.members.findIndex(({ key }) => key === did)
}

function ofCheckpoint(name: string, value: unknown, end: Ending): Vector {
  return { kind: 'notary-checkpoint', name, ...heard(value, end) }
}

function ofProof(name: string, value: unknown, end: Ending): Vector {
  return { kind: 'notary-proof', name, ...heard(value, end) }
}

function heard(value: unknown, { verdict, convicts = [] }: Ending) {
  return { bytes: hex(utf8Bytes(canonicalText(value))), set: SET, verdict, convicts }
}

type Ending = { readonly verdict: 'accept' | 'ignore' | 'reject'; readonly convicts?: readonly string[] }
const REJECT: Ending = { verdict: 'reject' }
const CONVICTS: Ending = { verdict: 'accept', convicts: [LIAR.did] }

function splitView(checkpoints: readonly SignedCheckpoint[], rest: object = {}): object {
  return { v: 1, kind: 'split-view', signer: LIAR.did, journal: JOURNAL, checkpoints, ...rest }
}

function growth(of: MerkleStore, from = 5, to = 9): object {
  const { fromRoot, proof } = of.proveConsistency(from, to)
  return { growth: { fromRoot, proof } }
}

function checkpoints(): readonly Vector[] {
  const signed = standing(9)
  return [
    ofCheckpoint('checkpoint of a member', signed, { verdict: 'accept' }),
    ofCheckpoint('checkpoint signed by another key', standing(9, {}, HONEST), REJECT),
    ofCheckpoint('checkpoint of nobody of the set', standing(9, { signer: fixedKey(99).did }, fixedKey(99)), {
      verdict: 'ignore',
    }),
    ofCheckpoint('checkpoint with a member that nobody knows', { ...signed, stars: 5 }, REJECT),
  ]
}

function splitViews(): readonly Vector[] {
  const [five, nine, other] = [standing(5), standing(9), standing(9, { of: OTHER })]
  const paths = (index: number): object => {
    const hashes = [hashOf(`entry ${index}`), hashOf(`other entry ${index}`)]
    return { entry: { index, hashes, proofs: [ONE.pathOf(index, 9), OTHER.pathOf(index, 9)] } }
  }
  return [
    ofProof('two checkpoints of one size', splitView([nine, other]), CONVICTS),
    ofProof('one checkpoint twice', splitView([nine, nine]), REJECT),
    ofProof('two entries at one place', splitView([nine, other], paths(4)), CONVICTS),
    ofProof('another beginning than the shorter checkpoint has', splitView([five, other], growth(OTHER)), CONVICTS),
    ofProof('the beginning that the shorter checkpoint has', splitView([five, nine], growth(ONE)), REJECT),
    ofProof(
      'another beginning, of a longer journal that was not signed',
      splitView([five, nine], growth(OTHER)),
      REJECT,
    ),
    ofProof('another beginning, the longer checkpoint first', splitView([other, five], growth(OTHER)), REJECT),
    ofProof(
      'another beginning and entries at once',
      splitView([five, other], { ...growth(OTHER), ...paths(4) }),
      REJECT,
    ),
    ofProof(
      'another beginning of a checkpoint that somebody else has signed',
      splitView([standing(5, {}, HONEST), other], growth(OTHER)),
      REJECT,
    ),
    ofProof('checkpoints of different sizes and nothing else', splitView([five, other]), REJECT),
  ]
}

function votes(): readonly Vector[] {
  const head = { v: 1, set: SET.id } as const
  const double = (first: Vote, second: Vote): object => ({ ...head, kind: 'double-vote', first, second })
  const two = (first: VoteQuorum, second: VoteQuorum): object => ({ ...head, kind: 'two-certificates', first, second })
  const [a = LIAR, b = LIAR, c = LIAR, d = LIAR] = MEMBERS
  const first = certificate('one block', [a, b, c])
  const both = MEMBERS.filter((key) => [b, c].includes(key)).toSorted((left, right) => indexOf(left) - indexOf(right))
  return [
    ofProof('two votes for one place', double(vote('one block'), vote('another block')), CONVICTS),
    ofProof('one vote twice', double(vote('one block'), vote('one block')), REJECT),
    ofProof('two votes, one of another key', double(vote('one block'), vote('another block', HONEST)), REJECT),
    ofProof('two certificates for one slot', two(first, certificate('another block', [b, c, d])), {
      verdict: 'accept',
      convicts: both.map(({ did }) => did),
    }),
    ofProof('two certificates for one slot in two views', two(first, certificate('another block', [b, c, d], 1)), {
      verdict: 'accept',
      convicts: [SET.id],
    }),
    ofProof(
      'two certificates for one slot, one short of a signature',
      two(first, certificate('another block', [b, c])),
      REJECT,
    ),
    ofProof('one certificate twice', two(first, first), REJECT),
    ofProof(
      'two certificates of another set',
      { ...two(first, certificate('another block', [b, c, d])), set: JOURNAL },
      {
        verdict: 'ignore',
      },
    ),
  ]
}

/** What members of a notary set sign, and what convicts them. */
export function gossipedProofs(): readonly Vector[] {
  return [...checkpoints(), ...splitViews(), ...votes()]
}
