import { connect, createServer, type Server } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SANDBOX_LIMIT_DEFAULTS } from '../../../src/core/sandbox/sandbox-policy.ts'
import { createEgressBroker } from '../../../src/guard/egress-broker.ts'
import { openSandboxes, type Sandboxes } from '../../../src/node/sandbox/open-sandboxes.ts'
import { isLeftOut } from '../../sandbox/runtimes-here.ts'

const isOut = isLeftOut('subprocess')

let server: Server
let sandboxes: Sandboxes
let asked: string[]
let dialled: string[]

/** Names of the internet that all lead to one server of this machine, for whoever the broker lets through. */
beforeEach(async () => {
  asked = []
  dialled = []
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nserved'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const egress = createEgressBroker({
    resolve: async (name) => {
      asked.push(name)
      return await Promise.resolve([name === 'inside.example' ? '127.0.0.1' : '93.184.215.14'])
    },
    dial: ({ host }) => {
      dialled.push(host)
      return connect({ host: '127.0.0.1', port })
    },
  })
  sandboxes = openSandboxes({ egress })
})

afterEach(async () => {
  await sandboxes.close()
  await new Promise((resolve) => server.close(resolve))
})

/** Asks the proxy for a page, and says what comes through. */
async function ask(host: string, hosts: readonly string[]): Promise<string> {
  const script = `exec 3<>/dev/tcp/127.0.0.1/3128; printf 'GET http://${host}/ HTTP/1.1\\r\\nHost: ${host}\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3`
  const { stdout } = await sandboxes.run({
    program: { kind: 'command', argv: ['/bin/bash', '-c', script] },
    policy: {
      isolation: 't3',
      limits: SANDBOX_LIMIT_DEFAULTS,
      network: { hosts },
      environment: [],
      paths: { read: [], write: [] },
      allowEmulation: false,
    },
  })
  return new TextDecoder().decode(stdout)
}

it.skipIf(isOut)('a command reaches a host that its policy names, through the broker', async () => {
  expect(await ask('a.example', ['a.example:80'])).toMatch(/^HTTP\/1\.1 200 [\s\S]*served$/)
  expect([asked, dialled]).toEqual([['a.example'], ['a.example']])
})

it.skipIf(isOut)('and no other one, nor one that leads into this machine', async () => {
  expect(await ask('b.example', ['a.example:80'])).toMatch(/^HTTP\/1\.1 403 /)
  expect(await ask('inside.example', ['inside.example:80'])).toMatch(/^HTTP\/1\.1 403 /)
  expect([asked, dialled]).toEqual([['inside.example'], []])
})
