import { z } from 'zod'
import { CodedError } from '../base/errors.ts'
import { faultsOfPolicy } from '../core/sandbox/check-policy.ts'
import { ISOLATION_TIERS } from '../core/sandbox/isolation.ts'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxPolicy } from '../core/sandbox/sandbox-policy.ts'

/** A policy is short; what is longer is none, and is not read. */
export const SANDBOX_POLICY_BYTES_MAX = 65_536

const NAMES_MAX = 256
const TEXT_MAX = 4_096

const names = z.array(z.string().min(1).max(TEXT_MAX)).max(NAMES_MAX)
const limits = z.strictObject({
  wallMs: z.int(),
  cpuMs: z.int(),
  memoryBytes: z.int(),
  outputBytes: z.int(),
  processes: z.int(),
  diskBytes: z.int(),
})

/** What is not named is not allowed, and limits that are not named are the defaults. How strongly a program is kept apart has to be said. */
const document = z.strictObject({
  isolation: z.enum(ISOLATION_TIERS),
  limits: limits.partial().default({}),
  network: z.strictObject({ hosts: names.default([]) }).default({ hosts: [] }),
  environment: names.default([]),
  paths: z.strictObject({ read: names.default([]), write: names.default([]) }).default({ read: [], write: [] }),
  allowEmulation: z.boolean().default(false),
})

/**
 * Reads the policy of a sandbox as it is written down, JSON. An unknown member is an error: it may have been meant to forbid something.
 *
 * Throws `SANDBOX_POLICY_INVALID`, which names the member in `details.member`.
 */
export function parseSandboxPolicy(text: string): SandboxPolicy {
  const reading = document.safeParse(parseJson(text))
  if (!reading.success) {
    const [issue] = reading.error.issues
    const member = issue?.path.join('.') ?? ''
    throw invalid(`${member === '' ? 'the policy' : member}: ${issue?.message ?? 'cannot be read'}`, member)
  }
  const policy = { ...reading.data, limits: { ...SANDBOX_LIMIT_DEFAULTS, ...namedIn(reading.data.limits) } }
  const [fault] = faultsOfPolicy(policy)
  if (fault !== undefined) throw invalid(fault, fault.slice(0, fault.indexOf(':')))
  return policy
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('the policy: it is no JSON', '')
  }
}

/** A limit that is there and `undefined` is not named. */
function namedIn(
  limitsNamed: Partial<Record<keyof SandboxPolicy['limits'], number | undefined>>,
): Partial<SandboxPolicy['limits']> {
  return Object.fromEntries(Object.entries(limitsNamed).filter(([, value]) => value !== undefined))
}

function invalid(message: string, member: string): CodedError {
  return new CodedError('SANDBOX_POLICY_INVALID', { message, details: { member } })
}
