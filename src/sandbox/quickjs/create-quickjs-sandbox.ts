import { CodedError } from '../../base/errors.ts'
import type { RuntimeState } from '../../core/sandbox/choose-runtime.ts'
import type { SandboxRequest, SandboxResult, SandboxRunOptions, SandboxRuntime } from '../../ports/sandbox-runtime.ts'
import { createGuestOutside, encodeInputs, type GuestOutside } from '../hosted/guest-inputs.ts'
import { refuseGrants } from '../hosted/refuse-grants.ts'
import { moduleUrl } from '../hosted/host-arguments.ts'
import { HostedRuns, type HostedRunsInit } from '../hosted/hosted-runs.ts'
import { type PackagePath, versionOfPackage } from '../hosted/installed-package.ts'
import { PROBE_ARGS, probeHosted } from '../hosted/probe-hosted.ts'
import { checkRequest } from '../request/check-request.ts'

const INTERPRETER = '@jitl/quickjs-ng-wasmfile-release-sync'

const SOURCE_BYTES_MAX = 16_777_216

/** What the thread of a script loads. */
export const SCRIPT_PACKAGES: readonly PackagePath[] = [
  ['quickjs-emscripten-core'],
  ['quickjs-emscripten-core', '@jitl/quickjs-ffi-types'],
  [INTERPRETER],
]

const PROBE: SandboxRequest['program'] = {
  kind: 'script',
  source: 'export const add = (left, right) => left + right',
  call: 'add',
  args: PROBE_ARGS,
}

/**
 * How many scripts run and wait at a time, and what this process lends them: the time, a seed of 32 bytes for each run, and the
 * variables that a policy may name. Default: one warm process, as many runs as there are processors, 64 that wait, and what the process
 * has.
 */
export type QuickjsSandboxInit = HostedRunsInit & Partial<GuestOutside>

/**
 * Runs JavaScript that nobody trusts in an interpreter, which is WebAssembly, in a thread of a process of its own. What a script finds there says `script-prelude.ts`. Files are in
 * memory; they are handed out where the script ends by itself. Its memory is what the interpreter holds for it; `memoryBytesPeak` is what its process grew by.
 */
export function createQuickjsSandbox(init: QuickjsSandboxInit = {}): SandboxRuntime {
  return new QuickjsSandbox(init)
}

class QuickjsSandbox implements SandboxRuntime {
  readonly name = 'quickjs'
  private readonly outside: GuestOutside
  private readonly runs: HostedRuns
  private state: RuntimeState | undefined

  constructor({ warmMax, concurrencyMax, waitingMax, ...outside }: QuickjsSandboxInit) {
    this.outside = createGuestOutside(outside)
    const guestUrl = moduleUrl('./script-guest', import.meta.url)
    this.runs = new HostedRuns({ guestUrl, packages: SCRIPT_PACKAGES }, { warmMax, concurrencyMax, waitingMax })
  }

  async probe(options: SandboxRunOptions = {}): Promise<RuntimeState> {
    const version = versionOfPackage(INTERPRETER) ?? ''
    this.state ??= await probeHosted(this, { program: PROBE, version }, options)
    return this.state
  }

  async run(request: SandboxRequest, options: SandboxRunOptions = {}): Promise<SandboxResult> {
    options.signal?.throwIfAborted()
    checkRequest(this.name, request)
    refuseGrants(this.name, request.policy)
    const { program, policy } = request
    const source = new TextEncoder().encode(program.kind === 'script' ? program.source : '')
    if (source.byteLength > SOURCE_BYTES_MAX)
      throw new CodedError('SANDBOX_PROGRAM_INVALID', { message: `a script has at most ${SOURCE_BYTES_MAX} bytes` })
    const { job, parts } = encodeInputs(request, this.outside)
    const outcome = await this.runs.run({ limits: policy.limits, job, parts: [source, ...parts] }, options)
    return { runtime: this.name, code: undefined, signal: undefined, ...outcome }
  }

  async close(): Promise<void> {
    await this.runs.close()
  }
}
