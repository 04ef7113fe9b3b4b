import type { JsonValue } from '../../base/canonical-json.ts'
import { reasonToRefuse } from '../../wire/refused-members.ts'
import { invalidRequest } from '../invalid-request.ts'
import { checkJsonTree, type JsonObject } from '../listener/parse-json-body.ts'

/**
 * The members that the node does not interpret, which the provider gets as they are; `undefined` where there are none.
 *
 * @param understood  Names of the others.
 *
 * Throws `REQUEST_INVALID` naming a member that would choose another model or price behind the node's back, or that cannot be written again.
 */
export function collectPassThrough(body: JsonObject, understood: ReadonlySet<string>): JsonObject | undefined {
  const members: [string, JsonValue][] = []
  for (const name of Object.keys(body)) {
    if (understood.has(name)) continue
    if (name === '__proto__') throw invalidRequest(name, 'A member may not be named __proto__')
    const value = body[name]
    if (value === undefined) continue
    const reason = reasonToRefuse(name, value)
    if (reason !== undefined) throw invalidRequest(name, `${name} is not passed on: ${reason}`)
    checkJsonTree(value, name)
    members.push([name, value])
  }
  return members.length === 0 ? undefined : Object.fromEntries(members)
}
