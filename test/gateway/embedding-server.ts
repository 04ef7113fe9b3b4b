import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

type Asked = { readonly model: string; readonly input: readonly string[]; readonly dimensions?: number }

/** A provider that embeds: each text becomes its length and the place of it, not of length 1, and counts a token for each word. */
export class EmbeddingServer implements AsyncDisposable {
  readonly asked: (Asked & { readonly key: string | undefined })[] = []
  /** Status of the next answers, in turn; 200 beyond them. */
  readonly statuses: number[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      buffer(request)
        .then((bytes) => {
          const asked = JSON.parse(bytes.toString()) as Asked
          this.asked.push({ ...asked, key: request.headers.authorization })
          const status = this.statuses.shift() ?? 200
          response.writeHead(status, { 'content-type': 'application/json' })
          response.end(JSON.stringify(status === 200 ? answerTo(asked) : { error: { message: 'No' } }))
        })
        .catch(() => response.destroy())
    })
  }

  static async start(): Promise<EmbeddingServer> {
    const server = new EmbeddingServer()
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function answerTo({ input, dimensions = 2 }: Asked): object {
  const data = input.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: [text.length, index, ...Array.from({ length: Math.max(0, dimensions - 2) }, () => 0.5)],
  }))
  const words = input.reduce((sum, text) => sum + text.split(' ').length, 0)
  return { object: 'list', data, usage: { prompt_tokens: words, total_tokens: words } }
}
