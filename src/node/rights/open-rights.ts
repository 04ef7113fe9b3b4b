import { createNodeVerifier } from '../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import type { QuotaRule } from '../../core/quotas/quota-table.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { AuditJournal } from '../../rights/audit-journal.ts'
import { CallDesk } from '../../rights/call-desk.ts'
import { GrantBook } from '../../rights/grant-book.ts'
import { Grants } from '../../rights/grants.ts'
import type { CallJudge } from '../../rights/granted-sandbox.ts'
import type { IssuerComponents } from '../../rights/issue-right.ts'
import { Quotas } from '../../rights/quotas.ts'
import { type StopStore, StopSwitch } from '../../rights/stop-switch.ts'

export type RightsInit = {
  readonly clock: Clock
  readonly stopStore: StopStore
  readonly openLog: (name: 'audit' | 'grants') => Promise<EventLog>
  /** The key of this machine: chains begin with it, and it signs what is granted here. */
  readonly openIssuer: () => Promise<IssuerComponents>
  readonly quotas: readonly QuotaRule[]
}

/** Who may do what on this node: the switch that stops everything, the audit journal, what is granted, and the desk that lets calls through. */
export type NodeRights = {
  readonly stop: StopSwitch
  readonly quotas: Quotas
  /** Always the same journal, read from the data directory with the first call. Throws `STORE_CORRUPTED` and the other errors of a journal. */
  openAudit(): Promise<AuditJournal>
  /** What this machine's key grants, passes on and takes back. Throws as `openAudit`. */
  openGrants(): Promise<Grants>
  /**
   * Lets calls through by capability, one order once, as long as nothing of its chain is taken back; throws `NODE_STOPPED` while everything is stopped. Always the same desk. Throws as `openAudit`.
   */
  openCallDesk(): Promise<CallJudge>
}

export async function openRights({ clock, stopStore, openLog, openIssuer, quotas }: RightsInit): Promise<NodeRights> {
  const verify = verifySignatureWith(createNodeVerifier())
  const openJournal = once(async () => await AuditJournal.open({ log: await openLog('audit'), clock }))
  const stop = await StopSwitch.open({
    store: stopStore,
    clock,
    record: async (event) => await (await openJournal()).journal.append(event),
  })
  const openGrants = once(async () => {
    const issuer = await openIssuer()
    const { journal } = await openJournal()
    const book = await GrantBook.open({ self: issuer.self, verify, log: await openLog('grants') })
    return new Grants({ issuer, book, verify, clock, record: async (event) => await journal.append(event) })
  })
  const openDesk = once(async (): Promise<CallJudge> => {
    const grants = await openGrants()
    const revocations = (): typeof grants.revocations => grants.revocations
    const desk = new CallDesk({ self: grants.self, verify, clock, ...(await openJournal()), revocations })
    return {
      async admit(asked) {
        stop.check()
        return await desk.admit(asked)
      },
    }
  })
  return {
    stop,
    quotas: new Quotas(quotas, clock),
    openAudit: async () => (await openJournal()).journal,
    openGrants,
    openCallDesk: openDesk,
  }
}

/** Opens with the first call; all calls get the same. */
function once<Opened>(open: () => Promise<Opened>): () => Promise<Opened> {
  let opening: Promise<Opened> | undefined
  return async () => await (opening ??= open())
}
