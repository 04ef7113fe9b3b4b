import { z } from 'zod'
import { CodedError } from '../../base/errors.ts'
import { askLocally } from '../local-api/local-request.ts'

export type FirecrackerMachine = {
  readonly memoryBytes: number
  /** Paths as Firecracker sees them. */
  readonly kernel: string
  readonly initialFiles: string
  readonly kernelWords: string
}

const MEBIBYTE = 1_048_576
const LISTENS_WITHIN_MS = 2_000
const LOOK_EVERY_MS = 5
const FAULT_MAX = 500
const VERSION = z.object({ firecracker_version: z.string() })
const FAULT = z.object({ fault_message: z.string() })

/** What is asked of one process of Firecracker, over the socket on which it listens. It makes one machine. */
export class FirecrackerClient {
  private readonly socketPath: string
  private readonly signal: AbortSignal

  constructor(socketPath: string, signal: AbortSignal) {
    this.socketPath = socketPath
    this.signal = signal
  }

  /** Its version, as soon as it listens. Throws `SANDBOX_UNAVAILABLE` where it does not in time. */
  async version(): Promise<string> {
    const until = performance.now() + LISTENS_WITHIN_MS
    for (;;) {
      try {
        return VERSION.parse(await this.ask('GET', '/version')).firecracker_version
      } catch (error) {
        if (!CodedError.is(error, 'SANDBOX_UNAVAILABLE') || performance.now() > until) throw error
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
      }
    }
  }

  /** Makes the machine and starts it. Throws `SANDBOX_BROKEN`, with what Firecracker says is wrong. */
  async start({ memoryBytes, kernel, initialFiles, kernelWords }: FirecrackerMachine): Promise<void> {
    await this.ask('PUT', '/machine-config', { vcpu_count: 1, mem_size_mib: memoryBytes / MEBIBYTE, smt: false })
    await this.ask('PUT', '/boot-source', {
      kernel_image_path: kernel,
      initrd_path: initialFiles,
      boot_args: kernelWords,
    })
    await this.ask('PUT', '/actions', { action_type: 'InstanceStart' })
  }

  private async ask(method: 'GET' | 'PUT', path: string, body?: unknown): Promise<unknown> {
    const reply = await askLocally({ socketPath: this.socketPath, method, path, body, signal: this.signal })
    if (reply.status === (method === 'GET' ? 200 : 204)) return reply.body
    const fault = FAULT.safeParse(reply.body)
    throw new CodedError('SANDBOX_BROKEN', {
      message: `Firecracker answered ${path} with ${reply.status}: ${fault.success ? fault.data.fault_message.slice(0, FAULT_MAX) : ''}`,
    })
  }
}
