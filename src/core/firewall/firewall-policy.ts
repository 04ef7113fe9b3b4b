import type { PlanSink, PlanSource, SinkKind, SourceKind } from './intent-plan.ts'
import { unknownLabel, type Confidentiality, type Integrity, type TaintLabel } from './taint-label.ts'

/** What the operator knows of sources whose locator begins with `prefix`; of several, the longest prefix counts. */
export type SourceRule = {
  readonly kind: SourceKind
  readonly prefix: string
  readonly confidentiality: Confidentiality
  readonly integrity: Integrity
}

/** What may go to sinks whose locator begins with `prefix`. */
export type SinkRule = {
  readonly kind: SinkKind
  readonly prefix: string
  /** Whether somebody else can read it there. */
  readonly isExternal: boolean
  /** The most confidential value that may go there. */
  readonly clearance: Confidentiality
}

/** Models of this machine, and all others, as places that a plan sends something to. */
export const MODELS_LOCAL = 'models/local'
export const MODELS_REMOTE = 'models/remote'

/**
 * What the operator says of the places that plans read from and write to. A source that no rule names is taken for the worst, and a sink that no rule names
 * gets nothing; `withDefaults` adds the rules of `DEFAULT_FIREWALL_POLICY`.
 */
export type FirewallPolicy = { readonly sources: readonly SourceRule[]; readonly sinks: readonly SinkRule[] }

/**
 * What holds unless the operator says otherwise. Whoever asks is trusted, what others wrote is not; what the node keeps is as trustworthy as what was put there,
 * which the register knows. Models outside are told nothing private, and nothing else leaves.
 */
export const DEFAULT_FIREWALL_POLICY: FirewallPolicy = {
  sources: [
    { kind: 'user', prefix: '', confidentiality: 'internal', integrity: 'trusted' },
    { kind: 'peer', prefix: 'request', confidentiality: 'internal', integrity: 'untrusted' },
    { kind: 'document', prefix: 'request', confidentiality: 'internal', integrity: 'untrusted' },
    { kind: 'document', prefix: 'https://', confidentiality: 'public', integrity: 'untrusted' },
    { kind: 'memory', prefix: 'memory/', confidentiality: 'internal', integrity: 'trusted' },
    { kind: 'file', prefix: 'file/', confidentiality: 'internal', integrity: 'trusted' },
  ],
  sinks: [
    { kind: 'reply', prefix: '', isExternal: false, clearance: 'private' },
    { kind: 'memory', prefix: '', isExternal: false, clearance: 'private' },
    { kind: 'file', prefix: 'file/', isExternal: false, clearance: 'private' },
    { kind: 'model', prefix: MODELS_LOCAL, isExternal: false, clearance: 'private' },
    { kind: 'model', prefix: MODELS_REMOTE, isExternal: true, clearance: 'internal' },
    { kind: 'execute', prefix: 'sandbox/', isExternal: false, clearance: 'private' },
  ],
}

/** The operator's rules before those that hold otherwise: of two with one prefix the operator's counts. */
export function withDefaults({ sources, sinks }: FirewallPolicy): FirewallPolicy {
  return {
    sources: [...sources, ...DEFAULT_FIREWALL_POLICY.sources],
    sinks: [...sinks, ...DEFAULT_FIREWALL_POLICY.sinks],
  }
}

/** What is known of a source; of one that no rule names, the worst. */
export function knownLabel(
  { sources }: FirewallPolicy,
  { kind, locator }: Pick<PlanSource, 'kind' | 'locator'>,
): TaintLabel {
  const rule = longestOf(sources, kind, locator)
  if (rule === undefined) return unknownLabel(locator)
  return { confidentiality: rule.confidentiality, integrity: rule.integrity, origins: [locator] }
}

/** The rule of a sink; `undefined` for one that nobody declared. */
export function sinkRuleOf({ sinks }: FirewallPolicy, { kind, locator }: PlanSink): SinkRule | undefined {
  return longestOf(sinks, kind, locator)
}

function longestOf<Rule extends { readonly kind: string; readonly prefix: string }>(
  rules: readonly Rule[],
  kind: Rule['kind'],
  locator: string,
): Rule | undefined {
  let found: Rule | undefined
  for (const rule of rules) {
    if (rule.kind !== kind || !isUnder(locator, rule.prefix)) continue
    if (found === undefined || rule.prefix.length > found.prefix.length) found = rule
  }
  return found
}

/**
 * Whether a locator is the prefix or lies under it. `https://a.example` is not the beginning of `https://a.example.org`, and no `..`, backslash or user
 * part leads out of it.
 */
function isUnder(locator: string, prefix: string): boolean {
  if (prefix === '') return true
  if (!locator.startsWith(prefix)) return false
  const rest = locator.slice(prefix.length)
  if (rest === '') return true
  if (!prefix.endsWith('/') && !prefix.endsWith(':') && !/^[/?#]/.test(rest)) return false
  return !/(?:^|[/\\])\.\.(?:[/\\]|$)|[\\@\0]|%2e|%2f|%5c/i.test(rest)
}
