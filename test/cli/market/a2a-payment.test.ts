import { readFileSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { hashOfBytes } from '../../../src/market/parties/contracts/task-package.ts'
import { textPart } from '../../../src/node/a2a/filed-task.ts'
import { encodePaidInput } from '../../../src/node/a2a/payment/task-documents.ts'
import { startUpstreamServer, type UpstreamServer } from '../../fixtures/upstream-server.ts'
import { tiersAt } from '../../gateway/real-node.ts'
import { type BinaryRun, makeFolder, removeFolders, runBinary, type StartedBinary, startBinary } from '../run-binary.ts'
import { makeLightKey } from './light-key.ts'

/** Three real processes: a notary that also issues, a node whose skills have a price, and one that pays. */
const folder = makeFolder()
const environment = { KERNELL_KEY_PASSPHRASE: 'correct horse battery staple' }
const running = new Map<string, StartedBinary>()
const dids = { notary: '', issuer: '', seller: '', buyer: '' }
let model: UpstreamServer
let seller: Json = {}
/** Calls of the model that were left before the last work began. */
let aborts = 0

type Json = Record<string, unknown>
/** What a seller signs whose tasks take two seconds at most. */
const SHORT = { deliverMs: 5_000, graceMs: 100 }
const EXTENSION = 'urn:kernell-os:a2a:payment:1'
const told = ({ output }: BinaryRun): Json => JSON.parse(output) as Json

async function kernell(...words: readonly string[]): Promise<BinaryRun> {
  return await runBinary([...words, '--json'], { folder, environment })
}

async function start(name: string, ...words: readonly string[]): Promise<Json> {
  const flags = ['--data-dir', name, '--notary-set', 'set.json', '--json', ...words]
  const started = startBinary(['node', ...flags], { folder, environment })
  running.set(name, started)
  return JSON.parse(await started.untilOutput(/"event":"ready"/)) as Json
}

async function kill(name: string, signal: 'SIGKILL' | 'SIGINT'): Promise<void> {
  const started = running.get(name)
  running.delete(name)
  started?.child.kill(signal)
  await started?.ended
}

const startSeller = async (): Promise<Json> => await start('seller', '--config', 'seller.json')
const startBuyer = async (): Promise<Json> =>
  await start('buyer', '--config', 'buyer.json', '--bootstrap', (seller['addresses'] as string[])[0] ?? '')

const pay = (text: string, ...words: readonly string[]): readonly string[] => [
  'a2a',
  'call',
  'worker',
  text,
  '--skill',
  'route',
  '--data-dir',
  'buyer',
  '--config',
  'buyer.json',
  ...words,
]

/** What everybody has, as the notary's books say. */
async function balances(): Promise<ReadonlyMap<string, bigint>> {
  const view = told(await kernell('ledger', 'list', '--data-dir', 'notary'))
  expect(view['sumNanos']).toBe('0')
  const accounts = view['accounts'] as readonly Json[]
  return new Map(
    accounts.map(({ owner, kind, balanceNanos }) => [`${String(owner)} ${String(kind)}`, BigInt(String(balanceNanos))]),
  )
}

beforeAll(async () => {
  model = await startUpstreamServer({ behaviour: { kind: 'answer', text: 'a long story' } })
  const key = async (dir: string, role: string): Promise<string> =>
    await makeLightKey(join(folder, dir), role, environment.KERNELL_KEY_PASSPHRASE)
  dids.notary = await key('notary', 'notary')
  dids.issuer = await key('notary', 'escrow')
  dids.seller = await key('seller', 'escrow')
  dids.buyer = await key('buyer', 'escrow')
  const member = `${dids.notary}@/unix${join(folder, 'n.sock')}`
  expect((await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')).code).toBe(0)
  await start('notary', '--notary', '--trial', '--port', '0')
  const issued = await kernell(
    'ledger',
    'issue',
    '--account',
    dids.buyer,
    '--amount',
    '10',
    '--currency',
    'USD',
    '--idempotency-key',
    'first',
    '--data-dir',
    'notary',
  )
  expect(issued.code).toBe(0)
  writeFileSync(
    join(folder, 'seller.json'),
    JSON.stringify({
      server: { port: await freePort() },
      ...tiersAt({ cheap: model.baseUrl }),
      a2a: {
        payment: { currency: 'USD', prices: { route: '0.25' } },
        skills: ['route', 'planner'],
        taskTimeoutMs: 2_000,
      },
    }),
  )
  seller = await startSeller()
  writeFileSync(
    join(folder, 'buyer.json'),
    JSON.stringify({ server: { port: 0 }, a2a: { peers: { worker: { card: seller['http'] } } } }),
  )
  await startBuyer()
}, 120_000)

afterAll(async () => {
  for (const name of running.keys()) await kill(name, 'SIGINT')
  await model.close()
  removeFolders()
}, 60_000)

describe('a paid task over A2A', { timeout: 120_000 }, () => {
  it('has its price on the signed card, and comes to FINAL: the answer is what was delivered', async () => {
    const card = (await (await fetch(`${String(seller['http'])}/.well-known/agent-card.json`)).json()) as {
      capabilities: { extensions: Json[] }
    }
    expect(card.capabilities.extensions).toMatchObject([
      {
        uri: EXTENSION,
        params: {
          v: 1,
          account: dids.seller,
          prices: [{ skill: 'route', sells: 'a2a/route', priceNanos: '250000000', currency: `USD@${dids.issuer}` }],
        },
      },
    ])
    const run = await kernell(...pay('17 * 23', '--pay', '0.3', '--currency', 'USD'))
    const lines = run.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Json)
    expect(lines).toMatchObject([
      { event: 'quote', peer: 'worker', skill: 'route', account: dids.seller, priceNanos: '250000000' },
      { state: 'completed', text: '391', paid: { account: dids.seller, priceNanos: '250000000', state: 'FINAL' } },
    ])
    const { paid } = lines[1] as { paid: { contract: string } }
    const shown = told(await kernell('escrow', 'show', paid.contract, '--data-dir', 'buyer'))
    expect(shown).toMatchObject({ state: 'FINAL', capturedNanos: '250000000', payer: dids.buyer, worker: dids.seller })
  })

  it('costs nothing where nothing was allowed, too little, or of another currency', async () => {
    const unpaid = await kernell(...pay('17 * 23'))
    expect([unpaid.code, told(unpaid)]).toMatchObject([1, { error: { code: 'A2A_PEER_FAILED' } }])
    expect(unpaid.output).toContain(EXTENSION)
    const little = await kernell(...pay('17 * 23', '--pay', '0.2'))
    expect([little.code, told(little)]).toMatchObject([3, { error: { code: 'A2A_PAYMENT_REFUSED' } }])
    const other = await kernell(...pay('17 * 23', '--pay', '1', '--currency', `EUR@${dids.issuer}`))
    expect([other.code, told(other)]).toMatchObject([3, { error: { code: 'A2A_PAYMENT_REFUSED' } }])
  })

  it('asks for what is to be paid, and for the extension where it is not known', async () => {
    const unknown = await send({ text: '17 * 23', extension: '' })
    expect(unknown).toMatchObject({ error: { code: -32008 } })
    const { task } = await ask('17 * 23')
    expect([task.state, task.payment]).toMatchObject([
      'TASK_STATE_INPUT_REQUIRED',
      { kind: 'request', taskId: task.id, sells: 'a2a/route', priceNanos: '250000000', account: dids.seller },
    ])
    const { offer } = task.payment as { offer: string }
    expect(JSON.parse(offer)).toMatchObject({ type: 'market-offer', iss: dids.seller })
  })

  it('takes no payment that is none, and says which of all reasons it is', async () => {
    const { task } = await ask('2 + 2')
    const refusal = async (payment: unknown): Promise<unknown> => {
      const answer = await ask('anything', { taskId: task.id, payment })
      expect(answer.task.state).toBe('TASK_STATE_INPUT_REQUIRED')
      return (answer.task.payment as { refused?: { code: string } }).refused?.code
    }
    expect(await refusal({ v: 1, kind: 'payment' })).toBe('A2A_PAYMENT_INVALID')
    // Somebody's own contract for other work of the same skill.
    writeFileSync(join(folder, 'other.txt'), 'not a task')
    const stranger = await buy('other.txt', 'stranger', SHORT, 'WORKING')
    expect(await refusal(stranger.payment)).toBe('A2A_PAYMENT_OTHER')
    const { evidence } = stranger.payment
    expect(await refusal({ ...stranger.payment, evidence: evidence.replace('"v":1', '"v":2') })).toBe(
      'A2A_PAYMENT_INVALID',
    )
    const parts = JSON.parse(evidence) as { evidence: object[] }
    const forged = JSON.stringify({ ...parts, evidence: parts.evidence.slice(1) })
    expect(await refusal({ ...stranger.payment, evidence: forged })).toBe('A2A_PAYMENT_INVALID')
    expect(await refusal({ ...stranger.payment, contract: 'a'.repeat(64) })).toBe('A2A_PAYMENT_INVALID')
    // A contract for another task, whose work is done by then: shown again it pays for nothing.
    const first = await ask('3 + 3')
    writeTask('first.json', first.task.id, '3 + 3')
    const paid = await buy('first.json', 'first-task', { deliverMs: 75_000 }, 'FINAL')
    expect(await refusal(paid.payment)).toBe('A2A_PAYMENT_USED')
    const done = await ask('anything', { taskId: first.task.id, payment: paid.payment })
    expect([done.task.state, done.task.texts]).toEqual(['TASK_STATE_COMPLETED', ['6']])
    expect(done.task.payment).toMatchObject({ kind: 'receipt', contract: paid.contract })
    // It has ended: once more is no message to it.
    expect(await send({ text: 'again', taskId: first.task.id, payment: paid.payment })).toHaveProperty('error')
    // What was bought of the skill with something else than a task fails there, and the price comes back.
    const end = await kernell(...bought('other.txt', 'stranger', 'FINAL'))
    expect([end.code, told(end)]).toMatchObject([1, { state: 'EXPIRED', capturedNanos: '0' }])
    expect(await refusal(stranger.payment)).toBe('A2A_PAYMENT_OTHER')
  })

  it('takes no contract whose hold is not shown, and none that has ended without a delivery', async () => {
    const { task } = await ask('5 + 5')
    writeTask('late.json', task.id, '5 + 5')
    const paid = await buy('late.json', 'late', { deliverMs: 75_000 }, 'FINAL')
    // The same evidence before the hold was certified.
    const whole = JSON.parse(paid.payment.evidence) as Json & { evidence: { receipt: string }[] }
    const { hash: _hash, ...content }: Json = { ...whole, evidence: whole.evidence.slice(0, 3) }
    const cut = canonicalJson({ ...content, hash: hashOfBytes(new TextEncoder().encode(canonicalJson(content))) })
    const answer = await ask('x', { taskId: task.id, payment: { ...paid.payment, evidence: cut } })
    expect(answer.task.payment).toMatchObject({ refused: { code: 'A2A_PAYMENT_UNHELD' } })
    // The model answers nothing in time: the contract ends, and pays for nothing.
    model.respondWith({ kind: 'hang' })
    const slow = await ask('Tell a story')
    writeTask('slow.json', slow.task.id, 'Tell a story')
    const expired = await buy('slow.json', 'slow', SHORT, 'FINAL')
    model.respondWith({ kind: 'answer', text: 'a long story' })
    const after = await ask('x', { taskId: slow.task.id, payment: expired.payment })
    expect(after.task.payment).toMatchObject({ refused: { code: 'A2A_PAYMENT_ENDED' } })
  })

  it('is paid once and whole when the seller is killed in the middle, and starts again', async () => {
    const before = await balances()
    model.respondWith({ kind: 'hang' })
    const calls = model.callCount
    const calling = startBinary([...pay('Tell a tale of the sea', '--pay', '0.25'), '--json'], { folder, environment })
    await model.waitForCalls(calls + 1)
    await kill('seller', 'SIGKILL')
    model.respondWith({ kind: 'answer', text: 'Once there was a sea.' })
    seller = await startSeller()
    const run = await calling.ended
    const answer = JSON.parse(run.output.trim().split('\n').at(-1) ?? '') as Json
    expect(answer).toMatchObject({ state: 'completed', text: 'Once there was a sea.', paid: { state: 'FINAL' } })
    await expectPaid(before)
  })

  it('is paid once and whole when the payer is killed in the middle, and starts again', async () => {
    const before = await balances()
    model.respondWith({ kind: 'hang' })
    const calls = model.callCount
    const calling = startBinary([...pay('Tell a tale of a hill', '--pay', '0.25'), '--json'], { folder, environment })
    await model.waitForCalls(calls + 1)
    await kill('buyer', 'SIGKILL')
    await calling.ended
    // The work is begun anew with the seller's next start, and is there for the payer's.
    await kill('seller', 'SIGKILL')
    model.respondWith({ kind: 'answer', text: 'Once there was a hill.' })
    seller = await startSeller()
    await startBuyer()
    const { contracts } = told(await kernell('escrow', 'list', '--data-dir', 'buyer')) as { contracts: Json[] }
    const contract = String(contracts.at(-1)?.['contract'])
    await running.get('buyer')?.untilOutput(new RegExp(`"contract":"${contract}".*"to":"FINAL"`))
    const shown = told(await kernell('escrow', 'show', contract, '--data-dir', 'buyer'))
    expect(shown).toMatchObject({ state: 'FINAL', capturedNanos: '250000000' })
    await expectPaid(before)
  })

  it('gives the whole price back when it is cancelled and the payer signs that too, and its model is left', async () => {
    const before = await balances()
    const { id, bought: paid } = await working('Tell a tale of a lake', 'lake')
    const shown = ask('x', { taskId: id, payment: paid.payment })
    // The payer's word; the seller has not given its own.
    expect(told(await kernell(...cancelOf(paid.contract)))).toMatchObject({ code: 'MARKET_STATEMENT_DECLINED' })
    const [one, other] = await Promise.all([cancelTask(id), cancelTask(id)])
    await model.waitForAborts(aborts + 1)
    const contracts = [{ contract: paid.contract, state: 'VOIDED', outcome: 'returned', lapsesAt: null }]
    for (const answer of [one, other])
      expect(answer).toMatchObject({
        result: {
          status: { state: 'TASK_STATE_CANCELED' },
          metadata: { [EXTENSION]: { v: 1, kind: 'cancellation', isWhole: true, contracts } },
        },
      })
    expect((await shown).task.state).toBe('TASK_STATE_CANCELED')
    await expectUnpaid(before)
  })

  it('stays cancelled when the seller is killed behind it, and its price comes back with the signature of the payer', async () => {
    const before = await balances()
    const { id, bought: paid } = await working('Tell a tale of a wood', 'wood')
    const { result } = await cancelTask(id)
    expect(result).toMatchObject({
      status: { state: 'TASK_STATE_CANCELED' },
      metadata: { [EXTENSION]: { contracts: [{ state: 'WORKING', outcome: 'agreed' }] } },
    })
    await kill('seller', 'SIGKILL')
    model.respondWith({ kind: 'answer', text: 'Once there was a wood.' })
    const calls = model.callCount
    seller = await startSeller()
    expect((await cancelTask(id)).result).toEqual(result)
    expect(told(await kernell(...cancelOf(paid.contract)))).toMatchObject({ effect: 'applied', state: 'VOIDED' })
    expect(model.callCount).toBe(calls)
    await expectUnpaid(before)
  })

  it('is not worked on for a contract that comes behind its cancelling, whose price the seller gives back', async () => {
    const before = await balances()
    const { task } = await ask('Tell a tale of a bog')
    expect(await cancelTask(task.id)).toMatchObject({
      result: { status: { state: 'TASK_STATE_CANCELED' }, metadata: { [EXTENSION]: { contracts: [] } } },
    })
    const calls = model.callCount
    writeTask('bog.json', task.id, 'Tell a tale of a bog')
    const { contract } = await buy('bog.json', 'bog', { deliverMs: 75_000 }, 'WORKING')
    // By then the seller has signed, when it should have begun.
    expect(told(await kernell(...cancelOf(contract)))).toMatchObject({ effect: 'applied', state: 'VOIDED' })
    expect(model.callCount).toBe(calls)
    await expectUnpaid(before)
  })

  it('is not cancelled once it is delivered, and is paid', async () => {
    model.respondWith({ kind: 'answer', text: 'a long story' })
    const { task } = await ask('7 + 7')
    writeTask('seven.json', task.id, '7 + 7')
    const paid = await buy('seven.json', 'seven', { deliverMs: 75_000 }, 'FINAL')
    // -32002: TaskNotCancelableError.
    expect(await cancelTask(task.id)).toMatchObject({ error: { code: -32002 } })
    const done = await ask('x', { taskId: task.id, payment: paid.payment })
    expect([done.task.state, done.task.texts]).toEqual(['TASK_STATE_COMPLETED', ['14']])
    expect(await cancelTask(task.id)).toMatchObject({ error: { code: -32002 } })
  })

  it('costs nothing when who called it is stopped', async () => {
    const before = await balances()
    model.respondWith({ kind: 'hang' })
    const [calls, aborted] = [model.callCount, model.abortedCount]
    const calling = startBinary([...pay('Tell a tale of a well', '--pay', '0.25'), '--json'], { folder, environment })
    await model.waitForCalls(calls + 1)
    calling.child.kill('SIGINT')
    await calling.ended
    await model.waitForAborts(aborted + 1)
    const { contracts } = told(await kernell('escrow', 'list', '--data-dir', 'buyer')) as { contracts: Json[] }
    const contract = String(contracts.at(-1)?.['contract'])
    await running.get('buyer')?.untilOutput(new RegExp(`"contract":"${contract}".*"to":"VOIDED"`))
    await expectUnpaid(before)
  })

  it('leaves books that anybody can verify', async () => {
    expect((await kernell('ledger', 'checkpoint', '--data-dir', 'notary')).code).toBe(0)
    const verified = await runBinary(['ledger', 'verify', 'notary', '--notary-set', 'set.json'], {
      folder,
      environment,
    })
    expect([verified.code, verified.output]).toEqual([0, expect.stringMatching(/^The books are right\n/)])
  })
})

/** The price has gone from the payer to the seller, less what the notary keeps, and nothing is held. */
async function expectPaid(before: ReadonlyMap<string, bigint>): Promise<void> {
  const after = await balances()
  const change = (name: string): bigint => (after.get(name) ?? 0n) - (before.get(name) ?? 0n)
  expect(change(`${dids.buyer} available`)).toBe(-250_000_000n)
  expect(change(`${dids.seller} available`) + change(`${dids.notary} fee`)).toBe(250_000_000n)
  expect(after.get(`${dids.buyer} held`) ?? 0n).toBe(before.get(`${dids.buyer} held`) ?? 0n)
}

/** Everybody has what it had; accounts that are empty may be new. */
async function expectUnpaid(before: ReadonlyMap<string, bigint>): Promise<void> {
  const sums = (all: ReadonlyMap<string, bigint>) => Object.fromEntries([...all].filter(([, nanos]) => nanos !== 0n))
  expect(sums(await balances())).toEqual(sums(before))
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

type Asked = {
  readonly text: string
  readonly taskId?: string
  readonly payment?: unknown
  readonly extension?: string
}

/** One message to the seller by JSON-RPC, as any client sends it. */
async function send({ text, taskId = '', payment, extension = EXTENSION }: Asked): Promise<Json> {
  const metadata = { skill: 'route', ...(payment !== undefined && { [EXTENSION]: payment }) }
  const parts = [{ text, mediaType: 'text/plain' }]
  const message = { messageId: randomUUID(), role: 'ROLE_USER', parts, metadata, ...(taskId !== '' && { taskId }) }
  const response = await fetch(`${String(seller['http'])}/a2a`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'a2a-version': '1.0',
      ...(extension !== '' && { 'a2a-extensions': extension }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } }),
  })
  return { ...((await response.json()) as Json), activated: response.headers.get('a2a-extensions') }
}

type ShownTask = {
  readonly id: string
  readonly state: string
  readonly payment: unknown
  readonly texts: readonly string[]
}

type SentTask = {
  readonly id: string
  readonly status: { readonly state: string }
  readonly metadata?: Json
  readonly artifacts?: readonly { readonly parts: readonly { readonly text: string }[] }[]
}

async function ask(text: string, more: Omit<Asked, 'text'> = {}): Promise<{ readonly task: ShownTask }> {
  const answer = await send({ text, ...more })
  const { result, activated, error } = answer as { result?: { task: SentTask }; activated: string; error?: unknown }
  expect([error, activated]).toEqual([undefined, EXTENSION])
  if (result === undefined) throw new Error('no task')
  const { id, status, metadata = {}, artifacts = [] } = result.task
  const texts = artifacts.flatMap(({ parts }) => parts.map((part) => part.text))
  return { task: { id, state: status.state, payment: metadata[EXTENSION], texts } }
}

/** A task whose contract holds the price, and whose model does not answer. */
async function working(text: string, key: string): Promise<{ readonly id: string; readonly bought: Bought }> {
  model.respondWith({ kind: 'hang' })
  const calls = model.callCount
  aborts = model.abortedCount
  const { task } = await ask(text)
  writeTask(`${key}.json`, task.id, text)
  const purchase = await buy(`${key}.json`, key, { deliverMs: 75_000 }, 'WORKING')
  await model.waitForCalls(calls + 1)
  return { id: task.id, bought: purchase }
}

const cancelOf = (contract: string): readonly string[] => [
  'escrow',
  'cancel',
  contract,
  '--amount',
  '0',
  '--idempotency-key',
  contract,
  '--data-dir',
  'buyer',
]

async function cancelTask(id: string): Promise<Json> {
  const response = await fetch(`${String(seller['http'])}/a2a`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'CancelTask', params: { id } }),
  })
  return (await response.json()) as Json
}

/** The input of a contract for a task of one text. */
function writeTask(file: string, taskId: string, text: string): void {
  writeFileSync(join(folder, file), encodePaidInput({ taskId, skill: 'route', parts: [textPart(text)] }))
}

const BUY = 'market buy --skill a2a/route --max 0.25 --currency USD --data-dir buyer'.split(' ')

const bought = (input: string, key: string, wait: string): readonly string[] =>
  BUY.concat('--input', input, '--idempotency-key', key, '--timers', `${key}.timers.json`, '--wait', wait)

type Bought = { readonly contract: string; readonly payment: { readonly contract: string; readonly evidence: string } }

/** Buys of the paid skill by hand, and shows it as a payment. */
async function buy(input: string, key: string, timers: object, wait: string): Promise<Bought> {
  writeFileSync(join(folder, `${key}.timers.json`), JSON.stringify(timers))
  const run = await kernell(...bought(input, key, wait))
  const contract = String(told(run)['contract'])
  await kernell('escrow', 'export', contract, '--output', `${key}.evidence.json`, '--data-dir', 'buyer')
  const evidence = readFileSync(join(folder, `${key}.evidence.json`), 'utf8')
  return { contract, payment: { v: 1, kind: 'payment', contract, evidence } as Bought['payment'] }
}
