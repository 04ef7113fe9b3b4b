import type { JsonValue } from '../../base/canonical-json.ts'
import { parseHash } from '../../core/evidence/names.ts'
import type { AuditJournal, AuditVerification } from '../../rights/audit-journal.ts'
import {
  choiceOf,
  type ControlAnswer,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../control/control-request.ts'
import { answerGrantsControl, GRANT_OPERATIONS } from './grants-control.ts'
import type { NodeRights } from './open-rights.ts'

export type GuardedNode = { readonly rights: NodeRights }

const LIST_MAX = 10_000
const OPERATIONS = ['stop', 'release', 'stop-state', 'audit-list', 'audit-verify'] as const

/** The switch, the audit journal and grants, for commands. Throws `REQUEST_INVALID`, as `answerGrantsControl`, and what the journal throws. */
export async function answerRightsControl(node: GuardedNode, request: ControlRequest): Promise<ControlAnswer> {
  return { kind: 'json', body: await answer(node.rights, request) }
}

async function answer(rights: NodeRights, request: ControlRequest): Promise<JsonValue> {
  const { stop } = rights
  const operation = choiceOf(request, 'op', [...OPERATIONS, ...GRANT_OPERATIONS])
  switch (operation) {
    case 'stop': {
      const { effect, record } = await stop.stop(actorOf(request))
      return { effect, ...record }
    }
    case 'release':
      return { ...(await stop.release(actorOf(request))) }
    case 'stop-state':
      return { stopped: stop.current === undefined ? null : { ...stop.current } }
    case 'audit-list':
      return listEntries(await rights.openAudit(), request)
    case 'audit-verify':
      return verify(await rights.openAudit(), request)
    case undefined:
      throw invalidRequest('op', `op must be one of ${[...OPERATIONS, ...GRANT_OPERATIONS].join(', ')}`)
    default:
      return await answerGrantsControl(rights, operation, request)
  }
}

function actorOf(request: ControlRequest): { readonly by: string; readonly reason: string } {
  return { by: requiredText(request, 'by'), reason: optionalText(request, 'reason') ?? '' }
}

function listEntries(journal: AuditJournal, request: ControlRequest): JsonValue {
  const limit = optionalNumber(request, 'limit') ?? 100
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > LIST_MAX)
    throw invalidRequest('limit', `limit must be a whole number from 1 to ${LIST_MAX}`)
  const type = optionalText(request, 'type')
  const entries = [...journal.entries()].filter(({ event }) => type === undefined || event.type === type)
  return { entries: entries.slice(-limit).map((entry) => ({ ...entry })), dropped: journal.verify().dropped }
}

function verify(journal: AuditJournal, request: ControlRequest): JsonValue {
  const head = optionalText(request, 'head')
  const [index, hash] = head?.split(':') ?? []
  const parsed = hash === undefined ? undefined : parseHash(hash)
  if (head !== undefined && (parsed === undefined || !/^\d{1,15}$/.test(index ?? '')))
    throw invalidRequest('head', 'head must be INDEX:HASH, as a verification says it')
  const verification: AuditVerification = journal.verify(
    parsed === undefined ? undefined : { index: Number(index), hash: parsed },
  )
  return { ...verification }
}
