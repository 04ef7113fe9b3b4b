import type { FirewallPolicy } from '../../core/firewall/firewall-policy.ts'
import { TOOL_SERVER_LIMITS, type ToolServerInit, type ToolServerPlace } from '../../mcp/tool-server-init.ts'
import type { McpDocument, McpServerDocument } from './config-document.ts'
import { contradiction } from './config-values.ts'

/** Where plans find the tools of a server: `mcp/SERVER/TOOL`. */
export const TOOL_PREFIX = 'mcp/'

type Surroundings = {
  readonly absolute: (path: string) => string
}

/** Throws `CONFIG_INVALID`. */
export function resolveMcp({ servers = {} }: McpDocument, around: Surroundings): readonly ToolServerInit[] {
  return Object.entries(servers).map(([name, server]) => ({
    name,
    place: placeOf(server, `mcp.servers.${name}`, around),
    tools: server.tools,
    agents: server.agents ?? {},
    limits: limitsOf(server.limits ?? {}),
  }))
}

/**
 * What the firewall knows of the tools: what comes from one is not to be trusted, and what goes to one leaves. Both are as confidential as what
 * models of others see, unless the operator says otherwise.
 */
export function rulesOfTools({ servers = {} }: McpDocument): FirewallPolicy {
  const entries = Object.entries(servers)
  return {
    sources: entries.map(([name, { confidentiality = 'internal' }]) => ({
      kind: 'tool',
      prefix: `${TOOL_PREFIX}${name}/`,
      confidentiality,
      integrity: 'untrusted',
    })),
    sinks: entries.map(([name, { clearance = 'internal' }]) => ({
      kind: 'tool',
      prefix: `${TOOL_PREFIX}${name}/`,
      isExternal: true,
      clearance,
    })),
  }
}

function placeOf(server: McpServerDocument, key: string, { absolute }: Surroundings): ToolServerPlace {
  const { command, args, cwd, env, url, apiKeyEnv } = server
  if (command !== undefined && url === undefined && apiKeyEnv === undefined)
    return {
      kind: 'process',
      // A path is one of the configuration's folder; a bare name is looked up in PATH.
      command: command.includes('/') ? absolute(command) : command,
      args: args ?? [],
      ...(cwd !== undefined && { cwd: absolute(cwd) }),
      environment: env ?? [],
    }
  if (url !== undefined && (command ?? args ?? cwd ?? env) === undefined) {
    const { protocol, username, password, hostname } = new URL(url)
    if (username !== '' || password !== '')
      throw contradiction(
        `${key}.url`,
        'must not hold a name or a password; name the variable of the key in `apiKeyEnv`',
      )
    const isHere = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
    if (protocol !== 'https:' && !isHere)
      throw contradiction(`${key}.url`, 'must begin with https:// beyond this machine')
    return { kind: 'address', url, ...(apiKeyEnv !== undefined && { apiKeyEnv }) }
  }
  throw contradiction(key, 'needs either `command`, with `args`, `cwd` and `env`, or `url`, with `apiKeyEnv`')
}

function limitsOf({ timeoutSeconds, ...limits }: NonNullable<McpServerDocument['limits']>): ToolServerInit['limits'] {
  return {
    ...TOOL_SERVER_LIMITS,
    ...limits,
    ...(timeoutSeconds !== undefined && { timeoutMs: Math.round(timeoutSeconds * 1_000) }),
  }
}
