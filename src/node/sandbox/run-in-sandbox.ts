import type { SandboxRuntimeName } from '../../core/sandbox/isolation.ts'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxLimits } from '../../core/sandbox/sandbox-policy.ts'
import type { SandboxProgram, SandboxResult } from '../../ports/sandbox-runtime.ts'
import type { ShownRight } from '../../rights/call-desk.ts'
import { type CallJudge, runGranted } from '../../rights/granted-sandbox.ts'
import type { SandboxConfig } from '../config/node-config.ts'
import { openSandboxes } from './open-sandboxes.ts'

export type RunInSandboxInit = {
  /** Who says whether it may run, and writes that down. */
  readonly desk: CallJudge
  /** The order to run this program, with its chain. */
  readonly right: ShownRight
  readonly program: SandboxProgram
  readonly stdin: string | undefined
  readonly runtime: SandboxRuntimeName | undefined
  readonly settings: SandboxConfig
  /** Whose variables the program may be given by name. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** `limits`: those that held, as the order and its chain have it. */
export type RanInSandbox = SandboxResult & { readonly limits: SandboxLimits }

/** Runs one program, as its order and the chain behind it allow, on runtimes that are opened for it alone. Throws what `runGranted` and `Sandboxes.run` throw. */
export async function runInSandbox(init: RunInSandboxInit): Promise<RanInSandbox> {
  const { desk, right, program, runtime: named, environment, settings, signal } = init
  const sandboxes = openSandboxes({ settings, environment })
  let limits = SANDBOX_LIMIT_DEFAULTS
  try {
    const stdin = init.stdin === undefined ? {} : { stdin: new TextEncoder().encode(init.stdin) }
    const runtime = {
      run: async (...[request, options]: Parameters<typeof sandboxes.run>): Promise<SandboxResult> => {
        limits = request.policy.limits
        return await sandboxes.run(request, { ...options, runtime: named })
      },
    }
    const result = await runGranted({ desk, runtime }, { right, program, ...stdin }, { signal })
    return { ...result, limits }
  } finally {
    await sandboxes.close()
  }
}
