import { describe, expect, it } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { ContractId, Did, Hash } from '../../../src/core/evidence/names.ts'
import { hashOfBlock } from '../../../src/core/notary/block.ts'
import { type Certificate, certificatesOf } from '../../../src/core/notary/certificate.ts'
import { bytesOfHash } from '../../../src/core/transparency/hash-text.ts'
import type { DoubleVoteProof } from '../../../src/core/notary/double-vote.ts'
import { createNotarySet, type NotarySet } from '../../../src/core/notary/notary-set.ts'
import { bytesOfVote, type Vote, type VoteQuorum, type VoteStatement } from '../../../src/core/notary/statement.ts'
import {
  CHECKPOINTS_PER_MEMBER,
  type Conviction,
  NOTARY_NEWS_OF_NEIGHBOUR,
  NotaryWatch,
} from '../../../src/market/gossip/notary-watch.ts'
import { CertifiedHeads, HEADS_PER_SET } from '../../../src/market/gossip/certified-heads.ts'
import { UNSHOWN_MAX } from '../../../src/market/gossip/growth-check.ts'
import { MerkleStore } from '../../../src/market/ledger/journal-proofs.ts'
import { signCheckpoint } from '../../../src/market/ledger/sign-checkpoint.ts'
import { MemoryGossipNetwork } from '../../../src/network/memory/memory-gossip.ts'
import type { Gossip } from '../../../src/ports/gossip.ts'
import { ConvictedMembers } from '../../../src/node/market/gossip/convicted-members.ts'
import type { JournalSizes } from '../../../src/ports/notary-client.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { canonicalBytes, canonicalText } from '../../../src/wire/v1/canonical.ts'
import { type Checkpoint, encodeSignature, type SignedCheckpoint } from '../../../src/wire/v1/checkpoint.ts'
import { CHECKPOINT_TOPIC, MARKET_TOPICS, NOTARY_TOPICS } from '../../../src/wire/v1/gossip-topics.ts'
import { settle, signerOf, TestTime } from '../parties/party-fixtures.ts'
import { EAR, NEIGHBOUR, OTHER, verify } from './card-fixtures.ts'

const MEMBERS = [31, 32, 33, 34].map(fixedKey)
const [LIAR = fixedKey(31), HONEST = fixedKey(32)] = MEMBERS
const from = NEIGHBOUR.did

function madeSet(): NotarySet {
  const members = MEMBERS.map(({ did }, at) => ({ key: did, address: `/memory/n${at}` }))
  const made = createNotarySet({ epoch: 0, members, f: 1 })
  if (made.kind === 'refused') throw new TypeError(made.code)
  return made.set
}

const SET = madeSet()
const hashOf = (name: string): Hash => sha256Hex(name) as Hash
const CONTRACT = '77'.repeat(32) as ContractId
const LIAR_INDEX = SET.members.findIndex(({ key }) => key === LIAR.did)

function checkpoint(key: FixedKey, changes: Partial<Checkpoint> = {}): SignedCheckpoint {
  const at = timestampFromMs(1_790_000_000_000)
  const content = {
    journal: hashOf('journal'),
    entries: 7,
    head: hashOf('head'),
    root: hashOf('root'),
    balances: hashOf('balances'),
    at,
  }
  return signCheckpoint({ ...content, ...changes }, signerOf(key))
}

function vote(statement: Partial<VoteStatement>, key: FixedKey = LIAR): Vote {
  const full: VoteStatement = { phase: 'commit', view: 0, slot: 3, block: hashOf('block'), ...statement }
  return { ...full, member: LIAR_INDEX, signature: encodeSignature(signerOf(key).sign(bytesOfVote(SET, full))) }
}

function doubleVote(key: FixedKey = LIAR): DoubleVoteProof {
  return { set: SET.id, first: vote({}, key), second: vote({ block: hashOf('another') }, key) }
}

const SPLIT = { v: 1, kind: 'split-view', signer: LIAR.did, journal: hashOf('journal') } as const
const DOUBLE = { v: 1, kind: 'double-vote' } as const

type Watch = {
  readonly watch: NotaryWatch
  readonly convicted: Conviction[]
  /** What members were asked about how their journals begin. */
  readonly asked: (readonly [Did, JournalSizes])[]
}

type Answer = (member: Did, sizes: JournalSizes) => unknown

/** Of whoever does not answer. */
const SILENCE: Answer = () => {
  throw new TypeError('silence')
}

async function open({
  did = EAR.did,
  network = new MemoryGossipNetwork(),
  store = createMemoryKeyValueStore(),
  gossip,
  answer = SILENCE,
}: {
  did?: Did
  network?: MemoryGossipNetwork
  store?: KeyValueStore
  gossip?: Gossip
  answer?: Answer
} = {}): Promise<Watch> {
  const convicted: Conviction[] = []
  const asked: (readonly [Did, JournalSizes])[] = []
  const askBeginning = async (member: Did, sizes: JournalSizes): Promise<unknown> => {
    asked.push([member, sizes])
    return await Promise.resolve(answer(member, sizes))
  }
  const clock = new TestTime().clock
  const watch = new NotaryWatch(
    { gossip: gossip ?? network.createGossip(did, NOTARY_TOPICS), clock, verify, store, askBeginning },
    {
      sets: () => [SET],
      onConvicted: (conviction) => void convicted.push(conviction),
      onSuspicions: () => {},
      onFailure: (cause) => {
        throw cause
      },
    },
  )
  await watch.start()
  return { watch, convicted, asked }
}

const hearing = ({ watch }: Watch, value: unknown) => watch.hearCheckpoint({ from, data: canonicalBytes(value) })
const proving = ({ watch }: Watch, value: unknown) => watch.hearProof({ from, data: canonicalBytes(value) })

describe('checkpoints that are heard', () => {
  it('convict whoever has signed two for one place', async () => {
    const ear = await open()
    const [first, second] = [checkpoint(LIAR), checkpoint(LIAR, { head: hashOf('other') })]
    expect([hearing(ear, first), hearing(ear, checkpoint(HONEST)), hearing(ear, second)]).toEqual([
      'accept',
      'accept',
      'ignore',
    ])
    const proof = { ...SPLIT, checkpoints: [first, second] }
    expect(ear.convicted).toEqual([{ member: LIAR.did, proof }])
    expect(hearing(ear, checkpoint(LIAR, { head: hashOf('third') }))).toBe('ignore')
    expect(ear.convicted).toHaveLength(1)
  })

  it('are rejected where they are forged, too large or none, and left alone where the signer is nobody of the set', async () => {
    const ear = await open()
    const signed = checkpoint(LIAR)
    expect(hearing(ear, { ...signed, checkpoint: { ...signed.checkpoint, entries: 8 } })).toBe('reject')
    expect(hearing(ear, { checkpoint: 1 })).toBe('reject')
    expect(ear.watch.hearCheckpoint({ from, data: new Uint8Array(2_049) })).toBe('reject')
    expect(hearing(ear, checkpoint(OTHER))).toBe('ignore')
    expect(ear.convicted).toEqual([])
  })

  it('are no news when they are said again, and are forgotten from the front', async () => {
    const { watch } = await open()
    const hear = (entries: number, at: number) =>
      watch.hearCheckpoint({ from: fixedKey(100 + at).did, data: canonicalBytes(checkpoint(LIAR, { entries })) })
    const first = Array.from({ length: CHECKPOINTS_PER_MEMBER }, (_, at) => hear(1_000 + at, at % 4))
    expect(new Set(first)).toEqual(new Set(['accept']))
    expect([hear(1_000, 5), hear(1, 5), hear(5_000, 5), hear(1_000, 5)]).toEqual([
      'ignore',
      'ignore',
      'accept',
      'ignore',
    ])
  })

  it('of journals without end leave what was signed about the first ones', async () => {
    const ear = await open()
    hearing(ear, checkpoint(LIAR))
    const flood = Array.from({ length: 9 }, (_, at) =>
      hearing(ear, checkpoint(LIAR, { journal: hashOf(`journal ${at}`) })),
    )
    expect(flood.filter((verdict) => verdict === 'accept')).toHaveLength(3)
    hearing(ear, checkpoint(LIAR, { head: hashOf('other') }))
    expect(ear.convicted).toHaveLength(1)
  })

  it('are heard as slowly as one neighbour may speak', async () => {
    const ear = await open()
    for (let at = 0; at < NOTARY_NEWS_OF_NEIGHBOUR.burst; at += 1) hearing(ear, 0)
    expect(hearing(ear, checkpoint(LIAR))).toBe('ignore')
  })
})

/** A journal of so many entries, of which those behind `forkAt` are of another view. */
function journalOf(entries: number, forkAt = entries): MerkleStore {
  const names = Array.from({ length: entries }, (_, at) => hashOf(at < forkAt ? `entry ${at}` : `other ${at}`))
  return MerkleStore.of(Uint8Array.from(names.flatMap((name) => [...bytesOfHash(name)])))
}

const [JOURNAL, FORKED] = [journalOf(12), journalOf(12, 3)]
const standing = (entries: number, journal: MerkleStore = JOURNAL, key: FixedKey = LIAR): SignedCheckpoint =>
  checkpoint(key, { entries, root: journal.rootAt(entries) })
const shownBy =
  (journal: MerkleStore): Answer =>
  (_, { from: first, to }) =>
    journal.proveConsistency(first, to)

describe('checkpoints of different lengths', () => {
  it('are asked about, and leave nothing against whoever shows how its journal begins', async () => {
    const ear = await open({ answer: shownBy(JOURNAL) })
    for (const entries of [5, 0, 9, 7]) {
      expect(hearing(ear, standing(entries))).toBe('accept')
      await settle()
    }
    expect(ear.asked).toEqual([
      [LIAR.did, { from: 5, to: 9 }],
      [LIAR.did, { from: 5, to: 7 }],
      [LIAR.did, { from: 7, to: 9 }],
    ])
    expect([ear.convicted, ear.watch.suspected]).toEqual([[], []])
  })

  it('convict whoever shows another beginning than it has signed, to everybody', async () => {
    const network = new MemoryGossipNetwork()
    const ear = await open({ network, answer: shownBy(FORKED) })
    const far = await open({ did: OTHER.did, network })
    hearing(ear, standing(5))
    hearing(ear, standing(9, FORKED))
    await settle()
    const { fromRoot, proof } = FORKED.proveConsistency(5, 9)
    const view = { ...SPLIT, checkpoints: [standing(5), standing(9, FORKED)], growth: { fromRoot, proof } }
    expect(ear.convicted).toEqual([{ member: LIAR.did, proof: view }])
    expect(far.convicted).toEqual(ear.convicted)
    expect(ear.watch.suspected).toEqual([])
  })

  it.each<[string, Answer]>([
    ['is silent', SILENCE],
    ['shows the beginning of a journal that it has not signed', shownBy(FORKED)],
    [
      'shows a path that leads nowhere',
      (_, sizes) => ({ ...JOURNAL.proveConsistency(sizes.from, sizes.to), proof: [] }),
    ],
    ['shows other sizes', () => JOURNAL.proveConsistency(4, 9)],
    ['says something else', () => 'no'],
  ])('prove nothing against whoever %s, which is suspected until it shows it', async (_, answer) => {
    let isHonest = false
    const ear = await open({ answer: (member, sizes) => (isHonest ? shownBy(JOURNAL) : answer)(member, sizes) })
    hearing(ear, standing(5))
    hearing(ear, standing(9))
    await settle()
    const suspicion = { kind: 'beginning-not-shown', member: LIAR.did, journal: hashOf('journal'), from: 5, to: 9 }
    expect(ear.watch.suspected).toEqual([suspicion])
    expect(ear.convicted).toEqual([])
    isHonest = true
    hearing(ear, standing(11))
    await settle()
    expect(ear.asked.slice(1)).toEqual([
      [LIAR.did, { from: 5, to: 9 }],
      [LIAR.did, { from: 9, to: 11 }],
    ])
    expect(ear.watch.suspected).toEqual([])
  })

  it('are asked about one after the other, and are not kept without end', async () => {
    const answers: ((answer: unknown) => void)[] = []
    const ear = await open({ answer: async () => await new Promise((resolve) => answers.push(resolve)) })
    for (let entries = 1; entries <= UNSHOWN_MAX + 4; entries += 1)
      hearing(ear, checkpoint(LIAR, { entries, root: hashOf(`root ${entries}`) }))
    await settle()
    expect(ear.asked).toHaveLength(1)
    answers.shift()?.('no')
    await settle()
    hearing(ear, checkpoint(LIAR, { entries: 100, root: hashOf('last') }))
    for (let at = 0; at < 2 * UNSHOWN_MAX; at += 1) {
      answers.shift()?.('no')
      await settle()
    }
    expect(ear.asked).toHaveLength(1 + UNSHOWN_MAX)
  })

  it('are suspicions on disk while they last, and are asked anew behind a restart', async () => {
    const store = createMemoryKeyValueStore()
    const before = await open({ store })
    hearing(before, standing(5))
    hearing(before, standing(9))
    await settle()
    await before.watch.stop()
    const node = new ConvictedMembers(() => {})
    await node.load(store)
    expect(node.checks()).toMatchObject([{ name: 'notary set', state: 'warning' }])
    const after = await open({ store })
    await node.load(store)
    expect([node.checks(), after.watch.suspected, after.convicted]).toEqual([[], [], []])
  })
})

describe('checkpoints of two members', () => {
  it('that cannot both be true say that one of the two lies, and not which', async () => {
    const ear = await open()
    hearing(ear, standing(5))
    hearing(ear, standing(5, journalOf(12, 2), HONEST))
    const suspicion = { kind: 'at-odds', member: HONEST.did, other: LIAR.did, journal: hashOf('journal'), entries: 5 }
    expect([ear.watch.suspected, ear.convicted]).toEqual([[suspicion], []])
  })
})

describe('proofs that are heard', () => {
  it('are kept and passed on once for each member and kind', async () => {
    const ear = await open()
    const proof = { ...DOUBLE, ...doubleVote() }
    expect([proving(ear, proof), proving(ear, proof)]).toEqual(['accept', 'ignore'])
    const split = { ...SPLIT, checkpoints: [checkpoint(LIAR), checkpoint(LIAR, { head: hashOf('x') })] }
    expect(proving(ear, split)).toBe('accept')
    expect(ear.convicted.map(({ member, proof: { kind } }) => [member, kind])).toEqual([
      [LIAR.did, 'double-vote'],
      [LIAR.did, 'split-view'],
    ])
  })

  it('are rejected where they prove nothing', async () => {
    const ear = await open()
    const { first } = doubleVote()
    expect(proving(ear, { ...DOUBLE, set: SET.id, first, second: first })).toBe('reject')
    expect(proving(ear, { ...DOUBLE, ...doubleVote(HONEST) })).toBe('reject')
    expect(proving(ear, { ...SPLIT, checkpoints: [checkpoint(LIAR), checkpoint(LIAR)] })).toBe('reject')
    expect(proving(ear, { ...SPLIT, checkpoints: [checkpoint(LIAR), checkpoint(HONEST, { head: hashOf('x') })] })).toBe(
      'reject',
    )
    expect(proving(ear, { kind: 'double-vote' })).toBe('reject')
    expect(ear.convicted).toEqual([])
  })

  it('of another beginning are rejected where the two can both be true', async () => {
    const ear = await open()
    const of = (journal: MerkleStore, checkpoints: readonly SignedCheckpoint[], from_ = 5, to = 9) => {
      const { fromRoot, proof } = journal.proveConsistency(from_, to)
      return { ...SPLIT, checkpoints, growth: { fromRoot, proof } }
    }
    const [five, nine, other] = [standing(5), standing(9), standing(9, FORKED)]
    const wrong = [
      // The beginning that was signed.
      of(JOURNAL, [five, nine]),
      // That of a journal that nobody signed.
      of(FORKED, [five, nine]),
      // The longer one first, and one of no entries.
      of(FORKED, [other, five]),
      of(FORKED, [standing(0, JOURNAL), other], 0, 9),
      // Of two journals, and of two signers.
      of(FORKED, [checkpoint(LIAR, { entries: 5, root: five.checkpoint.root, journal: hashOf('x') }), other]),
      of(FORKED, [standing(5, JOURNAL, HONEST), other]),
      { ...of(FORKED, [five, other]), entry: { index: 0, hashes: [hashOf('a'), hashOf('b')], proofs: [[], []] } },
    ]
    expect(wrong.map((proof) => proving(ear, proof))).toEqual(wrong.map(() => 'reject'))
    expect(proving(ear, of(FORKED, [five, other]))).toBe('accept')
  })

  it('are left alone where they are about nobody of the set', async () => {
    const ear = await open()
    expect(proving(ear, { ...DOUBLE, ...doubleVote(), set: hashOf('other set') })).toBe('ignore')
    const checkpoints = [checkpoint(OTHER), checkpoint(OTHER, { head: hashOf('x') })]
    expect(proving(ear, { ...SPLIT, signer: OTHER.did, checkpoints })).toBe('ignore')
  })

  it('survive a restart, and are checked again', async () => {
    const store = createMemoryKeyValueStore()
    const before = await open({ store })
    before.watch.report(doubleVote())
    await before.watch.stop()
    await store.put(
      'split-view/forged',
      canonicalBytes({ ...SPLIT, checkpoints: [checkpoint(HONEST), checkpoint(HONEST)] }),
    )
    const after = await open({ store })
    expect(after.watch.convictions).toEqual(before.convicted)
    expect(after.convicted).toEqual([])
  })
})

/** A certificate of the set for one entry; blocks differ by the message in them. */
function certificateOf(message: string, signers: readonly FixedKey[], view = 0): Certificate {
  const entry = { message: hashOf(message), contract: CONTRACT, seq: 0, transition: hashOf('transition') }
  const at = timestampFromMs(1_790_000_000_000)
  const block = { slot: 3, previous: hashOf('before'), at, entries: [entry], state: hashOf('state') }
  const statement: VoteStatement = { phase: 'commit', view, slot: 3, block: hashOfBlock(block) }
  const signatures = signers.map((key) => ({
    member: SET.members.findIndex((member) => member.key === key.did),
    signature: encodeSignature(signerOf(key).sign(bytesOfVote(SET, statement))),
  }))
  const [certificate] = certificatesOf(SET, { block, quorum: { ...statement, signatures } })
  if (certificate === undefined) throw new TypeError('A block has an entry')
  return certificate
}

describe('certificates that are seen', () => {
  const [one, two, three, four] = MEMBERS as [FixedKey, FixedKey, FixedKey, FixedKey]

  it('convict whoever has signed both of one slot, to everybody', async () => {
    const network = new MemoryGossipNetwork()
    const [ear, far] = [await open({ network }), await open({ did: OTHER.did, network })]
    for (let times = 0; times < 2; times += 1) {
      ear.watch.see(certificateOf('one', [one, two, three]))
      ear.watch.see(certificateOf('one', [one, two, four], 1))
      ear.watch.see(certificateOf('other', [two, three, four]))
    }
    await settle()
    const named = ear.convicted.map(({ member }) => member)
    expect(new Set(named)).toEqual(new Set([two.did, three.did]))
    expect(ear.convicted.map(({ proof: { kind } }) => kind)).toEqual(['two-certificates', 'two-certificates'])
    expect(far.convicted).toEqual(ear.convicted)
  })

  it('of two views say that more have lied than may, and not who', async () => {
    const store = createMemoryKeyValueStore()
    const ear = await open({ store })
    ear.watch.see(certificateOf('one', [one, two, three]))
    ear.watch.see(certificateOf('other', [two, three, four], 1))
    expect(ear.convicted).toMatchObject([{ member: undefined, proof: { kind: 'two-certificates' } }])
    await ear.watch.stop()
    const node = new ConvictedMembers(() => {})
    await node.load(store)
    expect(node.list).toEqual([{ member: undefined, kind: 'two-certificates' }])
    expect((await open({ store })).watch.convictions).toEqual(ear.watch.convictions)
  })

  it('are forgotten from the front', () => {
    const heads = new CertifiedHeads()
    const head = (slot: number, block = 'block'): VoteQuorum => ({
      phase: 'commit',
      view: 0,
      slot,
      block: hashOf(block),
      signatures: [],
    })
    for (let slot = 1; slot <= HEADS_PER_SET + 1; slot += 1) heads.take(SET.id, head(slot))
    expect(heads.take(SET.id, head(2, 'other'))).toEqual(head(2))
    expect(heads.take(hashOf('another set'), head(2, 'other'))).toBeUndefined()
    expect(heads.take(SET.id, head(1, 'other'))).toBeUndefined()
  })
})

describe('over gossip', () => {
  it('two halves that were told different things find out, and everybody hears the proof', async () => {
    const network = new MemoryGossipNetwork()
    const ears = await Promise.all([EAR, NEIGHBOUR, OTHER].map(async ({ did }) => await open({ did, network })))
    const liar = network.createGossip(LIAR.did, MARKET_TOPICS)
    await ears[0]?.watch.announce(checkpoint(LIAR))
    await settle()
    await liar.publish(
      CHECKPOINT_TOPIC,
      new TextEncoder().encode(canonicalText(checkpoint(LIAR, { head: hashOf('other') }))),
    )
    await settle()
    expect(ears.map(({ watch }) => watch.convictions.map(({ member }) => member))).toEqual([
      [LIAR.did],
      [LIAR.did],
      [LIAR.did],
    ])
  })

  it('a vote that was cast twice is told to everybody by whoever saw it', async () => {
    const network = new MemoryGossipNetwork()
    const [witness, far] = await Promise.all([EAR, OTHER].map(async ({ did }) => await open({ did, network })))
    witness?.watch.report(doubleVote())
    await settle()
    expect(far?.watch.convictions).toMatchObject([{ member: LIAR.did, proof: { kind: 'double-vote' } }])
  })
})
