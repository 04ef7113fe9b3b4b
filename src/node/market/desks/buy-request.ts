import { parsePredicate } from '../../../core/acceptance/acceptance-predicate.ts'
import { AUCTION_KINDS, CAPABILITIES_MAX, PPM } from '../../../core/auction/auction-call.ts'
import { CUSTODY_MODELS } from '../../../core/escrow/escrow-terms.ts'
import { type Did, parseDid } from '../../../core/evidence/names.ts'
import { compareTexts } from '../../../core/text/compare-texts.ts'
import type { BuyRequest } from '../../../market/parties/buying/buy-order.ts'
import {
  choiceOf,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../../control/control-request.ts'
import { chainOf } from './capability-answers.ts'
import { nanosOf } from './credit-desk.ts'
import { timersOfText } from './order-timers.ts'
import { type ArtifactName, hashOfBytes } from '../../../market/parties/contracts/task-package.ts'
import { MARKET_BYTES_MAX } from '../../../wire/v1/market-frames.ts'
import { decodePieceList } from '../../../wire/v1/piece-list.ts'
import type { UsableParameters } from '../../../market/parties/parameters/usable-parameters.ts'

/** A name such as text.word-count, of a skill or a capability. */
const WORD = /^[a-z][a-z0-9._/-]{0,63}$/
/** Of an input that stands in the request; larger ones are handed in by pieces before. */
const INPUT_BYTES_MAX = MARKET_BYTES_MAX

/** Members of a purchase that stand in a request by themselves. Throws `REQUEST_INVALID`. */
export function buyRequestOf(
  request: ControlRequest,
  {
    parameters,
    ...known
  }: Pick<BuyRequest, 'currency' | 'maxNanos' | 'peers'> & { readonly parameters: UsableParameters },
): BuyRequest {
  const has = (name: string): boolean => optionalText(request, name) !== undefined
  const timersText = optionalText(request, 'timers')
  const auction = choiceOf(request, 'auction', AUCTION_KINDS)
  const predicate = predicateOf(request)
  const arbiters = arbitersOf(request)
  const filter = filterOfRequest(request)
  const capability = has('capability') ? chainOf({ chain: requiredText(request, 'capability') }) : undefined
  const fallbackPerMillion = optionalNumber(request, 'fallbackPerMillion')
  if (has('depositNanos') && (auction === undefined || auction === 'english'))
    throw invalidRequest('depositNanos', 'A deposit is of a sealed auction: name --auction first or second')
  return {
    ...known,
    idempotencyKey: requiredText(request, 'key'),
    skill: skillOf(request),
    input: listedInput(request) ?? sizedInput(request) ?? inputOf(request),
    custody: choiceOf(request, 'custody', CUSTODY_MODELS) ?? 'C2',
    ...(auction !== undefined && { auction }),
    ...(has('depositNanos') && { depositNanos: nanosOf(request, 'depositNanos') }),
    ...(filter !== undefined && { filter }),
    ...(timersText !== undefined && parameters.fit(timersOfText(timersText))),
    ...(predicate !== undefined && { predicate }),
    ...(arbiters !== undefined && { arbiters }),
    ...(capability !== undefined && { capability }),
    ...(has('disputeBondNanos') && { disputeBondNanos: nanosOf(request, 'disputeBondNanos') }),
    ...(has('arbiterFeeNanos') && { arbiterFeeNanos: nanosOf(request, 'arbiterFeeNanos') }),
    ...(fallbackPerMillion !== undefined && { fallbackPerMillion }),
    ...(has('newcomerNanos') && { newcomerNanosMax: nanosOf(request, 'newcomerNanos') }),
    ...(has('nodes') && { peers: didsOf(request, 'nodes') }),
    ...(has('sellers') && { sellers: didsOf(request, 'sellers') }),
    ...(request['isManual'] === true && { acceptsAlone: false }),
  }
}

export function skillOf(request: ControlRequest): string {
  const skill = requiredText(request, 'skill')
  if (WORD.test(skill)) return skill
  throw invalidRequest('skill', 'A skill is a word such as text.word-count: small letters, digits, and . _ / -')
}

/** Names with commas between, sorted, each once. */
export function capabilitiesOf(request: ControlRequest): readonly string[] {
  const text = optionalText(request, 'capabilities')
  if (text === undefined) return []
  const names = [...new Set(text.split(','))].toSorted(compareTexts)
  if (names.length <= CAPABILITIES_MAX && names.every((name) => WORD.test(name))) return names
  throw invalidRequest('capabilities', `A capability is a word such as gpu or law/de; ${CAPABILITIES_MAX} are the most`)
}

function filterOfRequest(request: ControlRequest): BuyRequest['filter'] {
  const capabilities = capabilitiesOf(request)
  const reputationPpmMin = optionalNumber(request, 'reputationPpm') ?? 0
  if (!Number.isSafeInteger(reputationPpmMin) || reputationPpmMin < 0 || reputationPpmMin > PPM)
    throw invalidRequest('reputationPpm', `reputationPpm is a whole number from 0 to ${PPM}`)
  return capabilities.length === 0 && reputationPpmMin === 0 ? undefined : { capabilities, reputationPpmMin }
}

/** An input that was handed in by pieces, by the list of them. */
function listedInput(request: ControlRequest): ArtifactName | undefined {
  if (optionalText(request, 'inputList') === undefined) return undefined
  const bytes = bytesOf(request, 'inputList')
  const list = decodePieceList(bytes)
  if (list === undefined) throw invalidRequest('inputList', 'inputList must be a list of pieces')
  return { hash: hashOfBytes(bytes), sizeBytes: list.sizeBytes }
}

/** An input of which nothing but its size is said yet, for questions before it is handed in. Its name is nobody's, so that nothing is bought with it. */
function sizedInput(request: ControlRequest): ArtifactName | undefined {
  const sizeBytes = optionalNumber(request, 'inputBytes')
  if (sizeBytes === undefined) return undefined
  if (Number.isSafeInteger(sizeBytes) && sizeBytes >= 0) return { hash: hashOfBytes(new Uint8Array()), sizeBytes }
  throw invalidRequest('inputBytes', 'inputBytes is a whole number of bytes')
}

/** Bytes of a member in base64url. */
export function bytesOf(request: ControlRequest, name: string): Uint8Array {
  return new Uint8Array(Buffer.from(requiredText(request, name), 'base64url'))
}

function inputOf(request: ControlRequest): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(optionalText(request, 'input') ?? '', 'base64url'))
  if (bytes.byteLength <= INPUT_BYTES_MAX) return bytes
  throw invalidRequest('input', `The input has ${bytes.byteLength} bytes; ${INPUT_BYTES_MAX} are the most`)
}

function predicateOf(request: ControlRequest): BuyRequest['predicate'] {
  const text = optionalText(request, 'accept')
  if (text === undefined) return undefined
  const parsed = parsePredicate(JSON.parse(text))
  if (parsed.kind === 'predicate') return parsed.predicate
  throw invalidRequest('accept', `The acceptance predicate is not one: ${JSON.stringify(parsed)}`)
}

/** Whoever is named rules, as long as more than half of them agree; another number of them where one is given. */
function arbitersOf(request: ControlRequest): BuyRequest['arbiters'] {
  const text = optionalText(request, 'arbiters')
  if (text === undefined) return undefined
  const members = [...new Set(text.split(',').map(parseDid))].filter((did) => did !== undefined).toSorted()
  const k = optionalNumber(request, 'arbitersNeeded') ?? Math.floor(members.length / 2) + 1
  if (members.length === text.split(',').length && Number.isSafeInteger(k) && k >= 1 && k <= members.length)
    return { members, k }
  throw invalidRequest(
    'arbiters',
    'Arbiters are named by the did:key of their escrow keys, each once, and k of them rule',
  )
}

export function didsOf(request: ControlRequest, name: string): readonly Did[] {
  const text = optionalText(request, name)
  const dids = text === undefined ? [] : text.split(',').map(parseDid)
  const known = dids.filter((did) => did !== undefined)
  if (known.length === dids.length) return known
  throw invalidRequest(name, `${name} are named by the did:key of their escrow keys`)
}
