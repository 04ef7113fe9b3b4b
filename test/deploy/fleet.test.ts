import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { migrateCommand } from '../../src/cli/commands/migrate.ts'
import { serveCommand } from '../../src/cli/commands/serve.ts'
import { COMMON_FLAGS } from '../../src/cli/flags.ts'
import { parseConfigText } from '../../src/node/config/parse-config-text.ts'
import { resolveConfig } from '../../src/node/config/resolve-config.ts'

const FOLDER = resolve(import.meta.dirname, '../../deploy')
const COMPOSE = readFileSync(join(FOLDER, 'compose.yaml'), 'utf8')
const CONTAINER = readFileSync(join(FOLDER, 'Containerfile'), 'utf8')
const FLEET = readFileSync(join(FOLDER, 'fleet.jsonc'), 'utf8')
const MANIFEST = readFileSync(resolve(FOLDER, '../package.json'), 'utf8')

function between(start: string, end: string): string {
  return COMPOSE.slice(COMPOSE.indexOf(start), COMPOSE.indexOf(end))
}

/** What gateways have in common, and the server. */
const gateway = between('x-gateway:', '\nservices:')
const database = between('  database:\n    image', '\nnetworks:')

describe('the compose file', () => {
  it('starts gateways with a command and flags that there are', () => {
    const command = JSON.parse(/^ {2}command: (.*)$/m.exec(gateway)?.[1] ?? '[]') as readonly string[]
    expect(command[0]).toBe('serve')
    const known = [serveCommand, migrateCommand].map(({ flags }) => Object.keys({ ...flags, ...COMMON_FLAGS }))
    for (const [, flag = ''] of command.join(' ').matchAll(/--([a-z-]+)/g)) expect(known[0]).toContain(flag)
    for (const [, flag = ''] of (/gateway-1 migrate (.*)`/.exec(COMPOSE)?.[1] ?? '').matchAll(/--([a-z-]+)/g))
      expect(known[1]).toContain(flag)
    expect(CONTAINER).toMatch(/ln -s .* \/usr\/local\/bin\/kernell/)
  })

  it('gives nobody root, nor anything that it does not need', () => {
    for (const part of [gateway, database]) {
      expect(/user: "(\d+):\d+"/.exec(part)?.[1]).toMatch(/^[1-9]/)
      for (const line of ['read_only: true', 'cap_drop: ["ALL"]', 'security_opt: ["no-new-privileges:true"]'])
        expect(part).toContain(line)
    }
    expect(COMPOSE).not.toMatch(/privileged|network_mode|pid: host|docker\.sock/)
    expect(database).toContain('networks: ["inside"]')
    expect(COMPOSE).toMatch(/inside:\n {4}internal: true/)
    // Ports are shown to this machine alone.
    const ports = [...COMPOSE.matchAll(/ports: \["([^"]+)"\]/g)].map(([, port]) => port)
    expect(ports).toEqual(['127.0.0.1:8787:8787', '127.0.0.1:8788:8787'])
  })

  it('has no secret in it, and health checks for everybody', () => {
    expect(COMPOSE).not.toMatch(/(PASSWORD|KEY|TOKEN): |:[^@/\s]+@database/)
    expect(COMPOSE).toContain('POSTGRES_PASSWORD_FILE: /run/secrets/')
    for (const part of [gateway, database]) expect(part).toMatch(/healthcheck:\n +test: \["CMD"/)
    expect(COMPOSE.match(/condition: service_healthy/g)).toHaveLength(1)
  })

  it('asks for health in a way that tells a gateway that is well from one that is not', () => {
    const [, ...words] = JSON.parse(/test: (\["CMD", "node".*\])$/m.exec(gateway)?.[1] ?? '[]') as readonly string[]
    const script = words.at(-1) ?? ''
    const run = (url: string): number | null =>
      spawnSync(process.execPath, ['-e', script.replace('http://127.0.0.1:8787/healthz', url)], { timeout: 10_000 })
        .status
    expect(run('data:text/plain,ok')).toBe(0)
    expect(run('http://127.0.0.1:1/healthz')).toBe(1)
  })

  it('is told a configuration that holds', () => {
    const config = resolveConfig({
      document: parseConfigText(FLEET, 'fleet.jsonc'),
      providerOrigins: {},
      environment: { KERNELL_FLEET_KEY: 'a-key-of-a-test-0123456789', OPENAI_API_KEY: 'k' },
      defaultDataDir: '/data',
      baseDir: '/etc/kernell',
    })
    expect(config.storage).toMatchObject({ kind: 'postgresql', passwordFile: '/run/secrets/database_password' })
    expect(COMPOSE).toContain(`${config.storage?.urlEnv}: postgresql://`)
    expect(config.budgets).toHaveLength(1)
  })

  it('runs a client of PostgreSQL of the version that is tested', () => {
    const { devDependencies } = JSON.parse(MANIFEST) as { readonly devDependencies: Readonly<Record<string, string>> }
    expect(CONTAINER).toContain(`pg@${devDependencies['pg']}`)
  })

  it('is what docker compose understands', (context) => {
    if (spawnSync('docker', ['compose', 'version']).status !== 0) context.skip('docker compose is not installed')
    const checked = spawnSync(
      'docker',
      ['compose', '--file', join(FOLDER, 'compose.yaml'), 'config', '--quiet', '--no-env-resolution'],
      {
        encoding: 'utf8',
      },
    )
    expect(checked.stderr).toBe('')
  })
})
