import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Told = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }

/** A receiver on this machine that answers as it is told, and says when it has heard so much. */
export async function startReceiver(statusOf: (count: number) => number = () => 204) {
  const told: Told[] = []
  let wake: () => void = () => undefined
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      told.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() })
      const status = statusOf(told.length)
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {})
      response.end()
      wake()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://localhost:${port}/hook`,
    told,
    async untilTold(count: number) {
      while (told.length < count) await new Promise<void>((resolve) => (wake = resolve))
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
