import {
  type IsolationTier,
  isAtLeast,
  ISOLATION_TIERS,
  type ProgramKind,
  RUNTIME_TRAITS,
  SANDBOX_RUNTIMES,
  type SandboxRuntimeName,
} from './isolation.ts'

/**
 * What is known of a runtime on this machine. `isEmulated`: a machine without the processor's own help, correct and some twenty times slower. `isMemoryWatched`: no control group holds memory, so that
 * what processes have is added up every few milliseconds, and more is taken until then.
 */
export type RuntimeState =
  | {
      readonly works: true
      readonly version: string
      readonly isEmulated?: boolean
      readonly isMemoryWatched?: boolean
    }
  | { readonly works: false; readonly reason: string; readonly remedy: string }

/** What is known of each runtime by its name. One that is absent was not tried out, or is not there, and is never chosen. */
export type RuntimeStates = Readonly<Partial<Record<SandboxRuntimeName, RuntimeState>>>

export type RuntimeDemand = {
  readonly isolation: IsolationTier
  readonly program: ProgramKind
  /** A runtime that is asked for by name; it has to be strong enough all the same. */
  readonly named?: SandboxRuntimeName | undefined
  /** Whether an emulated machine will do. */
  readonly allowEmulation: boolean
}

export type RuntimeChoice =
  | { readonly kind: 'chosen'; readonly runtime: SandboxRuntimeName }
  | { readonly kind: 'refused'; readonly passedOver: readonly PassedOver[] }

/** Why a runtime was not taken, and what would change that. */
export type PassedOver = {
  readonly runtime: SandboxRuntimeName
  readonly why: 'too-weak' | 'other-program' | 'not-named' | 'emulated' | 'absent'
  readonly reason: string
  readonly remedy: string
}

/** The weakest runtime that works here, runs this kind of program and is at least as strong as required: a stronger one may be taken, a weaker one never is. */
export function chooseRuntime(states: RuntimeStates, demand: RuntimeDemand): RuntimeChoice {
  const passedOver: PassedOver[] = []
  const strongestLast = SANDBOX_RUNTIMES.toSorted(
    (left, right) => rankOf(RUNTIME_TRAITS[left].tier) - rankOf(RUNTIME_TRAITS[right].tier),
  )
  for (const runtime of strongestLast) {
    const refusal = refuse(runtime, states[runtime], demand)
    if (refusal === undefined) return { kind: 'chosen', runtime }
    passedOver.push({ runtime, ...refusal })
  }
  return { kind: 'refused', passedOver }
}

function rankOf(tier: IsolationTier): number {
  return ISOLATION_TIERS.indexOf(tier)
}

function refuse(
  runtime: SandboxRuntimeName,
  state: RuntimeState | undefined,
  { isolation, program, named, allowEmulation }: RuntimeDemand,
): Omit<PassedOver, 'runtime'> | undefined {
  const { tier, runs } = RUNTIME_TRAITS[runtime]
  if (named !== undefined && named !== runtime)
    return { why: 'not-named', reason: `${named} was asked for`, remedy: 'Ask for `auto`.' }
  if (runs !== program)
    return { why: 'other-program', reason: `it runs a ${runs}`, remedy: `Give it a ${runs} and not a ${program}.` }
  if (!isAtLeast(tier, isolation))
    return {
      why: 'too-weak',
      reason: `it is ${tier}, and ${isolation} is required`,
      remedy: `Lower \`isolation\` to ${tier} where that is enough.`,
    }
  if (state === undefined)
    return {
      why: 'absent',
      reason: 'it is not part of this node',
      remedy: 'Open the sandboxes with it: give it in `runtimes`, or leave them out.',
    }
  if (!state.works) return { why: 'absent', reason: state.reason, remedy: state.remedy }
  if (state.isEmulated === true && !allowEmulation)
    return {
      why: 'emulated',
      reason: 'the processor gives no machines here, only emulation does',
      remedy: 'Set `allowEmulation`, which is correct and slow, or run it on a machine with working KVM.',
    }
  return undefined
}
