import { DEFAULT_TENANT, parseTenantId } from '../base/identifiers.ts'
import { CodedError } from '../base/errors.ts'
import { parseRouteControls } from '../node/control/parse-route-controls.ts'
import type { KernellNode } from '../node/kernell-node.ts'
import type { RouteControls, RouteRequest, RouteTarget } from '../ports/router.ts'
import { choiceFlag, isFlagSet, numberFlag, textFlag, usageError, type Flags, type FlagTable } from './flags.ts'

const ROUTES = ['local', 'cheap', 'premium'] as const

/** Flags of `route` and `estimate`; the gateway has them as headers. */
export const ROUTE_FLAGS: FlagTable = {
  route: { value: 'ROUTE', describe: 'local, cheap or premium, instead of the policy' },
  model: { value: 'ID', describe: 'this model, instead of the policy' },
  quality: { value: 'P', describe: 'least predicted chance of an accepted answer, 0 to 1' },
  'max-cost-usd': { value: 'USD', describe: 'most that one task may cost, overhead included' },
  allow: { value: 'LIST', describe: 'tiers and providers that may be used, separated by commas' },
  'local-only': { describe: 'nothing leaves this machine' },
  cache: {
    value: 'MODE',
    describe: 'default, no-store (reads only), no-read (writes only), refresh (replaces) or off',
  },
  system: { value: 'TEXT', describe: 'system prompt' },
  'max-output-tokens': { value: 'N', describe: 'upper bound of the answer' },
  tenant: { value: 'NAME', describe: 'whose cache and budgets (default: default)' },
}

/** Makes requests of prompts, all with the controls that the flags say. */
export type RequestMaker = (prompt: string) => RouteRequest

/** Reads the flags once. Throws `COMMAND_INVALID`. */
export function requestMaker(flags: Flags, node: KernellNode): RequestMaker {
  const controls = readControls(flags, node)
  const target = readTarget(flags)
  const tenant = parseTenantId(textFlag(flags, 'tenant') ?? DEFAULT_TENANT)
  if (tenant === undefined) throw usageError('--tenant takes 1 to 128 characters of A-Z a-z 0-9 . _ : -')
  const system = textFlag(flags, 'system')
  const maxOutputTokens = numberFlag(flags, 'max-output-tokens', { min: 1, max: 10_000_000, isWhole: true })
  return (prompt) => ({
    caller: { tenant },
    target,
    controls,
    request: {
      messages: [
        ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
        { role: 'user', content: prompt },
      ],
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    },
  })
}

/** Who is to answer. Throws `COMMAND_INVALID`. */
export function readTarget(flags: Flags): RouteTarget {
  const route = choiceFlag(flags, 'route', ROUTES)
  const modelId = textFlag(flags, 'model')
  if (route !== undefined && modelId !== undefined) throw usageError('--route and --model exclude each other')
  if (modelId !== undefined) return { kind: 'model', modelId }
  return route === undefined ? { kind: 'auto' } : { kind: 'route', route }
}

/** The flags are the gateway's headers by another name. */
export function controlHeaders(flags: Flags): Readonly<Record<string, string | undefined>> {
  const allow = [textFlag(flags, 'allow'), isFlagSet(flags, 'local-only') ? 'local-only' : undefined].filter(
    (part) => part !== undefined,
  )
  return {
    'x-kernell-max-cost-usd': textFlag(flags, 'max-cost-usd'),
    'x-kernell-quality': textFlag(flags, 'quality'),
    'x-kernell-cache': textFlag(flags, 'cache'),
    'x-kernell-allow': allow.length === 0 ? undefined : allow.join(','),
  }
}

/** Headers and flags are read by the same parser. */
function readControls(flags: Flags, node: KernellNode): RouteControls {
  const providers = new Set([
    ...Object.keys(node.config.providers),
    ...node.listModels().map(({ entry }) => entry.provider),
  ])
  try {
    return parseRouteControls(controlHeaders(flags), { providers, keyTiers: undefined })
  } catch (error) {
    if (CodedError.is(error, 'REQUEST_INVALID')) throw usageError(error.message.replaceAll('x-kernell-', '--'))
    throw error
  }
}
