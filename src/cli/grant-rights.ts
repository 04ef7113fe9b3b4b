import type { JsonValue } from '../base/canonical-json.ts'
import { hashOfProgram, rightsOfPolicyFile } from '../node/rights/policy-rights.ts'
import type { CommandContext } from './command.ts'
import { type FlagTable, listFlag, numberFlag, textFlag } from './flags.ts'
import { programOf, readPolicyFile } from './sandbox-program.ts'

/** Flags that say what is granted. */
export const RIGHTS_FLAGS: FlagTable = {
  policy: { value: 'FILE', describe: 'what it may use at most: a policy, as `kernell sandbox run` takes it' },
  code: { value: 'HASH', describe: 'this program alone, by its SHA-256; may be repeated', isList: true },
  'cpu-ms': { value: 'N', describe: 'of processors at most, instead of what the policy says' },
  'wall-ms': { value: 'N', describe: 'from its start to its end at most' },
  'memory-bytes': { value: 'N', describe: 'of memory at most' },
  host: { value: 'HOST', describe: 'this host alone, as name, name:port or *.name; may be repeated', isList: true },
  env: { value: 'NAME', describe: 'this variable alone; may be repeated', isList: true },
  read: { value: 'PATH', describe: 'this path alone may be read; may be repeated', isList: true },
  write: { value: 'PATH', describe: 'this path alone may be written; may be repeated', isList: true },
}

type Members = { readonly [name: string]: JsonValue }

/** What the flags and the program behind `--` say of rights; of what they do not say, nothing is said. Throws `COMMAND_INVALID`, `SANDBOX_POLICY_INVALID`. */
export function rightsOfFlags(context: CommandContext): Members {
  const { flags } = context
  const file = textFlag(flags, 'policy')
  const stated: Members = file === undefined ? {} : rightsOfPolicyFile(readPolicyFile(context, file))
  const limits = {
    ...(stated['limits'] as Members | undefined),
    ...limitOf(context, 'cpu-ms', 'cpuMs'),
    ...limitOf(context, 'wall-ms', 'wallMs'),
    ...limitOf(context, 'memory-bytes', 'memoryBytes'),
  }
  return {
    ...stated,
    ...codesOf(context),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...namesOf(context, 'host', 'hosts'),
    ...namesOf(context, 'env', 'environment'),
    ...namesOf(context, 'read', 'read'),
    ...namesOf(context, 'write', 'write'),
  }
}

function codesOf(context: CommandContext): Members {
  const { flags, positionals } = context
  const own = positionals.length === 0 ? [] : [hashOfProgram({ program: programOf(context, 'auto') })]
  const codes = [...listFlag(flags, 'code'), ...own]
  return codes.length === 0 ? {} : { codes }
}

function limitOf({ flags }: CommandContext, flag: string, name: string): Members {
  const limit = numberFlag(flags, flag, { min: 0, max: Number.MAX_SAFE_INTEGER, isWhole: true })
  return limit === undefined ? {} : { [name]: limit }
}

function namesOf({ flags }: CommandContext, flag: string, name: string): Members {
  const names = listFlag(flags, flag)
  return names.length === 0 ? {} : { [name]: [...names] }
}
