import { RUNTIME_TRAITS, SANDBOX_RUNTIMES } from '../../core/sandbox/isolation.ts'
import type { HealthCheck } from '../kernell-node.ts'
import { openSandboxes, type Sandboxes } from '../sandbox/open-sandboxes.ts'

/** Tries out each runtime of sandboxes that this node has. One that does not work is a warning: programs that need it are refused, and nothing else. */
export async function diagnoseSandboxes(
  signal: AbortSignal,
  open: () => Sandboxes = openSandboxes,
): Promise<readonly HealthCheck[]> {
  const sandboxes = open()
  try {
    const states = await sandboxes.states({ signal })
    return SANDBOX_RUNTIMES.flatMap((runtime): readonly HealthCheck[] => {
      const state = states[runtime]
      if (state === undefined) return []
      const { tier, runs } = RUNTIME_TRAITS[runtime]
      const name = `sandbox ${runtime}`
      if (!state.works) return [{ name, state: 'warning', detail: state.reason, remedy: state.remedy }]
      const how = state.isEmulated === true ? ', emulated' : ''
      return [{ name, state: 'ok', detail: `${state.version}: each ${runs} at ${tier}${how}` }]
    })
  } finally {
    await sandboxes.close()
  }
}
