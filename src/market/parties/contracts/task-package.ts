import { canonicalJson, type JsonValue } from '../../../base/canonical-json.ts'
import { sha256Hex, sha256HexOfBytes } from '../../../base/sha256.ts'
import { type AcceptancePredicate, parsePredicate } from '../../../core/acceptance/acceptance-predicate.ts'
import {
  type AcceptanceFacts,
  type AcceptanceResult,
  type ArtifactFacts,
  evaluatePredicate,
  type RunFacts,
} from '../../../core/acceptance/evaluate-predicate.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import type { MarketTask } from '../../../wire/v1/market-frames.ts'

/** Names of the two artefacts that every task has. */
export const INPUT = 'input'
export const RESULT = 'result'

const TASK_DOMAIN = 'kernell/market/task/v1\0'
const VERDICT_DOMAIN = 'kernell/market/verdict/v1\0'
const MANIFEST_DOMAIN = 'kernell/market/manifest/v1\0'

/** SHA-256 of bytes, which is how files are named. */
export function hashOfBytes(bytes: Uint8Array): Hash {
  return sha256HexOfBytes(bytes) as Hash
}

/** What a contract calls its task. */
export function taskHashOf(task: MarketTask): Hash {
  return sha256Hex(TASK_DOMAIN + canonicalJson(task)) as Hash
}

/**
 * An input or a result as contract and delivery name it: by the SHA-256 of its bytes where they fit one frame, else by that of the list of its pieces. Name and size
 * together say which; a name alone does not, since the bytes of a list are an artefact too.
 */
export type ArtifactName = { readonly hash: Hash; readonly sizeBytes: number }

export function inputNameOf({ inputHash, inputBytes }: MarketTask): ArtifactName {
  return { hash: inputHash, sizeBytes: inputBytes }
}

/** The list of artefacts that a delivery binds: here the result alone. */
export function manifestHashOf({ hash, sizeBytes }: ArtifactName): Hash {
  const content = [{ hash, name: RESULT, sizeBytes }]
  return sha256Hex(MANIFEST_DOMAIN + canonicalJson(content)) as Hash
}

/** What a delivery says that the predicate said. */
export function verdictHashOf(result: AcceptanceResult): Hash {
  return sha256Hex(VERDICT_DOMAIN + canonicalJson(result)) as Hash
}

/** The predicate of a canonical text, when it is the one that the contract names. */
export function readPredicate(text: string, hash: Hash): AcceptancePredicate | undefined {
  try {
    const parsed = parsePredicate(JSON.parse(text))
    return parsed.kind === 'predicate' && parsed.hash === hash ? parsed.predicate : undefined
  } catch {
    return undefined
  }
}

/** An artefact that is here. Absent bytes: it is in pieces, and nobody looks into it. */
export type ShownArtifact = ArtifactName & { readonly bytes?: Uint8Array }

export function shownArtifact(bytes: Uint8Array): ShownArtifact {
  return { hash: hashOfBytes(bytes), sizeBytes: bytes.byteLength, bytes }
}

export type JudgedArtifacts = {
  readonly input: ShownArtifact
  readonly result: ShownArtifact
  /** What another run of the task gave, where there was one that counts. */
  readonly again?: Uint8Array
}

/** Names of runs of the task itself that a predicate compares with; not of test suites, whose end nobody else can tell. */
export function reRunsOf(predicate: AcceptancePredicate): readonly string[] {
  const runs = new Set<string>()
  const suites = new Set<string>()
  const walk = (node: AcceptancePredicate): void => {
    if (node.kind === 're-execution-near') runs.add(node.run)
    if (node.kind === 'exit-code') suites.add(node.run)
    if ('of' in node) for (const part of node.of) walk(part)
  }
  walk(predicate)
  return [...runs].filter((run) => !suites.has(run))
}

function runOf(bytes: Uint8Array): RunFacts {
  const { json } = factsOf(shownArtifact(bytes))
  return { exitCode: 0, ...(json !== undefined && { json }) }
}

/**
 * What the predicate says of a result. Worker, payer and arbiters who have the same artefacts get the same. A result in pieces fails whatever looks into its text: a worker
 * would else be paid for any bytes, as long as they are too many to be looked into.
 */
export function judgeResult(
  predicate: AcceptancePredicate,
  { input, result, again }: JudgedArtifacts,
): AcceptanceResult {
  const facts: AcceptanceFacts = {
    artifacts: new Map([
      [INPUT, factsOf(input)],
      [RESULT, { ...factsOf(result), ...(result.bytes === undefined && { isTooLarge: true }) }],
    ]),
    runs: new Map(again === undefined ? [] : reRunsOf(predicate).map((run) => [run, runOf(again)])),
  }
  return evaluatePredicate(predicate, facts)
}

function factsOf({ hash, sizeBytes, bytes }: ShownArtifact): ArtifactFacts {
  const text = bytes === undefined ? undefined : decodeUtf8(bytes)
  const head = { hash, sizeBytes }
  if (text === undefined) return head
  const json = jsonOf(text)
  return { ...head, text, ...(json !== undefined && { json }) }
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    // JSON.parse gives nothing else.
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}

/** Paths of the parts that failed, for a rejection; the whole where only it did. */
export function failedParts({ findings }: AcceptanceResult): readonly string[] {
  return findings.filter(({ outcome }) => outcome === 'failed').map(({ path }) => path)
}
