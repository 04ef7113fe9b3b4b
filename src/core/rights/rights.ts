import { type IsolationTier, ISOLATION_TIERS } from '../sandbox/isolation.ts'
import { SANDBOX_LIMIT_BOUNDS, type SandboxLimits } from '../sandbox/sandbox-policy.ts'
import { coversHost, coversPath, meetHosts, meetPaths, meetWords, type Names } from './names-of-rights.ts'

/** What a program may be and use, at most. */
export type Rights = {
  /** SHA-256 of the programs that may run, as hexadecimal digits. */
  readonly codes: Names
  /** How strongly it has to be kept apart, at least. */
  readonly isolation: IsolationTier
  readonly limits: SandboxLimits
  /** As in a policy of a sandbox: `name`, `name:port`, `*.name`. */
  readonly hosts: Names
  readonly environment: Names
  /** Folders and files that may be read, with all that lies below. */
  readonly read: Names
  /** That may be written, and read. */
  readonly write: Names
  readonly allowEmulation: boolean
}

/** What somebody says of rights: members that are absent are passed on as they are. */
export type StatedRights = Partial<Omit<Rights, 'limits'>> & { readonly limits?: Partial<SandboxLimits> }

/** What the owner of a machine has: everything. */
export const ALL_RIGHTS: Rights = {
  codes: 'any',
  isolation: 't1',
  limits: mapLimits((name) => SANDBOX_LIMIT_BOUNDS[name][1]),
  hosts: 'any',
  environment: 'any',
  read: 'any',
  write: 'any',
  allowEmulation: true,
}

/** What both allow. Never wider than either of them. */
export function meetRights(left: Rights, right: Rights): Rights {
  return {
    codes: meetWords(left.codes, right.codes),
    isolation: rankOf(left.isolation) >= rankOf(right.isolation) ? left.isolation : right.isolation,
    limits: mapLimits((name) => Math.min(left.limits[name], right.limits[name])),
    hosts: meetHosts(left.hosts, right.hosts),
    environment: meetWords(left.environment, right.environment),
    read: meetPaths(readable(left), readable(right)),
    write: meetPaths(left.write, right.write),
    allowEmulation: left.allowEmulation && right.allowEmulation,
  }
}

/** The rights with what is stated in place of what was there: what somebody asks to have. */
export function withStated(rights: Rights, stated: StatedRights): Rights {
  return { ...rights, ...stated, limits: { ...rights.limits, ...stated.limits } }
}

export type RightsMember = keyof Rights

/** In which members `inner` goes beyond `outer`; empty where it stays within. */
export function widenedMembers(outer: Rights, inner: Rights): readonly RightsMember[] {
  const beyond: RightsMember[] = []
  if (!within(outer.codes, inner.codes, isSame)) beyond.push('codes')
  if (rankOf(inner.isolation) < rankOf(outer.isolation)) beyond.push('isolation')
  if (limitNames().some((name) => inner.limits[name] > outer.limits[name])) beyond.push('limits')
  if (!within(outer.hosts, inner.hosts, coversHost)) beyond.push('hosts')
  if (!within(outer.environment, inner.environment, isSame)) beyond.push('environment')
  if (!within(readable(outer), inner.read, coversPath)) beyond.push('read')
  if (!within(outer.write, inner.write, coversPath)) beyond.push('write')
  if (inner.allowEmulation && !outer.allowEmulation) beyond.push('allowEmulation')
  return beyond
}

/** What may be written may be read. */
function readable({ read, write }: Rights): Names {
  return read === 'any' || write === 'any' ? 'any' : [...read, ...write]
}

function within(outer: Names, inner: Names, covers: (outer: string, inner: string) => boolean): boolean {
  if (outer === 'any') return true
  return inner !== 'any' && inner.every((name) => outer.some((known) => covers(known, name)))
}

function isSame(left: string, right: string): boolean {
  return left === right
}

function rankOf(tier: IsolationTier): number {
  return ISOLATION_TIERS.indexOf(tier)
}

/** Names of the limits, in the order of their table. */
export function limitNames(): readonly (keyof SandboxLimits)[] {
  return Object.keys(SANDBOX_LIMIT_BOUNDS) as (keyof SandboxLimits)[]
}

function mapLimits(valueOf: (name: keyof SandboxLimits) => number): SandboxLimits {
  return {
    wallMs: valueOf('wallMs'),
    cpuMs: valueOf('cpuMs'),
    memoryBytes: valueOf('memoryBytes'),
    outputBytes: valueOf('outputBytes'),
    processes: valueOf('processes'),
    diskBytes: valueOf('diskBytes'),
  }
}
