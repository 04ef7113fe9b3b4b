import { join } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { DEFAULT_TENANT, type TenantId } from '../../base/identifiers.ts'
import { planHashOf } from '../../core/firewall/approval.ts'
import type { IntentPlan } from '../../core/firewall/intent-plan.ts'
import type { PublicFetch } from '../../guard/public-fetch.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { Random } from '../../ports/random.ts'
import type { Router } from '../../ports/router.ts'
import { carryOutPlan, type PlanOutcome } from '../../router/firewall/carry-out-plan.ts'
import type { IntentFirewall } from '../../router/firewall/intent-firewall.ts'
import { intentPlanSchema } from '../../wire/intent-plan.ts'
import type { NodeConfig } from '../config/node-config.ts'
import type { NodeMemory } from '../node-memory.ts'
import type { NodeRights } from '../rights/open-rights.ts'
import { makeRunOrder } from '../rights/run-order.ts'
import { runInSandbox } from '../sandbox/run-in-sandbox.ts'
import { NodeHands, type NodeHandsInit } from './node-hands.ts'
import { PlanFiles } from './plan-files.ts'

/** A plan that this node is asked to carry out. */
export type AskedPlan = {
  /** An `IntentPlan`; what is none is refused, whatever its type says. */
  readonly plan: unknown
  /** Whose memories and files. Default: the default tenant. */
  readonly tenant?: TenantId
  /** Token of `IntentFirewall.approve`. */
  readonly approval?: string | undefined
  /** What whoever asks hands over, by the locators of the sources: their own words, documents of theirs, what a peer sent. */
  readonly texts?: Readonly<Record<string, string>>
}

export type CarryOut = (asked: AskedPlan, options?: AbortOptions) => Promise<PlanOutcome>

export type CarryOutParts = {
  readonly router: Router
  readonly web: PublicFetch
  readonly random: Pick<Random, 'bytes'>
  readonly memory: Pick<NodeMemory, 'open'>
  readonly config: Pick<NodeConfig, 'dataDir' | 'sandbox'>
  readonly rights: Pick<NodeRights, 'stop' | 'openAudit' | 'openCallDesk'>
  readonly openFirewall: () => Promise<IntentFirewall>
  readonly files: PlanFiles
}

/** A program of a plan gets nothing but what it is given. */
const SCRIPT_POLICY = '{"isolation": "t2"}'
/** How long the order for a program of a plan is valid: it is shown at once. */
const ORDER_MS = 60_000

/** The files of plans, below the data directory. */
export function planFilesOf(dataDir: string): PlanFiles {
  return new PlanFiles(join(dataDir, 'plan-files'))
}

/** Carries plans out, each through the firewall of the node; what is refused is in the audit journal. */
export function carryOutWith(parts: CarryOutParts): CarryOut {
  return async ({ plan: given, tenant = DEFAULT_TENANT, approval, texts = {} }, options = {}) => {
    const { rights, router, web, random, files } = parts
    const plan = parseIntentPlan(given)
    const openMemory = async () => (await parts.memory.open()).forTenant(tenant)
    const hands = new NodeHands({ tenant, router, web, random, files, openMemory, runScript: scriptsOf(parts), texts })
    const firewall = await parts.openFirewall()
    return await rights.stop.run(options.signal, async (signal) => {
      try {
        return await carryOutPlan(firewall, hands, { plan, approval, signal })
      } catch (error: unknown) {
        if (isRefusal(error)) {
          const journal = await rights.openAudit()
          await journal.append({ type: 'plan-refused', plan: planHashOf(plan), reason: error.code, tenant })
        }
        throw error
      }
    })
  }
}

/** Programs of plans run as all others do: by an order that counts once, and is in the audit journal before they begin. */
function scriptsOf({ config, rights }: Pick<CarryOutParts, 'config' | 'rights'>): NodeHandsInit['runScript'] {
  return async (source, signal) => {
    const program = { kind: 'script', source } as const
    const { dataDir, sandbox: settings } = config
    const right = await makeRunOrder({ dataDir, policy: SCRIPT_POLICY, program, chain: [], validMs: ORDER_MS })
    const desk = await rights.openCallDesk()
    return await runInSandbox({
      desk,
      right,
      program,
      stdin: undefined,
      runtime: undefined,
      settings,
      environment: {},
      signal,
    })
  }
}

/** Throws `FIREWALL_PLAN_INVALID`, which names the first member that is wrong. */
export function parseIntentPlan(given: unknown): IntentPlan {
  const reading = intentPlanSchema.safeParse(given)
  if (reading.success) return reading.data
  const [issue] = reading.error.issues
  const member = issue?.path.join('.') ?? ''
  const message = `The plan is no plan: ${member === '' ? '' : `${member}: `}${issue?.message ?? 'it cannot be read'}`
  throw new CodedError('FIREWALL_PLAN_INVALID', { message, details: { member } })
}

function isRefusal(error: unknown): error is CodedError {
  return CodedError.is(error) && /^(?:FIREWALL|APPROVAL)_/.test(error.code)
}
