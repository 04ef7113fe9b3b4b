/** The other side of a contestant, in a process of its own: answers with the question. Prints what its asker needs, and ends with its standard input. */
import { createServer as createHttp } from 'node:http'
import { createServer as createTcp, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { createServer as createTls } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { lpStream } from '@libp2p/utils'
import {
  createKernell,
  createRaw,
  type Encryption,
  GATHERED_PROTOCOL,
  gatherWrites,
  PROTOCOL,
  PSK,
  RAW_PROTOCOL,
  readFrames,
  writeFrame,
} from './contestants.ts'
import { serveDelegations } from './delegations.ts'
import { measureSwarm } from './swarm.ts'

async function serveKernell(encryption: Encryption): Promise<readonly string[]> {
  const transport = createKernell(2, encryption)
  transport.handle(PROTOCOL, async ({ body }) => body)
  serveDelegations(transport)
  await transport.start()
  return [transport.addresses[0] ?? '', transport.did]
}

async function serveRaw(encryption: Encryption): Promise<readonly string[]> {
  const node = await createRaw(encryption)
  await node.handle(RAW_PROTOCOL, async (opened) => {
    const stream = lpStream(opened)
    for (;;) await stream.write(await stream.read())
  })
  await node.handle(GATHERED_PROTOCOL, async (opened) => {
    const stream = lpStream(opened)
    const write = gatherWrites(stream)
    for (;;) {
      const question = (await stream.read()).subarray()
      write(question).catch(() => {})
    }
  })
  return [node.getMultiaddrs()[0]?.toString() ?? '']
}

function echo(socket: Socket): void {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on(
    'data',
    readFrames((correlation, body) => socket.write(writeFrame(correlation, body))),
  )
}

async function serveSocket(kind: 'tcp' | 'tls' | 'http'): Promise<readonly string[]> {
  const servers = {
    tcp: () => createTcp(echo),
    tls: () => createTls({ ciphers: PSK.ciphers, maxVersion: 'TLSv1.2', pskCallback: () => PSK.key }, echo),
    http: () => createHttp((request, response) => void request.pipe(response)),
  }
  const server = servers[kind]()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return [String(typeof address === 'object' ? address?.port : 0)]
}

/** A node that idle peers connect to; for each line that it is given it says what it holds. */
async function serveHub(): Promise<readonly string[]> {
  const transport = createKernell(1, 'noise')
  transport.handle(PROTOCOL, async ({ body }) => body)
  await transport.start()
  createInterface({ input: process.stdin }).on('line', () => {
    const held = {
      peers: transport.connectedPeers.length,
      heldBytes: heldBytes(),
      processBytes: process.memoryUsage.rss(),
    }
    process.stdout.write(`${JSON.stringify(held)}\n`)
  })
  return [transport.addresses[0] ?? '', transport.did]
}

/** Heap and buffers, without what nobody refers to any more. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let time = 0; time < 3; time += 1) collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Connects so many idle peers, behind the first so many, to one node, and says when all are there. */
async function crowd([first = '', count = '', address = '', did = '']: readonly string[]): Promise<readonly string[]> {
  for (let index = Number(first); index < Number(first) + Number(count); index += 1) {
    const transport = createKernell(100 + index, 'noise')
    await transport.start()
    transport.addPeer(did as typeof transport.did, address)
    const hello = { protocol: PROTOCOL, body: new Uint8Array(1), timeoutMs: 60_000 }
    await transport.request(did as typeof transport.did, hello)
  }
  return ['ready']
}

/** So many nodes in this process; how long so many offers took until all knew them. */
async function swarm([count = '', offers = '']: readonly string[]): Promise<readonly string[]> {
  return [JSON.stringify(await measureSwarm(Number(count), Number(offers)))]
}

const [kind = '', ...rest] = process.argv.slice(2)
const serve: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  'kernell-noise': async () => await serveKernell('noise'),
  'kernell-tls': async () => await serveKernell('tls'),
  'signed-noise': async () => await serveKernell('noise'),
  'signed-tls': async () => await serveKernell('tls'),
  'gathered-noise': async () => await serveRaw('noise'),
  'gathered-tls': async () => await serveRaw('tls'),
  'raw-noise': async () => await serveRaw('noise'),
  'raw-tls': async () => await serveRaw('tls'),
  tcp: async () => await serveSocket('tcp'),
  tls: async () => await serveSocket('tls'),
  http: async () => await serveSocket('http'),
  crowd: async () => await crowd(rest),
  swarm: async () => await swarm(rest),
  hub: async () => await serveHub(),
}
const started = await serve[kind]?.()
if (started === undefined) throw new Error(`Unknown contestant: ${kind}`)
process.stdout.write(`${JSON.stringify(started)}\n`)
process.stdin.on('end', () => process.exit(0)).resume()
