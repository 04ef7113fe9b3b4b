/** A market for pages: a notary that also issues, and a node that sells and buys, as processes of the real command; pages reach them over WebSockets. */

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openMarketFolder, told } from '../cli/market/market-folder.ts'

export const SKILL = 'text.word-count'
/** Short, so that a contract is over soon; long enough that a page is opened again within them. */
export const TIMERS = { startMs: 20_000, deliverMs: 30_000, acceptMs: 20_000, refundMs: 0 } as const

/** The way from pages to the node that trades, which can be cut. */
export class Wire {
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private readonly waiting = new Set<() => void>()

  private constructor(target: number) {
    this.server = createServer((near) => {
      const far = connect(target, '127.0.0.1')
      near.pipe(far).pipe(near)
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(socket)
        socket.on('error', () => socket.destroy())
        // Also where it is reset, of which a pipe says nothing to its other end.
        socket.on('close', () => {
          this.sockets.delete(socket)
          other.destroySoon()
        })
      }
      for (const resolve of this.waiting) resolve()
      this.waiting.clear()
    })
  }

  static async open(target: number): Promise<Wire> {
    const wire = new Wire(target)
    await new Promise<void>((resolve) => wire.server.listen(0, '127.0.0.1', resolve))
    return wire
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** Breaks all connections. @returns When the next one has come. */
  async cut(): Promise<void> {
    const again = new Promise<void>((resolve) => this.waiting.add(resolve))
    for (const socket of this.sockets) socket.destroy()
    await again
  }

  close(): void {
    this.server.close()
    for (const socket of this.sockets) socket.destroy()
  }
}

export type PeerMarket = ReturnType<typeof openMarketFolder> & {
  /** Text of the notary set's document. */
  readonly notarySet: string
  /** The node that trades, over the wire. */
  readonly trader: string
  readonly currency: string
  readonly wire: Wire
  /** Gives credits to an account. */
  fund(account: string): Promise<void>
}

export async function openPeerMarket(): Promise<PeerMarket> {
  const market = openMarketFolder()
  const { folder, kernell, makeKey, start } = market
  const notary = await makeKey('notary', 'notary')
  const issuer = await makeKey('notary', 'escrow')
  const account = await makeKey('trader', 'escrow')
  const member = `${notary}@/ip4/127.0.0.1/tcp/${await freePort()}/ws`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  writeFileSync(join(folder, 'timers.json'), JSON.stringify(TIMERS))
  writeFileSync(join(folder, 'letter.txt'), 'one two three\n')
  await start('notary', '--notary', '--trial')
  const address = await start('trader', '--listen', '/ip4/127.0.0.1/tcp/0/ws')
  const port = Number(/\/tcp\/(\d+)\/ws/.exec(address)?.[1])
  const wire = await Wire.open(port)
  const currency = `USD@${issuer}`
  const words = ['--skill', SKILL, '--price', '0.25', '--limit', '4', '--currency', currency, '--data-dir', 'trader']
  const offered = await kernell('market', 'offer', ...words, '--input-max', '4000000')
  if (offered.code !== 0) throw new Error(offered.output)
  const fund = async (account: string): Promise<void> => {
    const money = ['--account', account, '--amount', '100', '--currency', currency, '--idempotency-key', account]
    const run = await kernell('ledger', 'issue', ...money, '--data-dir', 'notary')
    if (told(run)['status'] !== 'posted') throw new Error(run.output)
  }
  await fund(account)
  return {
    ...market,
    fund,
    wire,
    currency,
    notarySet: readFileSync(join(folder, 'set.json'), 'utf8'),
    trader: address.replace(`/tcp/${port}/`, `/tcp/${wire.port}/`),
    async end() {
      wire.close()
      await market.end()
    },
  }
}

/** Nobody listens there now. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}
