/**
 * How strongly a program is kept apart, weakest first. `t1`: a WebAssembly component with the imports that it declares. `t2`: JavaScript in an interpreter in WebAssembly. `t3`: a
 * process in namespaces of its own. `t4`: a container. `t5`: a machine of its own.
 */
export const ISOLATION_TIERS = ['t1', 't2', 't3', 't4', 't5'] as const

/**
 * One of `t1` to `t5`: the least that a policy asks for, or what a runtime gives. Tiers are ordered by strength, `t5` being the
 * strongest.
 */
export type IsolationTier = (typeof ISOLATION_TIERS)[number]

export const SANDBOX_RUNTIMES = ['wasm', 'quickjs', 'subprocess', 'docker', 'microvm'] as const

/** One of the five runtimes there are, one for each tier from the weakest, `wasm`, to the strongest, `microvm`; see `IsolationTier`. */
export type SandboxRuntimeName = (typeof SANDBOX_RUNTIMES)[number]

/** `component`: a function of a WebAssembly component. `script`: JavaScript. `command`: a native program with its arguments. */
export type ProgramKind = 'component' | 'script' | 'command'

/** What each runtime gives, and which programs it runs. */
export const RUNTIME_TRAITS: Readonly<
  Record<SandboxRuntimeName, { readonly tier: IsolationTier; readonly runs: ProgramKind }>
> = {
  wasm: { tier: 't1', runs: 'component' },
  quickjs: { tier: 't2', runs: 'script' },
  subprocess: { tier: 't3', runs: 'command' },
  docker: { tier: 't4', runs: 'command' },
  microvm: { tier: 't5', runs: 'command' },
}

/** Whether `tier` is `required` or stronger. */
export function isAtLeast(tier: IsolationTier, required: IsolationTier): boolean {
  return ISOLATION_TIERS.indexOf(tier) >= ISOLATION_TIERS.indexOf(required)
}
