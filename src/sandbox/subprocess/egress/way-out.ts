import { fileURLToPath } from 'node:url'
import { CodedError } from '../../../base/errors.ts'
import type { EgressGate, SandboxEgress } from '../../../ports/sandbox-runtime.ts'
import { HostProgram } from '../../process/host-program.ts'
import type { ProcessIdentity } from '../../process/process-identity.ts'

export type WayOutInit = {
  readonly egress: SandboxEgress
  readonly hosts: readonly string[]
  readonly bytesMax: number
  /** Path of `nsenter`. */
  readonly nsenter: string
}

/** Where a proxy usually is. In the sandbox's own loopback nobody else can be. */
const PORT = 3_128
const PROXY = `http://127.0.0.1:${PORT}`
const IS_SOURCE = import.meta.url.endsWith('.ts')
const FORWARDER = fileURLToPath(
  new URL(IS_SOURCE ? './loopback-forwarder.ts' : './loopback-forwarder.js', import.meta.url),
)

/** What tells programs of the way out: each of them reads one of these. */
export const PROXY_ENVIRONMENT: Readonly<Record<string, string>> = {
  HTTP_PROXY: PROXY,
  HTTPS_PROXY: PROXY,
  http_proxy: PROXY,
  https_proxy: PROXY,
  NO_PROXY: 'localhost,127.0.0.1',
  no_proxy: 'localhost,127.0.0.1',
}

/** A gate of the broker, and the forwarder that leads to it from the loopback of a sandbox. */
export class WayOut {
  private readonly init: WayOutInit
  private readonly gate: EgressGate
  private forwarder: HostProgram | undefined
  private readonly ready = Promise.withResolvers<void>()
  private isReady = false
  private complaint = ''

  private constructor(init: WayOutInit, gate: EgressGate) {
    this.init = init
    this.gate = gate
  }

  /** Throws `SANDBOX_POLICY_INVALID` for a host that is none. */
  static async open(init: WayOutInit): Promise<WayOut> {
    return new WayOut(init, await init.egress.open({ hosts: init.hosts, bytesMax: init.bytesMax }))
  }

  /** Processes outside of the sandbox that belong to it. */
  get processes(): readonly ProcessIdentity[] {
    return this.forwarder === undefined ? [] : [this.forwarder.identity]
  }

  /** Starts the forwarder in the network namespace of `pid`. Throws `SANDBOX_BROKEN`, and the signal's reason. */
  async enter(pid: number, signal: AbortSignal): Promise<void> {
    const namespaces = `/proc/${pid}/ns`
    const forwarder = await HostProgram.start({
      file: this.init.nsenter,
      args: [
        // The namespace of users comes first: it is what gives the right to enter the other one.
        `--user=${namespaces}/user`,
        `--net=${namespaces}/net`,
        '--preserve-credentials',
        '--',
        process.execPath,
        FORWARDER,
        this.gate.socketPath,
        String(PORT),
      ],
      environment: {},
      descriptors: [{ kind: 'hold' }],
      onOutput: (stream, piece) => this.hear(stream, piece),
    })
    this.forwarder = forwarder
    const abort = (): void => forwarder.kill()
    signal.addEventListener('abort', abort, { once: true })
    try {
      await Promise.race([this.ready.promise, forwarder.ended])
    } finally {
      signal.removeEventListener('abort', abort)
    }
    signal.throwIfAborted()
    if (!this.isReady) throw new CodedError('SANDBOX_BROKEN', { message: `the way out failed: ${this.complaint}` })
  }

  /** Ends the forwarder and every connection. @returns Processes that still run. */
  async close(): Promise<readonly ProcessIdentity[]> {
    const left = (await this.forwarder?.stop()) ?? []
    await this.gate.close()
    return left
  }

  private hear(stream: 'stdout' | 'stderr', piece: Uint8Array): void {
    const text = new TextDecoder().decode(piece)
    if (stream === 'stderr') this.complaint += text
    else if (text.includes('ready')) {
      this.isReady = true
      this.ready.resolve()
    }
  }
}
