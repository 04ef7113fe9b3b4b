import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { SANDBOX_LIMIT_DEFAULTS } from '../../src/core/sandbox/sandbox-policy.ts'
import { createEgressBroker } from '../../src/guard/egress-broker.ts'
import type { EgressGate, SandboxEgress } from '../../src/ports/sandbox-runtime.ts'
import { createSubprocessSandbox } from '../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { isLeftOut } from './runtimes-here.ts'
import { openHome } from './subject.ts'

const isOut = isLeftOut('subprocess')
const closers: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** Runs a script of the shell that asks the proxy of its sandbox for hosts: what it saw, what the gate recorded, and how many came to this machine. */
async function runAsking(
  script: string,
  names: Readonly<Record<string, readonly string[]>>,
): Promise<{ readonly output: string; readonly requests: EgressGate['requests']; readonly connections: number }> {
  let connections = 0
  const machine = createServer((socket) => {
    connections += 1
    socket.once('data', (piece) => socket.end(`you said ${piece.toString()}`))
  }).listen(0, '127.0.0.1')
  await once(machine, 'listening')
  closers.push(() => void machine.close())
  const { port } = machine.address() as AddressInfo
  const broker = createEgressBroker({
    resolve: async (name) => await Promise.resolve(names[name] ?? []),
    // This machine plays the one of the internet; whoever is let to another address would come to it, too.
    dial: () => connect({ host: '127.0.0.1', port }),
  })
  closers.push(async () => await broker.close())
  const gates: EgressGate[] = []
  const egress: SandboxEgress = {
    open: async (init) => {
      const gate = await broker.open(init)
      gates.push(gate)
      return gate
    },
  }
  const home = await openHome()
  closers.push(async () => await home.remove())
  const sandbox = createSubprocessSandbox({ home: home.path, egress })
  closers.push(async () => await sandbox.close())
  const { stdout } = await sandbox.run({
    program: { kind: 'command', argv: ['/bin/bash', '-c', script] },
    policy: {
      isolation: 't3',
      limits: SANDBOX_LIMIT_DEFAULTS,
      network: { hosts: Object.keys(names).map((name) => `${name}:5432`) },
      environment: [],
      paths: { read: [], write: [] },
      allowEmulation: false,
    },
  })
  return { output: new TextDecoder().decode(stdout), requests: gates.flatMap(({ requests }) => requests), connections }
}

/** Asks for a tunnel, says one line through it, and shows the status and the answer. */
const askFor = (authority: string): string =>
  `exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT ${authority} HTTP/1.1\\r\\nhost: ${authority}\\r\\n\\r\\n' >&3; read -r status <&3; echo "$status"; read -r rest <&3; echo hello >&3; timeout 5 cat <&3; exec 3>&-`

it.skipIf(isOut)('of a program in a sandbox leads to the host of its policy, and back', async () => {
  const { output, requests, connections } = await runAsking(askFor('db.example:5432'), { 'db.example': ['8.8.8.8'] })
  expect(output.replaceAll('\r', '')).toBe('HTTP/1.1 200 Connection Established\nyou said hello\n')
  expect([requests, connections]).toEqual([[{ host: 'db.example', port: 5432, bytesIn: 15, bytesOut: 6 }], 1])
})

it.skipIf(isOut)('leads neither inside, where a host of the policy points there, nor anywhere else', async () => {
  const script = ['inside.example:5432', 'mixed.example:5432', '127.0.0.1:5432', 'other.example:5432']
    .map(askFor)
    .join('\n')
  const names = { 'inside.example': ['127.0.0.1'], 'mixed.example': ['8.8.8.8', '10.0.0.1'] }
  const { output, requests, connections } = await runAsking(script, names)
  expect(output.match(/HTTP\/1\.1 \d+/g)).toEqual(Array.from({ length: 4 }, () => 'HTTP/1.1 403'))
  expect([requests.length, requests.every(({ refused }) => refused !== undefined), connections]).toEqual([4, true, 0])
})
