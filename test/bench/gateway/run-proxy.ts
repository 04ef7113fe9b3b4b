/**
 * The bare forwarding proxy: reads a request, parses it, sends it on over kept connections, and passes the answer back. No keys, limits, retries or
 * records: a floor of cost, not a peer. Takes the upstream's port; prints its own.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: 128 })

const server = createServer((request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    forward(request, response, Buffer.concat(pieces).toString()).catch((error: unknown) =>
      response.destroy(error as Error),
    )
  })
})

async function forward(request: IncomingMessage, response: ServerResponse, text: string): Promise<void> {
  const body = JSON.parse(text) as { readonly stream?: boolean }
  const answer = await pool.request({
    path: request.url ?? '/',
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' },
    body: JSON.stringify(body),
  })
  const type = String(answer.headers['content-type'])
  if (body.stream === true) {
    response.writeHead(answer.statusCode, { 'content-type': type })
    answer.body.pipe(response)
    return
  }
  const whole = await answer.body.text()
  response.writeHead(answer.statusCode, { 'content-type': type, 'content-length': Buffer.byteLength(whole) })
  response.end(whole)
}

server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`))
