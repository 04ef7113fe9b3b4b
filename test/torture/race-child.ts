/**
 * A client process of the race: many connections that send the same envelopes at once. Every other connection goes away after sending and asks again on a new one.
 * It waits for a line on standard input before it sends, and prints each answer it got: `EFFECT CODE RECEIPT` with the receipt in base64.
 *
 * usage: race-child.ts SOCKET NAME CONNECTIONS ENVELOPE...   (envelopes in base64)
 */
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { decodeSubmitAnswer, NOTARY_PROTOCOL } from '../../src/wire/v1/notary-questions.ts'
import { clientTransport, setAt } from './notary-at.ts'

const [socket = '', name = '', connectionsText = '1', ...envelopes] = process.argv.slice(2)
const set = setAt(socket)
const [member] = set.members
if (member === undefined) throw new TypeError('unreachable')
const { key, address } = member

async function ask(connection: number, body: Uint8Array): Promise<void> {
  let transport = clientTransport(`${name} ${connection}`)
  transport.addPeer(key, address)
  await transport.start()
  const question = { protocol: NOTARY_PROTOCOL, body, timeoutMs: 30_000 }
  if (connection % 2 === 1) {
    const first = transport.request(key, question).catch(() => undefined)
    // The connection is made and the question is written; whether its answer comes first is left to chance.
    while (transport.connectedPeers.length === 0) await setImmediate()
    for (let turn = 0; turn < connection % 4; turn += 1) await setImmediate()
    await transport.stop()
    await first
    transport = clientTransport(`${name} ${connection} again`)
    transport.addPeer(key, address)
    await transport.start()
  }
  const answer = decodeSubmitAnswer(await transport.request(key, question))
  await transport.stop()
  if (answer === undefined) throw new Error('no answer')
  process.stdout.write(`${answer.effect} ${answer.code ?? '-'} ${Buffer.from(answer.receipt).toString('base64')}\n`)
}

process.stdout.write('O\n')
await once(process.stdin, 'data')
for (const envelope of envelopes) {
  const body = new Uint8Array(Buffer.from(envelope, 'base64'))
  const asked = Array.from({ length: Number(connectionsText) }, async (_, connection) => await ask(connection, body))
  await Promise.all(asked)
  process.stdout.write('.\n')
}
process.exit(0)
