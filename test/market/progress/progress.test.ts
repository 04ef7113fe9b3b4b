import { describe, expect, it } from 'vitest'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { ProgressBoard } from '../../../src/market/parties/progress/progress-board.ts'
import { PROGRESS_PAUSE_LEAST_MS } from '../../../src/market/parties/progress/hear-progress.ts'
import type { TaskControls, TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { PROGRESS_BYTES_MAX } from '../../../src/wire/v1/market-frames.ts'
import { type BuyerNode, bytesOf, MarketWorld, type SellerNode, wanted } from '../parties/market-world.ts'
import { contractNamed, KEYS, settle } from '../parties/party-fixtures.ts'

type Scene = {
  readonly world: MarketWorld
  readonly shop: SellerNode
  readonly node: BuyerNode
  readonly contract: ContractId
  readonly controls: TaskControls
}

/** A contract whose work goes on until the test says what came of it. */
async function working(): Promise<Scene & { readonly finish: (text: string) => void }> {
  const world = await MarketWorld.create()
  const begun = Promise.withResolvers<TaskControls>()
  const done = Promise.withResolvers<string>()
  const runner: TaskRunner = {
    run: async (_task, controls) => {
      begun.resolve(controls)
      return { result: bytesOf(await done.promise), counts: new Map() }
    },
  }
  const shop = await world.seller({ key: KEYS.seller }, { runner })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer })
  await node.buyer.buy(wanted())
  await settle(60)
  await world.time.advance(300)
  const contract = node.buyer.order('order-1')?.contract as ContractId
  return { world, shop, node, contract, controls: await begun.promise, finish: (text) => done.resolve(text) }
}

async function say(party: Party, contract: ContractId, step: number, bytes = new Uint8Array()): Promise<string> {
  const frame = { type: 'progress', contract, step, text: `step ${step}` } as const
  const { frame: answer } = await party.components.door.ask(KEYS.buyer.did, { frame, bytes })
  return answer.type === 'declined' ? answer.code : answer.type
}

describe('the progress of a contract', () => {
  it('comes to the payer while the work goes on, and the result is paid as without it', async () => {
    const { world, node, contract, controls, finish } = await working()
    controls.progress?.({ donePpm: 250_000, text: 'counting' })
    await settle(20)
    expect(node.party.progress.of(contract)?.work).toMatchObject({
      donePpm: 250_000,
      text: 'counting',
      partialBytes: 0,
    })
    controls.progress?.({ partial: bytesOf('{"wor') })
    controls.progress?.({ donePpm: 5_000_000, partial: bytesOf('ds"') })
    await world.time.advance(600)
    const work = node.party.progress.of(contract)?.work
    expect([work?.donePpm, new TextDecoder().decode(work?.partial)]).toEqual([1_000_000, '{"words"'])
    finish('{"words":3}')
    await world.until(node, 'order-1')
    expect(await world.view(contract)).toMatchObject({ state: 'FINAL', capturedNanos: '1000' })
  })

  it('takes whatever a worker says: no number is none, and no letter is cut in two', async () => {
    const { world, node, contract, controls, finish } = await working()
    const told = async (): Promise<unknown> => {
      await world.time.advance(600)
      const { donePpm, text } = node.party.progress.of(contract)?.work ?? {}
      return { donePpm, text }
    }
    controls.progress?.({ donePpm: Number.NaN, text: `${'a'.repeat(199)}😀` })
    expect(await told()).toEqual({ donePpm: undefined, text: 'a'.repeat(199) })
    controls.progress?.({ donePpm: Number.POSITIVE_INFINITY, text: `${'b'.repeat(198)}😀c` })
    expect(await told()).toEqual({ donePpm: undefined, text: `${'b'.repeat(198)}😀` })
    controls.progress?.({ donePpm: -0.4, text: 'half \uD83D of one' })
    expect(await told()).toEqual({ donePpm: 0, text: 'half \uFFFD of one' })
    finish('{"words":3}')
    await world.until(node, 'order-1')
    expect(await world.view(contract)).toMatchObject({ state: 'FINAL', capturedNanos: '1000' })
  })

  it('costs one question at a time, however much a worker says', async () => {
    const { world, node, contract, controls } = await working()
    const heard: number[] = []
    node.party.progress.watch((_contract, { work }) => void (work && heard.push(work.step)))
    for (let word = 0; word < 1_000; word += 1) controls.progress?.({ text: `${word}`, partial: new Uint8Array(1_000) })
    await world.time.advance(1_600)
    expect(heard.length).toBeGreaterThanOrEqual(2)
    expect(heard.length).toBeLessThanOrEqual(4)
    expect(node.party.progress.of(contract)?.work).toMatchObject({ text: '999' })
    expect(node.party.progress.of(contract)?.work?.partialBytes).toBeLessThanOrEqual(2 * PROGRESS_BYTES_MAX)
  })

  it('is taken of the worker alone, in order, no faster than it may come, and no longer than the work', async () => {
    const { world, shop, node, contract, finish } = await working()
    const { party: stranger } = await world.party(KEYS.rival, createMemoryEventLog())
    expect(await say(stranger, contract, 5)).toBe('MARKET_CONTRACT_UNKNOWN')
    expect(await say(shop.party, contractNamed('other'), 5)).toBe('MARKET_CONTRACT_UNKNOWN')
    expect(await say(shop.party, contract, 5)).toBe('taken')
    expect(await say(shop.party, contract, 6)).toBe('MARKET_BUSY')
    await world.time.advance(PROGRESS_PAUSE_LEAST_MS)
    expect(await say(shop.party, contract, 5)).toBe('MARKET_STATEMENT_DECLINED')
    expect(await say(shop.party, contract, 6, new Uint8Array(PROGRESS_BYTES_MAX + 1))).toBe('MARKET_FRAME_LARGE')
    expect(await say(shop.party, contract, 6)).toBe('taken')
    finish('{"words":3}')
    await world.until(node, 'order-1')
    expect(await say(shop.party, contract, 7)).toBe('MARKET_CONTRACT_UNKNOWN')
  })

  it('is known of so many contracts at once', () => {
    const board = new ProgressBoard()
    for (let index = 0; index < 1_000; index += 1)
      board.note(contractNamed(`${index}`), { input: { doneBytes: index, totalBytes: 1_000 } })
    expect(board.of(contractNamed('0'))).toBeUndefined()
    expect(board.of(contractNamed('743'))).toBeUndefined()
    expect(board.of(contractNamed('744'))?.input?.doneBytes).toBe(744)
    expect(board.of(contractNamed('999'))?.input?.doneBytes).toBe(999)
  })
})
