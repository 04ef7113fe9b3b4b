import { CodedError } from '../../base/errors.ts'
import type { RuntimeState } from '../../core/sandbox/choose-runtime.ts'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxPolicy } from '../../core/sandbox/sandbox-policy.ts'
import type {
  EgressGate,
  SandboxEgress,
  SandboxRequest,
  SandboxResult,
  SandboxRunOptions,
  SandboxRuntime,
} from '../../ports/sandbox-runtime.ts'
import { guestEnvironment } from '../guest/guest-environment.ts'
import { isAbandoned, OwnedRuns } from '../process/owned-runs.ts'
import { RunSlots } from '../process/run-slots.ts'
import { checkRequest } from '../request/check-request.ts'
import { runContainer } from './container-run.ts'
import { containerSettings, EGRESS_SOCKET, SUPERVISOR } from './container-settings.ts'
import { openGateFor } from './egress-gate.ts'
import { EngineClient, usualSocket } from './engine-client.ts'

/**
 * What containers are started from and by which engine, and how many run at a time. Image and supervisor have to be there; nothing is
 * fetched or made.
 */
export type DockerSandboxInit = {
  /** Name of an image that is there; nothing is pulled. `kernell sandbox prepare` makes a small one. */
  readonly image: string
  /** Path of the supervisor on the machine of the engine, which is bound into each container; `kernell sandbox prepare` makes it. */
  readonly supervisor: string
  /** Unix socket of Docker, or of Podman's service; default the first of their usual ones. */
  readonly socketPath?: string
  /** Without it no policy may name hosts. */
  readonly egress?: SandboxEgress
  /** Of one run, over its gate, both directions; default 256 MiB. */
  readonly egressBytesMax?: number
  /** Runs at one time; default 4. */
  readonly concurrencyMax?: number
  /** Runs that wait; default 64. */
  readonly waitingMax?: number
  /** Where it is written down who runs, for whoever comes after a crash; default a directory of this user among temporary ones. */
  readonly home?: string
  /** Whose variables a policy may name; default the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

const EGRESS_BYTES_MAX = 268_435_456
const POLICY: SandboxPolicy = {
  isolation: 't4',
  limits: SANDBOX_LIMIT_DEFAULTS,
  network: { hosts: [] },
  environment: [],
  paths: { read: [], write: [] },
  allowEmulation: false,
}
/** The supervisor itself ends at once when it is asked to. */
const PROBE: SandboxRequest = { program: { kind: 'command', argv: [SUPERVISOR, 'true'] }, policy: POLICY }

/**
 * Native programs in containers of Docker or Podman, tier t4: an image's files that cannot be written, two directories of limited size in memory, nobody's rights, no network. Where a policy
 * names hosts, the broker's socket is `KERNELL_EGRESS_SOCKET` in the container, and nothing else leads out.
 */
export function createDockerSandbox(init: DockerSandboxInit): SandboxRuntime {
  return new DockerSandbox(init)
}

class DockerSandbox implements SandboxRuntime {
  readonly name = 'docker'
  private readonly init: DockerSandboxInit
  private readonly slots: RunSlots
  private readonly engine: EngineClient
  private runs: Promise<OwnedRuns> | undefined
  private state: Promise<RuntimeState> | undefined
  private count = 0

  constructor(init: DockerSandboxInit) {
    this.init = init
    this.slots = new RunSlots({ concurrencyMax: init.concurrencyMax ?? 4, waitingMax: init.waitingMax ?? 64 })
    this.engine = new EngineClient(init.socketPath ?? usualSocket())
  }

  async probe(options: SandboxRunOptions = {}): Promise<RuntimeState> {
    this.state ??= this.tryOut(options)
    try {
      return await this.state
    } catch (error) {
      // Only whoever gave it up hears so; the next one tries again.
      this.state = undefined
      throw error
    }
  }

  async run(request: SandboxRequest, options: SandboxRunOptions = {}): Promise<SandboxResult> {
    checkRequest(this.name, request)
    return await this.slots.run(options.signal, async (signal) => await this.runNow(request, { ...options, signal }))
  }

  async close(): Promise<void> {
    await this.slots.close()
    const runs = await this.runs?.catch(() => undefined)
    if (runs === undefined) return
    // The engine may have been making one for an owner that died, which was there only after the start had looked.
    await this.reapContainers().catch(ignore)
    runs.close()
  }

  private async runNow(
    request: SandboxRequest,
    options: SandboxRunOptions & { readonly signal: AbortSignal },
  ): Promise<SandboxResult> {
    const gate = await this.openGate(request.policy)
    try {
      return await this.runWith(gate, request, options)
    } finally {
      await gate?.close()
    }
  }

  private async runWith(
    gate: EgressGate | undefined,
    request: SandboxRequest,
    options: SandboxRunOptions & { readonly signal: AbortSignal },
  ): Promise<SandboxResult> {
    const { program, policy } = request
    if (program.kind !== 'command') throw new TypeError('what is no command was refused before')
    const { image, supervisor } = this.init
    const { owner } = await this.ownRuns()
    this.count += 1
    const environment = guestEnvironment(policy.environment, this.init.environment ?? process.env)
    return await runContainer({
      engine: this.engine,
      name: `kernell-sandbox-${owner}-${this.count}`,
      settings: containerSettings({
        image,
        supervisor,
        owner,
        request,
        isPodman: await this.engine.isPodman(),
        egressSocket: gate?.socketPath,
      }),
      request,
      program,
      environment: gate === undefined ? environment : { ...environment, KERNELL_EGRESS_SOCKET: EGRESS_SOCKET },
      options,
    })
  }

  private async ownRuns(): Promise<OwnedRuns> {
    this.runs ??= this.openRuns()
    try {
      return await this.runs
    } catch (error) {
      // The engine may be started later.
      this.runs = undefined
      throw error
    }
  }

  /** Throws `SANDBOX_UNAVAILABLE` where hosts are named and there is no broker. */
  private async openGate({ network: { hosts } }: SandboxPolicy): Promise<EgressGate | undefined> {
    if (hosts.length === 0) return undefined
    const { egress, egressBytesMax } = this.init
    if (egress === undefined)
      throw new CodedError('SANDBOX_UNAVAILABLE', {
        message: 'hosts can be reached through a broker alone, and there is none',
      })
    return await openGateFor(egress, { hosts, bytesMax: egressBytesMax ?? EGRESS_BYTES_MAX })
  }

  /** Whoever starts takes away first what one that was killed has left. */
  private async openRuns(): Promise<OwnedRuns> {
    const runs = new OwnedRuns(this.init.home)
    await runs.reap()
    await this.reapContainers()
    return runs
  }

  private async reapContainers(): Promise<void> {
    for (const { id, owner } of await this.engine.list()) if (isAbandoned(owner)) await this.engine.remove(id)
  }

  private async tryOut({ signal }: SandboxRunOptions): Promise<RuntimeState> {
    try {
      const version = await this.engine.version(signal)
      const { reason, code } = await this.slots.run(signal, async (both) => await this.runNow(PROBE, { signal: both }))
      if (reason !== 'exited' || code !== 0)
        throw new CodedError('SANDBOX_BROKEN', { message: `a program that does nothing ended by ${reason}` })
      return { works: true, version }
    } catch (error) {
      signal?.throwIfAborted()
      return { works: false, ...explain(error) }
    }
  }
}

const REMEDIES: readonly (readonly [sign: RegExp, remedy: string])[] = [
  [
    /image/,
    'Make a small one from busybox with `kernell sandbox prepare`, or import another: `tar -C root -c . | docker import - NAME:TAG`.',
  ],
  [
    /mount source|bind source|supervisor/,
    'Make the supervisor with `kernell sandbox prepare`, on the machine of the engine.',
  ],
  [/nobody answers/, 'Start Docker, or `podman system service`, and let this user open its socket.'],
]

function explain(error: unknown): { readonly reason: string; readonly remedy: string } {
  const reason = error instanceof Error ? error.message : String(error)
  const remedy = REMEDIES.find(([sign]) => sign.test(reason))?.[1]
  return {
    reason,
    remedy:
      remedy ??
      'Run a container by hand with `docker run --network none --read-only IMAGE true`, and read what it says.',
  }
}

/** An engine that is gone meanwhile is no reason not to end. */
function ignore(): void {}
