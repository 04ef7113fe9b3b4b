import { type Json, objectOf, textOf } from './json-value.ts'

/** Why a request of the page failed: what the node said, or that there is no node. */
export class RequestError extends Error {
  /** `UNREACHABLE` where no node answered. */
  readonly code: string
  /** 0 where no node answered. */
  readonly status: number

  constructor(code: string, status: number, message: string) {
    super(message)
    this.code = code
    this.status = status
  }
}

export type AskInit = {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly body?: object
  readonly signal?: AbortSignal
}

/** Asks the node that served the page. The token is a header, so that no page of another origin can send it. */
export class NodeClient {
  readonly token: string | undefined

  constructor(token: string | undefined) {
    this.token = token
  }

  /** Throws `RequestError`, and the signal's reason. */
  async ask(path: string, init: AskInit = {}): Promise<Json> {
    const response = await this.open(path, init)
    return (await response.json()) as Json
  }

  /** The answer before its body. Throws as `ask`. */
  async open(
    path: string,
    { method = 'GET', body, signal }: AskInit & { readonly headers?: object } = {},
    more: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    let response: Response
    try {
      response = await fetch(path, {
        method,
        headers: {
          ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...more,
        },
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal !== undefined && { signal }),
      })
    } catch (error: unknown) {
      if (signal?.aborted === true) throw error
      throw new RequestError('UNREACHABLE', 0, 'The node does not answer')
    }
    if (response.ok) return response
    throw await failureOf(response)
  }
}

async function failureOf(response: Response): Promise<RequestError> {
  const body = (await response.json().catch(() => null)) as Json
  const error = objectOf(objectOf(body)['error'])
  const message = textOf(error['message'], `The node answered ${response.status}`)
  return new RequestError(textOf(error['code'], 'UNKNOWN'), response.status, message)
}
