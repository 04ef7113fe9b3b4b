import { CodedError } from '../../base/errors.ts'
import type { WantedTool } from '../../ports/tool-servers.ts'

/** Before the name of an agent of others, where tools are named; no server is called so. */
export const PEER_PREFIX = 'a2a:'

/** An agent of others, or one skill of it. */
export type WantedPeer = { readonly peer: string; readonly skill?: string }

export type WantedTools = { readonly servers: readonly WantedTool[]; readonly peers: readonly WantedPeer[] }

/** Names that one agent may give. */
const NAMES_MAX = 64
const NAME = /^(a2a:)?([^/:\s]{1,64})(?:\/(\S{1,128}))?$/

/**
 * Reads what an agent names: `SERVER` or `SERVER/TOOL` of the configured servers, `a2a:PEER` or `a2a:PEER/SKILL` of the configured agents. Throws `REQUEST_INVALID` for
 * what is none of these, for none at all, and for more than 64.
 */
export function readToolNames(names: readonly string[]): WantedTools {
  if (names.length === 0 || names.length > NAMES_MAX) throw invalid(`Name 1 to ${NAMES_MAX} tools`)
  const servers: WantedTool[] = []
  const peers: WantedPeer[] = []
  for (const name of names) {
    const [, isPeer, first, second] = NAME.exec(name) ?? []
    if (first === undefined)
      throw invalid(
        `${JSON.stringify(name.slice(0, 100))} names no tool: write SERVER, SERVER/TOOL, a2a:PEER or a2a:PEER/SKILL`,
      )
    if (isPeer === undefined) servers.push({ server: first, ...(second !== undefined && { tool: second }) })
    else peers.push({ peer: first, ...(second !== undefined && { skill: second }) })
  }
  return { servers, peers }
}

function invalid(message: string): CodedError {
  return new CodedError('REQUEST_INVALID', { message, details: { param: 'tools' } })
}
