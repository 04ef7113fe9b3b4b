import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGateway, type Gateway, type GatewayInit } from '../../src/gateway/index.ts'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import { resolveConfig } from '../../src/node/config/resolve-config.ts'
import { createNode } from '../../src/node/create-node.ts'
import type { CreateNodeInit } from '../../src/node/open-platform.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'

export type RealGateway = AsyncDisposable & {
  readonly node: KernellNode
  readonly gateway: Gateway
  readonly url: string
  readonly failures: unknown[]
}

/** A composed node with its own data directory behind a listening gateway; everything is gone at the end of the test's scope. */
export async function startRealGateway(
  document: ConfigDocument,
  {
    resolveHost,
    environment = {},
    ...init
  }: Omit<GatewayInit, 'node'> & Partial<Pick<CreateNodeInit, 'resolveHost' | 'environment'>> = {},
): Promise<RealGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-gateway-'))
  const config = resolveConfig({
    document: { discover: false, server: { port: 0 }, ...document },
    providerOrigins: {},
    environment: {},
    defaultDataDir: join(folder, 'data'),
    baseDir: folder,
    configFile: undefined,
  })
  const failures: unknown[] = []
  const node = await createNode({
    config,
    environment,
    onBackgroundError: (error) => failures.push(error),
    ...(resolveHost !== undefined && { resolveHost }),
  })
  const gateway = createGateway({ node, onFailure: (error) => failures.push(error), ...init })
  const url = await gateway.listen()
  const close = async (): Promise<void> => {
    await gateway.close({ deadlineMs: 0 })
    await node.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { node, gateway, url, failures, [Symbol.asyncDispose]: close }
}

export type Tiers = { readonly local?: string; readonly cheap?: string; readonly premium?: string }

/** One model per tier, each behind the server at the given base URL. */
export function tiersAt(urls: Tiers): Pick<ConfigDocument, 'providers' | 'models' | 'roles'> {
  const prices = {
    cheap: { inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6 },
    premium: { inputUsdPerMillion: 5, outputUsdPerMillion: 15 },
  }
  return {
    providers: {
      ...(urls.local !== undefined && {
        near: { kind: 'openai', baseUrl: urls.local, models: ['near-3b'], local: true },
      }),
      ...(urls.cheap !== undefined && { thrifty: { kind: 'openai', baseUrl: urls.cheap, models: ['thrifty-1'] } }),
      ...(urls.premium !== undefined && { grand: { kind: 'openai', baseUrl: urls.premium, models: ['grand-1'] } }),
    },
    models: {
      ...(urls.local !== undefined && { 'near/near-3b': { tier: 'local_medium' } }),
      ...(urls.cheap !== undefined && { 'thrifty/thrifty-1': { tier: 'cheap_api', prices: prices.cheap } }),
      ...(urls.premium !== undefined && { 'grand/grand-1': { tier: 'premium_api', prices: prices.premium } }),
    },
  }
}
