import type { SandboxLimits } from './sandbox-policy.ts'

/** The limit that a run came to, where it came to one. */
const LIMIT_OF_END: Readonly<Record<string, keyof SandboxLimits>> = {
  time: 'wallMs',
  cpu: 'cpuMs',
  memory: 'memoryBytes',
  output: 'outputBytes',
  processes: 'processes',
  disk: 'diskBytes',
}

/** Names the limit that ended a run, its value, and the member of a policy that raises it; `undefined` for an end of another kind. */
export function explainLimit(reason: string, limits: SandboxLimits): string | undefined {
  const name = Object.hasOwn(LIMIT_OF_END, reason) ? LIMIT_OF_END[reason] : undefined
  return name === undefined ? undefined : `it came to ${name} (${limits[name]}): raise limits.${name}`
}
