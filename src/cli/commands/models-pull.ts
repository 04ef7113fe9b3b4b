import { formatBytes } from '../../base/format.ts'
import { pullModel } from '../../node/pull-model.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag, usageError } from '../flags.ts'
import type { Progress } from '../terminal.ts'

/** Brings weights into the data directory. */
export const modelsPullCommand: Command = {
  name: 'models pull',
  summary: 'download a GGUF model',
  synopsis: 'URI',
  positionalsMax: 1,
  flags: { sha256: { value: 'HEX', describe: 'refuse the file when its digest differs' } },
  details: [
    'URI is https://HOST/PATH/FILE.gguf, hf:OWNER/REPOSITORY/FILE.gguf or file:///PATH/FILE.gguf. A download that broke off goes on where it stopped. Running such a model needs the package node-llama-cpp: npm install node-llama-cpp.',
  ],
  examples: ['kernell models pull hf:OWNER/REPOSITORY/model-q4_k_m.gguf'],
  async run({ flags, positionals, terminal, isJson, loadConfig, signal }) {
    const [uri] = positionals
    if (uri === undefined) throw usageError('URI is missing')
    const sha256 = textFlag(flags, 'sha256')
    if (sha256 !== undefined && !/^[0-9a-fA-F]{64}$/.test(sha256))
      throw usageError('--sha256 takes 64 hexadecimal digits')
    let progress: Progress | undefined
    const { dataDir, outbound } = loadConfig()
    const pulled = await pullModel({
      uri,
      dataDir,
      ...outbound,
      signal,
      ...(sha256 !== undefined && { sha256: sha256.toLowerCase() }),
      onProgress: ({ receivedBytes, totalBytes }) => {
        progress ??= terminal.startProgress('MiB', mebibytes(totalBytes ?? 0))
        progress.advance(mebibytes(receivedBytes))
      },
    }).finally(() => progress?.finish())
    if (isJson) terminal.printJson({ path: pulled.path, size_bytes: pulled.sizeBytes, sha256: pulled.sha256 })
    else {
      terminal.print(`${pulled.path} (${formatBytes(pulled.sizeBytes)}, SHA-256 ${pulled.sha256})`)
      terminal.print(
        `To use it, configure: "providers": { "files": { "kind": "gguf", "models": [${JSON.stringify(pulled.path)}] } }`,
      )
    }
    return EXIT_CODES.done
  },
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1_048_576)
}
