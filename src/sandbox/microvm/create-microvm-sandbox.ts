import { CodedError } from '../../base/errors.ts'
import type { RuntimeState } from '../../core/sandbox/choose-runtime.ts'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxPolicy } from '../../core/sandbox/sandbox-policy.ts'
import type { SandboxRequest, SandboxResult, SandboxRunOptions, SandboxRuntime } from '../../ports/sandbox-runtime.ts'
import { guestEnvironment } from '../guest/guest-environment.ts'
import { OwnedRuns } from '../process/owned-runs.ts'
import { RunSlots } from '../process/run-slots.ts'
import { checkRequest } from '../request/check-request.ts'
import { findEngine } from './find-engine.ts'
import type { MachineEngine } from './machine-engine.ts'
import type { GuestImage } from './machine-settings.ts'

/**
 * What machines are started from and by which program, and how many run at a time. Machines have no network, so there is no way out to
 * be given.
 */
export type MicrovmSandboxInit = {
  /** What machines start from, as absolute paths; `kernell sandbox prepare` makes them. */
  readonly image: GuestImage
  /** Firecracker's program, as an absolute path; it is taken before QEMU where machines have the processor's help. */
  readonly firecracker?: string
  /** Path of QEMU; default where systems put it. */
  readonly qemu?: string
  /** Runs at one time; default 2. */
  readonly concurrencyMax?: number
  /** Runs that wait; default 64. */
  readonly waitingMax?: number
  /** Where it is written down what runs, for whoever comes after a crash; default a directory of this user among temporary ones. */
  readonly home?: string
  /** Whose variables a policy may name; default the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Within which a machine has to start, milliseconds; default 60 s, since an emulated one on a busy computer takes its time. */
  readonly bootWithinMs?: number
}

const POLICY: SandboxPolicy = {
  isolation: 't5',
  limits: SANDBOX_LIMIT_DEFAULTS,
  network: { hosts: [] },
  environment: [],
  paths: { read: [], write: [] },
  allowEmulation: true,
}
/** The supervisor itself ends at once when it is asked to. */
const PROBE: SandboxRequest = { program: { kind: 'command', argv: ['/init', 'true'] }, policy: POLICY }

/**
 * Native programs in a machine of their own, tier t5: a kernel of their own, one processor, memory, and nothing else: no network, no disk of this machine, no way in but one request. Machines of
 * Firecracker or QEMU with the processor's help, where one starts; else emulated ones, which a policy has to allow.
 */
export function createMicrovmSandbox(init: MicrovmSandboxInit): SandboxRuntime {
  return new MicrovmSandbox(init)
}

class MicrovmSandbox implements SandboxRuntime {
  readonly name = 'microvm'
  private readonly init: MicrovmSandboxInit
  private readonly slots: RunSlots
  private readonly closing = new AbortController()
  private runs: OwnedRuns | undefined
  private engine: Promise<MachineEngine> | undefined

  constructor(init: MicrovmSandboxInit) {
    this.init = init
    this.slots = new RunSlots({ concurrencyMax: init.concurrencyMax ?? 2, waitingMax: init.waitingMax ?? 64 })
  }

  async probe(options: SandboxRunOptions = {}): Promise<RuntimeState> {
    try {
      const { version, isEmulated } = await this.findEngine(options.signal)
      return { works: true, version, isEmulated }
    } catch (error) {
      options.signal?.throwIfAborted()
      return { works: false, ...explain(error) }
    }
  }

  async run(request: SandboxRequest, options: SandboxRunOptions = {}): Promise<SandboxResult> {
    checkRequest(this.name, request)
    refuseWays(request.policy)
    return await this.slots.run(options.signal, async (signal) => {
      const engine = await this.findEngine(signal)
      if (engine.isEmulated && !request.policy.allowEmulation)
        throw new CodedError('SANDBOX_UNAVAILABLE', {
          message: 'the processor gives no machines here, and the policy does not allow emulated ones',
        })
      return await this.runIn(engine, request, { ...options, signal })
    })
  }

  async close(): Promise<void> {
    this.closing.abort(new CodedError('SANDBOX_UNAVAILABLE', { message: 'this sandbox is closed' }))
    await this.slots.close()
    await this.engine?.catch(ignore)
    this.runs?.close()
  }

  private async runIn(
    engine: MachineEngine,
    request: SandboxRequest,
    options: SandboxRunOptions & { readonly signal: AbortSignal },
  ): Promise<SandboxResult> {
    const { program, policy } = request
    if (program.kind !== 'command') throw new TypeError('what is no command was refused before')
    const environment = guestEnvironment(policy.environment, this.init.environment ?? process.env)
    return await engine.run({ request, program, environment, options, runs: this.openRuns() })
  }

  /** What was found is kept; who gives up before does not take it from those who come later. */
  private async findEngine(signal: AbortSignal | undefined): Promise<MachineEngine> {
    signal?.throwIfAborted()
    this.closing.signal.throwIfAborted()
    this.engine ??= this.findAnew(this.closing.signal)
    const engine = this.engine
    try {
      return await untilAborted(engine, signal)
    } catch (error) {
      signal?.throwIfAborted()
      // It failed: the next one tries again.
      if (this.engine === engine) this.engine = undefined
      throw error
    }
  }

  private async findAnew(signal: AbortSignal): Promise<MachineEngine> {
    const runs = this.openRuns()
    await runs.reap()
    return await findEngine({
      image: this.init.image,
      firecracker: this.init.firecracker,
      qemu: this.init.qemu,
      runs,
      bootWithinMs: this.init.bootWithinMs ?? 60_000,
      signal,
      tryOut: async (engine) => {
        const { reason, code } = await this.runIn(engine, PROBE, { signal })
        if (reason !== 'exited' || code !== 0)
          throw new CodedError('SANDBOX_BROKEN', { message: `a program that does nothing ended by ${reason}` })
      },
    })
  }

  private openRuns(): OwnedRuns {
    this.runs ??= new OwnedRuns(this.init.home)
    return this.runs
  }
}

/** A machine sees nothing of this one, and there is no way out of it. */
function refuseWays({ network, paths }: SandboxPolicy): void {
  if (network.hosts.length > 0)
    throw new CodedError('SANDBOX_POLICY_INVALID', {
      message: 'network.hosts: a machine has no network; use a container where a host has to be reached',
    })
  if (paths.read.length + paths.write.length > 0)
    throw new CodedError('SANDBOX_POLICY_INVALID', {
      message: 'paths: a machine sees no path of this one; give it `files`, or use a container',
    })
}

function explain(error: unknown): { readonly reason: string; readonly remedy: string } {
  const reason = error instanceof Error ? error.message : String(error)
  if (reason.includes('qemu-system-x86_64 is not')) return { reason, remedy: 'Install the package `qemu-system-x86`.' }
  if (reason.includes('ENOENT'))
    return { reason, remedy: 'Make what machines start from with `kernell sandbox prepare`.' }
  return { reason, remedy: 'Start QEMU by hand with the kernel and the first files, and read what it says.' }
}

async function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return await promise
  let abort = ignore
  const aborted = new Promise<never>((_resolve, reject) => {
    const fail: (reason: unknown) => void = reject
    abort = () => fail(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function ignore(): void {}
