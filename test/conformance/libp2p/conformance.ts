import { randomBytes } from 'node:crypto'
import { createLibp2pTransport, peerComponentsOf, peerIdOf } from '../../../src/node/network/index.ts'
import { DIALLING_CASES, ECHO, type InteropCase, INTEROP_CASES, type Pair, TOPIC } from './cases.ts'
import { OtherPeer, whyNoPeer } from './other-peer.ts'

export type Libp2pConformanceInit = {
  /** The interpreter in which py-libp2p is installed. */
  readonly python: string
  readonly isJson: boolean
}

type Encryption = 'noise' | 'both'

/**
 * Ours as it is without settings when the other one dials. When ours dials, noise alone: py-libp2p 0.7.0 agrees to TLS, and then neither side gets through the handshake,
 * be the other one ours or a js-libp2p node without anything of ours.
 */
const RUNS: readonly { readonly encryption: Encryption; readonly cases: readonly InteropCase[] }[] = [
  { encryption: 'both', cases: INTEROP_CASES },
  { encryption: 'noise', cases: INTEROP_CASES },
  { encryption: 'noise', cases: DIALLING_CASES },
]

type Row = { readonly encryption: Encryption; readonly name: string; readonly failure?: string }

/** Longest time until an announcement is there, ms. */
const RECEIVED_MS = 30_000

/** @returns The exit status: 0 when all cases hold, 1 when not, 2 when there is no py-libp2p. */
export async function runLibp2pConformance({ python, isJson }: Libp2pConformanceInit): Promise<number> {
  const why = whyNoPeer(python)
  if (why !== undefined) {
    process.stderr.write(
      `${why}\nInstall it (\`pip install libp2p\`), or name an interpreter that has it by --python.\n`,
    )
    return 2
  }
  const rows: Row[] = []
  let version = ''
  for (const { encryption, cases } of RUNS) {
    const other = await OtherPeer.start(python, randomBytes(32).toString('hex'))
    version = other.version
    try {
      for await (const row of play(cases, { other, encryption })) {
        rows.push(row)
        if (!isJson) process.stdout.write(`${lineOf(row)}\n`)
      }
    } finally {
      other.stop()
    }
  }
  const failed = rows.filter(({ failure }) => failure !== undefined).length
  const summary = { peer: 'py-libp2p', version, passed: rows.length - failed, failed }
  process.stdout.write(
    isJson
      ? `${JSON.stringify({ ...summary, rows })}\n`
      : `py-libp2p ${version}: ${summary.passed} passed, ${failed} failed\n`,
  )
  return failed === 0 ? 0 : 1
}

type Playing = { readonly other: OtherPeer; readonly encryption: Encryption }

/** A failure ends the pair: what comes behind it stands on it. */
async function* play(cases: readonly InteropCase[], { other, encryption }: Playing): AsyncGenerator<Row> {
  const { pair, stop } = await open(other, encryption)
  let broken: string | undefined
  try {
    for (const { name, run } of cases) {
      broken ??= await run(pair).then(
        () => undefined,
        (error: unknown) => `${name}: ${error instanceof Error ? error.message : String(error)}`,
      )
      yield { encryption, name, ...(broken !== undefined && { failure: broken }) }
    }
  } finally {
    await stop()
  }
}

async function open(other: OtherPeer, encryption: Encryption): Promise<{ pair: Pair; stop: () => Promise<void> }> {
  const ours = createLibp2pTransport(peerComponentsOf(randomBytes(32)), {
    ...(encryption === 'noise' && { encryption: ['noise'] }),
    gossipTopics: [TOPIC],
  })
  const asked: { from: string; bytes: number }[] = []
  ours.handle(ECHO, async ({ from, body }) => {
    asked.push({ from, bytes: body.byteLength })
    return body.toReversed()
  })
  const { gossip } = ours
  if (gossip === undefined) throw new TypeError('a node with topics has gossip')
  const judged: string[] = []
  const received = new Map<string, PromiseWithResolvers<void>>()
  const arrivalOf = (payload: string): PromiseWithResolvers<void> => {
    const arrival = received.get(payload) ?? Promise.withResolvers<void>()
    received.set(payload, arrival)
    return arrival
  }
  gossip.subscribe(TOPIC, {
    judge: ({ data }) => {
      judged.push(new TextDecoder().decode(data))
      return 'accept'
    },
    receive: ({ data }) => arrivalOf(new TextDecoder().decode(data)).resolve(),
  })
  await ours.start()
  // Others know peer ids and no DIDs.
  const address = `${ours.addresses[0] ?? ''}/p2p/${peerIdOf(ours.did) ?? ''}`
  const untilReceived = async (payload: string): Promise<void> => {
    const late = setTimeout(() => arrivalOf(payload).reject(new Error(`${payload} has not come`)), RECEIVED_MS)
    await arrivalOf(payload).promise.finally(() => clearTimeout(late))
  }
  return { pair: { ours, gossip, address, other, asked, judged, untilReceived }, stop: async () => await ours.stop() }
}

function lineOf({ encryption, name, failure }: Row): string {
  return `${failure === undefined ? 'ok    ' : 'FAILED'} ${encryption.padEnd(5)} ${name}${failure === undefined ? '' : `\n       ${failure}`}`
}
