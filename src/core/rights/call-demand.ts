import { isIpldList, isIpldMap, type IpldMap, type IpldValue, memberOf } from '../capability/ipld-value.ts'
import { DEFAULT_PORT, parseHostPattern } from '../egress/host-pattern.ts'
import { type Hash, parseHash } from '../evidence/names.ts'
import { ISOLATION_TIERS } from '../sandbox/isolation.ts'
import { SANDBOX_LIMIT_BOUNDS, type SandboxLimits, type SandboxPolicy } from '../sandbox/sandbox-policy.ts'
import { isHostName, isPathName, isVariableName, NAMES_MAX } from './names-of-rights.ts'
import { limitNames, type Rights } from './rights.ts'

/** What a call asks for, all of it named: nothing of it is `any`, and one program. */
export type CallDemand = Omit<Rights, 'codes' | 'hosts' | 'environment' | 'read' | 'write'> & {
  readonly code: Hash
  readonly hosts: readonly string[]
  readonly environment: readonly string[]
  readonly read: readonly string[]
  readonly write: readonly string[]
}

const MEMBERS = ['code', 'isolation', 'limits', 'hosts', 'environment', 'read', 'write', 'allowEmulation']

/** The arguments of an order that demand says. Tiers are numbers there, so that a policy can compare them. */
export function argsOfDemand(demand: CallDemand): IpldMap {
  const { isolation, limits, ...rest } = demand
  return { ...rest, limits: { ...limits }, isolation: ISOLATION_TIERS.indexOf(isolation) + 1 }
}

/** Reads the arguments of an order; `undefined` where a member is missing, unknown, beyond its bounds or not in its one form. */
export function readDemand(args: IpldMap): CallDemand | undefined {
  if (Object.keys(args).some((name) => !MEMBERS.includes(name))) return undefined
  const code = parseText(memberOf(args, 'code'))
  const hash = code === undefined ? undefined : parseHash(code)
  const tier = memberOf(args, 'isolation')
  const isolation = typeof tier === 'number' ? ISOLATION_TIERS[tier - 1] : undefined
  const limits = readLimits(memberOf(args, 'limits'))
  const hosts = readNames(memberOf(args, 'hosts'), isHostName)
  const environment = readNames(memberOf(args, 'environment'), isVariableName)
  const read = readNames(memberOf(args, 'read'), isPathName)
  const write = readNames(memberOf(args, 'write'), isPathName)
  const allowEmulation = memberOf(args, 'allowEmulation')
  if (hash === undefined || isolation === undefined || limits === undefined || typeof allowEmulation !== 'boolean')
    return undefined
  if (hosts === undefined || environment === undefined || read === undefined || write === undefined) return undefined
  return { code: hash, isolation, limits, hosts, environment, read, write, allowEmulation }
}

/** A demand as rights, to be compared with others. */
export function rightsOfDemand({ code, ...rest }: CallDemand): Rights {
  return { ...rest, codes: [code] }
}

/** What a program asks for whose policy is this one, each name in its one form; what of it no order can ask for, as a fault in words. */
export function demandOfPolicy(
  { network, environment, paths, isolation, limits, allowEmulation }: SandboxPolicy,
  code: Hash,
): { readonly demand: CallDemand } | { readonly fault: string } {
  const hosts = network.hosts.map(plainHostPattern)
  const named = { hosts, environment, read: paths.read, write: paths.write }
  const tests = { hosts: isHostName, environment: isVariableName, read: isPathName, write: isPathName }
  for (const [member, names] of Object.entries(named)) {
    const wrong = names.find((name) => !tests[member as keyof typeof tests](name))
    if (wrong !== undefined) return { fault: `${member}: ${JSON.stringify(wrong)} has no form that an order may name` }
    if (new Set(names).size > NAMES_MAX) return { fault: `${member}: an order names ${NAMES_MAX} at most` }
  }
  const once = (names: readonly string[]): readonly string[] => [...new Set(names)]
  return {
    demand: {
      code,
      isolation,
      limits,
      hosts: once(hosts),
      environment: once(environment),
      read: once(paths.read),
      write: once(paths.write),
      allowEmulation,
    },
  }
}

/** The one form of a host that a policy names; what is none stays as it is. */
function plainHostPattern(text: string): string {
  const pattern = parseHostPattern(text)
  if (pattern === undefined) return text
  const { kind, host, port } = pattern
  return `${kind === 'under' ? '*.' : ''}${host}${port === DEFAULT_PORT ? '' : `:${port}`}`
}

function parseText(value: IpldValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function readNames(value: IpldValue | undefined, isName: (text: string) => boolean): readonly string[] | undefined {
  if (value === undefined || !isIpldList(value) || value.length > NAMES_MAX) return undefined
  const names = value.filter((name) => typeof name === 'string').filter(isName)
  return names.length === value.length && new Set(names).size === names.length ? names : undefined
}

function readLimits(value: IpldValue | undefined): SandboxLimits | undefined {
  if (!isIpldMap(value) || Object.keys(value).length !== limitNames().length) return undefined
  const limits: Partial<Record<keyof SandboxLimits, number>> = {}
  for (const name of limitNames()) {
    const [least, most] = SANDBOX_LIMIT_BOUNDS[name]
    const limit = memberOf(value, name)
    if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < least || limit > most) return undefined
    limits[name] = limit
  }
  return limits as SandboxLimits
}
