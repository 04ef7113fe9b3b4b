import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Party } from '../../../src/market/parties/party.ts'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import { EscrowDesk } from '../../../src/node/market/desks/escrow-desk.ts'
import { answerMarket } from '../../../src/node/market/desks/market-answers.ts'
import { announceRunningNode } from '../../../src/node/running-node.ts'
import { encodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { MarketWorld, wanted } from '../../market/parties/market-world.ts'
import { KEYS, settle } from '../../market/parties/party-fixtures.ts'
import { type InProcessRun, runInProcess } from '../run-in-process.ts'

/** A contract that is delivered, a lie of either side about it, and a node of whoever proves it that a command line reaches. */
let world: MarketWorld
let contract: ContractId
let parties: Readonly<Record<'buyer' | 'seller', Party>>
let server: Server
let folder: string
let prover: Party

beforeEach(async () => {
  world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer }, { acceptsAlone: false })
  await node.buyer.buy(wanted())
  await settle(60)
  await world.time.advance(1_000)
  contract = node.buyer.order('order-1')?.contract as ContractId
  parties = { buyer: node.party, seller: shop.party }
  folder = mkdtempSync(join(tmpdir(), 'kernell-prove-'))
  server = createServer((request, response) => {
    const answered = request.setEncoding('utf8').toArray().then(answer)
    // The command line sees a connection that breaks off.
    answered.then((text) => response.end(text)).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  mkdirSync(join(folder, 'data'))
  announceRunningNode(join(folder, 'data'), `http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'token')
})

/** As the node of whoever proves it answers. */
async function answer(words: readonly string[]): Promise<string> {
  const escrow = new EscrowDesk({ role: { party: prover } as never, notary: world.notary, peers: () => [] })
  const { signal } = new AbortController()
  const said = await answerMarket({ escrow } as never, JSON.parse(words.join('')) as never, { signal })
  return JSON.stringify('body' in said ? said.body : null)
}

afterEach(async () => {
  await once(server.close(), 'close')
})

/** Writes what a party has said last of the contract to the file `said`, and what it signs at the same place besides to `lie`. */
function lie(name: 'buyer' | 'seller', at?: string): void {
  const own = parties[name].journal.envelopesOf(contract).filter(({ act }) => act !== undefined)
  const kept = own.at(-1)
  if (kept === undefined) throw new TypeError('It has said nothing')
  const { bodyHash: _, ...head } = kept.envelope.head
  const body = { reason: 'lie' }
  writeFileSync(join(folder, 'said'), kept.bytes)
  writeFileSync(join(folder, 'lie'), encodeEnvelope({ ...head, type: 'escrow-withdraw', body }, KEYS[name].sign))
  if (at !== undefined) writeFileSync(join(folder, at), own[0]?.bytes ?? '')
}

async function prove(files: readonly string[], key = 'lie'): Promise<InProcessRun> {
  const line = ['escrow', 'prove', contract, ...files, '--idempotency-key', key]
  return await runInProcess(line, { workingDir: folder })
}

async function proveForScripts(files: readonly string[]): Promise<InProcessRun> {
  return await runInProcess(['escrow', 'prove', contract, ...files, '--idempotency-key', 'lie', '--json'], {
    workingDir: folder,
  })
}

describe('kernell escrow prove', () => {
  test('freezes a contract whose worker has signed two things at one place', async () => {
    prover = parties.buyer
    lie('seller')
    expect((await world.view(contract))?.state).toBe('DELIVERED')
    const run = await prove(['said', 'lie'])
    const timer = (await world.view(contract))?.timers.find(({ name }) => name === 'rule')
    expect([run.exitCode, timer?.name]).toEqual([0, 'rule'])
    expect(run.output).toContain(`Proven: ${KEYS.seller.did} has signed two things at one place`)
    expect(run.output).toContain('The contract is FROZEN')
    expect(run.output).toContain(new Date(timer?.firesAt ?? 0).toISOString())
    const frozen = { contract, state: 'FROZEN', culprit: KEYS.seller.did, ruleBy: timer?.firesAt, code: null }
    // Whichever file is named first, it is one lie.
    const again = await proveForScripts(['lie', 'said'])
    expect([again.exitCode, again.json()]).toMatchObject([0, { ...frozen, effect: 'exists' }])
    await world.time.advance(60_000)
    expect(await world.view(contract)).toMatchObject({ state: 'SETTLED', capturedNanos: '0' })
  })

  test('is there for the worker of a payer that lies, who is paid what it claims', async () => {
    prover = parties.seller
    lie('buyer')
    const run = await proveForScripts(['said', 'lie'])
    expect([run.exitCode, run.json()]).toMatchObject([0, { state: 'FROZEN', culprit: KEYS.buyer.did }])
    await world.time.advance(60_000)
    expect(await world.view(contract)).toMatchObject({ state: 'SETTLED', capturedNanos: '1000' })
    const late = await prove(['said', 'lie'], 'late')
    expect(late.output).toContain('The contract is SETTLED: there is nothing left to rule on')
  })

  test('refuses what convicts nobody before anything is sent, and says why', async () => {
    prover = parties.buyer
    lie('seller', 'other')
    writeFileSync(join(folder, 'empty'), '')
    const steps = (await world.view(contract))?.transitions.length
    for (const [files, code] of [
      [['said', 'said'], 'ENVELOPE_PROOF_SAME'],
      [['said', 'other'], 'ENVELOPE_PROOF_UNRELATED'],
      [['said', 'empty'], 'ENVELOPE_NOT_JSON'],
    ] as const) {
      const run = await proveForScripts(files)
      expect([files, run.exitCode, run.json()]).toMatchObject([
        files,
        3,
        { effect: 'refused', code, state: 'DELIVERED' },
      ])
      expect(run.json()['remedy']).toBeTypeOf('string')
    }
    expect((await prove(['said', 'other'])).errors).toContain('ENVELOPE_PROOF_UNRELATED')
    expect((await world.view(contract))?.transitions).toHaveLength(steps ?? 0)
    expect(prover.wallet.said(`${contract}/person/lie`)).toBeUndefined()
  })

  test('refuses a lie about another contract, and one that somebody else has signed', async () => {
    prover = parties.buyer
    lie('seller')
    const kept = parties.seller.journal.envelopesOf(contract).at(-1)
    if (kept === undefined) throw new TypeError('It has said nothing')
    const { bodyHash: _, ...head } = kept.envelope.head
    for (const [changes, signer, code] of [
      [{}, KEYS.rival, 'ENVELOPE_SIGNATURE_WRONG'],
      [{ iss: KEYS.rival.did }, KEYS.rival, 'ESCROW_PROOF_INVALID'],
      [{ contract: 'a'.repeat(64) as ContractId }, KEYS.seller, 'ESCROW_PROOF_INVALID'],
    ] as const) {
      const said = (reason: string): Uint8Array =>
        encodeEnvelope({ ...head, ...changes, type: 'escrow-withdraw', body: { reason } }, signer.sign)
      writeFileSync(join(folder, 'one'), said('one'))
      writeFileSync(join(folder, 'two'), said('two'))
      const run = await proveForScripts(['one', 'two'])
      expect([changes, run.exitCode, run.json()]).toMatchObject([changes, 3, { code, state: 'DELIVERED' }])
    }
  })

  test('wants a contract and two files', async () => {
    prover = parties.buyer
    lie('seller')
    for (const files of [[], ['said'], ['said', 'absent']])
      expect([files, (await prove(files)).exitCode]).toEqual([files, 2])
  })
})
