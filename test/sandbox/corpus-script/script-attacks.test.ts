import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createQuickjsSandbox } from '../../../src/sandbox/quickjs/create-quickjs-sandbox.ts'
import { runBareProcess } from './bare-process.ts'
import { policyWith } from './hosted-requests.ts'
import { childrenOf } from './own-children.ts'
import { type AttackTarget, SCRIPT_ATTACKS, type ScriptAttack } from './script-attacks.ts'

const WALL_MS = 400
const PATIENCE_MS = 1_000

const directory = mkdtempSync(join(tmpdir(), 'script-attacks-'))
const secretFile = join(directory, 'secret.txt')
const before = childrenOf(process.pid)
const runtime = createQuickjsSandbox({ environment: { PLANTED: 'secret' } })
let listener: Server
let port = 0
let connections = 0

beforeAll(async () => {
  writeFileSync(secretFile, 'secret')
  listener = createServer((socket) => {
    connections += 1
    // The attack goes away in the middle of it.
    socket.on('error', () => {})
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  if (typeof address === 'object' && address !== null) ({ port } = address)
})

afterAll(() => {
  listener.close()
  rmSync(directory, { recursive: true, force: true })
})

const targetOf = (rounds: number): AttackTarget => ({ secretFile, port, rounds })

describe('a hostile script', () => {
  it.each(SCRIPT_ATTACKS)('is contained: $name', async ({ source, limits, ends, value }) => {
    const policy = policyWith({ wallMs: WALL_MS, ...limits })
    const args = [targetOf(Number.MAX_SAFE_INTEGER)]
    const result = await runtime.run({ program: { kind: 'script', source, call: 'main', args }, policy })
    expect({ reason: result.reason, value: result.value, leftBehind: result.leftBehind }).toEqual({
      reason: ends,
      value,
      leftBehind: [],
    })
    expect(result.usage.wallMs).toBeLessThan(policy.limits.wallMs + PATIENCE_MS)
    expect(result.usage.memoryBytesPeak ?? 0).toBeLessThan(policy.limits.memoryBytes + 64 * 1_048_576)
  })

  it('leaves nothing that runs, no connection, and the process that called unharmed', async () => {
    await runtime.close()
    expect(childrenOf(process.pid)).toEqual(before)
    expect(connections).toBe(0)
    expect(Object.keys(Object.prototype)).toEqual([])
    expect([JSON.stringify({ a: [1] }), Math.random() < 1]).toEqual(['{"a":[1]}', true])
  })
})

describe('the same script in plain Node', () => {
  const attacks = SCRIPT_ATTACKS.filter((attack) => attack.bareRounds !== undefined)
  let values: readonly unknown[] = []

  beforeAll(async () => {
    const bare = attacks.map(({ source, bareRounds = 0 }) => ({ source, target: targetOf(bareRounds) }))
    values = await runBareProcess('./run-bare.ts', bare)
  })

  it.each(attacks.map((attack, index) => [attack.name, attack, index] as const))(
    'reaches what it wants: %s',
    (_name, { isReached }: ScriptAttack, index) => {
      expect(isReached?.(values[index]), JSON.stringify(values[index])).toBe(true)
    },
  )
})
