import { existsSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import { CodedError } from '../../base/errors.ts'
import { askLocally, connectLocally, type LocalReply } from '../local-api/local-request.ts'
import { type ContainerSettings, OWNER_LABEL } from './container-settings.ts'

const CREATED = z.object({ Id: z.string().regex(/^[0-9a-f]{12,64}$/) })
const VERSION = z.object({
  Version: z.string(),
  Components: z.array(z.object({ Name: z.string(), Version: z.string() })).optional(),
})
const LISTED = z.array(
  z.object({ Id: z.string(), Names: z.array(z.string()), Labels: z.record(z.string(), z.string()).nullish() }),
)
const COMPLAINT = z.object({ message: z.string() })

const SOCKETS = ['/var/run/docker.sock', '/run/podman/podman.sock']

/** Where Docker or Podman listens: the first of their usual sockets that is there. */
export function usualSocket(): string {
  return SOCKETS.find((path) => existsSync(path)) ?? '/var/run/docker.sock'
}

export type ListedContainer = { readonly id: string; readonly name: string; readonly owner: string }

const COMPLAINT_MAX = 500
const GONE_WITHIN_MS = 5_000
const LOOK_EVERY_MS = 20
const IMPORT_WITHIN_MS = 120_000

/**
 * What is asked of Docker or Podman, over the socket on which either listens. Their commands do the same, and each of them is a process that takes a tenth of a second; no word that is sent is
 * read by a shell.
 */
export class EngineClient {
  private readonly socketPath: string
  private kind: Promise<string> | undefined

  constructor(socketPath: string) {
    this.socketPath = socketPath
  }

  /** Name and version, for people. */
  async version(signal?: AbortSignal): Promise<string> {
    const { Version, Components } = VERSION.parse(
      expectStatus(await this.ask('GET', '/version', { signal }), [200]).body,
    )
    return `${Components?.[0]?.Name ?? 'Docker'} ${Version}`
  }

  /** Whether it is Podman, which takes other words where it speaks Docker's language. Asked once. */
  async isPodman(): Promise<boolean> {
    this.kind ??= this.version()
    try {
      return (await this.kind).includes('Podman')
    } catch (error) {
      // It may answer later.
      this.kind = undefined
      throw error
    }
  }

  /** @returns Its id. Throws `SANDBOX_UNAVAILABLE` where the image is missing, and `SANDBOX_BROKEN`. */
  async create(name: string, settings: ContainerSettings): Promise<string> {
    const path = `/containers/create?name=${encodeURIComponent(name)}`
    const reply = await this.ask('POST', path, { body: settings })
    if (reply.status === 404)
      throw new CodedError('SANDBOX_UNAVAILABLE', { message: `the image ${settings.Image} is not there` })
    return CREATED.parse(expectStatus(reply, [201]).body).Id
  }

  /** Both ends of its standard streams, before it is started. */
  async attach(id: string, signal: AbortSignal): Promise<Duplex> {
    const path = `/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`
    return await connectLocally({ socketPath: this.socketPath, method: 'POST', path, signal })
  }

  async start(id: string): Promise<void> {
    expectStatus(await this.ask('POST', `/containers/${id}/start`, {}), [204])
  }

  /** Kills it and takes it away; it may be going by itself. @returns Whether it is gone. */
  async remove(id: string): Promise<boolean> {
    const until = performance.now() + GONE_WITHIN_MS
    while (performance.now() < until) {
      // What is said of one that is being removed comes before its end: it is gone when it is not there.
      if (await this.isMissingAfterRemoval(id)) return true
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
    return false
  }

  private async isMissingAfterRemoval(id: string): Promise<boolean> {
    try {
      return (await this.ask('DELETE', `/containers/${id}?force=1&v=1`, {})).status === 404
    } catch {
      // An engine that does not answer now may do so again.
      return false
    }
  }

  /** Makes an image of an archive of files. */
  async importImage(name: string, archive: Uint8Array): Promise<void> {
    // Podman looks for no tag beside the name.
    const words = new URLSearchParams({ fromSrc: '-', repo: name })
    const reply = expectStatus(
      await askLocally({
        socketPath: this.socketPath,
        method: 'POST',
        path: `/images/create?${words.toString()}`,
        bytes: archive,
        withinMs: IMPORT_WITHIN_MS,
      }),
      [200],
    )
    // What goes wrong after the first byte is said in a line of the answer.
    const failure = /"error":\s*"([^"]*)"/.exec(textOf(reply.body))?.[1]
    if (failure !== undefined)
      throw new CodedError('SANDBOX_BROKEN', { message: `the container's engine took no image: ${failure}` })
  }

  /** Takes an image away. */
  async removeImage(name: string): Promise<void> {
    expectStatus(await this.ask('DELETE', `/images/${encodeURIComponent(name)}`, {}), [200, 404])
  }

  /** Containers of sandboxes, whoever made them. */
  async list(): Promise<readonly ListedContainer[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [OWNER_LABEL] }))
    const reply = await this.ask('GET', `/containers/json?all=1&filters=${filters}`, {})
    return LISTED.parse(expectStatus(reply, [200]).body).map(({ Id, Names, Labels }) => ({
      id: Id,
      name: Names[0] ?? Id,
      owner: Labels?.[OWNER_LABEL] ?? '',
    }))
  }

  private async ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal | undefined },
  ): Promise<LocalReply> {
    return await askLocally({ socketPath: this.socketPath, method, path, body, signal })
  }
}

function expectStatus(reply: LocalReply, expected: readonly number[]): LocalReply {
  if (expected.includes(reply.status)) return reply
  const complaint = COMPLAINT.safeParse(reply.body)
  const text = complaint.success ? complaint.data.message.slice(0, COMPLAINT_MAX) : ''
  throw new CodedError('SANDBOX_BROKEN', { message: `the container's engine answered ${reply.status}: ${text}` })
}

/** Several lines of JSON are no JSON, and left as they came. */
function textOf(body: unknown): string {
  return typeof body === 'string' ? body : (JSON.stringify(body) ?? '')
}
