import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { readClientHello } from '../../../src/core/egress/client-hello.ts'

/** What the platform's own client says first. */
async function greetingOf(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    ...(servername !== undefined && { servername }),
  })
  client.on('error', () => undefined)
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [first] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return first
}

/** The same greeting in records of a few bytes each. */
function inRecordsOf(size: number, greeting: Buffer): Buffer {
  const body = greeting.subarray(5)
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size)
    pieces.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece)
  }
  return Buffer.concat(pieces)
}

describe('a greeting by TLS', () => {
  let named: Buffer
  let nameless: Buffer
  beforeAll(async () => {
    named = await greetingOf('host.example')
    nameless = await greetingOf(undefined)
  })

  it('says which server is meant, or none', () => {
    expect(readClientHello(named)).toEqual({ kind: 'hello', serverName: 'host.example' })
    expect(readClientHello(nameless)).toEqual({ kind: 'hello', serverName: undefined })
  })

  it('is read from many small records, and with what comes after it', () => {
    expect(readClientHello(inRecordsOf(7, named))).toEqual({ kind: 'hello', serverName: 'host.example' })
    expect(readClientHello(Buffer.concat([named, Buffer.from('more')]))).toMatchObject({ kind: 'hello' })
  })

  it('is not known before its last byte', () => {
    for (let length = 0; length < named.length; length += 1)
      expect(readClientHello(named.subarray(0, length)), `${length}`).toEqual({ kind: 'more' })
  })

  it('with two names, an empty one, or one with a zero in it, is something else', () => {
    const at = named.indexOf('host.example')
    const spoilt = (change: (copy: Buffer) => void): string => {
      const copy = Buffer.from(named)
      change(copy)
      return readClientHello(copy).kind
    }
    expect(spoilt((copy) => copy.writeUInt8(0, at + 3))).toBe('else')
    expect(spoilt((copy) => copy.writeUInt8(1, at - 3))).toBe('else')
    expect(spoilt((copy) => copy.writeUInt16BE(11, at - 2))).toBe('else')
    expect(spoilt((copy) => copy.writeUInt16BE(0xffff, 43))).toBe('else')
  })

  it.each([
    ['SSH-2.0-OpenSSH'],
    ['GET / HTTP/1.1\r\n'],
    ['\x16\x02\x01\x00\x05'],
    ['\x16\x03\x01\x00\x00'],
    ['\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00'],
    ['\x16\x03\x01\x00\x04\x01\xff\xff\xff'],
  ])('is none: %j', (text) => {
    expect(readClientHello(Buffer.from(text, 'latin1')).kind).toBe('else')
  })

  it('of any bytes gives some reading, and never another name for a changed greeting that is read', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void readClientHello(bytes)))
    fc.assert(
      fc.property(fc.nat(named.length - 1), fc.nat(255), (at, byte) => {
        const copy = Buffer.from(named)
        copy[at] = byte
        const reading = readClientHello(copy)
        const spot = named.indexOf('host.example')
        if (reading.kind === 'hello' && (at < spot - 9 || at >= spot + 12))
          expect([undefined, 'host.example']).toContain(reading.serverName)
      }),
      { numRuns: 500 },
    )
  })
})
