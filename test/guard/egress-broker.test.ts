import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { createEgressBroker, type EgressBroker, type EgressBrokerInit } from '../../src/guard/egress-broker.ts'
import type { PinnedPlace } from '../../src/guard/egress-way.ts'
import type { EgressGate } from '../../src/ports/sandbox-runtime.ts'
import { Listener } from './played-internet.ts'
import { SELF_SIGNED } from './self-signed.ts'

const PUBLIC = '8.8.8.8'
const closers: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

type World = { readonly broker: EgressBroker; readonly dialled: PinnedPlace[]; readonly folder: string }

/** A broker whose names lead where `names` says, and to a public address else; every connection that it makes goes to `port` of this machine. */
function world(
  port: number,
  { names = {}, ...init }: EgressBrokerInit & { readonly names?: Readonly<Record<string, readonly string[]>> } = {},
): World {
  const folder = mkdtempSync(join(tmpdir(), 'egress-test-'))
  const dialled: PinnedPlace[] = []
  const broker = createEgressBroker(
    {
      resolve: async (name) => await Promise.resolve(names[name] ?? [PUBLIC]),
      dial: (place) => {
        dialled.push(place)
        return connect({ host: '127.0.0.1', port })
      },
    },
    { folder, ...init },
  )
  closers.push(
    () => rmSync(folder, { recursive: true, force: true }),
    async () => await broker.close(),
  )
  return { broker, dialled, folder }
}

async function listenFor(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    onSocket(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** Asks a gate for a tunnel: the status, and the socket. */
async function tunnelBy(
  gate: EgressGate,
  authority: string,
): Promise<{ readonly status: number; readonly socket: Socket }> {
  const asking = request({ socketPath: gate.socketPath, method: 'CONNECT', path: authority })
  asking.end()
  const [response, socket] = (await once(asking, 'connect')) as [{ readonly statusCode: number }, Socket]
  socket.on('error', () => undefined)
  closers.push(() => void socket.destroy())
  return { status: response.statusCode, socket }
}

/** The end of a socket, whatever it ends by. */
async function closeOf(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    if (socket.destroyed) resolve()
    else socket.once('close', () => resolve())
  })
}

/** Everything that a socket gives until it is closed. */
async function restOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (piece: Buffer) => (text += piece.toString('latin1')))
  await closeOf(socket)
  return text
}

async function getBy(
  gate: EgressGate,
  path: string,
  init: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly status: number; readonly text: string; readonly headers: unknown }> {
  const asking = request({ socketPath: gate.socketPath, path, ...init })
  asking.end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  let text = ''
  for await (const piece of response) text += String(piece)
  return { status: response.statusCode ?? 0, text, headers: response.headers }
}

describe('a tunnel', () => {
  test('leads by TLS to the host that was let, whose name and certificate the client sees, and counts what passes', async () => {
    const names: string[] = []
    const server = createTlsServer(
      { ...SELF_SIGNED, SNICallback: (name, callback) => (names.push(name), callback(null)) },
      (socket) => socket.end('hello'),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => void server.close())
    const { broker, dialled } = world((server.address() as AddressInfo).port)
    const gate = await broker.open({ hosts: ['api.example'], bytesMax: 100_000 })
    const { status, socket } = await tunnelBy(gate, 'API.example:443')
    const secure = connectTls({ socket, servername: 'api.example', rejectUnauthorized: false })
    let text = ''
    secure.on('data', (piece: Buffer) => (text += piece.toString()))
    await closeOf(secure)
    expect([status, text, names]).toEqual([200, 'hello', ['api.example']])
    expect(dialled).toEqual([{ host: 'api.example', port: 443, addresses: [{ address: PUBLIC, family: 4 }] }])
    expect(gate.requests).toMatchObject([{ host: 'api.example', port: 443 }])
    expect(gate.requests[0]?.refused).toBeUndefined()
    expect(Math.min(gate.requests[0]?.bytesIn ?? 0, gate.requests[0]?.bytesOut ?? 0)).toBeGreaterThan(100)
  })

  test.each([
    ['a host that is not named', 'evil.example:443', 403],
    ['another port of one that is', 'api.example:22', 403],
    ['the domain of a wildcard', 'wild.example:443', 403],
    ['one that looks like it', 'api.example.evil.example:443', 403],
    ['this machine by another notation', '0x7f.1:443', 403],
    ['a name that leads to this machine', 'inside.example:443', 403],
    ['a name that leads there too', 'mixed.example:443', 403],
    ['an address that is named, of this machine', '127.0.0.1:443', 403],
    ['the same, in other digits', '2130706433:443', 403],
    ['the same, mapped', '[::ffff:7f00:1]:443', 403],
    ['a name that nobody knows', 'nowhere.example:443', 502],
    ['no port', 'api.example', 400],
    ['somebody by name and password', 'user:secret@api.example:443', 400],
    ['a path', 'api.example:443/x', 400],
  ])('to %s is refused, and nobody comes', async (_, authority, expected) => {
    let connections = 0
    const port = await listenFor(() => (connections += 1))
    const names = { 'inside.example': ['127.0.0.1'], 'mixed.example': [PUBLIC, '::1'], 'nowhere.example': [] }
    const { broker, dialled } = world(port, { names })
    const hosts = [
      'api.example',
      '*.wild.example',
      'inside.example',
      'mixed.example',
      'nowhere.example',
      '127.0.0.1',
      '[::ffff:7f00:1]',
    ]
    const gate = await broker.open({ hosts, bytesMax: 1_000 })
    const { status } = await tunnelBy(gate, authority)
    expect([status, connections, dialled]).toEqual([expected, 0, []])
    expect(gate.requests).toHaveLength(1)
    expect(gate.requests[0]?.refused).toBeTruthy()
    expect(JSON.stringify(gate.requests)).not.toContain('::1"')
  })

  test('that says something else than TLS, or TLS for another host, is closed before the server hears of it', async () => {
    const heard: string[] = []
    const port = await listenFor((socket) => socket.on('data', (piece: Buffer) => heard.push(piece.toString('latin1'))))
    const { broker } = world(port)
    const gate = await broker.open({ hosts: ['api.example'], bytesMax: 100_000 })
    const plain = await tunnelBy(gate, 'api.example:443')
    plain.socket.write('GET / HTTP/1.1\r\n\r\n')
    await restOf(plain.socket)
    const fronted = await tunnelBy(gate, 'api.example:443')
    const secure = connectTls({ socket: fronted.socket, servername: 'evil.example', rejectUnauthorized: false })
    secure.on('error', () => undefined)
    await closeOf(secure)
    expect(heard).toEqual([])
    expect(gate.requests.map(({ refused }) => refused)).toEqual(['Not TLS', 'TLS for another host'])
  })

  test('that greets byte by byte is closed before that has cost much', async () => {
    const port = await listenFor(() => undefined)
    const gate = await world(port).broker.open({ hosts: ['api.example'], bytesMax: 100_000 })
    const { socket } = await tunnelBy(gate, 'api.example:443')
    socket.setNoDelay(true)
    const drip = (): void => void (socket.destroyed || socket.write('\x16', () => setImmediate(drip)))
    socket.write('\x16\x03\x01\x3f\xff', 'latin1', drip)
    await closeOf(socket)
    expect(gate.requests[0]?.refused).toBe('Not TLS')
  })

  test('that begins like TLS at any port has to ask for the host that was let', async () => {
    const heard: string[] = []
    const port = await listenFor((socket) => socket.on('data', (piece: Buffer) => heard.push(piece.toString('latin1'))))
    const gate = await world(port).broker.open({ hosts: ['api.example:8443'], bytesMax: 100_000 })
    const fronted = await tunnelBy(gate, 'api.example:8443')
    const secure = connectTls({ socket: fronted.socket, servername: 'evil.example', rejectUnauthorized: false })
    secure.on('error', () => undefined)
    await closeOf(secure)
    // In pieces, broken, or broken off it is no better.
    for (const pieces of [['\x16', '\x03\x01\x00\x00'], ['\x16\x03\x01']]) {
      const { socket } = await tunnelBy(gate, 'api.example:8443')
      socket.setNoDelay(true)
      for (const piece of pieces) await new Promise((resolve) => socket.write(piece, 'latin1', resolve))
      socket.end()
      await restOf(socket)
    }
    expect(heard).toEqual([])
    expect(gate.requests.map(({ refused }) => refused)).toEqual(['TLS for another host', 'Not TLS', 'Not TLS'])
  })

  test('by TLS for the host that was let leads there at any port', async () => {
    const heard = Promise.withResolvers<Buffer>()
    const port = await listenFor((socket) => socket.once('data', heard.resolve))
    const gate = await world(port).broker.open({ hosts: ['api.example:8443'], bytesMax: 100_000 })
    const { socket } = await tunnelBy(gate, 'api.example:8443')
    connectTls({ socket, servername: 'api.example', rejectUnauthorized: false }).on('error', () => undefined)
    expect((await heard.promise)[0]).toBe(0x16)
  })

  test('at another port lets the server speak first', async () => {
    const port = await listenFor((socket) => socket.end('welcome'))
    const gate = await world(port).broker.open({ hosts: ['mail.example:25'], bytesMax: 1_000 })
    const asking = request({ socketPath: gate.socketPath, method: 'CONNECT', path: 'mail.example:25' })
    asking.end()
    const [, socket, head] = (await once(asking, 'connect')) as [unknown, Socket, Buffer]
    expect(head.toString() + (await restOf(socket))).toBe('welcome')
  })

  test('at another port hands on anything, in both directions, to the end', async () => {
    const port = await listenFor((socket) =>
      socket.once('data', (piece: Buffer) => socket.end(`you said ${piece.toString()}${'.'.repeat(200_000)}`)),
    )
    const { broker } = world(port)
    const gate = await broker.open({ hosts: ['db.example:5432'], bytesMax: 300_000 })
    const { socket } = await tunnelBy(gate, 'db.example:5432')
    socket.write('x')
    const text = await restOf(socket)
    expect([text.length, text.startsWith('you said x.')]).toEqual([200_010, true])
    expect(gate.requests).toEqual([{ host: 'db.example', port: 5432, bytesIn: 200_010, bytesOut: 1 }])
  })

  test('ends when more passes than may, whatever the way', async () => {
    const flood = await listenFor((socket) => {
      const more = (): void => void (socket.destroyed || socket.write('x'.repeat(10_000), more))
      more()
    })
    const { broker } = world(flood)
    const gate = await broker.open({ hosts: ['db.example:5432'], bytesMax: 50_000 })
    const { socket } = await tunnelBy(gate, 'db.example:5432')
    expect((await restOf(socket)).length).toBeLessThanOrEqual(50_000)
    expect(gate.requests[0]?.refused).toBe('More than 50000 bytes')
    const next = await tunnelBy(gate, 'db.example:5432')
    next.socket.write('y'.repeat(60_000))
    await restOf(next.socket)
    expect(gate.requests[1]?.bytesOut).toBe(0)
  })

  test('ends when nothing is said, when its time is over, and when there is no connection in time', async () => {
    const silent = await listenFor(() => undefined)
    const quiet = await world(silent, { idleTimeoutMs: 30 }).broker.open({
      hosts: ['db.example:5432'],
      bytesMax: 1_000,
    })
    await restOf((await tunnelBy(quiet, 'db.example:5432')).socket)
    const short = await world(silent, { lifetimeMs: 30 }).broker.open({ hosts: ['db.example:5432'], bytesMax: 1_000 })
    await restOf((await tunnelBy(short, 'db.example:5432')).socket)
    const late = await world(silent, { connectTimeoutMs: 30 }).broker.open({ hosts: ['api.example'], bytesMax: 1_000 })
    await restOf((await tunnelBy(late, 'api.example:443')).socket)
    expect(late.requests[0]?.refused).toBe('No connection in time')
  })

  test('to a server that is not there is refused', async () => {
    const port = await listenFor(() => undefined)
    await closers.pop()?.()
    const gate = await world(port).broker.open({ hosts: ['api.example'], bytesMax: 1_000 })
    expect((await tunnelBy(gate, 'api.example:443')).status).toBe(502)
    expect(gate.requests[0]?.refused).toBe('The connection failed')
  })
})

describe('a URL in full', () => {
  test('is asked for in the name of the client, without what is meant for the proxy, and redirects come back', async () => {
    const machine = new Listener((_, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1/', 'proxy-authenticate': 'x', 'x-kept': 'y' }).end('moved'),
    )
    const port = await machine.listen()
    closers.push(() => machine.close())
    const { broker, dialled } = world(port)
    const gate = await broker.open({ hosts: ['plain.example:80'], bytesMax: 1_000 })
    const answer = await getBy(gate, 'http://plain.example/a?b', {
      headers: { 'proxy-authorization': 'secret', 'x-mark': 'm', host: 'evil.example' },
    })
    expect(answer).toMatchObject({
      status: 302,
      text: 'moved',
      headers: { location: 'http://127.0.0.1/', 'x-kept': 'y' },
    })
    expect(answer.headers).not.toHaveProperty('proxy-authenticate')
    expect(machine.heads).toMatchObject([{ url: '/a?b', method: 'GET', host: 'plain.example', 'x-mark': 'm' }])
    expect(machine.heads[0]).not.toHaveProperty('proxy-authorization')
    expect([dialled[0]?.addresses, gate.requests]).toEqual([
      [{ address: PUBLIC, family: 4 }],
      [{ host: 'plain.example', port: 80, bytesIn: 5, bytesOut: 0 }],
    ])
  })

  test.each([
    ['http://127.0.0.1/', 'GET', 403],
    ['http://evil.example/', 'GET', 403],
    ['http://inside.example/', 'GET', 403],
    ['http://plain.example/', 'POST', 400],
    ['https://plain.example/', 'GET', 400],
    ['http://user:secret@plain.example/', 'GET', 400],
    ['file:///etc/passwd', 'GET', 400],
    ['/relative', 'GET', 400],
  ])('%s by %s is refused, and nobody comes', async (path, method, status) => {
    const machine = new Listener()
    const port = await machine.listen()
    closers.push(() => machine.close())
    const { broker } = world(port, { names: { 'inside.example': ['10.0.0.1'] } })
    const gate = await broker.open({ hosts: ['plain.example:80', 'inside.example:80'], bytesMax: 1_000 })
    expect((await getBy(gate, path, { method })).status).toBe(status)
    expect(machine.connections).toBe(0)
    expect(JSON.stringify(gate.requests)).not.toContain('secret')
  })

  test('is cut off when it is too large', async () => {
    const machine = new Listener((_, response) => response.end('x'.repeat(100_000)))
    const port = await machine.listen()
    closers.push(() => machine.close())
    const gate = await world(port).broker.open({ hosts: ['plain.example:80'], bytesMax: 1_000 })
    await expect(getBy(gate, 'http://plain.example/')).rejects.toThrow()
    expect(gate.requests[0]?.refused).toBe('More than 1000 bytes')
  })
})

describe('a gate', () => {
  test('is a socket that only its owner reaches, and leaves nothing behind; closing twice is closing once', async () => {
    const { broker, folder } = world(1)
    const gate = await broker.open({ hosts: [], bytesMax: 0 })
    expect(statSync(gate.socketPath).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(gate.socketPath)).mode & 0o777).toBe(0o700)
    await Promise.all([gate.close(), gate.close()])
    await gate.close()
    expect(readdirSync(folder)).toEqual([])
  })

  test('ends what is under way when it is closed, and so does the broker', async () => {
    const port = await listenFor(() => undefined)
    const { broker } = world(port)
    const gates = [
      await broker.open({ hosts: ['db.example:1'], bytesMax: 9 }),
      await broker.open({ hosts: ['db.example:1'], bytesMax: 9 }),
    ]
    const sockets = await Promise.all(gates.map(async (gate) => (await tunnelBy(gate, 'db.example:1')).socket))
    const ended = sockets.map(restOf)
    await gates[0]?.close()
    await ended[0]
    await broker.close()
    await ended[1]
    await expect(broker.open({ hosts: [], bytesMax: 0 })).rejects.toMatchObject({ code: 'SANDBOX_BUSY' })
  })

  test('takes away what a process that is no more left, and nothing else', async () => {
    const { broker, folder } = world(1)
    const first = await broker.open({ hosts: [], bytesMax: 0 })
    const name = basename(dirname(first.socketPath))
    const left = (change: (name: string) => string): string => mkdtempSync(join(folder, change(name)))
    const dead = left((own) => own.replace(`-${process.pid}-`, '-999999999-'))
    // Its number was given out again.
    const other = left((own) => own.replace(/-\d+-[^-]*$/, '-1-'))
    const elsewhere = left(() => 'kernell-egress-1-999999999-1-')
    const strange = left(() => 'other-')
    await createEgressBroker({}, { folder }).close()
    expect([dead, other, elsewhere, strange, first.socketPath].map((path) => existsSync(path))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ])
  })

  test.each(['', 'https://a.example', '*', '*.com', 'a b', '127.1', '-', 'a.example:0'])(
    'for %j is not opened',
    async (host) => {
      const failure: unknown = await world(1)
        .broker.open({ hosts: [host], bytesMax: 1 })
        .catch((error: unknown) => error)
      expect(CodedError.is(failure, 'SANDBOX_POLICY_INVALID')).toBe(true)
    },
  )

  test('answers no more requests than it records, and no more gates are open than may', async () => {
    const { broker } = world(1, { requestsMax: 2, gatesMax: 1 })
    const gate = await broker.open({ hosts: [], bytesMax: 1 })
    const statuses = [
      await tunnelBy(gate, 'a.example:443'),
      await tunnelBy(gate, 'a.example:443'),
      await tunnelBy(gate, 'a.example:443'),
    ].map(({ status }) => status)
    expect([statuses, gate.requests.length]).toEqual([[403, 403, 429], 2])
    await expect(broker.open({ hosts: [], bytesMax: 1 })).rejects.toMatchObject({ code: 'SANDBOX_BUSY' })
  })

  test('leads into a private network only where both its operator and the policy name the host, and to the addresses of clouds never', async () => {
    const port = await listenFor((socket) => socket.end('inside'))
    const names = { 'db.example': ['10.0.0.5'], 'cloud.example': ['169.254.169.254'], 'other.example': ['10.0.0.5'] }
    const { broker } = world(port, { names, privateHosts: ['db.example:5432', 'cloud.example:5432'] })
    const gate = await broker.open({
      hosts: ['db.example:5432', 'cloud.example:5432', 'other.example:5432'],
      bytesMax: 100,
    })
    const statuses = [
      await tunnelBy(gate, 'db.example:5432'),
      await tunnelBy(gate, 'cloud.example:5432'),
      await tunnelBy(gate, 'other.example:5432'),
    ].map(({ status }) => status)
    expect(statuses).toEqual([200, 403, 403])
    const closed = await broker.open({ hosts: [], bytesMax: 100 })
    expect((await tunnelBy(closed, 'db.example:5432')).status).toBe(403)
  })

  test('lives on, whatever is said to it', async () => {
    const gate = await world(1).broker.open({ hosts: ['a.example', 'a.example:80'], bytesMax: 100 })
    const piece = fc.constantFrom(
      'CONNECT ',
      'GET ',
      'http://',
      'a.example',
      ':443',
      ' HTTP/1.1',
      '\r\n',
      '\r\n\r\n',
      'host: a',
      'transfer-encoding: chunked',
      'content-length: 9',
      '\0',
      '\x16\x03\x01',
      ' ',
      '/',
      '@',
      '[::1]',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async (pieces) => {
        const socket = connect({ path: gate.socketPath })
        socket.on('error', () => undefined)
        socket.end(pieces.join(''), 'latin1')
        await restOf(socket)
      }),
      { numRuns: 150 },
    )
    expect((await tunnelBy(gate, 'b.example:443')).status).toBe(403)
  })

  test.each([
    ['GARBAGE\r\n\r\n'],
    [`CONNECT ${'a'.repeat(40_000)}:443 HTTP/1.1\r\n\r\n`],
    ['GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'],
  ])('is not harmed by %j', async (text) => {
    const gate = await world(1).broker.open({ hosts: ['a.example'], bytesMax: 1 })
    const socket = connect({ path: gate.socketPath })
    socket.on('error', () => undefined)
    socket.write(text)
    await restOf(socket)
    expect((await tunnelBy(gate, 'b.example:443')).status).toBe(403)
  })
})
