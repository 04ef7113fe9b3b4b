import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A member of a body: its kind, whether it has to be there, and what else holds for it. */
type Member = {
  readonly kind: 'string' | 'boolean' | 'integer'
  readonly isRequired?: boolean
  readonly holds?: (value: unknown) => boolean
}

type Operation = {
  readonly members: Readonly<Record<string, Member>>
  readonly status: number
  /** May it be asked for once the machine runs. */
  readonly isAfterStart?: boolean
}

/** What Firecracker's published interface (`firecracker.yaml`, version 2.0 of Swagger) says of the operations that are used here; whatever is not named in it is refused. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /version': { members: {}, status: 200, isAfterStart: true },
  'PUT /machine-config': {
    members: {
      cpu_template: { kind: 'string' },
      smt: { kind: 'boolean' },
      mem_size_mib: { kind: 'integer', isRequired: true },
      track_dirty_pages: { kind: 'boolean' },
      vcpu_count: { kind: 'integer', isRequired: true, holds: (value) => Number(value) >= 1 && Number(value) <= 32 },
      huge_pages: { kind: 'string', holds: (value) => ['None', 'Transparent', '2M'].includes(String(value)) },
    },
    status: 204,
  },
  'PUT /boot-source': {
    members: {
      boot_args: { kind: 'string' },
      initrd_path: { kind: 'string' },
      kernel_image_path: { kind: 'string', isRequired: true },
    },
    status: 204,
  },
  'PUT /actions': {
    members: {
      action_type: {
        kind: 'string',
        isRequired: true,
        holds: (value) => ['FlushMetrics', 'InstanceStart', 'SendCtrlAltDel'].includes(String(value)),
      },
    },
    status: 204,
  },
}

export type FakeFirecracker = {
  readonly asked: { readonly operation: string; readonly body: unknown }[]
  readonly close: () => Promise<void>
}

/** A server of that interface on a Unix socket, which refuses what Firecracker would. `onStart` stands for the machine. */
export async function serveFirecracker(
  socketPath: string,
  onStart: (bootSource: Readonly<Record<string, unknown>>) => void = () => {},
): Promise<FakeFirecracker> {
  const asked: FakeFirecracker['asked'] = []
  let bootSource: Readonly<Record<string, unknown>> | undefined
  let hasStarted = false
  const answer = (operation: string, body: unknown): { readonly status: number; readonly body?: unknown } => {
    const fault = faultOf(operation, body, hasStarted)
    if (fault !== undefined) return { status: 400, body: { fault_message: fault } }
    asked.push({ operation, body })
    const members = (body ?? {}) as Readonly<Record<string, unknown>>
    if (operation === 'PUT /boot-source') bootSource = members
    if (operation === 'PUT /actions' && members['action_type'] === 'InstanceStart') {
      if (bootSource === undefined)
        return { status: 400, body: { fault_message: 'Cannot start without kernel configuration.' } }
      hasStarted = true
      onStart(bootSource)
    }
    const { status } = OPERATIONS[operation] ?? { status: 404 }
    return operation === 'GET /version' ? { status, body: { firecracker_version: '1.99.0' } } : { status }
  }
  const server = createServer((request, response) => void reply(request, response, answer))
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return {
    asked,
    close: async () => {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function faultOf(operation: string, body: unknown, hasStarted: boolean): string | undefined {
  const known = OPERATIONS[operation]
  if (known === undefined) return `there is no ${operation}`
  if (hasStarted && known.isAfterStart !== true)
    return 'The requested operation is not supported after starting the microVM.'
  const members = (body ?? {}) as Readonly<Record<string, unknown>>
  for (const name of Object.keys(members)) if (known.members[name] === undefined) return `unknown field ${name}`
  for (const [name, { kind, isRequired, holds }] of Object.entries(known.members)) {
    const value = members[name]
    if (value === undefined) {
      if (isRequired === true) return `missing field ${name}`
      continue
    }
    const isKind = kind === 'integer' ? Number.isInteger(value) : typeof value === kind
    if (!isKind || holds?.(value) === false) return `invalid value of ${name}`
  }
  return undefined
}

async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (operation: string, body: unknown) => { readonly status: number; readonly body?: unknown },
): Promise<void> {
  let text = ''
  for await (const piece of request) text += String(piece)
  const { status, body } = answer(`${request.method} ${request.url}`, text === '' ? undefined : JSON.parse(text))
  response.writeHead(status, { 'Content-Type': 'application/json', Server: 'Firecracker API' })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}
