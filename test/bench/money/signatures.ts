import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { createNodeSigner, createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { createPortableSigner, createPortableVerifier } from '../../../src/keys/portable-signatures.ts'
import { createInlineSignatures } from '../../../src/keys/pool/inline-signatures.ts'
import { openSignaturePool } from '../../../src/keys/pool/open-signature-pool.ts'
import type { SignedBytes } from '../../../src/ports/verifier.ts'
import { type Bench, type BenchRow, median, roundFigure } from '../bench.ts'

const REPEATS = 5
const MESSAGE_BYTES = 256
const KEYS = 64
const SIGNATURES = 2_048
/** tweetnacl is too slow for all of them. */
const PORTABLE_SHARE = 32
const POOL_THREADS = 2

type RawSigned = SignedBytes & { readonly key: KeyObject; readonly privateKey: KeyObject }
type Measured = { readonly name: string; readonly count: number; readonly work: () => Promise<number> }

/** Signatures of 256 bytes by 64 keys, every verdict counted and every signature checked, beside bare `node:crypto` with keys imported before. */
export const bench: Bench = async ({ isQuick, log }) => {
  const signed = makeSigned(isQuick ? 256 : SIGNATURES)
  const pool = openSignaturePool({ threads: POOL_THREADS, backend: 'node:crypto' })
  const fastest = openSignaturePool({ threads: POOL_THREADS })
  try {
    const verifications = await measure([...verifyCases(signed, pool), ...fastestCases(signed, fastest)], {
      repeats: isQuick ? 1 : REPEATS,
      log,
    })
    const signings = await measure(signCases(signed, pool), { repeats: isQuick ? 1 : REPEATS, log })
    const pauses = await pauseRow(signed, pool, isQuick ? 1 : REPEATS)
    return { rows: [...rowsOf('verify', verifications), ...rowsOf('sign', signings), pauses], skipped: [] }
  } finally {
    await pool.close()
    await fastest.close()
  }
}

function makeSigned(count: number): readonly RawSigned[] {
  const seeds = Array.from({ length: KEYS }, () => new Uint8Array(randomBytes(32)))
  const keys = seeds.map((seed) => {
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const publicKey = new Uint8Array(Buffer.from(createNodeSigner(seed).publicKeyHex, 'hex'))
    return { privateKey, publicKey, key: createPublicKey(privateKey) }
  })
  return Array.from({ length: count }, (_, index) => {
    const pair = keys[index % KEYS]
    if (pair === undefined) throw new RangeError('No keys')
    const bytes = new Uint8Array(randomBytes(MESSAGE_BYTES))
    return { ...pair, bytes, signature: new Uint8Array(sign(null, bytes, pair.privateKey)) }
  })
}

type Pool = ReturnType<typeof openSignaturePool>

const right = (verdicts: readonly boolean[]): number => verdicts.filter((isRight) => isRight).length

/** None where the optional package is not installed. */
function fastestCases(signed: readonly RawSigned[], pool: Pool): readonly Measured[] {
  if (pool.backend === 'node:crypto') return []
  const count = signed.length
  return [
    { name: `${pool.backend}, guarded`, count, work: async () => right(signed.map((each) => pool.verify(each))) },
    {
      name: `${pool.backend}, guarded, ${POOL_THREADS} threads`,
      count,
      work: async () => right(await pool.verifyBatch(signed)),
    },
  ]
}

/** Each work says how many verdicts were right. */
function verifyCases(signed: readonly RawSigned[], pool: Pool): readonly Measured[] {
  const node = createNodeVerifier()
  const portable = createPortableVerifier()
  const few = signed.slice(0, Math.ceil(signed.length / PORTABLE_SHARE))
  return [
    {
      name: 'node:crypto, bare',
      count: signed.length,
      work: async () => right(signed.map(({ bytes, key, signature }) => verify(null, bytes, key, signature))),
    },
    {
      name: 'node:crypto, guarded',
      count: signed.length,
      work: async () => right(signed.map((each) => node.verify(each))),
    },
    {
      name: `node:crypto, guarded, ${POOL_THREADS} threads`,
      count: signed.length,
      work: async () => right(await pool.verifyBatch(signed)),
    },
    {
      name: 'tweetnacl, guarded',
      count: few.length,
      work: async () => right(few.map((each) => portable.verify(each))),
    },
  ]
}

/** Each work says how many signatures it made; all signers sign the same way, so that the first one is compared. */
function signCases(signed: readonly RawSigned[], pool: Pool): readonly Measured[] {
  const seed = new Uint8Array(randomBytes(32))
  const node = createNodeSigner(seed)
  const pooled = pool.createSigner(seed)
  const portable = createPortableSigner(seed)
  const [{ privateKey } = { privateKey: undefined }] = signed
  if (privateKey === undefined) throw new RangeError('Nothing to sign')
  const messages = signed.map(({ bytes }) => bytes)
  const few = messages.slice(0, Math.ceil(messages.length / PORTABLE_SHARE))
  const [first = new Uint8Array()] = messages
  const expected = Buffer.from(node.sign(first)).toString('hex')
  const checked = (signatures: readonly Uint8Array[]): number =>
    Buffer.from(signatures[0] ?? []).toString('hex') === expected ? signatures.length : 0
  return [
    {
      name: 'node:crypto, bare',
      count: messages.length,
      work: async () => messages.map((bytes) => sign(null, bytes, privateKey)).length,
    },
    {
      name: 'node:crypto',
      count: messages.length,
      work: async () => checked(messages.map((bytes) => node.sign(bytes))),
    },
    {
      name: `node:crypto, ${POOL_THREADS} threads`,
      count: messages.length,
      work: async () => checked(await pooled.signBatch(messages)),
    },
    { name: 'tweetnacl', count: few.length, work: async () => checked(few.map((bytes) => portable.sign(bytes))) },
  ]
}

async function measure(
  cases: readonly Measured[],
  { repeats, log }: { readonly repeats: number; readonly log: (text: string) => void },
): Promise<ReadonlyMap<string, number>> {
  const figures = new Map<string, number[]>(cases.map(({ name }) => [name, []]))
  // The first round imports keys and compiles code.
  for (let repeat = 0; repeat <= repeats; repeat += 1) {
    for (const { name, count, work } of cases) {
      const startedMs = performance.now()
      const done = await work()
      const perSecond = (count / (performance.now() - startedMs)) * 1_000
      if (done !== count) throw new Error(`${name}: ${done} of ${count} were right`)
      if (repeat > 0) figures.get(name)?.push(perSecond)
    }
  }
  log([...figures].map(([name, values]) => `${name} ${roundFigure(median(values))}/s`).join(', '))
  return new Map([...figures].map(([name, values]) => [name, median(values)]))
}

function rowsOf(what: 'verify' | 'sign', figures: ReadonlyMap<string, number>): readonly BenchRow[] {
  const bare = figures.get('node:crypto, bare') ?? 0
  return [...figures]
    .filter(([name]) => name !== 'node:crypto, bare')
    .map(([name, perSecond]) => ({
      case: `${what}: ${name}`,
      unit: 'signatures/s',
      better: 'higher',
      ours: roundFigure(perSecond),
      peers: { 'node:crypto, bare': roundFigure(bare) },
      limit: null,
      note: `${MESSAGE_BYTES} bytes, ${KEYS} keys`,
    }))
}

/** How long everything else waits while all signatures are verified. */
async function pauseRow(signed: readonly RawSigned[], pool: Pool, repeats: number): Promise<BenchRow> {
  const inline = createInlineSignatures()
  const pauses = { threads: [] as number[], inline: [] as number[] }
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    pauses.threads.push(await longestPauseMs(async () => await pool.verifyBatch(signed)))
    pauses.inline.push(await longestPauseMs(async () => await inline.verifyBatch(signed)))
  }
  return {
    case: `verify: longest pause of the event loop, ${POOL_THREADS} threads`,
    unit: 'ms',
    better: 'lower',
    ours: roundFigure(median(pauses.threads)),
    peers: { inline: roundFigure(median(pauses.inline)) },
    limit: null,
    note: `${signed.length} signatures in one batch`,
  }
}

async function longestPauseMs(work: () => Promise<readonly boolean[]>): Promise<number> {
  let longestMs = 0
  let lastMs = performance.now()
  let isDone = false
  const look = (): void => {
    const nowMs = performance.now()
    longestMs = Math.max(longestMs, nowMs - lastMs)
    lastMs = nowMs
    if (!isDone) setImmediate(look)
  }
  setImmediate(look)
  const verdicts = await work()
  look()
  isDone = true
  if (!verdicts.every((isRight) => isRight)) throw new Error('Not all were right')
  return longestMs
}
