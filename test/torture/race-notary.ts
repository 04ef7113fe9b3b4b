import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { amountFromNanos } from '../../src/base/money.ts'
import { sha256Hex } from '../../src/base/sha256.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import type { TransferId } from '../../src/core/ledger/ledger-names.ts'
import { RemoteNotary } from '../../src/market/notary/notary-client-remote.ts'
import type { NotaryClient } from '../../src/ports/notary-client.ts'
import { cancelHash, statementBytes } from '../../src/wire/v1/escrow-events.ts'
import { Deal, issueUsd, nonceOf, registerUsd, USD } from '../market/notary/settlement-builder.ts'
import { clientTransport, setAt, verifyStatement } from './notary-at.ts'

export type RaceInit = { readonly processes: number; readonly connections: number; readonly seed: number }

/** What the race of one request came to. `receipts`: different ones. `applied`: answers that say that it was theirs. */
export type RaceResult = {
  readonly request: 'capture' | 'void' | 'settle'
  readonly answers: number
  readonly applied: number
  readonly receipts: number
  readonly conflict: string
  readonly violations: readonly string[]
}

/** Many connections of several processes send the same three requests to one notary's socket. */
export async function raceNotary({ processes, connections, seed }: RaceInit): Promise<readonly RaceResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'kernell-race-'))
  const socket = join(directory, 's')
  const children: Child[] = []
  const transport = clientTransport(`judge ${seed}`)
  try {
    const notary = await Child.start('notary-child.ts', [directory, socket])
    children.push(notary)
    await transport.start()
    const client = new RemoteNotary({ transport, verify: verifyStatement }, { set: setAt(socket), timeoutMs: 30_000 })
    const world = await prepare(client, seed)
    const results: RaceResult[] = []
    for (const request of world) {
      const before = await heads(client)
      const lines = await race([socket, request.envelope], { processes, connections, children })
      const after = await heads(client)
      const conflict = await client.submit(request.other)
      const settled = await heads(client)
      results.push(
        resultOf(request, {
          lines,
          entries: after - before,
          isUnmoved: settled === after,
          conflict: conflict.code ?? conflict.effect,
        }),
      )
    }
    return results
  } finally {
    await transport.stop()
    for (const child of children) await child.end()
    rmSync(directory, { recursive: true, force: true })
  }
}

type Request = { readonly request: RaceResult['request']; readonly envelope: Uint8Array; readonly other: Uint8Array }

async function prepare(client: NotaryClient, seed: number): Promise<readonly Request[]> {
  const now = timestampFromMs(Date.now())
  const deals = ['capture', 'void', 'settle'].map((name) => new Deal(client.set, { name: `${name} ${seed}`, now }))
  const [capture, voided, held] = deals
  if (capture === undefined || voided === undefined || held === undefined) throw new TypeError('unreachable')
  await applied(client, registerUsd(now))
  for (const { payer } of deals) await applied(client, issueUsd(payer.did, 1_000n, { now }))
  for (const step of ['offer', 'award', 'contract', 'hold'] as const) {
    for (const deal of [capture, voided]) await applied(client, deal.messages[step])
  }
  for (const step of ['start', 'delivery'] as const) await applied(client, capture.messages[step])
  const transfer = (text: string): TransferId => `00${sha256Hex(`${text} ${seed}`).slice(0, 30)}` as TransferId
  const side = (deal: Deal, who: 'payer' | 'worker') => ({ owner: deal[who].did, kind: 'available' as const })
  const order = { isLinked: false, currency: USD } as const
  const hold = {
    ...order,
    kind: 'hold' as const,
    id: transfer('hold'),
    debit: side(held, 'payer'),
    credit: side(held, 'worker'),
    amountNanos: amountFromNanos(100n),
    expiresAt: timestampFromMs(now + 500_000),
  }
  await applied(client, held.payer.say({ type: 'ledger-transfer', body: { orders: [hold] }, now }))
  const accept = (amount: bigint): Uint8Array =>
    capture.payer.say({
      type: 'escrow-accept',
      contract: capture.contract,
      body: { amountNanos: amountFromNanos(amount), currency: USD },
      now,
      nonce: nonceOf(`accept ${seed}`),
      isAside: true,
    })
  const cancel = (amount: bigint): Uint8Array => {
    const statement = { contract: voided.contract, amountNanos: amountFromNanos(amount), currency: USD }
    const bytes = statementBytes('cancel', cancelHash(statement))
    const signatures = [voided.payer, voided.worker].map(({ did, sign }) => ({
      iss: did,
      signature: Buffer.from(sign(bytes)).toString('base64url'),
    }))
    const body = { statement, signatures }
    const nonce = nonceOf(`cancel ${seed}`)
    return voided.payer.say({ type: 'escrow-cancel', contract: voided.contract, body, now, nonce, isAside: true })
  }
  const post = (amount: bigint): Uint8Array => {
    const orders = [
      {
        ...order,
        kind: 'post-held' as const,
        id: transfer('post'),
        heldId: hold.id,
        credit: side(held, 'worker'),
        amountNanos: amountFromNanos(amount),
      },
    ]
    return held.worker.say({
      type: 'ledger-transfer',
      body: { orders },
      now,
      nonce: nonceOf(`post ${seed}`),
      isAside: true,
    })
  }
  return [
    { request: 'capture', envelope: accept(100n), other: accept(90n) },
    { request: 'void', envelope: cancel(0n), other: cancel(1n) },
    { request: 'settle', envelope: post(100n), other: post(90n) },
  ]
}

async function applied(client: NotaryClient, envelope: Uint8Array): Promise<void> {
  const { effect, code } = await client.submit(envelope)
  if (effect === 'refused') throw new Error(`A message before the race was refused: ${code ?? ''}`)
}

/** Entries of the journal. */
async function heads(client: NotaryClient): Promise<number> {
  const [usd] = (await client.accounts()).ledgers
  if (usd === undefined || usd.sumNanos !== '0') throw new Error('The books do not balance')
  return usd.head?.index ?? -1
}

type Started = { readonly processes: number; readonly connections: number; readonly children: Child[] }

async function race(
  [socket, envelope]: readonly [string, Uint8Array],
  { processes, connections, children }: Started,
): Promise<readonly string[]> {
  const body = Buffer.from(envelope).toString('base64')
  const names = Array.from({ length: processes }, (_, index) => `${index}-${children.length}`)
  const clients = await Promise.all(
    names.map(async (name) => await Child.start('race-child.ts', [socket, name, String(connections), body])),
  )
  children.push(...clients)
  for (const client of clients) client.process.stdin?.write('go\n')
  const lines = await Promise.all(clients.map(async (client) => await client.linesUntil('.')))
  return lines.flat()
}

function resultOf(
  { request }: Request,
  {
    lines,
    entries,
    isUnmoved,
    conflict,
  }: { lines: readonly string[]; entries: number; isUnmoved: boolean; conflict: string },
): RaceResult {
  const parts = lines.map((line) => line.split(' '))
  const effects = parts.map(([effect = '']) => effect)
  const violations: string[] = []
  if (entries !== 1) violations.push(`${request}: ${entries} entries of the journal`)
  if (!isUnmoved) violations.push(`${request}: the conflict changed the journal`)
  if (effects.some((effect) => effect !== 'applied' && effect !== 'exists'))
    violations.push(`${request}: an answer refuses`)
  const appliedCount = effects.filter((effect) => effect === 'applied').length
  // The one whose connection is gone may have been the first.
  if (appliedCount > 1) violations.push(`${request}: ${appliedCount} answers say applied`)
  const receipts = new Set(parts.map(([, , receipt = '']) => receipt)).size
  if (receipts !== 1) violations.push(`${request}: ${receipts} different receipts`)
  if (conflict !== 'ENVELOPE_NONCE_USED') violations.push(`${request}: another body is answered by ${conflict}`)
  return { request, answers: lines.length, applied: appliedCount, receipts, conflict, violations }
}

/** A process of this folder, which says `O` when it is ready. */
export class Child {
  readonly process: ChildProcess
  private readonly lines: string[] = []
  private readonly waiting: (() => void)[] = []
  private isEnded = false

  private constructor(file: string, words: readonly string[]) {
    const path = fileURLToPath(new URL(file, import.meta.url))
    this.process = spawn(process.execPath, [path, ...words], { stdio: ['pipe', 'pipe', 'inherit'] })
    const { stdout } = this.process
    if (stdout === null) throw new TypeError('unreachable')
    createInterface({ input: stdout }).on('line', (line) => {
      this.lines.push(line)
      for (const wake of this.waiting.splice(0)) wake()
    })
    this.process.once('exit', () => {
      this.isEnded = true
      for (const wake of this.waiting.splice(0)) wake()
    })
  }

  static async start(file: string, words: readonly string[]): Promise<Child> {
    const child = new Child(file, words)
    await child.linesUntil('O')
    return child
  }

  /** Lines before the one that ends them. */
  async linesUntil(last: string): Promise<readonly string[]> {
    for (;;) {
      const end = this.lines.indexOf(last)
      if (end >= 0) return this.lines.splice(0, end + 1).slice(0, -1)
      if (this.isEnded) throw new Error(`The process ended before it said ${last}`)
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  async end(): Promise<void> {
    if (this.isEnded) return
    this.process.stdin?.end()
    const isGone = once(this.process, 'exit')
    this.process.kill('SIGTERM')
    await isGone
  }
}
