import type { ActorSystem } from '../../actors/system/actor-system.ts'
import type { JsonValue } from '../../base/canonical-json.ts'
import type { AuditEvent } from '../../core/audit/audit-entry.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { Random } from '../../ports/random.ts'
import type { BudgetLimit, BudgetOwner } from '../../router/budgets/budget-owner.ts'
import type { NodeConfig } from '../config/node-config.ts'
import type { ControlRequest } from '../control/control-request.ts'
import type { AccessActor } from './access-actor.ts'
import { AccessDesk } from './access-desk.ts'
import { AccessDoor } from './access-door.ts'
import { AccessRegistry } from './access-registry.ts'
import { adminTokenFile, openAdminToken } from './admin-token.ts'
import { configuredAccess } from './configured-access.ts'

/** Who may use a node and how much, as it is changed while it runs. */
export type NodeAccess = {
  /** What every request goes through. */
  readonly door: Pick<AccessDoor, 'hasKeys' | 'identify' | 'begin' | 'charge'>
  /** Looks at and changes organisations, tenants, teams, keys and budgets. Throws as `AccessDesk.answer`. */
  manage(request: ControlRequest, actor: AccessActor): Promise<JsonValue>
  /** Where the admin token is. */
  readonly adminTokenFile: string
  /** The admin token of the data directory, made with the first call. Throws as `openAdminToken`. */
  openAdminToken(): Promise<string>
}

export type OpenAccessInit = {
  readonly config: Pick<NodeConfig, 'keys' | 'budgets' | 'dataDir'>
  readonly actors: ActorSystem
  readonly log: EventLog
  readonly clock: Clock
  readonly random: Random
  readonly fileSystem: FileSystem
  readonly record: (event: AuditEvent) => Promise<void>
}

/** Access that was read, before there are budgets to tell of it. */
export type OpenedAccess = {
  readonly door: AccessDoor
  /** Limits that the owner of budgets has to start with, beside those of the configuration. */
  readonly limits: readonly BudgetLimit[]
  attach(budgets: Pick<BudgetOwner, 'setLimit' | 'accountOf'>): NodeAccess
  stop(): Promise<void>
}

/** Reads the registry of a data directory. Throws `STORE_CORRUPTED`, and what the journal throws. */
export async function openAccess(init: OpenAccessInit): Promise<OpenedAccess> {
  const { config, actors, log, clock, random, fileSystem, record } = init
  const configured = configuredAccess(config)
  const isBudgetConfigured = (id: string): boolean => configured.budgets.has(id)
  const registry = await AccessRegistry.open({ actors, log, record, isBudgetConfigured })
  const door = new AccessDoor({ registry, configured, clock })
  return {
    door,
    limits: registry.limits(),
    attach(budgets) {
      registry.follow(budgets)
      const desk = new AccessDesk({ registry, configured, budgets, clock, random })
      return {
        door,
        manage: async (request, actor) => await desk.answer(request, actor),
        adminTokenFile: adminTokenFile(config.dataDir),
        openAdminToken: async () => await openAdminToken({ fileSystem, random }, config.dataDir),
      }
    },
    stop: async () => await registry.stop(),
  }
}
