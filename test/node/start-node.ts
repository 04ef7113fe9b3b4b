import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import { resolveConfig } from '../../src/node/config/resolve-config.ts'
import { createNode } from '../../src/node/create-node.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'

const folders: string[] = []

/** A folder of its own for one test; `removeFolders` takes all of them away. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-node-'))
  folders.push(folder)
  return folder
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** A node with its data in `folder`, without providers and looking for none, unless the document says otherwise. */
export async function startNode(
  folder: string,
  document: ConfigDocument = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<KernellNode> {
  const config = resolveConfig({
    document: { discover: false, ...document },
    providerOrigins: {},
    environment: {},
    defaultDataDir: join(folder, 'data'),
    baseDir: folder,
    configFile: undefined,
  })
  return await createNode({ config, environment })
}
