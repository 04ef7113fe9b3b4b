import type { SandboxRuntimeName } from '../../../src/core/sandbox/isolation.ts'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxLimits } from '../../../src/core/sandbox/sandbox-policy.ts'
import type { SandboxEnd, SandboxRequest } from '../../../src/ports/sandbox-runtime.ts'
import type { SandboxBehaviour, SandboxSubject } from '../../../src/testing/index.ts'
import { RUNTIME_TRAITS } from '../../../src/core/sandbox/isolation.ts'

const MIB = 1_048_576

/** What a hostile program does, which of its limits are small, and how its run may end. */
export type Attack = {
  readonly name: string
  readonly behaviour: SandboxBehaviour
  readonly limits: Partial<SandboxLimits>
  readonly ends: readonly SandboxEnd[]
}

const COMMON: SandboxLimits = {
  ...SANDBOX_LIMIT_DEFAULTS,
  wallMs: 20_000,
  cpuMs: 15_000,
  memoryBytes: 48 * MIB,
  processes: 8,
  diskBytes: 4 * MIB,
  outputBytes: 65_536,
}

export const ATTACKS: readonly Attack[] = [
  { name: 'endless loop', behaviour: 'computesForever', limits: { wallMs: 400 }, ends: ['time'] },
  { name: 'endless loop, processor', behaviour: 'computesForever', limits: { cpuMs: 200 }, ends: ['cpu'] },
  { name: 'sleep past the deadline', behaviour: 'greetsThenWaits', limits: { wallMs: 400 }, ends: ['time'] },
  { name: 'memory bomb', behaviour: 'takesMemory', limits: {}, ends: ['memory'] },
  { name: 'fork bomb', behaviour: 'startsProcesses', limits: {}, ends: ['processes'] },
  { name: 'output flood', behaviour: 'floodsOutput', limits: {}, ends: ['output'] },
  { name: 'disk flood', behaviour: 'fillsDirectory', limits: {}, ends: ['disk'] },
  { name: 'a fault of its own', behaviour: 'fails', limits: {}, ends: ['exited', 'failed'] },
  { name: 'nothing bad', behaviour: 'greets', limits: {}, ends: ['exited'] },
]

/** Attacks that programs of a runtime can make; what they cannot do is held by its conformance suite. */
export function attacksOf(programs: SandboxSubject['programs']): readonly Attack[] {
  return ATTACKS.filter(({ behaviour }) => !('cannot' in programs[behaviour]))
}

export function requestOf(
  name: SandboxRuntimeName,
  programs: SandboxSubject['programs'],
  { behaviour, limits }: Pick<Attack, 'behaviour' | 'limits'>,
): SandboxRequest {
  const program = programs[behaviour]
  if ('cannot' in program) throw new RangeError(`${name}: ${program.cannot}`)
  return {
    program,
    policy: {
      isolation: RUNTIME_TRAITS[name].tier,
      limits: { ...COMMON, ...limits },
      network: { hosts: [] },
      environment: [],
      paths: { read: [], write: [] },
      allowEmulation: true,
    },
  }
}
