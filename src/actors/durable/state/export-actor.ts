import { CodedError } from '../../../base/errors.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import { sealRoot } from '../values/stored-value.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import { formatValue, parseValue } from '../values/value-codec.ts'
import { copyStateOf, imageOf, parseActorImage } from './durable-actor.ts'
import type { ActorImage, DurableActor } from './durable-actor.ts'

/**
 * One actor as lines of JSON:
 *
 * ```text
 * {"kernell":"actor","format":1,"id":"account-7","agent":"account","version":2}
 * {"image":"J..."}        inbox, timers, effects, approvals, keys: a stored value
 * {"state":"T..."}        the state: a stored value
 * {"sha256":"..."}        of the lines before, each with its line feed
 * ```
 *
 * The copy has the incarnation of the original, so the keys of its effects are the same ones: whoever is asked twice for an
 * effect, by the original and by the copy, can tell.
 */
export const EXPORT_FORMAT = 1

export type ExportedActor = { readonly image: ActorImage; readonly state: unknown }

export function exportActor(actor: DurableActor, references?: ReferenceCodec): readonly string[] {
  const { id, agent, version } = actor
  const image = imageOf(actor)
  const state = copyStateOf(actor, references)
  const lines = [
    JSON.stringify({ kernell: 'actor', format: EXPORT_FORMAT, id, agent, version }),
    JSON.stringify({ image: formatValue(image, sealRoot(image, id, references), references) }),
    JSON.stringify({ state: formatValue(state, sealRoot(state, 'state', references), references) }),
  ]
  return [...lines, JSON.stringify({ sha256: hashOf(lines) })]
}

/** @throws `ACTOR_EXPORT_INVALID` naming what is wrong. */
export function parseExport(lines: readonly string[], references?: ReferenceCodec): ExportedActor {
  const kept = lines.filter((line) => line.trim() !== '')
  const [header, image, state, end] = kept.map((line) => parseLine(line))
  if (header?.['kernell'] !== 'actor') throw invalidError('they do not begin with an actor')
  if (header['format'] !== EXPORT_FORMAT) {
    throw invalidError(`format ${String(header['format'])} is not known; this version reads ${EXPORT_FORMAT}`)
  }
  if (kept.length !== 4 || end === undefined) throw invalidError('they are not complete')
  if (end['sha256'] !== hashOf(kept.slice(0, 3))) throw invalidError('the hash does not fit')
  const parsed = parseActorImage(parseText(image?.['image'], references))
  if (parsed === undefined || parsed.id !== header['id']) throw invalidError('the image is not that of the actor')
  return { image: parsed, state: parseText(state?.['state'], references) }
}

function hashOf(lines: readonly string[]): string {
  return sha256Hex(lines.map((line) => `${line}\n`).join(''))
}

function parseLine(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch (cause: unknown) {
    throw invalidError('a line is not JSON', cause)
  }
  throw invalidError('a line is not an object')
}

function parseText(text: unknown, references: ReferenceCodec | undefined): unknown {
  if (typeof text !== 'string') throw invalidError('a line is not what its place says')
  try {
    return parseValue(text, references)
  } catch (cause: unknown) {
    throw invalidError('a stored value is damaged', cause)
  }
}

function invalidError(what: string, cause?: unknown): CodedError {
  return new CodedError('ACTOR_EXPORT_INVALID', { message: `These lines are no exported actor: ${what}`, cause })
}
