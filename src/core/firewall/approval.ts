import { canonicalJson, isCanonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Declassification } from './flow-labels.ts'
import type { IntentPlan } from './intent-plan.ts'
import { CONFIDENTIALITIES, INTEGRITIES } from './taint-label.ts'

/** What somebody allows: results of some steps of exactly one plan, once, until a time. */
export type Approval = {
  readonly planHash: string
  readonly declassified: readonly Declassification[]
  /** Who allowed it, for the record. */
  readonly approver: string
  /** First instant at which it is void. */
  readonly expiresAt: Timestamp
  /** 32 lower-case hexadecimal digits; an approval serves once. */
  readonly nonce: string
}

/** An approval is decided soon or not at all: what is remembered of used ones stays small. */
export const APPROVAL_LIFETIME_MAX_MS = 86_400_000
export const APPROVALS_REMEMBERED_MAX = 4_096

export type ApprovalRefusal =
  | 'APPROVAL_INVALID'
  | 'APPROVAL_EXPIRED'
  | 'APPROVAL_OTHER_PLAN'
  | 'APPROVAL_USED'
  | 'APPROVAL_MEMORY_FULL'

/** SHA-256 of the plan's canonical JSON: any change of the plan makes another one of it. */
export function planHashOf(plan: IntentPlan): string {
  return sha256Hex(canonicalJson(plan))
}

/** What is signed: canonical, so there is one text for one approval. */
export function approvalText(approval: Approval): string {
  return canonicalJson(documentOf(approval))
}

function documentOf({ planHash, declassified, approver, expiresAt, nonce }: Approval): JsonValue {
  return {
    purpose: 'kernell-plan-approval-1',
    planHash,
    declassified: declassified.map(({ stepId, confidentiality, integrity }) => ({
      stepId,
      confidentiality,
      integrity,
    })),
    approver,
    expiresAt,
    nonce,
  }
}

/** Reads the text back; `undefined` unless it is, byte for byte, what `approvalText` writes. */
export function parseApprovalText(text: string): Approval | undefined {
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { planHash, declassified, approver, expiresAt, nonce } = value as Readonly<Record<string, JsonValue>>
  if (typeof planHash !== 'string' || typeof approver !== 'string' || typeof nonce !== 'string') return undefined
  if (typeof expiresAt !== 'number' || !Number.isSafeInteger(expiresAt) || !/^[0-9a-f]{32}$/.test(nonce))
    return undefined
  if (!Array.isArray(declassified)) return undefined
  const items = declassified.map(declassificationOf)
  const known = items.filter((item) => item !== undefined)
  if (known.length !== items.length) return undefined
  const approval = { planHash, declassified: known, approver, expiresAt: expiresAt as Timestamp, nonce }
  return isCanonicalJson(documentOf(approval), text) ? approval : undefined
}

function declassificationOf(value: JsonValue): Declassification | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const fields = value as Readonly<Record<string, JsonValue>>
  const confidentiality = CONFIDENTIALITIES.find((known) => known === fields['confidentiality'])
  const integrity = INTEGRITIES.find((known) => known === fields['integrity'])
  const stepId = fields['stepId']
  if (confidentiality === undefined || integrity === undefined || typeof stepId !== 'string') return undefined
  return { stepId, confidentiality, integrity }
}

/** Nonces of used approvals until they expire. */
export type UsedApprovals = ReadonlyMap<string, Timestamp>

export type ApprovalUse =
  | { readonly kind: 'used'; readonly used: UsedApprovals }
  | { readonly kind: 'refused'; readonly code: ApprovalRefusal }

/** Uses an approval whose signature was checked: for this plan, at this time, the first time. */
export function applyApproval(
  used: UsedApprovals,
  approval: Approval,
  { planHash, at }: { readonly planHash: string; readonly at: Timestamp },
): ApprovalUse {
  if (approval.planHash !== planHash) return { kind: 'refused', code: 'APPROVAL_OTHER_PLAN' }
  if (at >= approval.expiresAt) return { kind: 'refused', code: 'APPROVAL_EXPIRED' }
  if (approval.expiresAt - at > APPROVAL_LIFETIME_MAX_MS) return { kind: 'refused', code: 'APPROVAL_INVALID' }
  if (used.has(approval.nonce)) return { kind: 'refused', code: 'APPROVAL_USED' }
  const kept = new Map([...used].filter(([, expiresAt]) => at < expiresAt))
  if (kept.size >= APPROVALS_REMEMBERED_MAX) return { kind: 'refused', code: 'APPROVAL_MEMORY_FULL' }
  return { kind: 'used', used: kept.set(approval.nonce, approval.expiresAt) }
}
