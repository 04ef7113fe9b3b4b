/**
 * Reads what the doors of the package export, from its built declarations: a report of signatures, which a test compares with the one that is
 * kept, and a model with the docstrings, which the pages of the reference are made of.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import type { ApiItem } from './api-item.ts'
import { listDoors, type Door } from './list-doors.ts'
import { signaturesOf } from './signatures.ts'

/** What a door exports. */
export type ReadDoor = Door & {
  /** What the module says of itself, as Markdown. */
  readonly introduction: string
  readonly items: readonly ApiItem[]
  /** All signatures, sorted, as they are kept in `test/repo/doors/`. */
  readonly report: string
}

const READ = join('.kernell', 'doors')

/** What is made from an interface of WebAssembly has no words of its own. */
const TRANSLATED =
  'The numeric kernels as a WebAssembly component, with the JavaScript that loads it. What its functions take and give is in `protocol/wit`; `kernell-os/wasm` wraps the same core in ports.'

let read: readonly ReadDoor[] | undefined

/** All doors. What was read of the same declarations before is taken from `.kernell/doors`. Throws where the package is not built. */
export function readDoors(): readonly ReadDoor[] {
  read ??= extractedDoors()
  return read
}

function extractedDoors(): readonly ReadDoor[] {
  const doors = listDoors()
  const missing = doors.filter(({ types }) => !existsSync(types))
  if (missing.length > 0)
    throw new Error(`${missing.map(({ types }) => types).join(', ')} is not there: npm run build makes it.`)
  const folder = join(READ, hashOfDeclarations())
  if (!existsSync(folder)) extract(doors, folder)
  return doors.map((door) => readDoor(door, folder))
}

function readDoor(door: Door, folder: string): ReadDoor {
  const model = JSON.parse(readFileSync(join(folder, `${door.slug}.api.json`), 'utf8')) as ApiItem
  return {
    ...door,
    introduction: door.isTranslated ? TRANSLATED : introductionOf(readFileSync(door.types, 'utf8')),
    items: model.members?.[0]?.members ?? [],
    report: signaturesOf(readFileSync(join(folder, `${door.slug}.api.md`), 'utf8'), door.specifier),
  }
}

/** The comment that a module begins with. */
function introductionOf(declarations: string): string {
  const [, comment = ''] = /^(?:#![^\n]*\n)?\/\*\*([\s\S]*?)\*\//.exec(declarations) ?? []
  return comment
    .split('\n')
    .map((line) => line.replace(/^ *\* ?/, ''))
    .join('\n')
    .trim()
}

function hashOfDeclarations(): string {
  const hash = createHash('sha256')
  for (const file of [
    ...globSync('dist/**/*.d.ts').sort(),
    'package.json',
    'node_modules/@microsoft/api-extractor/package.json',
  ])
    hash.update(file).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex').slice(0, 32)
}

/** One program of the compiler reads all doors, since what they reach is nearly the same. */
function extract(doors: readonly Door[], folder: string): void {
  const made = `${folder}.${randomUUID()}`
  mkdirSync(made, { recursive: true })
  const entries = doors.map(({ types }) => resolve(types))
  let compilerState: CompilerState | undefined
  for (const door of doors) {
    const config = configOf(door, entries, resolve(made))
    compilerState ??= CompilerState.create(config, { additionalEntryPoints: entries })
    Extractor.invoke(config, {
      compilerState,
      localBuild: true,
      messageCallback: (message) => {
        message.logLevel = ExtractorLogLevel.None
      },
    })
  }
  rmSync(join(made, 'temp'), { recursive: true, force: true })
  removeOlder(made)
  if (existsSync(folder)) rmSync(made, { recursive: true })
  else renameSync(made, folder)
}

/** What other processes are making has a longer name. */
function removeOlder(made: string): void {
  const older = globSync(join(READ, '*')).filter((path) => path !== made && !path.split(/[\\/]/).at(-1)?.includes('.'))
  for (const path of older) rmSync(path, { recursive: true, force: true })
}

function configOf(door: Door, entries: readonly string[], folder: string): ExtractorConfig {
  const none = { default: { logLevel: ExtractorLogLevel.None } }
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: resolve('.'),
      mainEntryPointFilePath: resolve(door.types),
      compiler: { overrideTsconfig: { compilerOptions: COMPILER_OPTIONS, files: entries } },
      apiReport: {
        enabled: true,
        reportFileName: door.slug,
        reportFolder: folder,
        reportTempFolder: join(folder, 'temp'),
      },
      newlineKind: 'lf',
      docModel: { enabled: true, apiJsonFilePath: join(folder, `${door.slug}.api.json`) },
      messages: { compilerMessageReporting: none, extractorMessageReporting: none, tsdocMessageReporting: none },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: resolve('package.json'),
  })
}

const COMPILER_OPTIONS = {
  target: 'ES2024',
  lib: ['ES2024', 'ESNext.Disposable', 'DOM'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
}
