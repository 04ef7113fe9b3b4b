import type { SandboxRuntimeName } from '../../core/sandbox/isolation.ts'
import { explainLimit } from '../../core/sandbox/explain-limit.ts'
import { SANDBOX_LIMIT_DEFAULTS } from '../../core/sandbox/sandbox-policy.ts'
import type { SandboxResult, SandboxRunOptions } from '../../ports/sandbox-runtime.ts'
import { type CallJudge, type GrantedRun, runGranted } from '../../rights/granted-sandbox.ts'
import type { SandboxConfig } from '../config/node-config.ts'
import { openSandboxes } from './open-sandboxes.ts'

export type RunInSandboxComponents = {
  /** Who says whether it may run, and writes that down. */
  readonly desk: CallJudge
  readonly settings: SandboxConfig
  /** Whose variables the program may be given by name; default the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** A runtime by name; it has to be strong enough all the same. */
  readonly runtime?: SandboxRuntimeName | undefined
}

/** `limit`: where it came to one, which, its value and what to raise. */
export type RanInSandbox = SandboxResult & { readonly limit: string | undefined }

/** Runs one program, as its order and the chain behind it allow, on runtimes that are opened for it alone. Throws what `runGranted` and `Sandboxes.run` throw. */
export async function runInSandbox(
  { desk, settings, environment, runtime: named }: RunInSandboxComponents,
  granted: GrantedRun,
  options: SandboxRunOptions = {},
): Promise<RanInSandbox> {
  const sandboxes = openSandboxes({ settings, ...(environment !== undefined && { environment }) })
  let limits = SANDBOX_LIMIT_DEFAULTS
  try {
    const runtime = {
      run: async (...[request, more]: Parameters<typeof sandboxes.run>): Promise<SandboxResult> => {
        limits = request.policy.limits
        return await sandboxes.run(request, { ...more, runtime: named })
      },
    }
    const result = await runGranted({ desk, runtime }, granted, options)
    return { ...result, limit: explainLimit(result.reason, limits) }
  } finally {
    await sandboxes.close()
  }
}
