/** What an agent is started with, as anybody may have given it: checked before it starts, so that no request fails over it. */
import { parseTenantId } from 'kernell-os/core'
import { checkWhole } from './request-desk/protocol.ts'

/** The members of an input before they are checked. */
export type UncheckedInput = Readonly<Record<string, unknown>>

/** Throws TypeError where the input, or part of one, is no object. */
export function objectOf(value: unknown, where = 'input'): UncheckedInput {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${where} must be an object, and is ${kindOf(value)}`)
  return value as UncheckedInput
}

/** A list that is not empty. Throws TypeError, and RangeError for an empty one. */
export function listOf(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${where} must be a list, and is ${kindOf(value)}`)
  if (value.length === 0) throw new RangeError(`${where} must not be empty`)
  return value
}

/** Throws TypeError where it is no text, or a blank one. */
export function checkText(value: unknown, where: string): asserts value is string {
  if (typeof value !== 'string' || value.trim() === '')
    throw new TypeError(`${where} must be a text that is not empty, and is ${kindOf(value)}`)
}

/** Throws TypeError where a method is missing; `hint` says where such an object comes from. */
export function checkMethods(value: unknown, where: string, { names, hint }: Methods): void {
  const members = (typeof value === 'object' && value !== null ? value : {}) as UncheckedInput
  if (names.every((name) => typeof members[name] === 'function')) return
  throw new TypeError(`${where} must have the method${names.length > 1 ? 's' : ''} ${names.join(', ')}: ${hint}`)
}

type Methods = { readonly names: readonly string[]; readonly hint: string }

/** The members of `Routing`, of every agent that asks models. Throws TypeError or RangeError, which name the member. */
export function checkRouting(input: unknown): void {
  const { router, caller, targets, controls, attemptsMax } = objectOf(input)
  checkMethods(router, 'router', { names: ['route'], hint: 'give the agent the router of a node, `node.router`' })
  checkCaller(caller)
  if (targets !== undefined) checkTargets(targets, 'targets')
  if (controls !== undefined) objectOf(controls, 'controls')
  checkWhole('attemptsMax', attemptsMax, { min: 1 })
}

function checkCaller(caller: unknown): void {
  const { tenant } = objectOf(caller, 'caller')
  if (typeof tenant !== 'string' || parseTenantId(tenant) === undefined)
    throw new TypeError(
      'caller.tenant must be a tenant: `DEFAULT_TENANT`, or what `parseTenantId` makes of 1 to 128 characters of A-Z a-z 0-9 . _ : -',
    )
}

/** A list of route targets that is not empty. Throws TypeError, and RangeError for an empty one. */
export function checkTargets(targets: unknown, where: string): void {
  for (const [index, target] of listOf(targets, where).entries()) checkTarget(target, `${where}[${index}]`)
}

/** Throws TypeError where it is no `RouteTarget`. */
export function checkTarget(target: unknown, where: string): void {
  const { kind, route, modelId } = objectOf(target, where)
  switch (kind) {
    case 'auto':
      return
    case 'route':
      if (route !== 'local' && route !== 'cheap' && route !== 'premium')
        throw new TypeError(`${where}.route must be local, cheap or premium`)
      return
    case 'model':
      return checkText(modelId, `${where}.modelId`)
    default:
      throw new TypeError(`${where}.kind must be auto, route or model`)
  }
}

/** The member `memory` of agents that remember; it may be absent. Throws TypeError. */
export function checkMemory(input: unknown): void {
  const { memory } = objectOf(input)
  if (memory === undefined) return
  checkMethods(memory, 'memory', {
    names: ['recall', 'remember', 'link', 'feedback'],
    hint: 'give the agent `(await node.openMemory()).forTenant(tenant)`, or leave it out',
  })
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
