import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { HOUR_MS } from '../../../base/time.ts'
import { isCommand } from '../../../core/capability/command.ts'
import { ipldInteger, IpldLink, type IpldValue, isIpldList, isIpldMap } from '../../../core/capability/ipld-value.ts'
import type { Delegation } from '../../../core/capability/capability-token.ts'
import { CHAIN_LENGTH_MAX } from '../../../core/capability/check-alignment.ts'
import { PURCHASE_COMMAND, purchaseCommand } from '../../../core/escrow/contract-authority.ts'
import { CUSTODY_MODELS } from '../../../core/escrow/escrow-terms.ts'
import { type Did, parseDid } from '../../../core/evidence/names.ts'
import type { IssuedText } from '../../../market/capabilities/capability-desk.ts'
import type { RevocationText } from '../../../market/capabilities/revocation-post.ts'
import { bytesOfTokenText, readTokenEnvelope } from '../../../wire/ucan/token-envelope.ts'
import {
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../../control/control-request.ts'
import { nanosOf } from './credit-desk.ts'
import { marketRefusal } from './market-refusals.ts'
import type { PartyRole } from '../../../market/parties/role/start-party.ts'

/** Longest life of a delegation that a command issues. */
const VALID_MS_MAX: number = 366 * 24 * HOUR_MS
/** A revocation may be told until then; what it revokes is revoked for good. */
const REVOCATION_MS: number = 30 * 24 * HOUR_MS
const SECOND = 1_000

/** Of an account that a capability is about: its code and its issuer. */
export type CurrencyReader = (request: ControlRequest) => Promise<string>

/**
 * A delegation of this node's own authority, or of what a chain grants it, as a chain to hand over. Throws `REQUEST_INVALID`, and `MARKET_REFUSED` with the rule that
 * the chain breaks.
 */
export async function grantCapability(
  { capabilities: desk, party }: PartyRole,
  request: ControlRequest,
  currencyOf: CurrencyReader,
): Promise<JsonValue> {
  const { clock } = party.components
  const aud = parseDid(requiredText(request, 'to'))
  if (aud === undefined) throw invalidRequest('to', 'Name the did:key of the escrow key that may act')
  const validMs = optionalNumber(request, 'validMs') ?? 24 * HOUR_MS
  if (!(validMs >= SECOND && validMs <= VALID_MS_MAX))
    throw invalidRequest('validMs', 'A delegation is valid for a second to 366 days')
  const exp = Math.floor((clock.now() + validMs) / SECOND)
  const grant = { aud, cmd: commandOf(request), pol: await policyOf(request, currencyOf), exp }
  const chain = request['chain'] === undefined ? [] : chainOf(request)
  const made = chain.length === 0 ? desk.delegate({ ...grant, sub: party.did }) : desk.attenuate(chain, grant)
  const issued = made.kind === 'refused' ? made : await desk.give(made)
  if (issued.kind === 'refused') throw marketRefusal(issued.code)
  return describeChain({ capabilities: desk, party }, [...chain, issued.text])
}

/** What a chain grants, token by token, and whether it holds now. Throws `REQUEST_INVALID`. */
export function showCapability(role: PartyRole, request: ControlRequest): JsonValue {
  return describeChain(role, chainOf(request))
}

/** Delegations that this node gave out and that have not expired. */
export function listCapabilities({ capabilities, party }: PartyRole): JsonValue {
  const tokens = capabilities.list(party.components.clock.now())
  return {
    tokens: tokens.map(({ delegation, text, isRevoked }) => ({ ...describeToken(delegation, text), isRevoked, text })),
  }
}

/** Takes a delegation back, or takes up somebody else's revocation, and tells it. Throws `REQUEST_INVALID`, `MARKET_REFUSED`. */
export async function revokeCapability(
  { capabilities: desk, revocations }: PartyRole,
  request: ControlRequest,
  peers: readonly Did[],
): Promise<JsonValue> {
  const chain = chainOf(request)
  const revocation = optionalText(request, 'revocation') ?? made(desk, chain)
  const text: RevocationText = { revocation, chain }
  const told = await revocations.tell(text, peers)
  if (told.kind === 'refused') throw marketRefusal(told.code)
  const { cid, notary, peers: heard } = told
  return { cid, notary: notary.effect, code: notary.code ?? null, peers: heard, revocation, chain: [...chain] }
}

function made(desk: PartyRole['capabilities'], chain: readonly string[]): string {
  const opened = desk.openChain(chain)
  const last = opened.kind === 'opened' ? opened.delegations.at(-1) : undefined
  if (opened.kind === 'refused' || last === undefined)
    throw marketRefusal(opened.kind === 'refused' ? opened.code : 'CAPABILITY_CHAIN_EMPTY')
  const issued: IssuedText | { readonly kind: 'refused'; readonly code: string } = desk.revoke(last.cid, REVOCATION_MS)
  if (issued.kind === 'refused') throw marketRefusal(issued.code)
  return issued.text
}

function describeChain(
  { capabilities: desk, party }: Pick<PartyRole, 'capabilities' | 'party'>,
  chain: readonly string[],
): JsonValue {
  const opened = desk.openChain(chain)
  if (opened.kind === 'refused') throw marketRefusal(opened.code)
  const { delegations, hash } = opened
  const checked = desk.look(delegations, party.components.clock.now())
  const tokens = delegations.map((delegation, index) => describeToken(delegation, chain[index] ?? ''))
  const head = { chain: [...chain], hash, tokens }
  if (checked.kind === 'refused') return { ...head, isValid: false, code: checked.code }
  const { subject, holder, command, validBefore } = checked
  const expiresAt = validBefore >= Number.MAX_SAFE_INTEGER ? null : validBefore
  return { ...head, isValid: true, code: null, subject, holder, command, expiresAt }
}

function describeToken(delegation: Delegation, text: string): { readonly [name: string]: JsonValue } {
  const { cid, iss, aud, cmd, sub, nbf, exp } = delegation
  const policy = policyIn(text)
  return {
    cid,
    issuer: iss,
    audience: aud,
    subject: sub ?? null,
    command: cmd,
    policy,
    from: nbf ?? null,
    until: exp ?? null,
  }
}

/** As it stands in the token. */
function policyIn(text: string): JsonValue {
  const bytes = bytesOfTokenText(text)
  const read = bytes.kind === 'refused' ? undefined : readTokenEnvelope(bytes.bytes)
  return read?.kind === 'read' ? jsonOf(read.envelope.payload['pol'] ?? []) : []
}

function jsonOf(value: IpldValue): JsonValue {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64url') }
  if (value instanceof IpldLink) return { link: value.cid }
  if (isIpldList(value)) return value.map(jsonOf)
  if (isIpldMap(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member)]))
  return value
}

/** Of a skill, of all work, or as it was given. */
function commandOf(request: ControlRequest): string {
  const skill = optionalText(request, 'skill')
  const command = optionalText(request, 'command') ?? (skill === undefined ? PURCHASE_COMMAND : purchaseCommand(skill))
  if (isCommand(command)) return command
  throw invalidRequest('command', 'A command is / or segments of small letters, each behind a slash')
}

/** Statements about the order of each contract; a chain says nothing of their sum. */
async function policyOf(request: ControlRequest, currencyOf: CurrencyReader): Promise<readonly IpldValue[]> {
  const policy: IpldValue[] = []
  if (optionalText(request, 'nanos') !== undefined) {
    const most = ipldInteger(nanosOf(request, 'nanos'))
    policy.push(['<=', '.maxNanos', most], ['==', '.currency', await currencyOf(request)])
  }
  const workers = listIn(request, 'workers')
  if (workers.some((did) => parseDid(did) === undefined))
    throw invalidRequest('workers', 'Workers are named by the did:key of their escrow keys')
  if (workers.length > 0) policy.push(anyOf('.worker', workers))
  const custody = listIn(request, 'custody')
  if (custody.some((model) => !CUSTODY_MODELS.some((known) => known === model)))
    throw invalidRequest('custody', `custody takes some of ${CUSTODY_MODELS.join(',')}`)
  if (custody.length > 0) policy.push(anyOf('.custody', custody))
  const own = optionalText(request, 'policy')
  return own === undefined ? policy : [...policy, ...statementsOf(own)]
}

function anyOf(selector: string, values: readonly string[]): IpldValue {
  return ['or', values.map((value) => ['==', selector, value])]
}

function listIn(request: ControlRequest, name: string): readonly string[] {
  const text = optionalText(request, name)
  return text === undefined ? [] : text.split(',')
}

/** JSON has no links and bytes, and its numbers must be whole: a token has one form. */
function statementsOf(text: string): readonly IpldValue[] {
  const json = parsed(text)
  if (Array.isArray(json) && isPlain(json)) return json as readonly IpldValue[]
  throw invalidRequest(
    'policy',
    'A policy is a JSON list of statements, such as [["==", ".worker", "did:key:z6Mk..."]]',
  )
}

function isPlain(json: unknown): boolean {
  if (Array.isArray(json)) return json.every(isPlain)
  return json === null || typeof json === 'string' || typeof json === 'boolean' || Number.isSafeInteger(json)
}

/** A chain as the commands write it: `{"chain": ["TOKEN", ...]}`, or the list alone. */
export function chainOf(request: ControlRequest): readonly string[] {
  const json = parsed(requiredText(request, 'chain'))
  const list: unknown = typeof json === 'object' && json !== null && 'chain' in json ? json.chain : json
  const isChain = Array.isArray(list) && list.length > 0 && list.length <= CHAIN_LENGTH_MAX
  if (isChain && list.every((token) => typeof token === 'string')) return list
  throw invalidRequest('chain', `A chain is {"chain": [...]} of 1 to ${CHAIN_LENGTH_MAX} tokens, root first`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause: unknown) {
    throw new CodedError('REQUEST_INVALID', { message: 'What was given is not JSON', cause })
  }
}
