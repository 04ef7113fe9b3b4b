import { RUNTIME_TRAITS, SANDBOX_RUNTIMES, type SandboxRuntimeName } from '../../core/sandbox/isolation.ts'
import { readPrepared } from '../../sandbox/prepare/prepared-place.ts'
import type { SandboxConfig } from '../config/node-config.ts'
import type { HealthCheck } from '../kernell-node.ts'
import { openSandboxes, type Sandboxes } from '../sandbox/open-sandboxes.ts'

export type DiagnoseSandboxesInit = {
  readonly settings: SandboxConfig
  /** Default: all. */
  readonly only?: readonly SandboxRuntimeName[]
  readonly open?: () => Sandboxes
}

/**
 * What is prepared, and each runtime of sandboxes that this node has, tried out. One that does not work is a warning: programs that need it are refused, and nothing else.
 */
export async function diagnoseSandboxes(
  signal: AbortSignal,
  { settings, only, open = () => openSandboxes({ settings }) }: DiagnoseSandboxesInit,
): Promise<readonly HealthCheck[]> {
  const sandboxes = open()
  try {
    const states = await sandboxes.states({ signal, only })
    const tried = SANDBOX_RUNTIMES.flatMap((runtime): readonly HealthCheck[] => {
      const state = states[runtime]
      if (state === undefined) return []
      const { tier, runs } = RUNTIME_TRAITS[runtime]
      const name = `sandbox ${runtime}`
      if (!state.works) return [{ name, state: 'warning', detail: state.reason, remedy: state.remedy }]
      const how = state.isEmulated === true ? ', emulated' : ''
      const memory = state.isMemoryWatched === true ? '; memory is watched, not held: no control groups here' : ''
      return [{ name, state: 'ok', detail: `${state.version}: each ${runs} at ${tier}${how}${memory}` }]
    })
    return [checkPrepared(settings), ...tried]
  } finally {
    await sandboxes.close()
  }
}

function checkPrepared({ directory }: SandboxConfig): HealthCheck {
  const name = 'sandbox files'
  const prepared = readPrepared(directory)
  if (prepared.kind === 'nothing') {
    const remedy = 'Run `kernell sandbox prepare` where containers or machines are wanted.'
    return { name, state: 'ok', detail: `nothing is prepared in ${directory}: no containers, no machines`, remedy }
  }
  if (prepared.kind === 'outdated') {
    const detail = `what is in ${directory} was made by another version`
    return { name, state: 'warning', detail, remedy: 'Run `kernell sandbox prepare` again.' }
  }
  const { image, kernelFrom } = prepared.record
  const parts = [
    'the supervisor',
    ...(image === undefined ? [] : [`the image ${image}`]),
    ...(kernelFrom === undefined ? [] : [`a machine with the kernel ${kernelFrom}`]),
  ]
  return { name, state: 'ok', detail: `${parts.join(', ')}; in ${directory}` }
}
