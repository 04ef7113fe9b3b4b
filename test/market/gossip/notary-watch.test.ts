import { describe, expect, it } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'
import type { DoubleVoteProof } from '../../../src/core/notary/double-vote.ts'
import { createNotarySet, type NotarySet } from '../../../src/core/notary/notary-set.ts'
import { bytesOfVote, type Vote, type VoteStatement } from '../../../src/core/notary/statement.ts'
import {
  CHECKPOINTS_PER_MEMBER,
  type Conviction,
  NOTARY_NEWS_OF_NEIGHBOUR,
  NotaryWatch,
} from '../../../src/market/gossip/notary-watch.ts'
import { signCheckpoint } from '../../../src/market/ledger/sign-checkpoint.ts'
import { MemoryGossipNetwork } from '../../../src/network/memory/memory-gossip.ts'
import type { Gossip } from '../../../src/ports/gossip.ts'
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

type Watch = { readonly watch: NotaryWatch; readonly convicted: Conviction[] }

async function open({
  did = EAR.did,
  network = new MemoryGossipNetwork(),
  store = createMemoryKeyValueStore(),
  gossip,
}: { did?: Did; network?: MemoryGossipNetwork; store?: KeyValueStore; gossip?: Gossip } = {}): Promise<Watch> {
  const convicted: Conviction[] = []
  const clock = new TestTime().clock
  const watch = new NotaryWatch(
    { gossip: gossip ?? network.createGossip(did, NOTARY_TOPICS), clock, verify, store },
    {
      sets: () => [SET],
      onConvicted: (conviction) => void convicted.push(conviction),
      onFailure: (cause) => {
        throw cause
      },
    },
  )
  await watch.start()
  return { watch, convicted }
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
