import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A model whose answers come when a test says so. */
export class GatedModel implements AsyncDisposable {
  readonly #server: Server
  readonly #waiting: ServerResponse[] = []
  calls = 0
  aborts = 0
  isOpen = false

  private constructor() {
    this.#server = createServer((request, response) => {
      request.resume()
      request.on('end', () => {
        this.calls += 1
        response.on('close', () => (this.aborts += Number(!response.writableEnded)))
        if (this.isOpen) answer(response, this.calls)
        else this.#waiting.push(response)
      })
    })
  }

  static async start(): Promise<GatedModel> {
    const model = new GatedModel()
    model.#server.listen(0, '127.0.0.1')
    await once(model.#server, 'listening')
    return model
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  /** Answers the one who has waited longest. */
  answerOne(): void {
    const response = this.#waiting.shift()
    if (response !== undefined) answer(response, 1)
  }

  /** Answers all who wait, and from now on all who come. */
  open(): void {
    this.isOpen = true
    for (const [place, response] of this.#waiting.splice(0).entries()) answer(response, place + 1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function answer(response: ServerResponse, number: number): void {
  const message = { role: 'assistant', content: `Answer ${number}` }
  const usage = { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 }
  const choices = [{ index: 0, message, finish_reason: 'stop' }]
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ id: `c${number}`, object: 'chat.completion', created: 1, model: 'm', choices, usage }))
}
