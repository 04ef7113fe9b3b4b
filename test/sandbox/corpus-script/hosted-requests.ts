import { parse } from '@bytecodealliance/jco-transpile/wasm-tools'
import {
  SANDBOX_LIMIT_DEFAULTS,
  type SandboxLimits,
  type SandboxPolicy,
} from '../../../src/core/sandbox/sandbox-policy.ts'
import type { JsonValue, SandboxRequest } from '../../../src/ports/sandbox-runtime.ts'

/** A policy that grants nothing, with these limits and otherwise those that are usual. */
export function policyWith(limits: Partial<SandboxLimits> = {}): SandboxPolicy {
  return {
    isolation: 't1',
    limits: { ...SANDBOX_LIMIT_DEFAULTS, ...limits },
    network: { hosts: [] },
    environment: [],
    paths: { read: [], write: [] },
    allowEmulation: false,
  }
}

type Call = { readonly call?: string; readonly args?: readonly JsonValue[]; readonly limits?: Partial<SandboxLimits> }

/** A script; with `call`, that export is called. */
export function scriptRequest(source: string, { call, args = [], limits }: Call = {}): SandboxRequest {
  const called = call === undefined ? {} : { call, args }
  return { program: { kind: 'script', source, ...called }, policy: policyWith(limits) }
}

/** A component, from its text. */
export async function componentRequest(
  text: string,
  { call = 'run', args = [], limits }: Call = {},
): Promise<SandboxRequest> {
  return { program: { kind: 'component', bytes: await parse(text), call, args }, policy: policyWith(limits) }
}

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
