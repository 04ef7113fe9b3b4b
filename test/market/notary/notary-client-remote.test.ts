import { describe, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { NotarySet } from '../../../src/core/notary/notary-set.ts'
import type { VerifyStatement } from '../../../src/core/notary/statement.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { MerkleStore } from '../../../src/market/ledger/journal-proofs.ts'
import { RemoteNotary } from '../../../src/market/notary/notary-client-remote.ts'
import { serveNotary } from '../../../src/market/notary/serve-notary.ts'
import type { FramedTransportComponents } from '../../../src/network/framed/framed-transport.ts'
import { MemoryNetwork } from '../../../src/network/memory/memory-transport.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type { NotaryAnswer, NotaryClient } from '../../../src/ports/notary-client.ts'
import { decodeSignature, encodeSignature } from '../../../src/wire/v1/checkpoint.ts'
import { publicKeyOfDid } from '../../../src/wire/v1/did-key.ts'
import { decodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { formatReceipt, readReceipt, statementSigningBytes } from '../../../src/wire/v1/notary-receipt.ts'
import { LocalNotary, START } from './local-notary.ts'
import { Deal, issueUsd, Party, registerUsd, setOfParties } from './settlement-builder.ts'

const verifier = createNodeVerifier()
const verify: VerifyStatement = ({ key, bytes, signature }) => {
  const [publicKey, raw] = [publicKeyOfDid(key), decodeSignature(signature)]
  return publicKey !== undefined && raw !== undefined && verifier.verify({ publicKey, bytes, signature: raw })
}

function componentsOf({ did, sign }: Party): FramedTransportComponents {
  const verifyPeer = (peer: Did, bytes: Uint8Array, signature: Uint8Array): boolean => {
    const publicKey = publicKeyOfDid(peer)
    return publicKey !== undefined && verifier.verify({ publicKey, bytes, signature })
  }
  return { identity: { did, sign, verify: verifyPeer }, clock: createSystemClock(), random: createSystemRandom() }
}

/** Members at their doors, and a client of the set. */
async function connected(set: NotarySet, members: readonly Party[], doors: readonly Pick<NotaryClient, 'submit'>[]) {
  const network = new MemoryNetwork()
  for (const [index, door] of doors.entries()) {
    const member = members[index] ?? new Party('nobody')
    const transport = network.createTransport(componentsOf(member), `notary-${index}`)
    await transport.start()
    serveNotary(transport, door as NotaryClient)
  }
  const transport = network.createTransport(componentsOf(new Party('client')), 'client')
  await transport.start()
  return new RemoteNotary({ transport, verify }, { set, timeoutMs: 5_000 })
}

/** A member that refuses everything by a code, and signs that. */
function refusing(
  set: NotarySet,
  { member, party, code }: { member: number; party: Party; code: string },
): Pick<NotaryClient, 'submit'> {
  return {
    submit: async (envelope): Promise<NotaryAnswer> => {
      const decoded = decodeEnvelope(envelope)
      if (decoded.kind === 'refused') throw new TypeError(decoded.code)
      const statement = { message: decoded.envelope.hash, effect: 'refused' as const, code }
      const signature = encodeSignature(party.sign(statementSigningBytes(set.id, statement)))
      const receipt = formatReceipt(set.id, { kind: 'statement', statement, signatures: [{ member, signature }] })
      return await Promise.resolve({ effect: 'refused', code, receipt: new TextEncoder().encode(receipt) })
    },
  }
}

describe('a notary elsewhere', () => {
  test('makes a long answer once, and not for every part of it', async () => {
    const notary = new LocalNotary()
    const service = await notary.open()
    let made = 0
    const long = Array.from({ length: 9 }, (_, number) => ({ receipt: `${number}`.repeat(200_000) }))
    const door = {
      submit: async (envelope: Uint8Array): Promise<NotaryAnswer> => await service.submit(envelope),
      transfers: async () => {
        made += 1
        return await Promise.resolve({ transfers: long, next: null })
      },
    }
    const remote = await connected(notary.set, [notary.member], [door])
    expect(await remote.transfers()).toEqual({ transfers: long, next: null })
    expect(made).toBe(1)
    expect(await remote.transfers()).toEqual({ transfers: long, next: null })
    expect(made).toBe(2)
  })

  test('is asked as the one in this process', async () => {
    const notary = new LocalNotary()
    const service = await notary.open()
    const remote = await connected(notary.set, [notary.member], [service])
    const deal = new Deal(notary.set, { name: 'one', now: START })
    await remote.submit(registerUsd(START))
    await remote.submit(issueUsd(deal.payer.did, 1_000n, { now: START }))
    for (const message of deal.all) expect((await remote.submit(message)).effect).toBe('applied')
    const again = await remote.submit(deal.messages.accept)
    expect(again).toEqual(await service.submit(deal.messages.accept))
    const refused = await remote.submit(new Deal(notary.set, { name: 'two', now: START }).messages.award)
    expect(refused).toMatchObject({ effect: 'refused', code: 'BOOKS_CONTRACT_UNKNOWN' })
    expect(await remote.contract(deal.contract)).toEqual(await service.contract(deal.contract))
    expect(await remote.contract(deal.contract, { afterSeq: 5 })).toMatchObject({ transitions: [{ seq: 6 }] })
    expect(await remote.evidence(deal.contract)).toEqual(await service.evidence(deal.contract))
    expect(await remote.firstSince(START)).toEqual(await service.firstSince(START))
    expect(await remote.accounts({ owner: deal.worker.did })).toEqual(
      await service.accounts({ owner: deal.worker.did }),
    )
    expect(await remote.transfers({ contract: deal.contract })).toEqual(
      await service.transfers({ contract: deal.contract }),
    )
    expect(await remote.prove(2)).toEqual(await service.prove(2))
    expect(await remote.checkpoint()).toMatchObject({ checkpoint: { signer: notary.member.did } })
    await expect(remote.prove(1_000)).rejects.toMatchObject({ code: 'LEDGER_ENTRY_UNKNOWN' })
  })

  test('does not pass off the receipt of another message', async () => {
    const notary = new LocalNotary()
    const service = await notary.open()
    const [one, two] = ['one', 'two'].map((name) => new Deal(notary.set, { name, now: START }).messages.offer)
    const other = await service.submit(one ?? new Uint8Array())
    const remote = await connected(notary.set, [notary.member], [{ submit: async () => await Promise.resolve(other) }])
    await expect(remote.submit(two ?? new Uint8Array())).rejects.toMatchObject({
      code: 'NOTARY_UNREACHABLE',
      cause: { code: 'NOTARY_ANSWER_WRONG' },
    })
  })

  test('of several members none is believed alone', async () => {
    const { set, members } = setOfParties(1)
    const { offer } = new Deal(set, { name: 'one', now: START }).messages
    const doorsOf = (codes: readonly string[]) =>
      codes.map((code, member) => refusing(set, { member, party: members[member] ?? new Party('nobody'), code }))
    const honest = await connected(
      set,
      members,
      doorsOf(['A_LIE', 'BOOKS_SET_WRONG', 'BOOKS_SET_WRONG', 'BOOKS_SET_WRONG']),
    )
    const answer = await honest.submit(offer)
    expect(answer).toMatchObject({ effect: 'refused', code: 'BOOKS_SET_WRONG' })
    const read = readReceipt(answer.receipt)?.receipt
    expect(read?.kind === 'statement' && read.signatures.map(({ member }) => member)).toEqual([1, 2])
    const torn = await connected(set, members, doorsOf(['CODE_A', 'CODE_B', 'CODE_C', 'CODE_D']))
    await expect(torn.submit(offer)).rejects.toMatchObject({ code: 'NOTARY_UNREACHABLE' })
  })

  /** Members of whom the first one answers as it likes, and the others as the only one that there is. */
  async function aroundLiar(liar: Partial<NotaryClient>, others: Partial<NotaryClient> = {}) {
    const { set, members } = setOfParties(1)
    const view = { ledgers: [], next: null }
    const honest = {
      accounts: async () => await Promise.resolve(view),
      evidence: async () => await Promise.resolve([]),
      ...others,
    }
    const doors = [liar, honest, honest, honest] as unknown as readonly Pick<NotaryClient, 'submit'>[]
    const { contract } = new Deal(set, { name: 'one', now: START })
    return { remote: await connected(set, members, doors), view, contract }
  }

  test('that never answers makes nobody wait for what the others say alike', async () => {
    const never = async (): Promise<never> => await new Promise<never>(() => {})
    const { remote, view } = await aroundLiar({ accounts: never })
    expect(await remote.accounts()).toEqual(view)
  })

  test('whose journal begins otherwise than its path of hashes shows is passed over', async () => {
    const store = MerkleStore.of(new Uint8Array(32 * 9).fill(7))
    const right = store.proveConsistency(5, 9)
    const wrong = [{ ...right, fromRoot: right.toRoot }, store.proveConsistency(4, 9), 'no', undefined]
    for (const answer of wrong) {
      const liar = { proveBeginning: async () => await Promise.resolve(answer as never) }
      const { remote } = await aroundLiar(liar, { proveBeginning: async () => await Promise.resolve(right) })
      expect(await remote.proveBeginning({ from: 5, to: 9 })).toEqual(right)
    }
  })

  test('whose evidence is something else is passed over, whoever judges it', async () => {
    const other = { ledgers: [] } as never
    const { remote, contract } = await aroundLiar({ evidence: async () => await Promise.resolve(other) })
    expect(await remote.evidence(contract)).toEqual([])
    let judged = 0
    const judge = (): void => {
      judged += 1
      if (judged < 3) throw new CodedError('NOTARY_ANSWER_WRONG', { message: 'less than there is' })
    }
    expect(await remote.evidence(contract, { judge })).toEqual([])
    expect(judged).toBe(3)
    await expect(
      remote.evidence(contract, {
        judge: () => {
          throw new CodedError('NOTARY_ANSWER_WRONG', { message: 'less than there is' })
        },
      }),
    ).rejects.toMatchObject({ code: 'NOTARY_UNREACHABLE', cause: { code: 'NOTARY_ANSWER_WRONG' } })
  })
})
