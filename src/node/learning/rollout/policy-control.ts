import type { JsonValue } from '../../../base/canonical-json.ts'
import { DERIVATION_KINDS } from '../../../learning/derivations/derivation.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import {
  choiceOf,
  type ControlAnswer,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../../control/control-request.ts'
import type { KernellNode } from '../../kernell-node.ts'
import type { DerivationInit, TelemetryFilter } from '../../node-records.ts'
import type { NodePolicies } from '../../../router/rollout/node-policies.ts'
import { gateDocument, policyDocument, resultDocument, statusDocument, type PolicyPlace } from './policy-documents.ts'

export type ControlledNode = Pick<KernellNode, 'policies' | 'records'>

/**
 * Does what was asked.
 *
 * Throws `REQUEST_INVALID` for what is no request, and as the functions of `NodePolicies` and `NodeRecords`.
 */
export async function answerPolicyControl(
  node: ControlledNode,
  request: ControlRequest,
  options: AbortOptions = {},
): Promise<ControlAnswer> {
  const { op } = request
  if (op === 'records') return { kind: 'lines', lines: node.records.exportLines(filterOf(request), options) }
  const operation = typeof op === 'string' && Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op] : undefined
  if (operation === undefined)
    throw invalidRequest('op', `op must be one of records, ${Object.keys(OPERATIONS).join(', ')}`)
  return { kind: 'json', body: await operation(node, request) }
}

type Operation = (node: ControlledNode, request: ControlRequest) => Promise<JsonValue>

const OPERATIONS: Readonly<Record<string, Operation>> = {
  list,
  show,
  status: async ({ policies }) => await Promise.resolve(statusDocument(policies.status())),
  promote: async ({ policies }, request) => {
    const stage = choiceOf(request, 'stage', ['shadow', 'canary', 'full'])
    const percent = optionalNumber(request, 'percent')
    if (percent !== undefined && !(percent > 0 && percent < 100))
      throw invalidRequest('percent', 'percent must be above 0 and below 100; `--stage full` is everything')
    return resultDocument(
      await policies.promote({
        version: requiredText(request, 'version'),
        ...(request['without_reference'] === true && { isWithoutReference: true }),
        ...(percent === undefined ? stage !== undefined && { stage } : { stage: stage ?? 'canary', percent }),
        ...whyOf(request),
      }),
    )
  },
  rollback: async ({ policies }, request) => {
    const to = optionalText(request, 'to')
    return resultDocument(await policies.rollBack({ ...(to !== undefined && { to }), ...whyOf(request) }))
  },
  pause: async ({ policies }, request) => resultDocument(await policies.pause({ isPaused: true, ...whyOf(request) })),
  resume: async ({ policies }, request) => resultDocument(await policies.pause({ isPaused: false, ...whyOf(request) })),
  register: async ({ policies }, request) => {
    const { version, isNew } = await policies.register(requiredText(request, 'artefact'))
    return { version, effect: isNew ? 'registered' : 'exists' }
  },
  text: async ({ policies }, request) => ({ ...(await policies.textOf(requiredText(request, 'name'))) }),
  'attach-gate': async ({ policies }, request) => {
    const version = requiredText(request, 'version')
    return { version, ...gateDocument(await policies.attachGateReport(version, requiredText(request, 'report'))) }
  },
  remove: async ({ policies }, request) => {
    const version = requiredText(request, 'version')
    return { version, effect: (await policies.remove(version)) ? 'removed' : 'absent' }
  },
  derived: async ({ records }, request) => ({ recorded: await records.recordDerivation(derivationOf(request)) }),
}

async function list({ policies }: ControlledNode): Promise<JsonValue> {
  const { policies: registered, damaged } = await policies.list()
  const place = placesOf(policies)
  return { policies: registered.map((policy) => policyDocument(policy, place(policy.version))), damaged }
}

async function show({ policies }: ControlledNode, request: ControlRequest): Promise<JsonValue> {
  const { policies: lineage, missing } = await policies.lineage(requiredText(request, 'version'))
  const place = placesOf(policies)
  const [policy, ...parents] = lineage.map((one) => policyDocument(one, place(one.version)))
  return { policy: policy ?? null, parents, missing_parent: missing }
}

function placesOf(policies: NodePolicies): (version: string) => PolicyPlace {
  const { incumbent, candidate } = policies.status()
  return (version) => {
    if (version === candidate) return 'candidate'
    return version === incumbent ? 'incumbent' : null
  }
}

/** Text of people in a journal; longer ones are cut. */
const WHY_MAX = 200

function whyOf(request: ControlRequest): { readonly by: string; readonly reason?: string } {
  const reason = optionalText(request, 'reason')
  const by = optionalText(request, 'by') ?? 'a command'
  return { by: by.slice(0, WHY_MAX), ...(reason !== undefined && { reason: reason.slice(0, WHY_MAX) }) }
}

function filterOf(request: ControlRequest): TelemetryFilter {
  const [tenant, from, to] = ['tenant', 'from', 'to'].map((name) => optionalText(request, name))
  const limit = optionalNumber(request, 'limit')
  return {
    ...(tenant !== undefined && { tenant }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(limit !== undefined && { limit }),
  }
}

function derivationOf(request: ControlRequest): Omit<DerivationInit, 'made_at'> {
  const kind = choiceOf(request, 'kind', DERIVATION_KINDS)
  if (kind === undefined) throw invalidRequest('kind', 'kind must be there')
  const sources = request['sources']
  return {
    kind,
    path: optionalText(request, 'path') ?? null,
    version: optionalText(request, 'version') ?? null,
    from: optionalText(request, 'from') ?? null,
    to: optionalText(request, 'to') ?? null,
    rows: optionalNumber(request, 'rows') ?? 0,
    hash: optionalText(request, 'hash') ?? null,
    tenants: request['tenants'] === null ? null : textsOf(request, 'tenants'),
    ...(sources !== undefined && { sources: sourcesOf(sources) }),
  }
}

function sourcesOf(value: JsonValue): NonNullable<DerivationInit['sources']> {
  if (!Array.isArray(value)) throw invalidRequest('sources', 'sources must be a list')
  return value.map((source: JsonValue) => {
    const members: ControlRequest = isObject(source) ? source : {}
    const hash = optionalText(members, 'hash')
    return { path: requiredText(members, 'path'), ...(hash !== undefined && { hash }) }
  })
}

function isObject(value: JsonValue): value is ControlRequest {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textsOf(request: ControlRequest, name: string): readonly string[] {
  const value = request[name] ?? []
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw invalidRequest(name, `${name} must be a list of texts`)
}
