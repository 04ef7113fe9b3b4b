import { chmodSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CommandContext } from './command.ts'
import { usageError } from './flags.ts'
import { jsonFlag } from './market-flags.ts'

/** An order with the delegations behind it, each a token in base64url. */
export type ShownOrder = { readonly order: string; readonly chain: readonly string[] }

type Place = Pick<CommandContext, 'workingDir'>

/** The delegations in a file of `grant issue`, `attenuate`, `order` or `revoke`, root first. Throws `COMMAND_INVALID`. */
export function readChainFile(place: Place, file: string): readonly string[] {
  return chainIn(membersOf(place, file), file)
}

/** The order in a file of `grant order`. Throws `COMMAND_INVALID`. */
export function readOrderFile(place: Place, file: string): ShownOrder {
  const members = membersOf(place, file)
  const { order } = members
  if (typeof order !== 'string') throw usageError(`The file ${file} holds no order; \`kernell grant order\` makes one`)
  return { order, chain: chainIn(members, file) }
}

/** The revocation in a file of `grant revoke`; `undefined` where it has none. Throws `COMMAND_INVALID`. */
export function readRevocation(place: Place, file: string): string | undefined {
  const { revocation } = membersOf(place, file)
  if (revocation === undefined || typeof revocation === 'string') return revocation
  throw usageError(`The revocation in ${file} is no token`)
}

/** Writes tokens for whoever is meant to have them; nobody else of this machine may read the file. */
export function writeTokens({ workingDir }: Place, file: string, members: Readonly<Record<string, unknown>>): void {
  const path = resolve(workingDir, file)
  writeFileSync(path, `${JSON.stringify({ v: 1, ...members })}\n`, { mode: 0o600 })
  // A file that was there before keeps its mode.
  chmodSync(path, 0o600)
}

function membersOf({ workingDir }: Place, file: string): Readonly<Record<string, unknown>> {
  const document: unknown = JSON.parse(jsonFlag({ flags: { file }, workingDir }, 'file') ?? 'null')
  if (typeof document === 'object' && document !== null && 'v' in document && document.v === 1) return { ...document }
  throw usageError(`The file ${file} holds no capability tokens of this version`)
}

function chainIn({ chain }: Readonly<Record<string, unknown>>, file: string): readonly string[] {
  const texts: readonly unknown[] = Array.isArray(chain) ? chain : []
  const tokens = texts.filter((text) => typeof text === 'string')
  if (!Array.isArray(chain) || tokens.length !== texts.length)
    throw usageError(`The file ${file} holds no chain of tokens`)
  return tokens
}
