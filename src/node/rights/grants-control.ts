import type { JsonValue } from '../../base/canonical-json.ts'
import type { CapabilityRefused } from '../../core/capability/capability-refusals.ts'
import { isCommand } from '../../core/capability/command.ts'
import { CHAIN_LENGTH_MAX } from '../../core/capability/check-alignment.ts'
import { deadlineOf } from '../../core/capability/token-time.ts'
import type { Delegation } from '../../core/capability/capability-token.ts'
import { parseDid, parseHash } from '../../core/evidence/names.ts'
import { toJson } from '../../core/json/json-reader.ts'
import { readStatedRights } from '../../core/rights/read-stated-rights.ts'
import { rightsOfPolicy } from '../../core/rights/rights-statements.ts'
import { SANDBOX_RUN } from '../../rights/granted-sandbox.ts'
import type { GivenChain, GivenInit, Grants } from '../../rights/grants.ts'
import {
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../control/control-request.ts'
import type { NodeRights } from './open-rights.ts'
import { refusedChain } from './run-order.ts'

const SECOND = 1_000
const DAY_MS = 86_400_000
const VALID_DAYS_MAX = 366
/** Characters of one token in a request. */
const TOKEN_MAX = 16_384

/** Operations of grants, and of calls that are shown with them. */
export const GRANT_OPERATIONS = [
  'grant-issue',
  'grant-attenuate',
  'grant-show',
  'grant-revoke',
  'grant-list',
  'call-admit',
] as const
export type GrantOperation = (typeof GRANT_OPERATIONS)[number]

/** Throws `REQUEST_INVALID`, `CAPABILITY_CHAIN_REFUSED` with the rule as `details.code`, and what the journals throw. */
export async function answerGrantsControl(
  rights: NodeRights,
  operation: GrantOperation,
  request: ControlRequest,
): Promise<JsonValue> {
  if (operation === 'call-admit') return await admit(rights, request)
  const grants = await rights.openGrants()
  switch (operation) {
    case 'grant-issue':
      return given(await grants.issue(givenInit(request)), grants)
    case 'grant-attenuate':
      return given(await grants.attenuate(textsIn(request, 'chain'), givenInit(request)), grants)
    case 'grant-show':
      return show(grants, textsIn(request, 'chain'))
    case 'grant-revoke':
      return await revoke(grants, request)
    case 'grant-list':
      return {
        self: grants.self,
        grants: grants.list().map(({ delegation, isRevoked }) => linkDocument({ ...delegation, isRevoked })),
      }
  }
}

/** Whether a call may be made, and what its program may use; whoever asks runs it. */
async function admit(rights: NodeRights, request: ControlRequest): Promise<JsonValue> {
  const code = parseHash(requiredText(request, 'code'))
  if (code === undefined) throw invalidRequest('code', 'code must be a SHA-256 in hexadecimal digits')
  const desk = await rights.openCallDesk()
  const shown = { order: requiredText(request, 'order'), chain: textsIn(request, 'chain') }
  const verdict = await desk.admit({ ...shown, action: requiredText(request, 'action'), code })
  return verdict.kind === 'refused'
    ? { kind: 'refused', code: verdict.code }
    : { kind: 'granted', policy: toJson(verdict.policy) }
}

function givenInit(request: ControlRequest): GivenInit {
  const to = parseDid(requiredText(request, 'to'))
  if (to === undefined) throw invalidRequest('to', 'to must be a did:key of an Ed25519 key')
  const action = optionalText(request, 'action') ?? SANDBOX_RUN
  if (!isCommand(action)) throw invalidRequest('action', 'action must be a path such as /sandbox/run')
  const validMs = optionalNumber(request, 'validMs') ?? DAY_MS
  if (validMs < SECOND || validMs > VALID_DAYS_MAX * DAY_MS)
    throw invalidRequest('validMs', `validMs must be from one second to ${VALID_DAYS_MAX} days`)
  const rights = readStatedRights(request['rights'])
  if (rights === undefined)
    throw invalidRequest('rights', 'rights have a member that is unknown, out of its bounds or not in its one form')
  return { to, action, rights, validMs }
}

function given(outcome: GivenChain | CapabilityRefused, grants: Grants): JsonValue {
  if (outcome.kind === 'refused') throw refusedChain(outcome.code)
  const { chain, cid } = outcome
  return { ...show(grants, chain), cid, chain: [...chain] }
}

function show(grants: Grants, chain: readonly string[]): { readonly [name: string]: JsonValue } {
  const seen = grants.look(chain)
  if (seen.kind === 'refused') throw refusedChain(seen.code)
  const { verdict, delegations } = seen
  const links = delegations.map(linkDocument)
  if (verdict.kind === 'refused') return { isValid: false, code: verdict.code, links }
  const { subject, holder, command, validBefore, rights } = verdict
  return {
    isValid: true,
    owner: subject,
    holder,
    action: command,
    expiresAt: validBefore,
    rights: toJson(rights),
    links,
  }
}

async function revoke(grants: Grants, request: ControlRequest): Promise<JsonValue> {
  const taken = await grants.revoke(textsIn(request, 'chain'), optionalText(request, 'revocation'))
  if (taken.kind === 'refused') throw refusedChain(taken.code)
  return { effect: taken.kind, cid: taken.cid, revocation: taken.revocation, chain: [...taken.chain] }
}

function linkDocument(link: Delegation & { readonly isRevoked: boolean }): JsonValue {
  const { cid, iss, aud, cmd, exp, pol, isRevoked } = link
  const until = exp === undefined ? null : deadlineOf(exp)
  return { cid, from: iss, to: aud, action: cmd, until, rights: toJson(rightsOfPolicy(pol)), isRevoked }
}

/** Tokens in base64url, as many as a chain has at most. */
function textsIn(request: ControlRequest, name: string): readonly string[] {
  const value = request[name] ?? []
  const texts = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  const isList = Array.isArray(value) && texts.length === value.length
  if (!isList || texts.length > CHAIN_LENGTH_MAX + 1 || texts.some((text) => text.length > TOKEN_MAX))
    throw invalidRequest(name, `${name} must be a list of tokens`)
  return texts
}
