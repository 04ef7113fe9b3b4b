import { Part } from '@a2a-js/sdk'
import { z } from 'zod'
import { canonicalJson, type JsonValue } from '../../../base/canonical-json.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import { hashOfBytes } from '../../../market/parties/contracts/task-package.ts'

const ENCODER = new TextEncoder()
const PARTS = z.array(z.record(z.string(), z.unknown())).min(1).max(1_024)

/** The document of a task, which is the input of the contract. */
export const PAID_INPUT = z.strictObject({
  v: z.literal(1),
  taskId: z.string().min(1).max(128),
  skill: z.string().min(1).max(128),
  parts: PARTS,
})

/** The document of what came of it, which is the result of the contract. */
export const PAID_RESULT = z.strictObject({
  v: z.literal(1),
  taskId: z.string().min(1).max(128),
  artifacts: z
    .array(z.strictObject({ artifactId: z.string().min(1).max(128), name: z.string().max(256), parts: PARTS }))
    .max(256),
})

/** What is to be done: the first message of a task, and for which skill. It is the input of the contract, so that a contract pays for one task and no other. */
export type PaidInput = { readonly taskId: string; readonly skill: string; readonly parts: readonly Part[] }

export type PaidArtifact = { readonly artifactId: string; readonly name: string; readonly parts: readonly Part[] }

/** What came of it: the result of the contract, whose hash the delivery binds. */
export type PaidOutput = { readonly taskId: string; readonly artifacts: readonly PaidArtifact[] }

/** The same bytes on both sides: canonical JSON, parts in the JSON form of the protocol. */
export function encodePaidInput({ taskId, skill, parts }: PaidInput): Uint8Array {
  return ENCODER.encode(canonicalJson({ v: 1, taskId, skill, parts: parts.map(jsonOfPart) }))
}

export function encodePaidOutput({ taskId, artifacts }: PaidOutput): Uint8Array {
  const listed = artifacts.map(({ artifactId, name, parts }) => ({ artifactId, name, parts: parts.map(jsonOfPart) }))
  return ENCODER.encode(canonicalJson({ v: 1, taskId, artifacts: listed }))
}

/** `undefined` for bytes that are none. */
export function decodePaidInput(bytes: Uint8Array): PaidInput | undefined {
  const read = PAID_INPUT.safeParse(jsonOf(bytes))
  return read.success ? { ...read.data, parts: read.data.parts.map((part) => Part.fromJSON(part)) } : undefined
}

/** `undefined` for bytes that are none. */
export function decodePaidOutput(bytes: Uint8Array): PaidOutput | undefined {
  const read = PAID_RESULT.safeParse(jsonOf(bytes))
  if (!read.success) return undefined
  const { taskId, artifacts } = read.data
  return {
    taskId,
    artifacts: artifacts.map(({ parts, ...rest }) => ({ ...rest, parts: parts.map((part) => Part.fromJSON(part)) })),
  }
}

/** How a contract names its input. */
export function nameOfInput(input: PaidInput): { readonly hash: Hash; readonly sizeBytes: number } {
  const bytes = encodePaidInput(input)
  return { hash: hashOfBytes(bytes), sizeBytes: bytes.byteLength }
}

function jsonOfPart(part: Part): JsonValue {
  // Members that are absent are no JSON.
  return JSON.parse(JSON.stringify(Part.toJSON(part))) as JsonValue
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes) ?? '')
  } catch {
    return undefined
  }
}
