import {
  INVALID,
  listOf,
  objectOf,
  oneOf,
  optional,
  parsed,
  readCount,
  readHash,
  type Reader,
} from '../json/json-reader.ts'
import { ISOLATION_TIERS } from '../sandbox/isolation.ts'
import { SANDBOX_LIMIT_BOUNDS, type SandboxLimits } from '../sandbox/sandbox-policy.ts'
import { isHostName, isPathName, isVariableName, type Names, NAMES_MAX } from './names-of-rights.ts'
import type { StatedRights } from './rights.ts'

const readRights: Reader<StatedRights> = objectOf<StatedRights>({
  codes: optional(namesOf(readHash)),
  isolation: optional(oneOf(...ISOLATION_TIERS)),
  limits: optional(
    objectOf<Partial<SandboxLimits>>({
      wallMs: limitOf('wallMs'),
      cpuMs: limitOf('cpuMs'),
      memoryBytes: limitOf('memoryBytes'),
      outputBytes: limitOf('outputBytes'),
      processes: limitOf('processes'),
      diskBytes: limitOf('diskBytes'),
    }),
  ),
  hosts: optional(namesOf(nameOf(isHostName))),
  environment: optional(namesOf(nameOf(isVariableName))),
  read: optional(namesOf(nameOf(isPathName))),
  write: optional(namesOf(nameOf(isPathName))),
  allowEmulation: optional(oneOf(true, false)),
})

/** Reads what somebody says of rights, members that are absent left open; `undefined` for a member that is unknown, out of its bounds or not in its one form. */
export function readStatedRights(json: unknown): StatedRights | undefined {
  const rights = readRights(json)
  if (rights === INVALID) return undefined
  const said = Object.entries(rights).filter(([, value]) => value !== undefined)
  // The readers above say what each member is.
  return Object.fromEntries(said) as StatedRights
}

function namesOf(name: Reader<string>): Reader<Names> {
  const readList = listOf(name, NAMES_MAX)
  return (json) => (json === 'any' ? 'any' : readList(json))
}

function nameOf(isName: (text: string) => boolean): Reader<string> {
  return parsed((text) => (isName(text) ? text : undefined))
}

function limitOf(name: keyof SandboxLimits): Reader<number | undefined> {
  const [least, most] = SANDBOX_LIMIT_BOUNDS[name]
  return optional((json) => {
    const limit = readCount(json)
    return limit === INVALID || limit < least || limit > most ? INVALID : limit
  })
}
