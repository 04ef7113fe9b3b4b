import { join } from 'node:path'
import { CodedError } from '../base/errors.ts'
import { createOutboundFetch } from '../guard/outbound-fetch.ts'
import { downloadModel, type DownloadedModel, type DownloadProgress } from '../models/download-model.ts'

export type PullModelInit = {
  /** `https://HOST/.../FILE.gguf`, `hf:OWNER/REPOSITORY/FILE.gguf`, or `file:///.../FILE.gguf`. */
  readonly uri: string
  readonly dataDir: string
  /** Lower-case hex; another digest is refused. */
  readonly sha256?: string
  /** Names that may lead into private networks, as `outbound.privateHosts` of the configuration. */
  readonly privateHosts?: readonly string[]
  readonly onProgress?: (progress: DownloadProgress) => void
  readonly signal?: AbortSignal
}

/** Hugging Face answers with a redirect to its storage hosts. */
const HUGGING_FACE_ORIGINS = ['https://huggingface.co', 'https://*.huggingface.co', 'https://*.hf.co']

/** Folder of the data directory where weights are kept. */
export function modelFolder(dataDir: string): string {
  return join(dataDir, 'models')
}

/**
 * Downloads weights into the data directory; a download that broke off goes on where it stopped.
 *
 * Throws `REQUEST_INVALID` for an address that does not name a GGUF file, and as `downloadModel`.
 */
export async function pullModel(init: PullModelInit): Promise<DownloadedModel> {
  const { url, allowedOrigins } = resolveUri(init.uri)
  const { dataDir, uri: _uri, privateHosts = [], ...rest } = init
  const outbound = createOutboundFetch({ allowedOrigins, privateHosts })
  try {
    return await downloadModel({ ...rest, url, target: join(modelFolder(dataDir), fileNameOf(url)) }, outbound)
  } finally {
    await outbound.close()
  }
}

function resolveUri(uri: string): { readonly url: string; readonly allowedOrigins: readonly string[] } {
  const huggingFace = /^hf:([^/]+)\/([^/]+)\/(.+)$/.exec(uri)
  if (huggingFace !== null) {
    const [, owner, repository, file] = huggingFace
    return {
      url: `https://huggingface.co/${owner}/${repository}/resolve/main/${file}`,
      allowedOrigins: HUGGING_FACE_ORIGINS,
    }
  }
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (url?.protocol === 'file:') return { url: url.href, allowedOrigins: [] }
  if (url?.protocol === 'https:') {
    return { url: url.href, allowedOrigins: url.hostname === 'huggingface.co' ? HUGGING_FACE_ORIGINS : [url.origin] }
  }
  throw new CodedError('REQUEST_INVALID', {
    message: `${uri} is not an https:, file: or hf:OWNER/REPOSITORY/FILE address`,
    details: {
      remedy: 'Give an address of one of these forms; over plain http: anybody on the way could change the weights.',
    },
  })
}

/** The last part of the path, which must be a plain name: it becomes a file of ours. */
function fileNameOf(url: string): string {
  const name = decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '')
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*\.gguf$/i.test(name)) return name
  throw new CodedError('REQUEST_INVALID', { message: `${url} does not name a .gguf file` })
}
