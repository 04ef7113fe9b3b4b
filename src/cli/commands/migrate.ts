import { type Migration, migrateData } from '../../node/backup/migrate-data.ts'
import { migrateShared, type SchemaMigration } from '../../node/fleet/migrate-shared.ts'
import { CodedError } from '../../base/errors.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'

/** Brings the data directory to the layout of this version. */
export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'bring the data directory to the layout of this version, and keep the old one',
  synopsis: '',
  flags: {},
  details: [
    'Directories of older versions open as they are; what they have no place for asks for this command. Stop what uses the directory first.',
    'With `storage` in the configuration the schema of the shared store is brought to this version first, in one transaction: gateways of older versions refuse it afterwards, so end them before. Its user has to own the schema.',
    'A copy is made, checked and put in its place; the old directory stays beside it as DIR.format-N until you delete it. Interrupted at any point, run it again.',
  ],
  examples: ['kernell migrate', 'kernell migrate --data-dir /srv/kernell'],
  whenStopped: 'The old directory is as it was. Run it again.',
  async run({ loadConfig, environment, terminal, isJson, signal }) {
    const config = loadConfig()
    const shared = await migrateShared(config, environment)
    const migration = await migrateData(config.dataDir, signal).catch((error: unknown) => {
      // Whoever only looks after the shared store has no data directory here.
      if (shared !== undefined && CodedError.is(error, 'STORE_NOT_OPEN')) return undefined
      throw error
    })
    if (isJson) terminal.printJson({ ...migration, ...(shared !== undefined && { shared }) })
    else {
      if (shared !== undefined) terminal.print(describeShared(shared))
      if (migration !== undefined) terminal.print(describe(migration))
    }
    return EXIT_CODES.done
  },
}

function describeShared(migration: SchemaMigration): string {
  if (migration.effect === 'current')
    return `The shared store has the newest schema already (version ${migration.version})`
  return `Migrated the schema of the shared store from version ${migration.from} to ${migration.to}`
}

function describe(migration: Migration): string {
  if (migration.effect === 'current')
    return `The data directory has the newest layout already (format ${migration.format})`
  const { from, to, keptAt } = migration
  return `Migrated from format ${from} to ${to}. The directory as it was is at ${keptAt}; delete it when you are content`
}
