import type { JsonValue } from '../../base/canonical-json.ts'
import type { AuditEvent } from '../../core/audit/audit-entry.ts'
import { bucketMapGet } from '../../core/budget/bucket-map.ts'
import type { Clock } from '../../ports/clock.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { Random } from '../../ports/random.ts'
import type { RateStore } from '../../ports/rate-store.ts'
import type { SharedJournal } from '../../ports/shared-journal.ts'
import type { Timers } from '../../ports/timers.ts'
import type { BudgetLimit, BudgetOwner } from '../../router/budgets/budget-owner.ts'
import type { NodeConfig } from '../config/node-config.ts'
import type { ControlRequest } from '../control/control-request.ts'
import type { AccessActor } from './access-actor.ts'
import { AccessDesk } from './access-desk.ts'
import { AccessDoor } from './access-door.ts'
import { AccessRegistry, type AccessRegistryComponents, type LimitOwner } from './access-registry.ts'
import { adoptAccess } from './adopt-access.ts'
import { adminTokenFile, openAdminToken } from './admin-token.ts'
import { configuredAccess } from './configured-access.ts'
import { RateMeter } from './rate-meter.ts'
import { SharedRateMeter } from './shared-rate-meter.ts'

/** Who may use a node and how much, as it is changed while it runs. */
export type NodeAccess = {
  /** What every request goes through. */
  readonly door: Pick<AccessDoor, 'hasKeys' | 'identify' | 'begin'>
  /** Looks at and changes organisations, tenants, teams, keys and budgets. Throws as `AccessDesk.answer`. */
  manage(request: ControlRequest, actor: AccessActor): Promise<JsonValue>
  /** Where a limit `SCOPE@WINDOW` comes from: `registry` where it may be changed while the node runs; `undefined` for those of the node itself. */
  sourceOfBudget(id: string): 'configuration' | 'registry' | undefined
  /** Where the admin token is. */
  readonly adminTokenFile: string
  /** The admin token of the data directory, made with the first call. Throws as `openAdminToken`. */
  openAdminToken(): Promise<string>
  /** How long ago what is known of keys was all that there was, milliseconds; 0 where only this node changes it. */
  readonly ageMs: number
}

export type OpenAccessInit = {
  readonly config: Pick<NodeConfig, 'keys' | 'budgets' | 'dataDir'>
  /** Of the data directory alone. */
  readonly journal: SharedJournal
  /** Where several gateways keep access together: what the data directory has moves there. */
  readonly shared: { readonly journal: SharedJournal; readonly rates: RateStore; readonly staleMs: number } | undefined
  readonly timers: Timers
  readonly clock: Clock
  readonly random: Random
  readonly fileSystem: FileSystem
  readonly record: (event: AuditEvent) => Promise<void>
  readonly onError: (error: unknown) => void
}

/** Access that was read, before there are budgets to tell of it. */
export type OpenedAccess = {
  readonly door: AccessDoor
  /** Limits that the owner of budgets has to start with, beside those of the configuration. */
  readonly limits: readonly BudgetLimit[]
  /** Throws what the journal and the budgets throw. */
  attach(budgets: LimitOwner & Pick<BudgetOwner, 'accountOf'>): Promise<NodeAccess>
  /** Who hears that something has changed, here or at another gateway. `onChange` must not throw. */
  listen(onChange: () => void): void
  stop(): Promise<void>
}

/** Reads the registry of a data directory. Throws `STORE_CORRUPTED`, and what the journal throws. */
export async function openAccess(init: OpenAccessInit): Promise<OpenedAccess> {
  const { config, clock, random, fileSystem, shared } = init
  const configured = configuredAccess(config)
  const registry = await openRegistry(init, (id) => configured.budgets.has(id))
  const staleMs = shared?.staleMs ?? Number.POSITIVE_INFINITY
  const sharedRates = shared && new SharedRateMeter({ store: shared.rates, clock, timers: init.timers })
  const rates = sharedRates ?? new RateMeter(clock)
  const door = new AccessDoor({ registry, configured, clock, rates, staleMs })
  const limits = registry.limits()
  return {
    door,
    limits,
    async attach(budgets) {
      registry.tell(budgets)
      await registry.settleLimits(limits)
      const desk = new AccessDesk({ registry, configured, budgets, clock, random })
      return {
        door,
        manage: async (request, actor) => await desk.answer(request, actor),
        sourceOfBudget(id) {
          if (configured.budgets.has(id)) return 'configuration'
          return bucketMapGet(registry.state.budgets, id) === undefined ? undefined : 'registry'
        },
        adminTokenFile: adminTokenFile(config.dataDir),
        openAdminToken: async () => await openAdminToken({ fileSystem, random }, config.dataDir),
        get ageMs() {
          return registry.ageMs
        },
      }
    },
    async stop() {
      await sharedRates?.stop()
      await registry.stop()
    },
    listen: (onChange) => registry.listen(onChange),
  }
}

async function openRegistry(
  { journal, shared, ...components }: OpenAccessInit,
  isBudgetConfigured: AccessRegistryComponents['isBudgetConfigured'],
): Promise<AccessRegistry> {
  const own = await AccessRegistry.open({ ...components, journal, isBudgetConfigured })
  if (shared === undefined) return own
  const registry = await AccessRegistry.open({ ...components, journal: shared.journal, isBudgetConfigured })
  try {
    await adoptAccess({ ...components, own, shared: registry })
  } catch (error: unknown) {
    await registry.stop()
    throw error
  }
  return registry
}
