import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CodedError } from '../base/errors.ts'
import { KEY_ROLES, type KeyDescription, type KeyRole, parseRecovery } from '../node/keys/manage-keys.ts'
import type { KeyRecovery } from '../wire/v1/key-statements.ts'
import type { CommandContext } from './command.ts'
import { choiceFlag, type FlagTable, numberFlag, textFlag, usageError } from './flags.ts'
import { unreadableFile } from '../node/unreadable-file.ts'

export const KEY_PASSPHRASE_VARIABLE = 'KERNELL_KEY_PASSPHRASE'
export const BUNDLE_PASSPHRASE_VARIABLE = 'KERNELL_KEY_BUNDLE_PASSPHRASE'

export const ROLE_FLAG: FlagTable = {
  role: { value: 'ROLE', describe: `what the key is for: ${KEY_ROLES.join(', ')}; one key, one role` },
}

/** What opens the keys of the data directory. */
export const PASSPHRASE_FLAG: FlagTable = {
  'passphrase-file': {
    value: 'FILE',
    describe: `file with the passphrase of the keys; default: ${KEY_PASSPHRASE_VARIABLE}`,
  },
}

export const BUNDLE_PASSPHRASE_FLAG: FlagTable = {
  'bundle-passphrase-file': {
    value: 'FILE',
    describe: `file with the passphrase of the bundle; default: ${BUNDLE_PASSPHRASE_VARIABLE}, else that of the keys`,
  },
}

export const RECOVERY_FLAGS: FlagTable = {
  'recovery-key': {
    value: 'DID',
    describe: 'who may name another key when this one is lost; without it, lost is lost',
  },
  'recovery-delay': { value: 'HOURS', describe: 'how long the owner has to object to that, 1 to 8760 (default 72)' },
}

const RECOVERY_HOURS_DEFAULT = 72
const RECOVERY_HOURS_MIN = 1
const RECOVERY_HOURS_MAX = 8_760

/** The role of `--role`. Throws `COMMAND_INVALID`. */
export function roleFlag({ flags }: Pick<CommandContext, 'flags'>): KeyRole {
  const role = choiceFlag(flags, 'role', KEY_ROLES)
  if (role === undefined) throw usageError(`--role is missing: one of ${KEY_ROLES.join(', ')}`)
  return role
}

/** Throws `COMMAND_INVALID`. */
export function recoveryFlag({ flags }: Pick<CommandContext, 'flags'>): { readonly recovery?: KeyRecovery } {
  const key = textFlag(flags, 'recovery-key')
  const hours = numberFlag(flags, 'recovery-delay', { min: RECOVERY_HOURS_MIN, max: RECOVERY_HOURS_MAX })
  if (key === undefined && hours !== undefined) throw usageError('--recovery-delay goes with --recovery-key')
  if (key === undefined) return {}
  const recovery = parseRecovery(key, hours ?? RECOVERY_HOURS_DEFAULT)
  if (recovery === undefined) throw usageError('--recovery-key must be a did:key of an Ed25519 key')
  return { recovery }
}

type Secrets = Pick<CommandContext, 'flags' | 'environment' | 'workingDir'>

/** What opens the keys. Throws `KEY_PASSPHRASE_UNUSABLE` where none is given, `COMMAND_INVALID` for a file that cannot be read. */
export function readKeyPassphrase(context: Secrets): Uint8Array {
  const passphrase = findKeyPassphrase(context)
  if (passphrase !== undefined) return passphrase
  throw new CodedError('KEY_PASSPHRASE_UNUSABLE', {
    message: `There is no passphrase for the keys: set ${KEY_PASSPHRASE_VARIABLE} or give --passphrase-file`,
  })
}

/** The same where a command can do without. */
export function findKeyPassphrase(context: Secrets): Uint8Array | undefined {
  return readSecret(context, { flag: 'passphrase-file', variable: KEY_PASSPHRASE_VARIABLE })
}

/** What opens a bundle: its own passphrase, or that of the keys. */
export function readBundlePassphrase(context: Secrets): Uint8Array {
  const own = readSecret(context, { flag: 'bundle-passphrase-file', variable: BUNDLE_PASSPHRASE_VARIABLE })
  return own ?? readKeyPassphrase(context)
}

function readSecret(
  { flags, environment, workingDir }: Secrets,
  { flag, variable }: { readonly flag: string; readonly variable: string },
): Uint8Array | undefined {
  const file = textFlag(flags, flag)
  const text = file === undefined ? environment[variable] : firstLine(resolve(workingDir, file))
  return text === undefined || text === '' ? undefined : new TextEncoder().encode(text)
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/, 1)[0] ?? ''
  } catch (cause: unknown) {
    throw unreadableFile('COMMAND_INVALID', { named: `The passphrase file ${path}`, file: path, cause })
  }
}

/** What `--json` says of a key: nothing of it is secret. */
export function keyDocument({ did, publicKey, role, createdAt, sealingKey, recovery, chain }: KeyDescription): {
  readonly did: string
  readonly publicKey: string
  readonly role: string
  readonly createdAt: number
  readonly sealingKey: string
  readonly recovery: { readonly key: string; readonly delayMs: number } | null
  readonly rotations: number
  readonly statements: KeyDescription['chain']
} {
  return {
    did,
    publicKey,
    role,
    createdAt,
    sealingKey,
    recovery: recovery === undefined ? null : { key: recovery.key, delayMs: recovery.delayMs },
    rotations: chain.length - 1,
    statements: chain,
  }
}

export function formatKey(key: KeyDescription): string {
  const { recovery } = key
  const recoverable =
    recovery === undefined
      ? 'none: a lost key stays lost'
      : `${recovery.key}, ${recovery.delayMs / 3_600_000} hours after its claim`
  return [
    key.did,
    `role      ${key.role}`,
    `key       ${key.publicKey}`,
    `since     ${new Date(key.createdAt).toISOString()}`,
    `rotations ${key.chain.length - 1}`,
    `recovery  ${recoverable}`,
  ].join('\n')
}
