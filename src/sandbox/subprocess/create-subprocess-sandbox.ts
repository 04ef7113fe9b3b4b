import { CodedError } from '../../base/errors.ts'
import type { RuntimeState } from '../../core/sandbox/choose-runtime.ts'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxPolicy } from '../../core/sandbox/sandbox-policy.ts'
import type {
  SandboxEgress,
  SandboxRequest,
  SandboxResult,
  SandboxRunOptions,
  SandboxRuntime,
} from '../../ports/sandbox-runtime.ts'
import { OwnedRuns } from '../process/owned-runs.ts'
import { RunSlots } from '../process/run-slots.ts'
import { checkEnvironment, checkRequest } from '../request/check-request.ts'
import { ConfinedRun } from './confined-run.ts'
import { PROXY_ENVIRONMENT } from './egress/way-out.ts'
import { type ConfinedTools, findTools } from './find-tools.ts'
import { TEMPORARY, WORK } from './system-view.ts'

/** What confines processes, and how many run at a time; everything has a default but the way out. */
export type SubprocessSandboxInit = {
  /** Lets through to the hosts of a policy. Without it a policy that names hosts is refused. */
  readonly egress?: SandboxEgress | undefined
  /** Of all that one run receives and sends through it, bytes; default 256 MiB. */
  readonly egressBytesMax?: number
  /** Path of bubblewrap; default where systems put it. */
  readonly bubblewrap?: string
  /** Runs at one time; default 4. */
  readonly concurrencyMax?: number
  /** Runs that wait; default 64. */
  readonly waitingMax?: number
  /** Where it is written down what runs, for whoever comes after a crash; default a directory of this user among temporary ones. */
  readonly home?: string
  /** Whose variables a policy may name; default the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Whether control groups are used where they can be made; default true. Without them processes are watched. */
  readonly useControlGroups?: boolean
}

const EGRESS_BYTES_MAX = 268_435_456
const BASE_ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: WORK,
  TMPDIR: TEMPORARY,
  LANG: 'C.UTF-8',
} as const

const PROBE: SandboxRequest = {
  program: { kind: 'command', argv: ['/usr/bin/env'] },
  policy: {
    isolation: 't3',
    limits: SANDBOX_LIMIT_DEFAULTS,
    network: { hosts: [] },
    environment: [],
    paths: { read: [], write: [] },
    allowEmulation: false,
  } satisfies SandboxPolicy,
}

/**
 * Native programs under bubblewrap, tier t3: namespaces of their own, no capabilities, a filter of system calls, a read-only view of the machine's programs, a directory of limited size in
 * memory, and no network. Where this process is root, programs run as nobody.
 */
export function createSubprocessSandbox(init: SubprocessSandboxInit = {}): SandboxRuntime {
  return new SubprocessSandbox(init)
}

class SubprocessSandbox implements SandboxRuntime {
  readonly name = 'subprocess'
  private readonly init: SubprocessSandboxInit
  private readonly slots: RunSlots
  private runs: OwnedRuns | undefined
  private count = 0
  private tools: Promise<ConfinedTools> | undefined
  private state: Promise<RuntimeState> | undefined

  constructor(init: SubprocessSandboxInit) {
    this.init = init
    this.slots = new RunSlots({ concurrencyMax: init.concurrencyMax ?? 4, waitingMax: init.waitingMax ?? 64 })
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
    this.runs?.close()
  }

  private async runNow(
    request: SandboxRequest,
    options: SandboxRunOptions & { readonly signal: AbortSignal },
  ): Promise<SandboxResult> {
    const { program } = request
    if (program.kind !== 'command') throw new TypeError('what is no command was refused before')
    this.tools ??= findTools({
      useControlGroups: this.init.useControlGroups ?? true,
      bubblewrap: this.init.bubblewrap,
    })
    const tools = await this.tools
    const environment = this.environmentOf(request.policy)
    checkEnvironment(environment)
    const owned = await this.openRuns()
    this.count += 1
    const run = new ConfinedRun({
      tools,
      request,
      program,
      environment,
      options,
      owned: owned.open(),
      egress:
        this.init.egress === undefined
          ? undefined
          : { broker: this.init.egress, bytesMax: this.init.egressBytesMax ?? EGRESS_BYTES_MAX },
      name: `kernell-sandbox-${owned.owner}-${this.count}`,
    })
    let result: SandboxResult
    try {
      result = await run.run()
    } catch (error) {
      await run.close()
      throw error
    }
    const left = await run.close()
    return { ...result, leftBehind: [...result.leftBehind, ...left] }
  }

  /** Whoever starts takes away first what one that was killed has left. */
  private async openRuns(): Promise<OwnedRuns> {
    if (this.runs === undefined) {
      this.runs = new OwnedRuns(this.init.home)
      await this.runs.reap()
    }
    return this.runs
  }

  private environmentOf({ environment, network }: SandboxPolicy): Readonly<Record<string, string>> {
    const named: Record<string, string> = {}
    const from = this.init.environment ?? process.env
    for (const name of environment) {
      const value = from[name]
      if (value !== undefined) named[name] = value
    }
    // A named proxy of the caller would lead nowhere from in there.
    return { ...BASE_ENVIRONMENT, ...named, ...(network.hosts.length > 0 && PROXY_ENVIRONMENT) }
  }

  private async tryOut(options: SandboxRunOptions): Promise<RuntimeState> {
    try {
      const { reason, code } = await this.slots.run(
        options.signal,
        async (signal) => await this.runNow(PROBE, { signal }),
      )
      if (reason !== 'exited' || code !== 0)
        throw new CodedError('SANDBOX_BROKEN', { message: `it ended by ${reason}` })
      const { version = '', controlGroups } = (await this.tools) ?? {}
      return { works: true, version, ...(controlGroups === undefined && { isMemoryWatched: true }) }
    } catch (error) {
      options.signal?.throwIfAborted()
      // That says nothing of the machine.
      if (CodedError.is(error, 'SANDBOX_BUSY')) throw error
      return { works: false, ...explain(error) }
    }
  }
}

const REMEDIES: readonly (readonly [sign: RegExp, remedy: string])[] = [
  [/bwrap is not installed/, 'Install the package `bubblewrap`.'],
  [/prlimit is not installed/, 'Install the package `util-linux`.'],
  [/processor/, 'Use a container or a machine of its own on this processor.'],
  [
    /namespace|uid map|Operation not permitted|Permission denied|No space left/i,
    'Allow namespaces of users without rights: `sysctl user.max_user_namespaces=15000`, on Ubuntu also `kernel.apparmor_restrict_unprivileged_userns=0`; in a container, its security profile has to let them through.',
  ],
]

function explain(error: unknown): { readonly reason: string; readonly remedy: string } {
  const reason = error instanceof Error ? error.message : String(error)
  const remedy = REMEDIES.find(([sign]) => sign.test(reason))?.[1]
  return { reason, remedy: remedy ?? 'Run `bwrap --ro-bind / / true` by hand, and read what it says.' }
}
