import type * as library from '@modelcontextprotocol/server'

/** The library that speaks the protocol. */
export type McpLibrary = typeof library

/** It is loaded with the first request for it: a node that nobody asks that way does not pay for it. */
export async function loadMcpLibrary(): Promise<McpLibrary> {
  return await import('@modelcontextprotocol/server')
}
