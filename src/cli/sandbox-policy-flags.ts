import { resolve } from 'node:path'
import type { IsolationTier } from '../core/sandbox/isolation.ts'
import type { SandboxProgram } from '../ports/sandbox-runtime.ts'
import type { CommandContext } from './command.ts'
import { choiceFlag, type FlagTable, listFlag, textFlag, usageError } from './flags.ts'
import { readPolicyFile } from './sandbox-program.ts'

/** What a program may use, said without a file. */
export const POLICY_FLAGS: FlagTable = {
  policy: { value: 'FILE', describe: 'what it may use, as below (default: nothing but the usual limits)' },
  isolation: { value: 'T', describe: 'how strongly it is kept apart, t1 to t5 (default: by what it is, as below)' },
  host: { value: 'NAME', isList: true, describe: 'a host that it may reach, as `name`, `name:port` or `*.name`' },
  read: { value: 'PATH', isList: true, describe: 'a file or folder of this machine that it may read' },
  write: { value: 'PATH', isList: true, describe: 'a file or folder of this machine that it may read and change' },
  limit: { value: 'NAME=N', isList: true, describe: 'one of the limits below, for example wallMs=60000' },
}

const TIERS: readonly IsolationTier[] = ['t1', 't2', 't3', 't4', 't5']
const LEAST: Readonly<Record<SandboxProgram['kind'], IsolationTier>> = { component: 't1', script: 't2', command: 't3' }

type Parts = {
  readonly limits?: Readonly<Record<string, unknown>>
  readonly network?: { readonly hosts?: readonly string[] }
  readonly paths?: { readonly read?: readonly string[]; readonly write?: readonly string[] }
}

/** The text of the policy that the file and the flags come to; whoever parses it judges it. Throws `COMMAND_INVALID`. */
export function policyOf(context: Pick<CommandContext, 'flags' | 'workingDir'>, kind: SandboxProgram['kind']): string {
  const { flags, workingDir } = context
  const file = textFlag(flags, 'policy')
  const text = file === undefined ? '{}' : readPolicyFile(context, file)
  const base = objectIn(text)
  // What is none is refused where it is parsed, in its own words.
  if (base === undefined) return text
  const { limits, network, paths } = base as Parts
  const isolation = choiceFlag(flags, 'isolation', TIERS)
  const absolute = (name: string): readonly string[] => listFlag(flags, name).map((path) => resolve(workingDir, path))
  const more = {
    limits: limitsOf(flags),
    hosts: listFlag(flags, 'host'),
    read: absolute('read'),
    write: absolute('write'),
  }
  return JSON.stringify({
    isolation: LEAST[kind],
    ...base,
    ...(isolation !== undefined && { isolation }),
    ...(Object.keys(more.limits).length > 0 && { limits: { ...limits, ...more.limits } }),
    ...(more.hosts.length > 0 && { network: { ...network, hosts: [...(network?.hosts ?? []), ...more.hosts] } }),
    ...(more.read.length + more.write.length > 0 && {
      paths: {
        ...paths,
        read: [...(paths?.read ?? []), ...more.read],
        write: [...(paths?.write ?? []), ...more.write],
      },
    }),
  })
}

function limitsOf(flags: CommandContext['flags']): Readonly<Record<string, number>> {
  const limits: Record<string, number> = {}
  for (const pair of listFlag(flags, 'limit')) {
    const [, name, number] = /^([A-Za-z]+)=(\d{1,15})$/.exec(pair) ?? []
    if (name === undefined) throw usageError(`--limit ${pair} is not NAME=N, with N a whole number`)
    limits[name] = Number(number)
  }
  return limits
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
