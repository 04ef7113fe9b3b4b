import type { SandboxProgram, SandboxRequest, SandboxResult, SandboxRunOptions } from '../../ports/sandbox-runtime.ts'
import type { OwnedRuns } from '../process/owned-runs.ts'

export type MachineRun = {
  readonly request: SandboxRequest
  readonly program: Extract<SandboxProgram, { kind: 'command' }>
  readonly environment: Readonly<Record<string, string>>
  readonly options: SandboxRunOptions & { readonly signal: AbortSignal }
  readonly runs: OwnedRuns
}

/** One way to make machines here. */
export type MachineEngine = {
  /** Its name and version, for people. */
  readonly version: string
  readonly isEmulated: boolean
  /** Runs one program in a machine of its own. Throws as `SandboxRuntime.run` does; nothing of the machine is left then. */
  readonly run: (run: MachineRun) => Promise<SandboxResult>
}
