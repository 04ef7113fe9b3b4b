import { z } from 'zod'
import { SINK_KINDS, SOURCE_KINDS, type IntentPlan } from '../core/firewall/intent-plan.ts'
import { PLAN_ITEMS_MAX } from '../core/firewall/review-plan.ts'
import { CONFIDENTIALITIES, INTEGRITIES } from '../core/firewall/taint-label.ts'

const id = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/)
/** Half a character has no bytes: what holds one cannot be named by a hash. In Unicode mode `\p{Surrogate}` matches lone halves only. */
const text = z.string().refine((value) => !/\p{Surrogate}/u.test(value), 'has half of a character')
const locator = text.min(1).max(2_048)
const ids = z.array(id).max(PLAN_ITEMS_MAX)

const source = z.strictObject({
  id,
  kind: z.enum(SOURCE_KINDS),
  locator,
  confidentiality: z.enum(CONFIDENTIALITIES),
  integrity: z.enum(INTEGRITIES),
})
const sink = z.strictObject({ id, kind: z.enum(SINK_KINDS), locator })
const step = z.strictObject({ id, action: text.max(2_048), uses: ids, sink: id.exactOptional() })

/**
 * A plan as whoever proposes it writes it: JSON, nothing in it runs, nothing in it is believed. Unknown members are refused, so that what was reviewed is
 * all there is. One step or more; steps, sinks, sources and the ids of a list are at most `PLAN_ITEMS_MAX` each.
 */
export const intentPlanSchema: z.ZodType<IntentPlan> = z.strictObject({
  proposedBy: text.min(1).max(256),
  writtenAfter: ids,
  sources: z.array(source).max(PLAN_ITEMS_MAX),
  sinks: z.array(sink).max(PLAN_ITEMS_MAX),
  steps: z.array(step).min(1).max(PLAN_ITEMS_MAX),
})
