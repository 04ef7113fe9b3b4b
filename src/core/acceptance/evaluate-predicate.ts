import type { JsonValue } from '../../base/canonical-json.ts'
import type { Hash } from '../evidence/names.ts'
import { compileLinearRegex } from '../text/linear-regex-program.ts'
import { hasMatch } from '../text/linear-regex.ts'
import { checkJsonSchema } from '../verification/json-schema.ts'
import type { AcceptancePredicate, PredicateLeaf } from './acceptance-predicate.ts'
import type { AcceptanceRefusalCode } from './acceptance-refusals.ts'
import { type Decimal, decimalOfNumber, isNear, parseDecimal } from './decimal.ts'

/** What is known of an artifact; whoever states it has the bytes, and the hash binds the rest to them. */
export type ArtifactFacts = {
  readonly hash: Hash
  readonly sizeBytes: number
  /** Where the bytes are UTF-8. */
  readonly text?: string
  /** Where the text is JSON. */
  readonly json?: JsonValue
  /** Whether it has so many bytes that nobody looks into them: what asks for its text has failed. */
  readonly isTooLarge?: boolean
}

/** What is known of a run: how it ended, and the JSON that it gave. */
export type RunFacts = { readonly exitCode: number; readonly json?: JsonValue }

/** What a predicate is judged on, by the names of artifacts and runs that its leaves use. A name that is not there leaves its leaf undecided; it does not fail it. */
export type AcceptanceFacts = {
  readonly artifacts: ReadonlyMap<string, ArtifactFacts>
  readonly runs: ReadonlyMap<string, RunFacts>
}

/** `undecided`: a fact is missing, or a schema uses what is not judged; then somebody else decides. */
export type AcceptanceOutcome = 'passed' | 'failed' | 'undecided'

/** What came of one node. */
export type AcceptanceFinding = {
  /** Where it stands: empty for the whole, `/0/2` for the third part of the first part. */
  readonly path: string
  readonly kind: AcceptancePredicate['kind']
  readonly outcome: AcceptanceOutcome
  /** Why it did not pass; empty when it did. */
  readonly problem: string
}

/** What `evaluatePredicate` found of the whole and of every node: a payer that rejects names the parts that failed by their paths (`checkRejection`). */
export type AcceptanceResult = {
  readonly outcome: AcceptanceOutcome
  /** Of every node, in reading order; as many as the predicate has nodes. */
  readonly findings: readonly AcceptanceFinding[]
}

/** Items that two JSON values are compared by at most, and how deep. */
const COMPARED_MAX = 100_000
const COMPARED_DEPTH_MAX = 100

/**
 * The predicate on given facts: pure, so that worker, payer, notary and arbiter get the same. `all`, `any` and `not` are those of Kleene's three-valued logic:
 * what is undecided decides nothing that the rest does not decide.
 */
export function evaluatePredicate(predicate: AcceptancePredicate, facts: AcceptanceFacts): AcceptanceResult {
  const findings: AcceptanceFinding[] = []
  const outcome = evaluateNode(predicate, facts, { path: '', findings })
  return { outcome, findings }
}

export type RejectionCheck =
  | { readonly kind: 'founded' }
  /** Nothing that is named has passed, and something is undecided: replication or arbiters are asked. */
  | { readonly kind: 'undecided' }
  | { readonly kind: 'refused'; readonly code: AcceptanceRefusalCode }

/** Whether a payer may reject for the parts that it names, by their paths: at least one, each there, none of them passed, and not with the whole passed. */
export function checkRejection(result: AcceptanceResult, named: readonly string[]): RejectionCheck {
  const found = named.map((path) => result.findings.find((finding) => finding.path === path))
  if (found.length === 0 || found.includes(undefined)) return { kind: 'refused', code: 'ACCEPTANCE_REJECT_UNNAMED' }
  if (result.outcome === 'passed' || found.some((finding) => finding?.outcome === 'passed'))
    return { kind: 'refused', code: 'ACCEPTANCE_REJECT_UNFOUNDED' }
  const isDecided = result.outcome === 'failed' && found.some((finding) => finding?.outcome === 'failed')
  return isDecided ? { kind: 'founded' } : { kind: 'undecided' }
}

type Place = { readonly path: string; readonly findings: AcceptanceFinding[] }
type Verdict = { readonly outcome: AcceptanceOutcome; readonly problem: string }

const PASSED: Verdict = { outcome: 'passed', problem: '' }

function evaluateNode(node: AcceptancePredicate, facts: AcceptanceFacts, { path, findings }: Place): AcceptanceOutcome {
  const at = findings.length
  // Its place in reading order is before its parts, whose outcomes it needs.
  findings.push({ path, kind: node.kind, outcome: 'undecided', problem: '' })
  const verdict =
    node.kind === 'all' || node.kind === 'any' || node.kind === 'not'
      ? combine(
          node.kind,
          node.of.map((part, index) => evaluateNode(part, facts, { path: `${path}/${index}`, findings })),
        )
      : evaluateLeaf(node, facts)
  findings[at] = { path, kind: node.kind, ...verdict }
  return verdict.outcome
}

function combine(kind: 'all' | 'any' | 'not', parts: readonly AcceptanceOutcome[]): Verdict {
  const has = (outcome: AcceptanceOutcome): boolean => parts.includes(outcome)
  const deciding = kind === 'any' ? 'passed' : 'failed'
  let outcome: AcceptanceOutcome = kind === 'any' ? 'failed' : 'passed'
  if (has('undecided')) outcome = 'undecided'
  if (has(deciding)) outcome = deciding
  if (kind === 'not' && outcome !== 'undecided') outcome = outcome === 'passed' ? 'failed' : 'passed'
  if (outcome === 'passed') return PASSED
  return { outcome, problem: `${parts.filter((part) => part === 'passed').length} of ${parts.length} parts passed` }
}

function evaluateLeaf(leaf: PredicateLeaf, { artifacts, runs }: AcceptanceFacts): Verdict {
  if (leaf.kind === 'exit-code') {
    const run = runs.get(leaf.run)
    if (run === undefined) return missing(`run ${leaf.run}`)
    return run.exitCode === leaf.code ? PASSED : failed(`ended with ${run.exitCode}, not ${leaf.code}`)
  }
  const artifact = artifacts.get(leaf.artifact)
  if (artifact === undefined) return missing(`artifact ${leaf.artifact}`)
  const isLookedInto = leaf.kind !== 'hash-equals' && leaf.kind !== 'size-within'
  if (isLookedInto && artifact.isTooLarge === true)
    return failed(`has ${artifact.sizeBytes} bytes, too many to be looked into`)
  switch (leaf.kind) {
    case 'hash-equals':
      return artifact.hash === leaf.hash ? PASSED : failed(`has the hash ${artifact.hash}`)
    case 'size-within':
      return within(artifact.sizeBytes, leaf.minBytes, leaf.maxBytes)
        ? PASSED
        : failed(`has ${artifact.sizeBytes} bytes`)
    case 'text-shape':
      return checkText(artifact.text, leaf)
    case 'json-schema':
      return checkSchema(artifact.json, leaf.schema)
    case 'number-near':
      return checkNumber(artifact.json, leaf)
    case 're-execution-near':
      return checkAgain(artifact.json, runs.get(leaf.run)?.json, parseDecimal(leaf.tolerance))
  }
}

function checkText(text: string | undefined, leaf: Extract<PredicateLeaf, { kind: 'text-shape' }>): Verdict {
  if (text === undefined) return missing('text')
  const length = Array.from(text).length
  if (!within(length, leaf.minLength, leaf.maxLength)) return failed(`has ${length} characters`)
  if (leaf.pattern === undefined) return PASSED
  const program = compileLinearRegex(leaf.pattern)
  const found = program === undefined ? undefined : hasMatch(program, text)
  if (found === undefined) return { outcome: 'undecided', problem: 'the pattern cannot be judged on so long a text' }
  return found ? PASSED : failed('does not match the pattern')
}

function checkSchema(json: JsonValue | undefined, schema: JsonValue): Verdict {
  if (json === undefined) return missing('JSON')
  const outcome = checkJsonSchema(schema, json)
  if (outcome.kind === 'valid') return PASSED
  if (outcome.kind === 'invalid') return failed(`${outcome.path}: ${outcome.problem}`)
  return { outcome: 'undecided', problem: `the schema uses ${outcome.keyword}` }
}

function checkNumber(json: JsonValue | undefined, leaf: Extract<PredicateLeaf, { kind: 'number-near' }>): Verdict {
  if (json === undefined) return missing('JSON')
  const value = valueAt(json, leaf.pointer)
  const given = typeof value === 'number' ? decimalOfNumber(value) : undefined
  const expected = parseDecimal(leaf.expected)
  const tolerance = parseDecimal(leaf.tolerance)
  if (given === undefined || expected === undefined || tolerance === undefined)
    return failed(`no number at ${leaf.pointer}`)
  return isNear(given, expected, tolerance) ? PASSED : failed(`${String(value)} at ${leaf.pointer}`)
}

function checkAgain(
  json: JsonValue | undefined,
  again: JsonValue | undefined,
  tolerance: Decimal | undefined,
): Verdict {
  if (json === undefined) return missing('JSON')
  if (again === undefined || tolerance === undefined) return missing('JSON of the run')
  const comparing = { tolerance, compared: 0 }
  const path = findDifference(json, again, { path: '', depth: 0, comparing })
  if (comparing.compared > COMPARED_MAX) return { outcome: 'undecided', problem: 'too large to compare' }
  return path === undefined ? PASSED : failed(`differs at ${path === '' ? 'the root' : path}`)
}

type Comparison = {
  readonly path: string
  readonly depth: number
  readonly comparing: { readonly tolerance: Decimal; compared: number }
}

/** JSON Pointer of the first place where two values differ by more than the tolerance; any place when they are too large or too deep to compare. */
function findDifference(left: unknown, right: unknown, { path, depth, comparing }: Comparison): string | undefined {
  comparing.compared += depth > COMPARED_DEPTH_MAX ? COMPARED_MAX + 1 : 1
  if (comparing.compared > COMPARED_MAX) return path
  if (typeof left === 'number' && typeof right === 'number') {
    if (left === right) return undefined
    const [one, other] = [decimalOfNumber(left), decimalOfNumber(right)]
    const isClose = one !== undefined && other !== undefined && isNear(one, other, comparing.tolerance)
    return isClose ? undefined : path
  }
  if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null)
    return left === right ? undefined : path
  if (Array.isArray(left) !== Array.isArray(right)) return path
  const names = Object.keys(left).sort()
  const others = Object.keys(right).sort()
  if (names.length !== others.length || names.some((name, index) => name !== others[index])) return path
  for (const name of names) {
    const inner = { path: `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth: depth + 1, comparing }
    const found = findDifference(memberOf(left, name), memberOf(right, name), inner)
    if (found !== undefined) return found
  }
  return undefined
}

/** The value at a JSON Pointer (RFC 6901); `undefined` where there is none. */
function valueAt(json: unknown, pointer: string): unknown {
  let value = json
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null) return undefined
    value = memberOf(value, name)
  }
  return value
}

function memberOf(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function within(value: number, min: number, max: number): boolean {
  return value >= min && value <= max
}

function failed(problem: string): Verdict {
  return { outcome: 'failed', problem }
}

function missing(what: string): Verdict {
  return { outcome: 'undecided', problem: `no facts: ${what}` }
}
