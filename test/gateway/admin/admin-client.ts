import type { RealGateway } from '../real-node.ts'

export const ADMIN_TOKEN = 'kos_admin_of-a-test'

export type Answer = { readonly status: number; readonly body: Record<string, unknown>; readonly headers: Headers }

export type Sent = { readonly token?: string; readonly body?: object; readonly headers?: object }

/** Asks the administration of a gateway: `POST /keys` with the admin token of the tests, or with another one. */
export async function askAdmin(
  { url }: Pick<RealGateway, 'url'>,
  what: string,
  { token = ADMIN_TOKEN, body, headers = {} }: Sent = {},
): Promise<Answer> {
  const [method = 'GET', path = ''] = what.split(' ')
  const response = await fetch(`${url}/v1/admin${path}`, {
    method,
    headers: {
      ...(token !== '' && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: JSON.parse(text) as Record<string, unknown>, headers: response.headers }
}

/** Creates a tenant with one key, and says the key. */
export async function createTenantKey(
  gateway: Pick<RealGateway, 'url'>,
  tenant: string,
  of: { readonly tenant?: object; readonly key?: object } = {},
): Promise<{ readonly key: string; readonly id: string }> {
  const made = await askAdmin(gateway, 'POST /tenants', { body: { id: tenant, ...of.tenant } })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  return await createKey(gateway, { tenant, ...of.key })
}

export async function createKey(
  gateway: Pick<RealGateway, 'url'>,
  body: object,
): Promise<{ readonly key: string; readonly id: string }> {
  const made = await askAdmin(gateway, 'POST /keys', { body })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  return { key: String(made.body['key']), id: String(made.body['id']) }
}

/** Asks for an answer with a key. */
export async function chat(
  { url }: Pick<RealGateway, 'url'>,
  key: string,
  {
    model = 'kernell-cheap',
    text = `What is new in place ${Math.random()}?`,
    signal,
    ...more
  }: Record<string, unknown> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: text }], max_tokens: 8, ...more }),
    ...(signal instanceof AbortSignal && { signal }),
  })
  const answer = await response.text()
  return { status: response.status, body: JSON.parse(answer) as Record<string, unknown>, headers: response.headers }
}

export function codeOf({ body }: Answer): unknown {
  return (body['error'] as { readonly code?: unknown } | undefined)?.code
}
