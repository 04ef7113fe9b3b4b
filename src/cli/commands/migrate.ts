import { type Migration, migrateData } from '../../node/backup/migrate-data.ts'
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
    'A copy is made, checked and put in its place; the old directory stays beside it as DIR.format-N until you delete it. Interrupted at any point, run it again.',
  ],
  examples: ['kernell migrate', 'kernell migrate --data-dir /srv/kernell'],
  whenStopped: 'The old directory is as it was. Run it again.',
  async run({ loadConfig, terminal, isJson, signal }) {
    const migration = await migrateData(loadConfig().dataDir, signal)
    if (isJson) terminal.printJson(migration)
    else terminal.print(describe(migration))
    return EXIT_CODES.done
  },
}

function describe(migration: Migration): string {
  if (migration.effect === 'current')
    return `The data directory has the newest layout already (format ${migration.format})`
  const { from, to, keptAt } = migration
  return `Migrated from format ${from} to ${to}. The directory as it was is at ${keptAt}; delete it when you are content`
}
