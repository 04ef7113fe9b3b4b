import { describe, expect, it } from 'vitest'
import type { ContractId, Did, Hash } from '../../../src/core/evidence/names.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import {
  deliveredName,
  headOfArtifact,
  isArtifactHere,
  missingPieces,
  nameOfArtifact,
  readArtifact,
} from '../../../src/market/parties/artifacts/artifact-files.ts'
import { beginUpload, endUpload, keepUploaded } from '../../../src/market/parties/buying/uploads.ts'
import { CONTRACTS, type ContractNote } from '../../../src/market/parties/contracts/contract-notes.ts'
import { hashOfBytes, judgeResult, manifestHashOf } from '../../../src/market/parties/contracts/task-package.ts'
import { PARTY_LIMITS_DEFAULT } from '../../../src/market/parties/journal/party-knowledge.ts'
import { dropUnsigned, UnsignedInputs } from '../../../src/market/parties/selling/unsigned-inputs.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { decodePieceList, encodePieceList, PIECE_BYTES } from '../../../src/wire/v1/piece-list.ts'
import { bytesOf, MarketWorld, nanos, USD, wanted } from '../parties/market-world.ts'
import { KEYS, settle } from '../parties/party-fixtures.ts'
import { ANY_SIZE, bytesOfLength, ECHO, LARGE_POLICY } from './artifact-kit.ts'

const LARGE = bytesOfLength(4 * PIECE_BYTES + 1_000)
const NAME = nameOfArtifact(LARGE)

/** The name of one letter. */
const A_BYTE = hashOfBytes(bytesOf('A'))

function listOf(pieces: number): Uint8Array {
  const hashes = Array.from({ length: pieces }, (_, index) => sha256Hex(`${index}`) as Hash)
  return encodePieceList({ sizeBytes: pieces * PIECE_BYTES, pieces: hashes })
}

type Shop = Awaited<ReturnType<MarketWorld['seller']>>
type Node = Awaited<ReturnType<MarketWorld['buyer']>>

async function underWay(
  runner: TaskRunner,
  custody: 'C2' | 'C3' = 'C2',
): Promise<{ world: MarketWorld; shop: Shop; node: Node; contract: ContractId }> {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller }, { runner, policy: LARGE_POLICY })
  await shop.seller.offer(world.offer({ inputBytesMax: 100_000_000 }), 'large')
  const node = await world.buyer({ key: KEYS.buyer })
  await node.buyer.buy(wanted({ input: LARGE, predicate: ANY_SIZE, custody }))
  await settle(80)
  await world.time.advance(300)
  return { world, shop, node, contract: node.buyer.order('order-1')?.contract as ContractId }
}

async function askFile(party: Node['party'], contract: ContractId, hash: Hash): Promise<string> {
  const frame = { type: 'file-wanted', contract, hash } as const
  return (await party.components.door.ask(KEYS.seller.did, { frame })).frame.type
}

describe('a list that lies', () => {
  it('about its size is no head of the artefact that a task or a manifest names', () => {
    const list = listOf(5)
    const hash = hashOfBytes(list)
    expect(headOfArtifact(list, { hash, sizeBytes: 5 * PIECE_BYTES })?.kind).toBe('list')
    expect(headOfArtifact(list, { hash, sizeBytes: 5 * PIECE_BYTES - 1 })).toBeUndefined()
    expect(headOfArtifact(list, { hash, sizeBytes: 1_000_000_000 })).toBeUndefined()
    const manifest = manifestHashOf({ hash, sizeBytes: 6 * PIECE_BYTES })
    expect(deliveredName(list, { result: hash, manifest })).toBeUndefined()
  })

  it('is the artefact or its list by what was signed, and never both', () => {
    const list = listOf(5)
    const hash = hashOfBytes(list)
    for (const sizeBytes of [list.byteLength, 5 * PIECE_BYTES])
      expect(deliveredName(list, { result: hash, manifest: manifestHashOf({ hash, sizeBytes }) })).toEqual({
        hash,
        sizeBytes,
      })
  })

  it('of gigabytes is a wrong result, and no piece of it is asked for', async () => {
    const { world, shop, node, contract } = await underWay({
      run: async () => await new Promise<never>(() => undefined),
    })
    const asked: Hash[] = []
    const { handlers } = shop.party.components.door as unknown as { handlers: Map<string, unknown> }
    handlers.set('file-wanted', async ({ frame }: { frame: { hash: Hash } }) => {
      asked.push(frame.hash)
      return await Promise.resolve({ frame: { type: 'declined', code: 'MARKET_FILE_UNKNOWN' } })
    })
    const list = listOf(4_096)
    const result = hashOfBytes(list)
    const manifest = manifestHashOf({ hash: result, sizeBytes: 4_096 * PIECE_BYTES })
    const rest = { meter: hashOfBytes(bytesOf('meter')), verdict: hashOfBytes(bytesOf('passed')) }
    const body = { result, manifest, ...rest, claimNanos: nanos(1_000), currency: USD }
    await shop.party.tellNotary(contract, { act: 'lie', type: 'escrow-delivery', body })
    const frame = { type: 'result', contract, hash: result } as const
    await shop.party.components.door.ask(KEYS.buyer.did, { frame, bytes: list })
    await world.until(node, 'order-1')
    const steps = (await world.view(contract))?.transitions.map(({ event }) => event)
    expect(steps).toContain('rejected')
    expect(asked.filter((hash) => hash !== result)).toEqual([])
    expect(PARTY_LIMITS_DEFAULT.artifactBytesMax).toBeLessThan(4_096 * PIECE_BYTES)
  })

  it('about how long a piece is that stands in it often is none, whoever has that piece', () => {
    // One byte that would pass as 52 MB.
    const sizeBytes = 199 * PIECE_BYTES + 1
    const list = encodePieceList({ sizeBytes: 200 * PIECE_BYTES, pieces: Array.from({ length: 200 }, () => A_BYTE) })
    new DataView(list.buffer).setBigUint64(25, BigInt(sizeBytes))
    const hash = hashOfBytes(list)
    expect(headOfArtifact(list, { hash, sizeBytes })).toBeUndefined()
    expect(deliveredName(list, { result: hash, manifest: manifestHashOf({ hash, sizeBytes }) })).toBeUndefined()
  })

  it('of a file of the same contract that is shorter than a piece is not whole', async () => {
    const { party } = await (await MarketWorld.create()).party(KEYS.buyer, createMemoryEventLog())
    const hash = await party.journal.keepFile('contract', bytesOf('A'))
    const list = { sizeBytes: 4 * PIECE_BYTES, pieces: [hash, hash, hash, hash] }
    expect(hash).toBe(A_BYTE)
    expect(missingPieces(party.journal, 'contract', list)).toHaveLength(4)
    const name = { hash: await party.journal.keepFile('contract', encodePieceList(list)), sizeBytes: list.sizeBytes }
    expect(await isArtifactHere(party.journal, 'contract', name)).toBe(false)
    expect(await readArtifact(party.journal, name)).toBeUndefined()
  })

  it('of a piece that somebody else has here gives that one to nobody', async () => {
    // A list may name any piece; who has only its name has to have the bytes as well.
    const { shop, node, contract } = await underWay(ECHO)
    const secret = bytesOfLength(PIECE_BYTES, 7)
    const hash = await shop.party.journal.keepFile('another', secret)
    const list = { sizeBytes: 4 * PIECE_BYTES, pieces: [hash, hash, hash, hash] }
    expect(missingPieces(shop.party.journal, contract, list)).toHaveLength(4)
    expect(await askFile(node.party, contract, hash)).toBe('declined')
  })
})

describe('pieces of a result', () => {
  it('are shown to nobody before the delivery is certified', async () => {
    const { world, shop, node, contract } = await underWay(ECHO)
    const early = await MarketWorld.create()
    const late = await early.seller({ key: KEYS.seller }, { runner: ECHO, policy: LARGE_POLICY })
    const { outbox } = late.party
    const submit = outbox.submit.bind(outbox)
    Object.assign(outbox, {
      submit: async (kept: Parameters<typeof submit>[0]) =>
        kept.envelope.type === 'escrow-delivery' ? await new Promise<never>(() => undefined) : await submit(kept),
    })
    await late.seller.offer(early.offer({ inputBytesMax: 100_000_000 }), 'large')
    const waiting = await early.buyer({ key: KEYS.buyer })
    await waiting.buyer.buy(wanted({ input: LARGE, predicate: ANY_SIZE }))
    await settle(80)
    await early.time.advance(300)
    const open = waiting.buyer.order('order-1')?.contract as ContractId
    expect((await early.view(open))?.state).toBe('WORKING')
    const note = late.party.noteOf<ContractNote>(CONTRACTS, open)
    const list = decodePieceList((await late.party.journal.file(note?.result as Hash)) ?? new Uint8Array())
    expect(list?.pieces).toHaveLength(5)
    for (const hash of [note?.result as Hash, list?.pieces[0] as Hash])
      expect(await askFile(waiting.party, open, hash)).toBe('declined')
    const known = shop.party.noteOf<ContractNote>(CONTRACTS, contract)
    const shown = decodePieceList((await shop.party.journal.file(known?.result as Hash)) ?? new Uint8Array())
    expect(await askFile(node.party, contract, shown?.pieces[0] as Hash)).toBe('file')
    expect((await world.view(contract))?.state).not.toBe('WORKING')
  })

  it('fail a predicate that looks into them, so that nobody is paid for bytes because they are many', () => {
    const predicate = { kind: 'text-shape', artifact: 'result', minLength: 0, maxLength: 1_000 } as const
    const input = { hash: NAME.hash, sizeBytes: NAME.sizeBytes }
    expect(judgeResult(predicate, { input, result: input }).outcome).toBe('failed')
    expect(judgeResult(ANY_SIZE, { input, result: input }).outcome).toBe('passed')
  })
})

describe('what is kept for nothing', () => {
  it('is nothing at all before the price is held, where no penalty is at stake', async () => {
    const world = await MarketWorld.create([[KEYS.seller, 10_000]])
    const shop = await world.seller({ key: KEYS.seller }, { runner: ECHO, policy: LARGE_POLICY })
    await shop.seller.offer(world.offer({ inputBytesMax: 100_000_000 }), 'large')
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted({ input: LARGE, predicate: ANY_SIZE })).catch(() => undefined)
    await settle(80)
    await world.time.advance(1_000)
    expect(shop.party.journal.fill.files[1]?.[0]).toBeLessThan(PIECE_BYTES)
  })

  it('is one input of each payer and each node, and goes when the contract cannot be signed any more', async () => {
    const world = await MarketWorld.create()
    const { party } = await world.party(KEYS.seller, createMemoryEventLog())
    const inputs = new UnsignedInputs(party)
    const signBy = (world.time.now + 60_000) as never
    const list = listOf(5)
    const task = { skill: 'x', salt: 'A'.repeat(22), inputHash: hashOfBytes(list), inputBytes: 5 * PIECE_BYTES }
    const offer = (name: string, payer: Did, from: Did, inputBytes = task.inputBytes): Promise<string | undefined> =>
      inputs.refuse({
        contract: sha256Hex(name) as ContractId,
        terms: { signBy, payer } as never,
        task: { ...task, inputBytes },
        from,
        list,
      })
    expect(await offer('one', KEYS.buyer.did, KEYS.buyer.did)).toBe('MARKET_INPUT_MISSING')
    expect(await offer('one', KEYS.buyer.did, KEYS.buyer.did)).toBe('MARKET_INPUT_MISSING')
    expect(await offer('two', KEYS.buyer.did, KEYS.rival.did)).toBe('MARKET_BUSY')
    expect(await offer('three', KEYS.rival.did, KEYS.buyer.did)).toBe('MARKET_BUSY')
    const { unsignedBytesMax } = PARTY_LIMITS_DEFAULT
    expect(await offer('four', KEYS.rival.did, KEYS.rival.did, unsignedBytesMax)).toBe('MARKET_BUSY')
    expect(await offer('five', KEYS.rival.did, KEYS.rival.did)).toBe('MARKET_INPUT_MISSING')
    expect(party.journal.filesOf(sha256Hex('one'))).toHaveLength(1)
    await dropUnsigned(party, (world.time.now + 100_000) as never)
    expect(party.journal.filesOf(sha256Hex('one'))).toEqual([])
    expect(await offer('six', KEYS.buyer.did, KEYS.buyer.did)).toBe('MARKET_INPUT_MISSING')
  })
})

describe('an input that is handed in by pieces', () => {
  it('is whole before it is bought with, and the pieces that are there are not asked for again', async () => {
    const world = await MarketWorld.create()
    const { party } = await world.party(KEYS.buyer, createMemoryEventLog())
    const pieces = [0, 1, 2, 3, 4].map((index) => LARGE.slice(index * PIECE_BYTES, (index + 1) * PIECE_BYTES))
    const list = encodePieceList({ sizeBytes: LARGE.byteLength, pieces: pieces.map(hashOfBytes) })
    await expect(keepUploaded(party, 'k', pieces[0] ?? LARGE)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    expect(await beginUpload(party, 'k', list)).toHaveLength(5)
    for (const piece of pieces.slice(0, 3)) await keepUploaded(party, 'k', piece)
    expect(await beginUpload(party, 'k', list)).toEqual(pieces.slice(3).map(hashOfBytes))
    await expect(endUpload(party, 'k', list)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    for (const piece of pieces.slice(3)) await keepUploaded(party, 'k', piece)
    expect(await endUpload(party, 'k', list)).toEqual(NAME)
    await expect(beginUpload(party, 'k', listOf(1_000))).rejects.toMatchObject({
      code: 'EVIDENCE_FILE_LARGE',
      details: { remedy: expect.stringContaining('market.artifactBytesMax') as string },
    })
  })
})
