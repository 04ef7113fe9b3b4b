import { SANDBOX_LIMIT_BOUNDS, type SandboxPolicy } from './sandbox-policy.ts'

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
const PATH_LENGTH_MAX = 4_096
const NAMES_MAX = 256

/** What of a policy cannot be used, in words that name the member; empty where all of it can. Hosts are judged by the broker, which has to resolve them. */
export function faultsOfPolicy(policy: SandboxPolicy): readonly string[] {
  return [
    ...faultsOfLimits(policy.limits),
    ...policy.environment.filter((name) => !VARIABLE.test(name)).map((name) => `environment: ${name} is no name`),
    ...[...policy.paths.read, ...policy.paths.write].filter((path) => !isPlainAbsolutePath(path)).map(sayPath),
    ...(policy.environment.length > NAMES_MAX ? [`environment: at most ${NAMES_MAX} names`] : []),
    ...(policy.paths.read.length + policy.paths.write.length > NAMES_MAX ? [`paths: at most ${NAMES_MAX}`] : []),
    ...(policy.network.hosts.length > NAMES_MAX ? [`network.hosts: at most ${NAMES_MAX}`] : []),
  ]
}

/** Whether `path` names one place below a directory and nothing else: relative, with `/` between names, none of them empty, `.` or `..`. */
export function isPlainRelativePath(path: string): boolean {
  if (path.length === 0 || path.length > PATH_LENGTH_MAX || path.includes('\0')) return false
  return path.split('/').every(isPlainName)
}

/** Whether `path` is absolute and names one place without `.`, `..` and empty names. */
export function isPlainAbsolutePath(path: string): boolean {
  return path.startsWith('/') && isPlainRelativePath(path.slice(1))
}

function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && name.length < 256
}

function sayPath(path: string): string {
  return `paths: ${path} is no absolute path without \`.\`, \`..\` and empty names`
}

function faultsOfLimits(limits: SandboxPolicy['limits']): readonly string[] {
  const faults: string[] = []
  for (const [name, [least, most]] of Object.entries(SANDBOX_LIMIT_BOUNDS)) {
    const value = limits[name as keyof typeof SANDBOX_LIMIT_BOUNDS]
    if (!Number.isSafeInteger(value) || value < least || value > most)
      faults.push(`limits.${name}: a whole number from ${least} to ${most}`)
  }
  return faults
}
