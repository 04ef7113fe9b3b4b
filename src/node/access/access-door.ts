import { CodedError } from '../../base/errors.ts'
import { keyScope } from '../../core/access/access-entry.ts'
import type { EffectiveAccess, ScopedRates } from '../../core/access/effective-access.ts'
import { estimateTokens } from '../../core/models/estimate-tokens.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ModelRequest } from '../../ports/language-model.ts'
import type { RouteCaller, RouteControls, RouteRequest } from '../../ports/router.ts'
import type { AccessRegistry } from './access-registry.ts'
import { AccessView, type KnownKey } from './access-view.ts'
import type { ConfiguredAccess } from './configured-access.ts'
import type { RateHold, Rates, TokenHold } from './rate-meter.ts'

export type AccessDoorComponents = {
  readonly registry: Pick<AccessRegistry, 'state' | 'ageMs'>
  /** How long keys are taken as they were known, where nobody can say what became of them, milliseconds. */
  readonly staleMs: number
  readonly configured: ConfiguredAccess
  readonly clock: Clock
  readonly rates: Rates
}

/** A task that may begin: as it was asked for, within what its key allows. */
export type AdmittedTask = {
  readonly request: RouteRequest
  /** Told how many tokens it took, once. */
  readonly tokens: TokenHold
}

/**
 * What requests go through: which key it is, what that allows now, and how much of its rates is left. Each look is at the registry as it is at that moment, so that
 * what was revoked, disabled or narrowed counts for the next request, and for the next task of a session that goes on.
 */
export class AccessDoor {
  private readonly components: AccessDoorComponents
  private readonly view: AccessView

  constructor(components: AccessDoorComponents) {
    this.components = components
    this.view = new AccessView(components.configured)
  }

  /** Whether a key was ever kept and is still in the books, revoked or not: then keys are asked for. */
  get hasKeys(): boolean {
    return this.components.registry.state.digests.size > 0
  }

  /**
   * The key with a secret of this hash; `undefined` where there is none.
   *
   * A secret has 256 random bits, and what is looked up is its hash. How long a look-up takes can tell something of hashes that are kept at most, and even who
   * knows a whole one finds no secret for it; so it needs no constant time, and is the same for one key and for a hundred thousand. Keys of the configuration
   * may be words that somebody chose, of which a piece of a hash would give guesses away: they are compared in constant time, by the gateway.
   *
   * Throws `GATEWAY_KEY_INVALID` for one that is revoked, disabled or over, `ACCESS_OUTDATED` where too long ago was known what it is.
   */
  identify(sha256: string): KnownKey | undefined {
    const known = this.view.keyOfDigest(this.components.registry.state, sha256)
    if (known === undefined) return undefined
    this.refuseOutdated()
    const now = this.components.clock.now()
    this.refuseBarred(known.access)
    const end = known.ends.get(sha256)
    if (end !== undefined && now >= end)
      throw invalidKey('The API key was replaced by a newer one, and its time is over')
    return known
  }

  /** Requests, one where nothing is said, that count against the rates of a key until they have ended. Throws or rejects as `Rates.begin`; it is a promise where somebody has to be asked. */
  begin({ rates }: EffectiveAccess, count?: number): RateHold | Promise<RateHold> {
    return this.components.rates.begin(rates, count)
  }

  /**
   * Judges a task of whatever door. Of a key that the registry does not know nothing is asked here. Throws `GATEWAY_KEY_INVALID`, `ROUTER_NOT_ALLOWED`,
   * `ACCESS_OUTDATED`, and as
   * `Rates.takeTokens`; it is a promise where somebody has to be asked.
   */
  admit(request: RouteRequest): AdmittedTask | Promise<AdmittedTask> {
    const access = this.accessOf(request.caller)
    if (access === undefined) return { request, tokens: UNCOUNTED }
    this.refuseOutdated()
    this.refuseBarred(access)
    const controls = narrow(request.controls, access)
    const narrowed = controls === request.controls ? request : { ...request, controls }
    const tokens = this.components.rates.takeTokens(access.rates, tokensOf(access.rates, request.request))
    if (tokens instanceof Promise) return tokens.then((taken) => ({ request: narrowed, tokens: taken }))
    return { request: narrowed, tokens }
  }

  private accessOf({ keyId }: RouteCaller): EffectiveAccess | undefined {
    if (keyId === undefined) return undefined
    return this.view.key(this.components.registry.state, keyScope(keyId))?.access
  }

  private refuseOutdated(): void {
    const { registry, staleMs } = this.components
    const { ageMs } = registry
    if (ageMs <= staleMs) return
    throw new CodedError('ACCESS_OUTDATED', {
      message: `Keys were last compared with the shared store ${Math.round(ageMs / 1000)} s ago`,
    })
  }

  private refuseBarred({ barred, expiresAt }: EffectiveAccess): void {
    if (barred !== undefined) throw invalidKey(BARRED[barred])
    if (expiresAt !== undefined && this.components.clock.now() >= expiresAt) throw invalidKey('The API key has expired')
  }
}

const UNCOUNTED: TokenHold = Object.freeze({ settle: () => undefined })

const BARRED: Readonly<Record<NonNullable<EffectiveAccess['barred']>, string>> = {
  revoked: 'The API key was revoked',
  disabled: 'The API key is disabled, or what it is in',
  'without-owner': 'What the API key is in is not there any more',
}

function invalidKey(message: string): CodedError {
  return new CodedError('GATEWAY_KEY_INVALID', { message })
}

/** What the caller asks for and what its key allows, both. Throws `ROUTER_NOT_ALLOWED` where that is nothing. */
function narrow(controls: RouteControls, { tiers, models }: EffectiveAccess): RouteControls {
  if (tiers === undefined && models === undefined) return controls
  const both = {
    ...(tiers !== undefined && { tiers: common(controls.tiers, tiers) }),
    ...(models !== undefined && { models: common(controls.models, models) }),
  }
  if (both.tiers?.length === 0 || both.models?.length === 0)
    throw new CodedError('ROUTER_NOT_ALLOWED', {
      message: 'The request asks only for tiers or models that its key may not use',
    })
  return { ...controls, ...both }
}

function common<Item>(asked: readonly Item[] | undefined, allowed: readonly Item[]): readonly Item[] {
  return asked === undefined ? allowed : allowed.filter((item) => asked.includes(item))
}

/** What a task is likely to take: its texts, and the answer where its length is bounded. Not counted where nothing bounds tokens. */
function tokensOf(rates: readonly ScopedRates[], { messages, maxOutputTokens }: ModelRequest): number {
  if (!rates.some(({ rates: { tokensPerMinute } }) => tokensPerMinute !== undefined)) return 0
  let tokens = maxOutputTokens ?? 0
  for (const { content } of messages)
    if (typeof content === 'string') tokens += estimateTokens(content)
    else for (const part of content ?? []) if (part.type === 'text') tokens += estimateTokens(part.text)
  return tokens
}
