import type { JsonValue } from '../../base/canonical-json.ts'
import { toJson } from '../../core/json/json-reader.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { hashOfProgram } from '../../rights/granted-sandbox.ts'
import { readDemandOf } from './run-order.ts'

export { hashOfProgram } from '../../rights/granted-sandbox.ts'

const NO_PROGRAM: Hash = hashOfProgram({ program: { kind: 'script', source: '' } })

/** What the file of a policy allows, as rights that are granted at most; which program, it does not say. Throws `SANDBOX_POLICY_INVALID`. */
export function rightsOfPolicyFile(policy: string): { readonly [name: string]: JsonValue } {
  const { code: _code, ...rights } = readDemandOf(policy, NO_PROGRAM)
  return { ...(toJson(rights) as { readonly [name: string]: JsonValue }) }
}
