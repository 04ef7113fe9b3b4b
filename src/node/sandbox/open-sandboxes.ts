import { CodedError } from '../../base/errors.ts'
import { chooseRuntime, type RuntimeState, type RuntimeStates } from '../../core/sandbox/choose-runtime.ts'
import { isAtLeast, RUNTIME_TRAITS, SANDBOX_RUNTIMES, type SandboxRuntimeName } from '../../core/sandbox/isolation.ts'
import type {
  SandboxEgress,
  SandboxRequest,
  SandboxResult,
  SandboxRunOptions,
  SandboxRuntime,
} from '../../ports/sandbox-runtime.ts'
import { createEgressBroker } from '../../guard/egress-broker.ts'
import { defaultDataDir } from '../config/load-config.ts'
import type { SandboxConfig } from '../config/node-config.ts'
import { defaultSandbox } from '../config/resolve-sandbox.ts'
import { sandboxRuntimes } from './sandbox-runtimes.ts'

/**
 * Which runtimes `openSandboxes` puts together. Where `runtimes` are given they are taken as they are, and the other members make no
 * difference to them.
 */
export type SandboxesInit = {
  /** Where they are made from what; default as a configuration that says nothing. */
  readonly settings?: SandboxConfig | undefined
  /** Default: all that this node has. */
  readonly runtimes?: readonly SandboxRuntime[]
  /** The way to the hosts that a policy names. Default: a broker of these sandboxes alone. */
  readonly egress?: SandboxEgress
  /** Whose variables a policy may name; default the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** How one run is followed and ended, and by which runtime it is done where not any that is strong enough will do. */
export type SandboxesRunOptions = SandboxRunOptions & {
  /** A runtime by name; it has to be strong enough all the same. */
  readonly runtime?: SandboxRuntimeName | undefined
}

/** Which runtimes are tried out, and what ends that before all were. */
export type SandboxStatesOptions = SandboxRunOptions & {
  /** Default: all. */
  readonly only?: readonly SandboxRuntimeName[] | undefined
}

/** The runtimes of a node as one: the weakest that works here and is strong enough runs a program, and a weaker one never does. */
export type Sandboxes = AsyncDisposable & {
  /** Tries the runtimes out, all or those that are named. */
  states(options?: SandboxStatesOptions): Promise<RuntimeStates>
  /**
   * Runs a program to its end. Throws what a runtime throws; `SANDBOX_UNAVAILABLE`, where none will do, says in `details.passedOver` of each why not.
   */
  run(request: SandboxRequest, options?: SandboxesRunOptions): Promise<SandboxResult>
  /** Ends all that runs. Idempotent. */
  close(): Promise<void>
}

/** Opens the runtimes of this machine as one. No runtime is tried out before the first run or `states`; whoever opens them closes them. */
export function openSandboxes(init: SandboxesInit = {}): Sandboxes {
  const broker = createEgressBroker()
  const { settings = defaultSandbox(defaultDataDir()), egress = broker, environment } = init
  const all = init.runtimes ?? sandboxRuntimes({ settings, egress, environment })
  const runtimes = new Map(all.map((runtime) => [runtime.name, runtime]))
  const close = async (): Promise<void> => {
    await Promise.all(all.map(async (runtime) => await runtime.close()))
    await broker.close()
  }
  return {
    states: async (options) => await statesOf(all, options),
    run: async (request, options = {}) => await choose(runtimes, request, options),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** One after the other: a probe that fights with another for the processor may find that it does not work. */
async function statesOf(
  runtimes: readonly SandboxRuntime[],
  { only, ...options }: SandboxStatesOptions = {},
): Promise<RuntimeStates> {
  const states: Partial<Record<SandboxRuntimeName, RuntimeState>> = {}
  const meant = runtimes.filter(({ name }) => only?.includes(name) ?? true)
  for (const runtime of meant) states[runtime.name] = await runtime.probe(options)
  return states
}

async function choose(
  runtimes: ReadonlyMap<SandboxRuntimeName, SandboxRuntime>,
  request: SandboxRequest,
  { runtime: named, ...options }: SandboxesRunOptions,
): Promise<SandboxResult> {
  const { policy, program } = request
  const demand = {
    isolation: policy.isolation,
    program: program.kind,
    named,
    allowEmulation: policy.allowEmulation,
  }
  const states: Partial<Record<SandboxRuntimeName, RuntimeState>> = {}
  // Weakest first, and only as far as needed: trying out a machine takes seconds.
  for (const name of SANDBOX_RUNTIMES) {
    const runtime = runtimes.get(name)
    const { tier, runs } = RUNTIME_TRAITS[name]
    const isMeant = runs === program.kind && isAtLeast(tier, policy.isolation) && (named ?? name) === name
    if (runtime === undefined || !isMeant) continue
    states[name] = await runtime.probe(options)
    const choice = chooseRuntime(states, demand)
    if (choice.kind === 'chosen' && choice.runtime === name) return await runtime.run(request, options)
  }
  const choice = chooseRuntime(states, demand)
  const passedOver = choice.kind === 'refused' ? choice.passedOver : []
  const reasons = passedOver.filter(({ why }) => why !== 'not-named' || named === undefined)
  throw new CodedError('SANDBOX_UNAVAILABLE', {
    message: reasons.map(({ runtime, reason }) => `${runtime}: ${reason}`).join('; '),
    details: { passedOver },
  })
}
