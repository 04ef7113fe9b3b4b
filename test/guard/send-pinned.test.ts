import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { readPublicUrl } from '../../src/guard/public-url.ts'
import { sendPinned } from '../../src/guard/send-pinned.ts'
import { SELF_SIGNED } from './self-signed.ts'

const limits = { connectTimeoutMs: 2_000, headersTimeoutMs: 2_000, idleTimeoutMs: 2_000, responseBytesMax: 1_000 }
const pinned = [{ address: '127.0.0.1', family: 4 }] as const

test('a connection by TLS goes to the address that was found, asks for the name, and believes no certificate of another', async () => {
  const names: string[] = []
  const server = createTlsServer({
    ...SELF_SIGNED,
    SNICallback: (name, callback) => {
      names.push(name)
      callback(null)
    },
  }).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => undefined)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = readPublicUrl(`https://Host.example.:${port}/`, [port])
  const request = { url: url.href, method: 'GET' } as const
  const failure: unknown = await sendPinned({
    request,
    url,
    addresses: pinned,
    limits,
    onSettled: () => undefined,
  }).catch((error: unknown) => error)
  server.close()
  expect(names).toEqual(['host.example'])
  expect(CodedError.is(failure, 'OUTBOUND_UNREACHABLE') && failure.details['reason']).toBe(
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  )
})

test('a connection ends with its answer', async () => {
  const server = createServer((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const closed = once(server, 'connection').then(async ([socket]) => await once(socket as NodeJS.EventEmitter, 'close'))
  const url = readPublicUrl(`http://host.example:${port}/`, [port])
  let settled = -1
  const response = await sendPinned({
    request: { url: url.href, method: 'GET' },
    url,
    addresses: pinned,
    limits,
    onSettled: (bytes) => (settled = bytes),
  })
  expect(await response.text()).toBe('ok')
  await closed
  server.close()
  expect(settled).toBe(2)
})
