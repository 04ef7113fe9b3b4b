import { afterEach, describe, expect, test, vi } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { OutboundRecord } from '../../src/guard/outbound-records.ts'
import { createPublicFetch, type PublicFetch, type PublicFetchInit } from '../../src/guard/public-fetch.ts'
import { createOutboundFetch } from '../../src/guard/outbound-fetch.ts'
import { createDnsResolver } from '../../src/guard/resolve-host.ts'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { type DnsAnswer, DnsServer } from './dns-server.ts'
import { Listener, playInternet } from './played-internet.ts'

const PUBLIC = '8.8.8.8'
const OTHER_PUBLIC = '9.9.9.9'
const clock = createSystemClock()
const closers: (() => Promise<void> | void)[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of closers.splice(0).toReversed()) await close()
})

/** A listener on this machine that nobody may come to. */
async function listen(listener: Listener = new Listener()): Promise<Listener> {
  await listener.listen()
  closers.push(() => listener.close())
  return listener
}

async function resolverOf(
  answer: (name: string, count: number) => DnsAnswer | undefined,
): Promise<{ server: DnsServer; resolve: ReturnType<typeof createDnsResolver> }> {
  const server = new DnsServer(answer)
  const address = await server.listen()
  closers.push(async () => await server[Symbol.asyncDispose]())
  return { server, resolve: createDnsResolver({ servers: [address], timeoutMs: 500 }) }
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'answered',
    (error: unknown) => (CodedError.is(error) ? error.code : String(error)),
  )
}

/** The guard, a victim on this machine that counts connections, and a machine of the internet, played. */
async function world(
  answer: (name: string, count: number) => DnsAnswer | undefined,
  { machine = new Listener(), ...init }: PublicFetchInit & { readonly machine?: Listener } = {},
): Promise<{ guard: PublicFetch; victim: Listener; machine: Listener; server: DnsServer; dialled: readonly string[] }> {
  const victim = await listen()
  await listen(machine)
  const { server, resolve } = await resolverOf(answer)
  const guard = createPublicFetch({ clock, resolve }, { ports: [80, 443, victim.port], ...init })
  return { guard, victim, machine, server, dialled: playInternet({ [PUBLIC]: machine, [OTHER_PUBLIC]: machine }) }
}

describe('what a server of names may say', () => {
  const hostile: readonly (readonly [string, DnsAnswer | undefined])[] = [
    ['this machine', { a: ['127.0.0.1'] }],
    ['this machine by IPv6', { aaaa: ['0:0:0:0:0:0:0:1'] }],
    ['a public address first, and this machine with it', { a: [PUBLIC, '127.0.0.1'] }],
    ['a public IPv4 address, and a private IPv6 address', { a: [PUBLIC], aaaa: ['fd00:0:0:0:0:0:0:1'] }],
    ['a public IPv6 address, and a private IPv4 address', { a: ['10.0.0.1'], aaaa: ['2606:4700:0:0:0:0:0:1111'] }],
    ['this machine, mapped', { aaaa: ['0:0:0:0:0:ffff:7f00:1'] }],
    ['this machine behind a translation', { aaaa: ['64:ff9b:0:0:0:0:7f00:1'] }],
    ['the keys of a cloud', { a: ['169.254.169.254'] }],
    ['no address in particular', { a: ['0.0.0.0'] }],
    ['another name that leads here', { cname: 'inside.example' }],
    ['another name that leads to both', { cname: 'mixed.example' }],
  ]
  test.each(hostile)('%s: refused, and nobody comes', async (_, answer) => {
    const inside: Readonly<Record<string, DnsAnswer>> = {
      'inside.example': { a: ['127.0.0.1'] },
      'mixed.example': { a: [PUBLIC, '127.0.0.1'] },
    }
    const { guard, victim, dialled } = await world((name) => inside[name] ?? answer)
    expect(await outcome(guard.request({ url: `http://attacker.example:${victim.port}/`, method: 'GET' }))).toBe(
      'OUTBOUND_NOT_ALLOWED',
    )
    expect([victim.connections, dialled]).toEqual([0, []])
  })

  test('nothing: no name, no answer', async () => {
    const { guard } = await world(() => undefined)
    expect(await outcome(guard.request({ url: 'http://nowhere.example/', method: 'GET' }))).toBe('OUTBOUND_UNREACHABLE')
  })

  test('first a public address, then this machine: the call goes to what was judged, asks once, and the next is refused', async () => {
    const { guard, victim, machine, server, dialled } = await world((_, count) => ({
      a: [count === 0 ? PUBLIC : '127.0.0.1'],
    }))
    const url = `http://rebinding.example:${victim.port}/`
    const response = await guard.request({ url, method: 'GET' })
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
    expect(machine.heads).toMatchObject([{ host: `rebinding.example:${victim.port}`, url: '/' }])
    expect(server.asked.toSorted()).toEqual(['rebinding.example a', 'rebinding.example aaaa'])
    expect(await outcome(guard.request({ url, method: 'GET' }))).toBe('OUTBOUND_NOT_ALLOWED')
    expect([victim.connections, dialled]).toEqual([0, [PUBLIC]])
  })

  test('the same of an origin that the operator configured: each connection is judged', async () => {
    const { victim, server, dialled } = await world((_, count) => ({ a: [count === 0 ? PUBLIC : '127.0.0.1'] }), {
      machine: new Listener((_, response) => response.writeHead(200, { connection: 'close' }).end('ok')),
    })
    const origin = `http://models.example:${victim.port}`
    const resolve = createDnsResolver({ servers: [server.address] })
    const outbound = createOutboundFetch({ allowedOrigins: [origin], resolve })
    closers.push(() => outbound.close())
    expect(await (await outbound.request({ url: origin, method: 'GET' })).text()).toBe('ok')
    expect(await outcome(outbound.request({ url: origin, method: 'GET' }))).toBe('OUTBOUND_NOT_ALLOWED')
    expect([victim.connections, dialled]).toEqual([0, [PUBLIC]])
  })
})

describe('redirects', () => {
  const leading = (location: string | readonly string[], status = 302): Listener =>
    new Listener((request, response) => {
      if (request.url === '/end') response.end(`${request.method} ${request.headers['authorization'] ?? '-'}`)
      else response.writeHead(status, { location: location as string }).end('moved')
    })
  const publicly = (): DnsAnswer => ({ a: [PUBLIC] })

  test.each([
    'http://127.0.0.1:PORT/',
    'http://127.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f.1:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://[::1]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://localhost:PORT/',
    'http://localhost.:PORT/',
    'http://inside.example:PORT/',
    '//127.0.0.1:PORT/',
    '\\\\127.0.0.1:PORT/',
    'http:/\\127.0.0.1:PORT',
    'http://①②⑦.⓪.⓪.①:PORT/',
    'http://user:secret@public.example/',
    'gopher://127.0.0.1:PORT/_x',
    'file:///etc/passwd',
    'http://public.example:22/',
    'http://[::1',
  ])('to %s are refused, and nobody comes', async (location) => {
    const holder: { port: number } = { port: 0 }
    const machine = new Listener((_, response) =>
      response
        .writeHead(302, {
          location: location.replace('PORT', String(holder.port)).replaceAll(/[^\x20-\x7e]/g, encodeURIComponent),
        })
        .end(),
    )
    const { guard, victim, dialled } = await world(
      (name) => ({ a: [name === 'inside.example' ? '127.0.0.1' : PUBLIC] }),
      { machine },
    )
    holder.port = victim.port
    expect(await outcome(guard.request({ url: 'http://public.example/', method: 'GET' }))).toBe('OUTBOUND_NOT_ALLOWED')
    expect([victim.connections, dialled]).toEqual([0, [PUBLIC]])
  })

  test('to the same origin are followed with all headers, and to another without those that may be secrets', async () => {
    const heads = { authorization: 'Bearer secret', 'x-api-key': 'secret', accept: 'text/html', 'user-agent': 'agent' }
    const same = await world(publicly, { machine: leading('/end') })
    expect(await (await same.guard.request({ url: 'http://a.example/', method: 'GET', headers: heads })).text()).toBe(
      'GET Bearer secret',
    )
    vi.restoreAllMocks()
    const other = await world(publicly, { machine: leading('http://b.example/end') })
    expect(await (await other.guard.request({ url: 'http://a.example/', method: 'GET', headers: heads })).text()).toBe(
      'GET -',
    )
    expect(other.machine.heads[1]).toMatchObject({ host: 'b.example', accept: 'text/html', 'user-agent': 'agent' })
    expect(Object.keys(other.machine.heads[1] ?? {})).not.toContain('x-api-key')
  })

  test.each([
    [301, 'GET -'],
    [302, 'GET -'],
    [303, 'GET -'],
    [307, 'POST -'],
    [308, 'POST -'],
  ])('after a POST: %i asks by %s', async (status, seen) => {
    const { guard, machine } = await world(publicly, { machine: leading('/end', status) })
    const request = {
      url: 'http://a.example/',
      method: 'POST',
      body: 'text',
      headers: { 'content-type': 'text/plain' },
    } as const
    expect(await (await guard.request(request)).text()).toBe(seen)
    expect(machine.heads[1]?.['content-length']).toBe(seen === 'POST -' ? '4' : undefined)
  })

  test('do not carry a body to another origin', async () => {
    const { guard, machine } = await world(publicly, { machine: leading('http://b.example/end', 307) })
    expect(await outcome(guard.request({ url: 'http://a.example/', method: 'POST', body: 'secret' }))).toBe(
      'OUTBOUND_NOT_ALLOWED',
    )
    expect(machine.connections).toBe(1)
  })

  test('without end are refused after as many as are allowed', async () => {
    const { guard, machine } = await world(publicly, { machine: leading('/again'), redirectsMax: 2 })
    expect(await outcome(guard.request({ url: 'http://a.example/', method: 'GET' }))).toBe('OUTBOUND_NOT_ALLOWED')
    expect(machine.heads).toHaveLength(3)
  })

  test('without a place are the answer', async () => {
    const { guard } = await world(publicly, { machine: new Listener((_, response) => response.writeHead(304).end()) })
    expect((await guard.request({ url: 'http://a.example/', method: 'GET' })).status).toBe(304)
  })
})

describe('limits and records', () => {
  const publicly = (): DnsAnswer => ({ a: [PUBLIC] })

  test('an answer that is too large, or too slow, ends', async () => {
    const flood = new Listener((_, response) => response.end('x'.repeat(10_000)))
    const large = await world(publicly, { machine: flood, responseBytesMax: 1_000 })
    const response = await large.guard.request({ url: 'http://a.example/', method: 'GET' })
    expect(await outcome(response.text())).toBe('OUTBOUND_RESPONSE_TOO_LARGE')
    vi.restoreAllMocks()
    const slow = await world(publicly, { machine: new Listener(() => undefined), timeoutMs: 50 })
    expect(await outcome(slow.guard.request({ url: 'http://a.example/', method: 'GET' }))).toBe('OUTBOUND_TIMEOUT')
    vi.restoreAllMocks()
    const trickle = await world(publicly, {
      machine: new Listener((_, answer) => void answer.write('x')),
      timeoutMs: 50,
    })
    const body = (await trickle.guard.request({ url: 'http://a.example/', method: 'GET' })).text()
    expect(await outcome(body)).toBe('OUTBOUND_TIMEOUT')
  })

  test('more calls than may be under way are refused, and room is made by each that is over, however it ended', async () => {
    let finish = (): void => undefined
    const machine = new Listener((_, response) => {
      response.write('o')
      finish = () => response.end('k')
    })
    const { guard } = await world((name) => (name === 'nowhere.example' ? undefined : { a: [PUBLIC] }), {
      machine,
      callsMax: 1,
    })
    const first = await guard.request({ url: 'http://a.example/', method: 'GET' })
    expect(await outcome(guard.request({ url: 'http://a.example/', method: 'GET' }))).toBe('OUTBOUND_BUSY')
    finish()
    await first.text()
    for (const url of ['http://nowhere.example/', 'http://127.0.0.1/', 'ftp://a.example/'])
      await outcome(guard.request({ url, method: 'GET' }))
    ;(await guard.request({ url: 'http://a.example/', method: 'GET' })).cancel()
    expect(await outcome(guard.request({ url: 'http://a.example/', method: 'GET' }))).toBe('answered')
  })

  test('what was asked is known, in order, without paths and secrets, and the oldest is forgotten', async () => {
    const told: OutboundRecord[] = []
    const { guard } = await world(publicly, { recordsMax: 3, onRecord: (record) => told.push(record) })
    await (
      await guard.request({
        url: 'http://a.example/private?token=secret',
        method: 'GET',
        headers: { authorization: 'secret' },
      })
    ).text()
    await outcome(guard.request({ url: 'http://10.0.0.1/secret', method: 'POST', body: 'secret' }))
    await outcome(guard.request({ url: 'http://u:secret@a.example/', method: 'GET' }))
    await outcome(guard.request({ url: 'secret', method: 'GET' }))
    const shown = guard.records().map(({ host, port, outcome: what, status }) => ({ host, port, what, status }))
    expect(shown).toEqual([
      { host: '10.0.0.1', port: 80, what: 'refused', status: undefined },
      { host: 'a.example', port: 80, what: 'refused', status: undefined },
      { host: '', port: 0, what: 'refused', status: undefined },
    ])
    expect(told[0]).toMatchObject({
      host: 'a.example',
      port: 80,
      method: 'GET',
      outcome: 'answered',
      status: 200,
      bodyBytes: 2,
    })
    expect(told).toHaveLength(4)
    expect(JSON.stringify(told)).not.toMatch(/secret|private|token/)
  })

  test.each([
    'host',
    'Host',
    'connection',
    'transfer-encoding',
    'content-length',
    'proxy-authorization',
    'upgrade',
    'expect',
  ])('the header %s is not for callers', async (name) => {
    const { guard, machine } = await world(publicly)
    expect(await outcome(guard.request({ url: 'http://a.example/', method: 'GET', headers: { [name]: 'x' } }))).toBe(
      'OUTBOUND_NOT_ALLOWED',
    )
    expect(machine.connections).toBe(0)
    expect(guard.records()).toMatchObject([{ host: 'a.example', outcome: 'refused' }])
  })

  test('methods, headers and bodies beyond what is asked of the web are refused', async () => {
    const { guard, machine } = await world(publicly, { requestBytesMax: 3 })
    const url = 'http://a.example/'
    expect(await outcome(guard.request({ url, method: 'PUT' as 'POST' }))).toBe('OUTBOUND_NOT_ALLOWED')
    expect(await outcome(guard.request({ url, method: 'POST', body: 'üü' }))).toBe('OUTBOUND_NOT_ALLOWED')
    expect(await outcome(guard.request({ url, method: 'GET', headers: { accept: 'x'.repeat(20_000) } }))).toBe(
      'OUTBOUND_NOT_ALLOWED',
    )
    expect(machine.connections).toBe(0)
  })

  test('a call that its caller ends, ends', async () => {
    const controller = new AbortController()
    const { guard } = await world(publicly, { machine: new Listener(() => controller.abort(new Error('left'))) })
    expect(await outcome(guard.request({ url: 'http://a.example/', method: 'GET', signal: controller.signal }))).toBe(
      'Error: left',
    )
  })
})

describe('a URL that somebody else is handed', () => {
  test('is judged the same way, and comes back in one form', async () => {
    const { guard, dialled } = await world((name) => ({ a: [name === 'inside.example' ? '10.0.0.1' : PUBLIC] }))
    expect(await guard.admit('HTTPS://A.example./x')).toBe('https://a.example/x')
    for (const url of ['https://inside.example/', 'https://10.1/', 'https://intranet/', 'https://a.example:8080/'])
      expect(await outcome(guard.admit(url)), url).toBe('OUTBOUND_NOT_ALLOWED')
    expect(dialled).toEqual([])
  })
})
