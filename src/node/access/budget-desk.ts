import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Amount } from '../../base/money.ts'
import type { AccessEntry } from '../../core/access/access-entry.ts'
import { budgetIdOf, parseBudgetId } from '../../core/access/access-machine.ts'
import { bucketMapEntries, bucketMapGet } from '../../core/budget/bucket-map.ts'
import { BUDGET_WINDOWS, type BudgetWindow } from '../../core/budget/budget-window.ts'
import {
  choiceOf,
  type ControlRequest,
  invalidRequest,
  optionalText,
  requiredText,
} from '../control/control-request.ts'
import { type AccessActor, isConfiguredWithinReach, requireChangeable } from './access-actor.ts'
import type { AccessDeskComponents } from './access-desk-components.ts'
import { budgetDocument, type DocumentContext } from './access-document.ts'
import { isForeignScope } from './access-view.ts'
import { pageOf, readPage } from './page.ts'
import { parseUsd, refuseUnknown } from './parse-access.ts'

export const BUDGET_OPERATIONS = [
  'budget-list',
  'budget-show',
  'budget-create',
  'budget-update',
  'budget-remove',
] as const
export type BudgetOperation = (typeof BUDGET_OPERATIONS)[number]

export type BudgetDeskInit = {
  /** An entry of the registry that the actor may see. */
  readonly find: (actor: AccessActor, scope: string) => AccessEntry | undefined
  readonly contextOf: () => DocumentContext
}

type Named = { readonly scope: string; readonly window: BudgetWindow }

/** Limits of what may be spent, by scope and window; they hold from the moment that the answer says so, for calls that are admitted from then on. */
export class BudgetDesk {
  private readonly components: Pick<AccessDeskComponents, 'registry' | 'configured' | 'budgets' | 'clock'>
  private readonly init: BudgetDeskInit

  constructor(
    components: Pick<AccessDeskComponents, 'registry' | 'configured' | 'budgets' | 'clock'>,
    init: BudgetDeskInit,
  ) {
    this.components = components
    this.init = init
  }

  /** Throws as `AccessDesk.answer`. */
  async answer(operation: BudgetOperation, request: ControlRequest, actor: AccessActor): Promise<JsonValue> {
    switch (operation) {
      case 'budget-list':
        return this.list(request, actor)
      case 'budget-show':
        return this.show(this.named(request), actor)
      case 'budget-create':
        refuseUnknown(request, ['op', 'scope', 'window', 'limit_usd'])
        return await this.create(request, actor)
      case 'budget-update':
        refuseUnknown(request, ['op', 'id', 'limit_usd'])
        return await this.update(request, actor)
      case 'budget-remove':
        return await this.remove(this.named(request), actor)
    }
  }

  private list(request: ControlRequest, actor: AccessActor): JsonValue {
    refuseUnknown(request, ['op', 'limit', 'cursor', 'scope'])
    const scope = optionalText(request, 'scope')
    const ids = new Set<string>(bucketMapEntries(this.components.registry.state.budgets).map(([id]) => id))
    for (const id of this.components.configured.budgets) ids.add(id)
    const names = [...ids].toSorted((one, other) => (one < other ? -1 : 1)).map((id) => ({ id }))
    const context = this.init.contextOf()
    return pageOf(names, readPage(request), ({ id }) => {
      const named = parseBudgetId(id)
      if (named === undefined || !this.isSeen(actor, named.scope)) return undefined
      return scope === undefined || scope === named.scope ? budgetDocument(named, context) : undefined
    })
  }

  private show(named: Named, actor: AccessActor): JsonValue {
    const id = budgetIdOf(named.scope, named.window)
    const isThere = this.isConfigured(id) || this.limitOf(id) !== undefined
    if (!isThere || !this.isSeen(actor, named.scope)) throw unknown(id)
    return budgetDocument(named, this.init.contextOf())
  }

  private async create(request: ControlRequest, actor: AccessActor): Promise<JsonValue> {
    const scope = requiredText(request, 'scope')
    const window = choiceOf(request, 'window', BUDGET_WINDOWS)
    if (window === undefined) throw invalidRequest('window', `window must be one of ${BUDGET_WINDOWS.join(', ')}`)
    const limitNanos = parseUsd(request['limit_usd'], 'limit_usd')
    this.requireOwn(actor, scope)
    const id = budgetIdOf(scope, window)
    if (this.isConfigured(id) || this.limitOf(id) !== undefined)
      throw new CodedError('ACCESS_ENTRY_EXISTS', { message: `There is a budget ${id} already` })
    return await this.set({ scope, window, limitNanos }, actor)
  }

  private async update(request: ControlRequest, actor: AccessActor): Promise<JsonValue> {
    const named = this.named(request)
    const limitNanos = parseUsd(request['limit_usd'], 'limit_usd')
    this.requireKept(actor, named)
    return await this.set({ ...named, limitNanos }, actor)
  }

  private async remove(named: Named, actor: AccessActor): Promise<JsonValue> {
    this.requireKept(actor, named)
    await this.set({ ...named, limitNanos: undefined }, actor)
    return { object: 'budget', id: budgetIdOf(named.scope, named.window), deleted: true }
  }

  private async set(
    { scope, window, limitNanos }: Named & { readonly limitNanos: Amount | undefined },
    actor: AccessActor,
  ): Promise<JsonValue> {
    const { registry, configured, clock } = this.components
    const isForeign = isForeignScope(scope) || configured.entries.has(scope)
    await registry.change({ type: 'budget-set', scope, window, limitNanos, isForeign, at: clock.now() }, actor.by)
    return budgetDocument({ scope, window }, this.init.contextOf())
  }

  private named(request: ControlRequest): Named {
    const id = requiredText(request, 'id')
    const named = parseBudgetId(id)
    if (named === undefined) throw invalidRequest('id', 'id must be SCOPE@WINDOW, such as tenant:acme@day')
    return named
  }

  private requireKept(actor: AccessActor, { scope, window }: Named): void {
    const id = budgetIdOf(scope, window)
    if (this.limitOf(id) === undefined || !this.isSeen(actor, scope)) {
      if (!this.isConfigured(id) || !this.isSeen(actor, scope)) throw unknown(id)
      throw new CodedError('ACCESS_ENTRY_CONFIGURED', { message: `The budget ${id} stands in the configuration` })
    }
    this.requireOwn(actor, scope)
  }

  /** Whose budget the actor may set. */
  private requireOwn(actor: AccessActor, scope: string): void {
    const { configured } = this.components
    const entry = this.init.find(actor, scope)
    if (entry !== undefined) {
      requireChangeable(actor, entry)
      return
    }
    const isForeign = isForeignScope(scope) || configured.entries.has(scope)
    if (actor.reach.kind !== 'node' || !isForeign) {
      const told = configured.entries.get(scope)
      if (told !== undefined && isConfiguredWithinReach(actor.reach, told))
        requireChangeable(actor, { kind: 'tenant', id: '' })
      throw unknown(scope)
    }
  }

  private isSeen(actor: AccessActor, scope: string): boolean {
    if (actor.reach.kind === 'node' || this.init.find(actor, scope) !== undefined) return true
    const told = this.components.configured.entries.get(scope)
    return told !== undefined && isConfiguredWithinReach(actor.reach, told)
  }

  private isConfigured(id: string): boolean {
    return this.components.configured.budgets.has(id)
  }

  private limitOf(id: string): Amount | undefined {
    return bucketMapGet(this.components.registry.state.budgets, id)
  }
}

function unknown(what: string): CodedError {
  return new CodedError('ACCESS_ENTRY_UNKNOWN', { message: `There is no ${JSON.stringify(what.slice(0, 200))}` })
}
