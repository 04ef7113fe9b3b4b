import type { Did } from '../../core/evidence/names.ts'
import type { Revocations } from '../../core/capability/revocations.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import type { QuotaRule } from '../../core/quotas/quota-table.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { AuditJournal } from '../../rights/audit-journal.ts'
import { CallDesk } from '../../rights/call-desk.ts'
import { Quotas } from '../../rights/quotas.ts'
import { type StopStore, StopSwitch } from '../../rights/stop-switch.ts'

export type RightsInit = {
  readonly clock: Clock
  readonly stopStore: StopStore
  readonly openLog: () => Promise<EventLog>
  readonly quotas: readonly QuotaRule[]
}

export type CallDeskInit = {
  /** Whose machine it is: chains begin with this key. */
  readonly self: Did
  readonly owners?: readonly Did[]
  readonly revocations?: () => Revocations
}

/** Who may do what on this node: the switch that stops everything, the audit journal, and the desk that lets calls through. */
export type NodeRights = {
  readonly stop: StopSwitch
  readonly quotas: Quotas
  /** Always the same journal, read from the data directory with the first call. Throws `STORE_CORRUPTED` and the other errors of a journal. */
  openAudit(): Promise<AuditJournal>
  /** Lets calls through by capability. Orders are used up for all desks of this node together where there is one: open it once. */
  openCallDesk(init: CallDeskInit): Promise<CallDesk>
}

export async function openRights({ clock, stopStore, openLog, quotas }: RightsInit): Promise<NodeRights> {
  let opening: ReturnType<typeof AuditJournal.open> | undefined
  let desk: Promise<CallDesk> | undefined
  const open = (): ReturnType<typeof AuditJournal.open> =>
    (opening ??= openLog().then(async (log) => await AuditJournal.open({ log, clock })))
  const stop = await StopSwitch.open({
    store: stopStore,
    clock,
    record: async (event) => await (await open()).journal.append(event),
  })
  return {
    stop,
    quotas: new Quotas(quotas, clock),
    openAudit: async () => (await open()).journal,
    async openCallDesk(init) {
      desk ??= open().then(
        ({ journal, used }) =>
          new CallDesk({ ...init, verify: verifySignatureWith(createNodeVerifier()), clock, journal, used }),
      )
      return await desk
    },
  }
}
