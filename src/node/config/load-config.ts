import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import envPaths from 'env-paths'
import { checkConfigDocument } from './check-config-document.ts'
import type { ConfigDocument } from './config-document.ts'
import { readEnvironmentDocument, readEnvironmentProviders, type Environment } from './environment-document.ts'
import type { NodeConfig } from './node-config.ts'
import { parseConfigText } from './parse-config-text.ts'
import { resolveConfig } from './resolve-config.ts'
import { unreadableFile } from '../unreadable-file.ts'

/** Where a configuration comes from: flags win over variables of the environment, those over the file. */
export type LoadConfigInit = {
  /** What flags say, in the form of the file; paths relative to the working directory. */
  readonly flags?: ConfigDocument
  /** `--config FILE`; it must exist. Absent: KERNELL_CONFIG, else `config.jsonc` of the user's configuration directory when it is there. */
  readonly configFile?: string
  /** Default: the environment of this process. */
  readonly environment?: Environment
  /** Relative paths in flags and variables start here. Default: the working directory of this process. */
  readonly workingDir?: string
}

/** Where `kernell init` writes and every command looks when no file is named. */
export function defaultConfigFile(): string {
  return join(envPaths('kernell', { suffix: '' }).config, 'config.jsonc')
}

/** The user's data directory for `kernell`. */
export function defaultDataDir(): string {
  return envPaths('kernell', { suffix: '' }).data
}

/**
 * The configuration of a node: flags over environment over file over defaults. Objects are merged key by key; lists and single values are replaced.
 *
 * Throws `CONFIG_INVALID` naming the flag, variable or key.
 */
export function loadConfig(init: LoadConfigInit = {}): NodeConfig {
  const { environment = process.env, workingDir = process.cwd() } = init
  const named = init.configFile ?? (environment.KERNELL_CONFIG || undefined)
  const file = resolve(workingDir, named ?? defaultConfigFile())
  const fromFile = readConfigFile(file, named !== undefined)
  const fromEnvironment = withAbsolutePaths(readEnvironmentDocument(environment), workingDir)
  const flags = checkConfigDocument(init.flags ?? {}, { name: 'flags', lineOf: () => undefined })
  const detected = readEnvironmentProviders(environment)
  const providers = Object.fromEntries(
    Object.entries(detected).map(([name, { origin: _origin, ...provider }]) => [name, provider]),
  )
  const origins = Object.fromEntries(
    Object.entries(detected).flatMap(([name, { origin }]) =>
      fromFile?.providers?.[name] === undefined ? [[name, origin]] : [],
    ),
  )
  const layers = [fromFile ?? {}, fromEnvironment, withAbsolutePaths(flags, workingDir)]
  const document = layers.reduce<ConfigDocument>((below, above) => mergeMembers(below, above), {})
  return resolveConfig({
    document: { ...document, providers: { ...providers, ...document.providers } },
    providerOrigins: origins,
    environment,
    defaultDataDir: defaultDataDir(),
    baseDir: fromFile === undefined ? workingDir : dirname(file),
    configFile: fromFile === undefined ? undefined : file,
  })
}

function readConfigFile(file: string, isNamed: boolean): ConfigDocument | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if (!isNamed && isMissing(cause)) return undefined
    throw unreadableFile('CONFIG_INVALID', { named: `The configuration file ${file}`, file, cause })
  }
  return parseConfigText(text, file)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

/** Paths in flags and variables are relative to where the command was typed, not to the file. */
function withAbsolutePaths(document: ConfigDocument, workingDir: string): ConfigDocument {
  const { dataDir, policy, cache, untrusted } = document
  return {
    ...document,
    ...(dataDir !== undefined && { dataDir: resolve(workingDir, dataDir) }),
    ...(policy?.artefact !== undefined && { policy: { ...policy, artefact: resolve(workingDir, policy.artefact) } }),
    ...(cache?.calibration !== undefined && {
      cache: { ...cache, calibration: resolve(workingDir, cache.calibration) },
    }),
    ...(untrusted?.model !== undefined && {
      untrusted: { ...untrusted, model: resolve(workingDir, untrusted.model) },
    }),
  }
}

/** Both are checked documents, so the sections of one name have one shape. */
function mergeMembers<Members extends object>(below: Members, above: Members): Members {
  const merged = new Map<string, unknown>(Object.entries(below))
  for (const [name, value] of Object.entries(above)) {
    const existing = merged.get(name)
    merged.set(name, isSection(existing) && isSection(value) ? mergeMembers(existing, value) : value)
  }
  return Object.fromEntries(merged) as Members
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
