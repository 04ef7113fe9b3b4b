import type { JsonValue } from '../../base/canonical-json.ts'
import { parseTenantId } from '../../base/identifiers.ts'
import { durationFromMs } from '../../base/time.ts'
import { planHashOf } from '../../core/firewall/approval.ts'
import type { Declassification } from '../../core/firewall/flow-labels.ts'
import type { IntentPlan } from '../../core/firewall/intent-plan.ts'
import type { FirewallReview } from '../../core/firewall/review-plan.ts'
import type { TaintLabel } from '../../core/firewall/taint-label.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import {
  choiceOf,
  type ControlAnswer,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../control/control-request.ts'
import type { KernellNode } from '../kernell-node.ts'
import { parseIntentPlan } from './carry-out.ts'

export type PlanningNode = Pick<KernellNode, 'openFirewall' | 'carryOutPlan' | 'rights'>

const DAY_MINUTES = 1_440

/** Plans and what is known of places, for commands. Throws `REQUEST_INVALID`, `FIREWALL_PLAN_INVALID`, and what carrying a plan out throws. */
export async function answerFirewallControl(
  node: PlanningNode,
  request: ControlRequest,
  options: AbortOptions,
): Promise<ControlAnswer> {
  return { kind: 'json', body: await answer(node, request, options) }
}

async function answer(node: PlanningNode, request: ControlRequest, options: AbortOptions): Promise<JsonValue> {
  const operation = choiceOf(request, 'op', ['check', 'approve', 'run', 'label'])
  if (operation === undefined) throw invalidRequest('op', 'op must be check, approve, run or label')
  const firewall = await node.openFirewall()
  if (operation === 'label') return labelDocument(firewall.labelOf(requiredText(request, 'place')))
  const plan = parseIntentPlan(request['plan'])
  if (operation === 'check') return reviewDocument(plan, firewall.review(plan))
  return operation === 'approve' ? await approve(node, plan, request) : await run(node, { plan, request }, options)
}

/** The steps are let through as far as they have to be: their results count as trusted, and as no more than internal. */
async function approve(node: PlanningNode, plan: IntentPlan, request: ControlRequest): Promise<JsonValue> {
  const minutes = optionalNumber(request, 'minutes') ?? 60
  if (!(minutes > 0 && minutes <= DAY_MINUTES)) throw invalidRequest('minutes', `minutes must be up to ${DAY_MINUTES}`)
  const confidentiality = choiceOf(request, 'confidentiality', ['public', 'internal', 'private'])
  const approver = requiredText(request, 'approver').slice(0, 256)
  const firewall = await node.openFirewall()
  const { labels } = firewall.review(plan)
  const declassified = stepsOf(request, plan).map((stepId): Declassification => ({
    stepId,
    confidentiality: confidentiality ?? labels.get(stepId)?.confidentiality ?? 'private',
    integrity: 'trusted',
  }))
  const planHash = planHashOf(plan)
  const journal = await node.rights.openAudit()
  await journal.append({
    type: 'plan-approved',
    plan: planHash,
    by: approver,
    steps: declassified.map((item) => item.stepId),
  })
  const lifetimeMs = durationFromMs(Math.round(minutes * 60_000))
  const approval = firewall.approve(plan, { declassified, approver, lifetimeMs })
  return { approval, plan_hash: planHash, steps: declassified.map((item) => ({ ...item })), minutes }
}

function stepsOf(request: ControlRequest, plan: IntentPlan): readonly string[] {
  const given = request['steps']
  if (!Array.isArray(given) || given.length === 0) throw invalidRequest('steps', 'steps must be a list of ids of steps')
  return given.map((id) => {
    const step = plan.steps.find((known) => known.id === id)
    if (step === undefined) throw invalidRequest('steps', `The plan has no step ${JSON.stringify(id)}`)
    return step.id
  })
}

async function run(
  node: PlanningNode,
  { plan, request }: { readonly plan: IntentPlan; readonly request: ControlRequest },
  options: AbortOptions,
): Promise<JsonValue> {
  const named = optionalText(request, 'tenant')
  const tenant = named === undefined ? undefined : parseTenantId(named)
  if (named !== undefined && tenant === undefined) throw invalidRequest('tenant', 'tenant is no name of a tenant')
  const approval = optionalText(request, 'approval')
  const asked = { plan, approval, texts: textsOf(request), ...(tenant !== undefined && { tenant }) }
  const { planHash, output, steps } = await node.carryOutPlan(asked, options)
  return {
    plan_hash: planHash,
    output,
    steps: steps.map(({ id, label, characters }) => ({ id, ...labelDocument(label), characters })),
  }
}

function textsOf(request: ControlRequest): Readonly<Record<string, string>> {
  const given = request['texts'] ?? {}
  if (typeof given !== 'object' || Array.isArray(given)) throw invalidRequest('texts', 'texts must be an object')
  return Object.fromEntries(
    Object.entries(given).map(([place, text]) => {
      if (typeof text !== 'string') throw invalidRequest('texts', `The text ${JSON.stringify(place)} is none`)
      return [place, text]
    }),
  )
}

function reviewDocument(plan: IntentPlan, { isAllowed, refusals, labels }: FirewallReview): JsonValue {
  return {
    allowed: isAllowed,
    plan_hash: planHashOf(plan),
    refusals: refusals.map(({ code, at, why, isApprovable }) => ({ code, at, why, approvable: isApprovable })),
    steps: plan.steps.flatMap(({ id }) => {
      const label = labels.get(id)
      return label === undefined ? [] : [{ id, ...labelDocument(label) }]
    }),
  }
}

function labelDocument({ confidentiality, integrity, origins }: TaintLabel): { readonly [name: string]: JsonValue } {
  return { confidentiality, integrity, origins: [...origins] }
}
