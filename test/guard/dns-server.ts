import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** What a name has; a name that is not there does not exist. */
export type DnsAnswer = { readonly a?: readonly string[]; readonly aaaa?: readonly string[]; readonly cname?: string }

const TYPES = { a: 1, cname: 5, aaaa: 28 } as const

/** A server of names on this machine, for tests of what a hostile one may say. */
export class DnsServer implements AsyncDisposable {
  readonly #socket: Socket = createSocket('udp4')
  readonly #answer: (name: string, count: number) => DnsAnswer | undefined
  /** Questions so far, as `name type`. */
  readonly asked: string[] = []

  /** `answer` is told how often the name was asked for before, by the same type. */
  constructor(answer: (name: string, count: number) => DnsAnswer | undefined) {
    this.#answer = answer
  }

  /** Starts it; `address:port`. */
  async listen(): Promise<string> {
    this.#socket.on('message', (message, { port, address }) => this.#socket.send(this.#reply(message), port, address))
    this.#socket.bind(0, '127.0.0.1')
    await once(this.#socket, 'listening')
    return this.address
  }

  get address(): string {
    const { address, port }: AddressInfo = this.#socket.address()
    return `${address}:${port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }

  #reply(query: Buffer): Buffer {
    const { name, end } = readName(query, 12)
    const type = query.readUInt16BE(end)
    const question = query.subarray(12, end + 4)
    const key = `${name} ${Object.entries(TYPES).find(([, code]) => code === type)?.[0] ?? type}`
    const found = this.#answer(name, this.asked.filter((each) => each === key).length)
    this.asked.push(key)
    const records = found === undefined ? [] : this.#recordsOf(name, { found, type })
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    head.writeUInt16BE(found === undefined ? 0x8183 : 0x8180, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(records.length, 6)
    return Buffer.concat([head, question, ...records])
  }

  #recordsOf(name: string, { found, type }: { readonly found: DnsAnswer; readonly type: number }): readonly Buffer[] {
    if (found.cname !== undefined) {
      const target = this.#answer(found.cname, 0) ?? {}
      return [
        record(name, TYPES.cname, writeName(found.cname)),
        ...this.#recordsOf(found.cname, { found: target, type }),
      ]
    }
    if (type === TYPES.a)
      return (found.a ?? []).map((address) => record(name, type, Buffer.from(address.split('.').map(Number))))
    if (type === TYPES.aaaa) return (found.aaaa ?? []).map((address) => record(name, type, bytesOfIpv6(address)))
    return []
  }
}

function record(name: string, type: number, data: Buffer): Buffer {
  const middle = Buffer.alloc(10)
  middle.writeUInt16BE(type, 0)
  middle.writeUInt16BE(1, 2)
  middle.writeUInt16BE(data.length, 8)
  return Buffer.concat([writeName(name), middle, data])
}

function writeName(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.alloc(1),
  ])
}

function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = start
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

/** Of an address with all eight groups. */
function bytesOfIpv6(address: string): Buffer {
  return Buffer.from(
    address.split(':').flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  )
}
