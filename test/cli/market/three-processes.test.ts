import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { type BinaryRun, makeFolder, removeFolders, runBinary, type StartedBinary, startBinary } from '../run-binary.ts'

/** Three real processes of one machine: a notary that also issues, a seller, a buyer. */
const folder = makeFolder()
const SECRET = 'correct horse battery staple'
const environment = { KERNELL_KEY_PASSPHRASE: SECRET }
const running = new Map<string, StartedBinary>()
const heard: string[] = []

type Json = Record<string, unknown>

/** So that a line holds several words. */
const line = (...all: readonly string[]): readonly string[] => all
const told = ({ output }: BinaryRun): Json => JSON.parse(output) as Json

async function kernell(...words: readonly string[]): Promise<BinaryRun> {
  const run = await runBinary([...words, '--json'], { folder, environment })
  heard.push(run.output, run.errors)
  return run
}

async function makeKey(dataDir: string, role: string): Promise<string> {
  return String(told(await kernell('key', 'create', '--role', role, '--data-dir', dataDir))['did'])
}

async function start(name: string, ...words: readonly string[]): Promise<Json> {
  const flags = ['--data-dir', name, '--notary-set', 'set.json', '--port', '0', '--json']
  const started = startBinary(['node', ...flags, ...words], { folder, environment })
  running.set(name, started)
  return JSON.parse(await started.untilOutput(/"event":"ready"/)) as Json
}

async function stop(name: string): Promise<BinaryRun | undefined> {
  const started = running.get(name)
  running.delete(name)
  started?.child.kill('SIGINT')
  const run = await started?.ended
  heard.push(run?.output ?? '', run?.errors ?? '')
  return run
}

const dids = { notary: '', issuer: '', seller: '', buyer: '' }
let seller: Json = {}
let bought: Json = {}
const buy = (key: string, ...words: readonly string[]): readonly string[] => [
  ...line('market', 'buy', '--skill', 'text.word-count', '--input', 'letter.txt', '--max', '0.6', '--currency', 'USD'),
  ...line('--custody', 'C2', '--notary-set', 'set.json', '--idempotency-key', key, '--data-dir', 'buyer', ...words),
]

/** What the buyer's webhook was told. */
const posts: Json[] = []
const hook = createServer((request, response) => {
  let body = ''
  request.on('data', (piece: Buffer) => (body += piece.toString()))
  request.on('end', () => {
    posts.push({ ...(JSON.parse(body) as Json), signer: request.headers['x-kernell-signer'] })
    response.writeHead(204).end()
  })
})

async function listenForPosts(): Promise<number> {
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
  const address = hook.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

beforeAll(async () => {
  writeFileSync(join(folder, 'letter.txt'), 'one two three\n')
  dids.notary = await makeKey('notary', 'notary')
  dids.issuer = await makeKey('notary', 'escrow')
  dids.seller = await makeKey('seller', 'escrow')
  dids.buyer = await makeKey('buyer', 'escrow')
  const member = `${dids.notary}@/unix${join(folder, 'n.sock')}`
  expect((await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')).code).toBe(0)
  await start('notary', '--notary')
  seller = await start('seller')
  const [address = ''] = seller['addresses'] as readonly string[]
  const port = await listenForPosts()
  writeFileSync(join(folder, 'buyer.json'), `{ "market": { "webhook": "http://127.0.0.1:${port}/inbox" } }`)
  await start('buyer', '--bootstrap', address, '--config', 'buyer.json')
}, 120_000)

afterAll(async () => {
  for (const name of ['buyer', 'seller', 'notary']) await stop(name)
  hook.close()
  removeFolders()
}, 60_000)

describe('a paid task between three processes', () => {
  test('a ready line says who and where', () => {
    expect(seller).toMatchObject({
      event: 'ready',
      did: expect.stringMatching(/^did:key:z6Mk/) as string,
      peerId: expect.stringMatching(/^12D3KooW/) as string,
      account: dids.seller,
      listen: [`/unix${join(folder, 'seller', 'market.sock')}`],
      http: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      tokenFile: join(folder, 'seller', 'serve.json'),
    })
  })

  test('credits are issued once for each key', { timeout: 60_000 }, async () => {
    const issue = (amount: string): Promise<BinaryRun> =>
      kernell(
        'ledger',
        'issue',
        ...line('--account', dids.buyer, '--amount', amount, '--currency', 'USD'),
        ...line('--idempotency-key', 'first', '--data-dir', 'notary'),
      )
    const first = await issue('1')
    expect([first.code, told(first)]).toEqual([
      0,
      {
        transferId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        amountNanos: '1000000000',
        currency: `USD@${dids.issuer}`,
        status: 'posted',
        isConfirmed: true,
      },
    ])
    expect(told(await issue('1'))).toEqual({ ...told(first), status: 'exists' })
    const other = await issue('2')
    expect([other.code, told(other)]).toMatchObject([3, { error: { code: 'MARKET_KEY_REUSED' } }])
    const poor = await kernell(
      ...line('ledger', 'redeem', '--account', dids.buyer, '--amount', '5', '--currency', 'USD'),
      ...line('--idempotency-key', 'back', '--data-dir', 'buyer'),
    )
    expect([poor.code, told(poor)]).toMatchObject([
      3,
      { error: { code: 'MARKET_REFUSED', details: { code: 'LEDGER_BALANCE_SHORT' } } },
    ])
  })

  test('nothing is bought where nobody offers; an offer stands once', { timeout: 60_000 }, async () => {
    const nobody = await kernell(...buy('early'))
    expect([nobody.code, told(nobody)]).toMatchObject([
      3,
      { error: { code: 'MARKET_REFUSED', details: { code: 'BUY_NO_OFFER' } } },
    ])
    const words = [
      'market',
      'offer',
      '--skill',
      'text.word-count',
      '--price',
      '0.5',
      '--limit',
      '2',
      '--agent',
      'word-count',
    ]
    const offered = await kernell(...words, '--data-dir', 'seller')
    expect(told(offered)).toEqual({
      offer: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      expiresAt: expect.any(Number) as number,
      effect: 'applied',
    })
    expect(told(await kernell(...words, '--data-dir', 'seller'))).toEqual({ ...told(offered), effect: 'exists' })
    const [listed] = told(await kernell('market', 'list', '--data-dir', 'seller'))['offers'] as readonly Json[]
    const offer = String(told(offered)['offer'])
    expect(told(await kernell('market', 'show', offer, '--data-dir', 'seller'))).toEqual(listed)
    expect(listed).toMatchObject({ offer, skill: 'text.word-count', priceNanos: '500000000', capacity: 2 })
    const shown = await runBinary(['market', 'show', offer, '--data-dir', 'seller'], { folder, environment })
    expect(shown.output).toContain('no arbiters')
    const unknown = await kernell('market', 'show', dids.seller, '--data-dir', 'seller')
    expect([unknown.code, told(unknown)]).toMatchObject([1, { error: { code: 'MARKET_OBJECT_UNKNOWN' } }])
    const absent = await kernell('market', 'offer', '--skill', 'text.none', '--price', '1', '--data-dir', 'seller')
    expect([absent.code, told(absent)]).toMatchObject([1, { error: { code: 'MARKET_ROLE_MISSING' } }])
  })

  test('the buyer gets its result, the seller its credits', { timeout: 60_000 }, async () => {
    const run = await kernell(...buy('letter', '--output', 'count.json'))
    expect(run.code).toBe(0)
    bought = told(run)
    expect(Object.keys(bought).slice(0, 15)).toEqual([
      ...line('task', 'auction', 'contract', 'contractHash', 'payer', 'worker', 'state', 'priceNanos', 'heldNanos'),
      ...line('capturedNanos', 'releasedNanos', 'feeNanos', 'resultHash', 'certificate', 'wallMs'),
    ])
    expect(bought).toMatchObject({
      state: 'FINAL',
      payer: dids.buyer,
      worker: dids.seller,
      priceNanos: '500000000',
      heldNanos: '500000000',
      capturedNanos: '500000000',
      releasedNanos: '0',
      feeNanos: '5000000',
      custody: 'C2/f=0',
      effect: 'applied',
    })
    expect(JSON.parse(readFileSync(join(folder, 'count.json'), 'utf8'))).toEqual({ characters: 14, lines: 1, words: 3 })
    const again = told(await kernell(...buy('letter')))
    expect(again).toMatchObject({ effect: 'exists', contract: bought['contract'], certificate: bought['certificate'] })
  })

  test('the ledger adds up, and every node sees the same head', { timeout: 60_000 }, async () => {
    const views = await Promise.all(
      ['notary', 'seller', 'buyer'].map(async (name) => told(await kernell('ledger', 'list', '--data-dir', name))),
    )
    const [view, ...others] = views
    for (const other of others) expect(other).toEqual(view)
    expect(view?.['sumNanos']).toBe('0')
    const accounts = (view?.['accounts'] ?? []) as readonly Json[]
    const owned = accounts.filter(({ owner }) => owner === dids.seller)
    const currency = `USD@${dids.issuer}`
    const own = told(await kernell('ledger', 'show', '--data-dir', 'seller'))
    expect(own).toEqual({
      owner: dids.seller,
      authority: dids.seller,
      accounts: owned.map((account) => ({ ...account, currency })),
      head: view?.['head'],
      next: null,
    })
    expect(owned.length).toBeGreaterThan(0)
    expect(told(await kernell('ledger', 'show', '--account', dids.seller, '--data-dir', 'buyer'))).toEqual(own)
    const text = await runBinary(['ledger', 'show', '--data-dir', 'seller'], { folder, environment })
    expect(text.output).toContain(`owner   ${dids.seller}`)
    expect(text.output).toContain(dids.issuer)
    const balances = new Map(
      ((view ?? {})['accounts'] as readonly Json[]).map(({ owner, kind, balanceNanos }) => [
        `${String(owner)} ${String(kind)}`,
        balanceNanos,
      ]),
    )
    expect(balances.get(`${dids.buyer} available`)).toBe('500000000')
    expect(balances.get(`${dids.seller} available`)).toBe('495000000')
    expect(balances.get(`${dids.notary} fee`)).toBe('5000000')
    expect(balances.get(`${dids.issuer} issuer`)).toBe('-1000000000')
    const moved = told(
      await kernell('ledger', 'transfers', '--contract', String(bought['contract']), '--data-dir', 'buyer'),
    )
    expect((moved['transfers'] as readonly Json[]).length).toBeGreaterThan(0)
    const proof = told(await kernell('ledger', 'prove', '--entry', '0', '--data-dir', 'seller'))
    expect(proof).toMatchObject({ index: 0, entryHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string })
  })

  test('a person decides where the buyer says so', { timeout: 60_000 }, async () => {
    const delivered = told(await kernell(...buy('by-hand', '--manual', '--wait', 'DELIVERED', '--max', '0.5')))
    const contract = String(delivered['contract'])
    expect(told(await kernell('escrow', 'inbox', '--data-dir', 'buyer'))).toMatchObject({
      rows: [{ contract, act: 'accept-or-reject', timer: 'accept', amountNanos: '500000000', custody: 'C2/f=0' }],
    })
    const act = (name: string, key: string, dataDir = 'buyer'): Promise<BinaryRun> =>
      kernell('escrow', name, contract, '--idempotency-key', key, '--data-dir', dataDir)
    const early = await act('refund', 'early', 'seller')
    expect([early.code, told(early)]).toMatchObject([
      3,
      { contract, state: 'DELIVERED', effect: 'refused', code: 'ESCROW_STATE_WRONG', receipt: null },
    ])
    const accepted = await act('accept', 'yes')
    expect([accepted.code, told(accepted)]).toMatchObject([0, { contract, effect: 'applied', code: null }])
    const repeated = told(await act('accept', 'yes'))
    expect(repeated).toMatchObject({ effect: 'exists', receipt: told(accepted)['receipt'] })
    const shown = told(await kernell('escrow', 'show', contract, '--data-dir', 'seller'))
    expect(shown).toMatchObject({ state: 'FINAL', custody: 'C2/f=0', timers: [{ name: 'retain' }] })
    expect((shown['transitions'] as readonly Json[]).map(({ to }) => to)).toEqual([
      ...line('OFFERED', 'OFFERED', 'AGREED', 'HELD', 'WORKING', 'DELIVERED', 'SETTLED', 'FINAL'),
    ])
    expect(told(await kernell('escrow', 'inbox', '--data-dir', 'buyer'))).toEqual({ rows: [] })
    const news = posts.filter(({ rows }) => (rows as readonly Json[]).some((row) => row['act'] === 'accept-or-reject'))
    expect(news.find(({ rows }) => JSON.stringify(rows).includes(contract))).toMatchObject({
      v: 1,
      iss: dids.buyer,
      signer: dids.buyer,
    })
  })

  test('both know each other from what was paid, and nothing else', { timeout: 60_000 }, async () => {
    const known = async (dataDir: string): Promise<readonly Json[]> =>
      told(await kernell('reputation', 'list', '--data-dir', dataDir))['standings'] as readonly Json[]
    const isCounted = (standings: readonly Json[]): boolean =>
      standings.length === 2 && standings.every(({ contracts }) => contracts === 2)
    let standings = await known('buyer')
    while (!isCounted(standings)) standings = await known('buyer')
    const figures = {
      meanPpm: 666_666,
      goodMicros: '1000000',
      badMicros: '0',
      contracts: 2,
      counterparties: 1,
      flags: ['newcomer'],
      exposure: [{ currency: `USD@${dids.issuer}`, capNanos: '0' }],
    }
    expect(standings).toEqual(
      [
        { did: dids.buyer, role: 'payer', ...figures },
        { did: dids.seller, role: 'worker', ...figures },
      ].toSorted((left, right) => (left.did < right.did ? -1 : 1)),
    )
    expect(await known('seller')).toEqual(standings)
    const shown = await kernell('reputation', 'show', dids.seller, '--data-dir', 'buyer')
    expect([shown.code, told(shown)]).toEqual([
      0,
      {
        did: dids.seller,
        standings: [
          {
            did: dids.seller,
            role: 'worker',
            ...figures,
            raters: [{ rater: dids.buyer, goodMicros: '1000000', badMicros: '0' }],
          },
        ],
      },
    ])
    const stranger = await kernell('reputation', 'show', dids.issuer, '--data-dir', 'buyer')
    expect(told(stranger)).toEqual({ did: dids.issuer, standings: [] })
    expect((await kernell('reputation', 'list', '--role', 'judge', '--data-dir', 'buyer')).code).toBe(2)
  })

  test('what a node knows of a seller stands in its auctions', { timeout: 90_000 }, async () => {
    const more = await kernell(
      ...line('ledger', 'issue', '--account', dids.buyer, '--amount', '1', '--currency', 'USD'),
      ...line('--idempotency-key', 'more', '--data-dir', 'notary'),
    )
    expect(more.code).toBe(0)
    const won = told(await kernell(...buy('proposals', '--auction', 'first')))
    expect(won).toMatchObject({ state: 'FINAL', worker: dids.seller, priceNanos: '500000000' })
    const shown = await kernell(
      ...line('market', 'auction', 'show', String(won['auction']), '--output', 'transcript.json'),
      ...line('--data-dir', 'buyer'),
    )
    expect([shown.code, told(shown)]).toMatchObject([0, { ok: true, winner: dids.seller, clearingNanos: '500000000' }])
    expect(readFileSync(join(folder, 'transcript.json'), 'utf8')).toContain('"reputationPpm":666666')
  })

  test('more is not put at stake with a newcomer than the buyer allows', { timeout: 60_000 }, async () => {
    const shy = await kernell(...buy('shy', '--newcomer-max', '0.4'))
    expect([shy.code, told(shy)]).toMatchObject([
      3,
      {
        error: {
          code: 'MARKET_REFUSED',
          message: expect.stringMatching(/BUY_EXPOSURE.* may have 0\.4 credits at one time/) as string,
          details: { code: 'BUY_EXPOSURE', remedy: expect.stringContaining('--newcomer-max') as string },
        },
      },
    ])
  })

  test('a worker lends up to its line, in credits of the payer', { timeout: 60_000 }, async () => {
    const own = `IOU@${dids.buyer}`
    const issued = await kernell(
      ...line('ledger', 'issue', '--account', dids.buyer, '--amount', '0.01', '--currency', 'IOU'),
      ...line('--idempotency-key', 'own', '--data-dir', 'buyer'),
    )
    expect([issued.code, told(issued)['currency']]).toEqual([0, own])
    const offer = (...words: readonly string[]): Promise<BinaryRun> =>
      kernell(
        ...line('market', 'offer', '--skill', 'text.word-count', '--price', '0.2', '--currency', own),
        ...line('--custody', 'C1,C2,C3', '--data-dir', 'seller', ...words),
      )
    const unbounded = await offer()
    expect([unbounded.code, unbounded.output]).toEqual([2, expect.stringContaining('--credit-line') as string])
    expect((await offer('--credit-line', '0.01', '--credit-line', `${dids.buyer}=0.3`)).code).toBe(0)
    const instead = new Map([
      ['C2', 'C1'],
      ['USD', own],
    ])
    const words = (key: string): readonly string[] => buy(key).map((word) => instead.get(word) ?? word)
    const first = await kernell(...words('lent'))
    expect([first.code, told(first)]).toMatchObject([0, { state: 'FINAL', custody: 'C1', priceNanos: '200000000' }])
    const second = await kernell(...words('lent-again'))
    expect([second.code, told(second)]).toMatchObject([
      3,
      {
        error: {
          message: expect.stringContaining('MARKET_CREDIT_LINE') as string,
          details: {
            code: 'BUY_DECLINED',
            reason: 'MARKET_CREDIT_LINE',
            remedy: expect.stringContaining('C2') as string,
          },
        },
      },
    ])
  })

  test('a contract that cannot be signed names its rule', { timeout: 60_000 }, async () => {
    const words = buy('credit').map((word) => (word === 'C2' ? 'C1' : word))
    const foreign = await kernell(...words)
    expect([foreign.code, told(foreign)]).toMatchObject([
      3,
      { error: { message: expect.stringContaining('TERMS_CREDIT') as string, details: { code: 'BUY_TERMS_WRONG' } } },
    ])
  })

  test('wrong usage is told apart from refusals', { timeout: 60_000 }, async () => {
    for (const words of [
      ['escrow', 'accept', 'x', '--idempotency-key', 'k'],
      ['escrow', 'accept', '0'.repeat(64)],
      ['market', 'buy', '--skill', 'a', '--max', '1', '--idempotency-key', 'k'],
      [
        'ledger',
        'issue',
        '--account',
        dids.buyer,
        '--amount',
        '1.0000000001',
        '--currency',
        'USD',
        '--idempotency-key',
        'k',
      ],
      ['market', 'withdraw'],
    ])
      expect([words, (await kernell(...words, '--data-dir', 'buyer')).code]).toEqual([words, 2])
    const unknown = await kernell('escrow', 'show', '0'.repeat(64), '--data-dir', 'buyer')
    expect([unknown.code, told(unknown)]).toMatchObject([1, { error: { code: 'MARKET_OBJECT_UNKNOWN' } }])
    const nobody = await kernell('escrow', 'list', '--data-dir', 'nowhere')
    expect([nobody.code, told(nobody)]).toMatchObject([1, { error: { code: 'MARKET_NODE_MISSING' } }])
  })

  test('anybody verifies the books and the contract; one flipped byte fails', { timeout: 300_000 }, async () => {
    const contract = String(bought['contract'])
    expect(
      (await kernell('escrow', 'export', contract, '--output', 'contract.json', '--data-dir', 'seller')).code,
    ).toBe(0)
    const sound = await kernell('escrow', 'verify', 'contract.json', '--notary-set', 'set.json')
    expect([sound.code, told(sound)]).toMatchObject([
      0,
      { ok: true, contract, state: 'FINAL', steps: 8, code: null, ended: true, asOf: { seq: 7 } },
    ])
    const more = await kernell(
      ...line('ledger', 'issue', '--account', dids.buyer, '--amount', '1', '--currency', 'USD'),
      ...line('--idempotency-key', 'more-for-bids', '--data-dir', 'notary'),
    )
    expect(more.code).toBe(0)
    const sealed = told(await kernell(...buy('sealed', '--auction', 'first', '--max', '0.5')))
    expect(sealed).toMatchObject({ auction: expect.any(String) as string })
    const shown = await kernell('market', 'auction', 'verify', String(sealed['auction']), '--data-dir', 'buyer')
    expect([shown.code, told(shown)]).toMatchObject([0, { ok: true, winner: dids.seller }])
    const absent = await kernell('market', 'auction', 'verify', '0'.repeat(64), '--data-dir', 'buyer')
    expect([absent.code, told(absent)]).toMatchObject([1, { error: { code: 'MARKET_OBJECT_UNKNOWN' } }])
    cutExport(join(folder, 'contract.json'), join(folder, 'cut.json'), 6)
    const early = await kernell('escrow', 'verify', 'cut.json', '--notary-set', 'set.json')
    expect([early.code, told(early)]).toMatchObject([
      0,
      { ok: true, state: 'DELIVERED', steps: 6, ended: false, asOf: { seq: 5 } },
    ])
    expect((await kernell('escrow', 'verify', 'cut.json', '--ended')).code).toBe(1)
    expect((await kernell('escrow', 'verify', 'contract.json', '--ended')).code).toBe(0)
    expect((await kernell('ledger', 'export', '--output', 'books.jsonl', '--data-dir', 'notary')).code).toBe(0)
    const books = await kernell('ledger', 'verify', 'books.jsonl', '--notary-set', 'set.json', '--against', 'notary')
    expect([books.code, told(books)]).toMatchObject([
      0,
      { ok: true, firstBad: null, against: [{ fork: { kind: 'same' } }] },
    ])
    expect(Object.keys(told(await kernell('ledger', 'verify', 'notary')))).toEqual([
      ...line('ok', 'entries', 'head', 'checkpoints', 'signaturesChecked', 'sums', 'firstBad', 'equivocations'),
      ...line('covered', 'uncovered', 'coveredBy', 'asOf', 'envelopeSignatures', 'gaps', 'splitViews', 'audit'),
      'against',
    ])
    const { entries, covered, coveredBy } = told(books)
    expect([covered, coveredBy]).toEqual([entries, [dids.notary]])
    const unnamed = told(await kernell('ledger', 'verify', 'books.jsonl'))
    expect(unnamed).toMatchObject({ ok: true, gaps: ['JOURNAL_SET_UNNAMED'] })
    const lines = readFileSync(join(folder, 'books.jsonl'), 'utf8').split('\n')
    writeFileSync(
      join(folder, 'cut.jsonl'),
      lines
        .filter((text) => text.startsWith('{"at"'))
        .slice(0, 6)
        .join('\n'),
    )
    const cut = await kernell('ledger', 'verify', 'cut.jsonl', '--notary-set', 'set.json')
    expect([cut.code, told(cut)]).toMatchObject([
      1,
      { ok: false, firstBad: null, gaps: [expect.stringMatching(/^JOURNAL_(UNSIGNED|TAIL_UNCOVERED)$/) as string] },
    ])
    writeFileSync(join(folder, 'empty.jsonl'), '')
    const empty = await kernell('ledger', 'verify', 'empty.jsonl')
    expect([empty.code, told(empty)]).toMatchObject([1, { ok: false, gaps: ['JOURNAL_EMPTY', 'JOURNAL_SET_UNNAMED'] }])
    for (const [made, kind] of [
      [['prove', '--entry', '2'], 'inclusion'],
      [['prove', '--from', '2'], 'consistency'],
      [['checkpoint'], 'checkpoint'],
    ] as const) {
      const file = `${kind}.json`
      expect((await kernell('ledger', ...made, '--output', file, '--data-dir', 'buyer')).code).toBe(0)
      const proof = await kernell('ledger', 'verify', file, '--notary-set', 'set.json')
      expect([proof.code, told(proof)]).toMatchObject([0, { ok: true, proof: kind, signer: dids.notary, gaps: [] }])
      writeFileSync(join(folder, file), readFileSync(join(folder, file), 'utf8').replace(/"root":"../, '"root":"00'))
      expect((await kernell('ledger', 'verify', file, '--notary-set', 'set.json')).code).toBe(1)
    }
    for (const [name, verify] of [
      ['contract.json', 'escrow'],
      ['books.jsonl', 'ledger'],
    ] as const) {
      flipByte(join(folder, name), 0.5)
      const broken = await kernell(verify, 'verify', name)
      expect([name, broken.code, told(broken)['ok']]).toEqual([name, 1, false])
    }
  })

  test('old entries are pruned, and what remains is verified', { timeout: 200_000 }, async () => {
    const prune = (...words: readonly string[]): Promise<BinaryRun> =>
      kernell('ledger', 'prune', ...words, '--data-dir', 'notary')
    expect((await prune()).code).toBe(2)
    const due = told(await prune('--archive', 'old.jsonl', '--dry-run'))
    expect(due).toMatchObject({ isDryRun: true, archive: join(folder, 'old.jsonl') })
    expect(Number(due['dropped'])).toBeGreaterThan(0)
    const done = await prune('--archive', 'old.jsonl')
    expect([done.code, told(done)]).toEqual([0, { ...due, isDryRun: false }])
    expect((await prune('--archive', 'old.jsonl')).code).toBe(1)
    const elsewhere = await kernell('ledger', 'prune', '--no-archive', '--data-dir', 'buyer')
    expect(told(elsewhere)).toMatchObject({ error: { code: 'MARKET_ROLE_MISSING' } })
    expect((await kernell('ledger', 'export', '--output', 'rest.jsonl', '--data-dir', 'notary')).code).toBe(0)
    const rest = told(await kernell('ledger', 'verify', 'rest.jsonl', '--notary-set', 'set.json'))
    expect(rest).toMatchObject({ ok: true, entries: due['entries'], gaps: ['JOURNAL_BEGINNING_PRUNED'] })
    const whole = readFileSync(join(folder, 'old.jsonl'), 'utf8') + readFileSync(join(folder, 'rest.jsonl'), 'utf8')
    writeFileSync(join(folder, 'whole.jsonl'), whole)
    const all = told(await kernell('ledger', 'verify', 'whole.jsonl', '--notary-set', 'set.json'))
    expect(all).toMatchObject({ ok: true, entries: due['entries'], gaps: [] })
    const contract = String(bought['contract'])
    expect((await kernell('escrow', 'export', contract, '--output', 'again.json', '--data-dir', 'seller')).code).toBe(0)
    expect((await kernell('escrow', 'verify', 'again.json', '--ended')).code).toBe(0)
  })

  test('stops in order, and a flipped byte of the journal itself is found', { timeout: 120_000 }, async () => {
    for (const name of ['buyer', 'seller', 'notary']) {
      const run = await stop(name)
      expect([name, run?.code, run?.output.trim().endsWith('{"event":"stopped"}')]).toEqual([name, 0, true])
    }
    expect((await kernell('ledger', 'verify', 'notary')).code).toBe(0)
    for (const party of ['seller', 'buyer']) {
      const checked = await kernell('ledger', 'verify', party)
      expect([checked.code, told(checked)]).toMatchObject([
        0,
        { kind: 'party', ok: true, firstBad: null, equivocations: [], signaturesChecked: told(checked)['messages'] },
      ])
      expect(told(checked)['contracts']).toBeGreaterThan(0)
    }
    const [wallet = ''] = readdirSync(join(folder, 'buyer', 'wallet')).filter((name) => name.startsWith('segment-'))
    flipByte(join(folder, 'buyer', 'wallet', wallet), 0.5)
    const flipped = await kernell('ledger', 'verify', 'buyer')
    expect([flipped.code, told(flipped)]).toMatchObject([1, { ok: false, firstBad: { code: 'STORE_CORRUPTED' } }])
    const [segment = ''] = readdirSync(join(folder, 'notary', 'notary')).filter((name) => name.startsWith('segment-'))
    const journal = join(folder, 'notary', 'notary', segment)
    for (const place of [0.2, 0.6, 0.999]) {
      const before = readFileSync(journal)
      flipByte(journal, place)
      const broken = await kernell('ledger', 'verify', 'notary')
      expect([place, broken.code, told(broken)['ok']]).toEqual([place, 1, false])
      writeFileSync(journal, before)
    }
    expect(heard.join('')).not.toContain(SECRET)
  })
})

/** The same file with its last steps left out, its hash made again. */
function cutExport(from: string, to: string, steps: number): void {
  const { hash: _, ...content } = JSON.parse(readFileSync(from, 'utf8')) as Json & {
    readonly evidence: readonly Json[]
  }
  const cut = { ...content, evidence: content.evidence.slice(0, steps) }
  const hash = createHash('sha256').update(canonicalJson(cut)).digest('hex')
  writeFileSync(to, canonicalJson({ ...cut, hash }))
}

function flipByte(file: string, place: number): void {
  const bytes = readFileSync(file)
  const at = Math.floor(bytes.byteLength * place)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(file, bytes)
}
