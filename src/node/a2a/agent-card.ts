import { A2A_PROTOCOL_VERSION, type AgentCard, type AgentExtension, type AgentInterface } from '@a2a-js/sdk'
import type { AgentSkill } from './agent-skill.ts'
import { INPUT_MODES } from './prompt-of.ts'

/** Where the bindings are below the gateway's address. */
export const A2A_PATH = '/a2a'
const KEY_SCHEME = 'apiKey'

export type AgentCardInit = {
  readonly name: string
  readonly description: string
  readonly version: string
  /** Address of the gateway without a slash at its end. */
  readonly baseUrl: string
  readonly provider?: { readonly organization: string; readonly url: string }
  readonly skills: readonly AgentSkill[]
  readonly extensions: readonly AgentExtension[]
  /** Interfaces besides the two of HTTP. */
  readonly interfaces: readonly AgentInterface[]
  /** Keys are asked for. */
  readonly isKeyed: boolean
}

/** The card of this node, without signature. */
export function buildAgentCard(init: AgentCardInit): AgentCard {
  const { name, description, version, baseUrl, provider, skills, extensions, interfaces, isKeyed } = init
  const url = `${baseUrl}${A2A_PATH}`
  return {
    name,
    description,
    version,
    provider: provider === undefined ? undefined : { ...provider },
    supportedInterfaces: [
      { url, protocolBinding: 'JSONRPC', tenant: '', protocolVersion: A2A_PROTOCOL_VERSION },
      { url, protocolBinding: 'HTTP+JSON', tenant: '', protocolVersion: A2A_PROTOCOL_VERSION },
      ...interfaces,
    ],
    capabilities: {
      streaming: true,
      pushNotifications: true,
      extendedAgentCard: true,
      extensions: [...extensions],
    },
    securitySchemes: isKeyed ? { [KEY_SCHEME]: KEY_SCHEME_DOCUMENT } : {},
    securityRequirements: isKeyed ? [{ schemes: { [KEY_SCHEME]: { list: [] } } }] : [],
    defaultInputModes: [...INPUT_MODES],
    defaultOutputModes: ['text/plain', 'application/json'],
    skills: skills.map((skill) => ({
      id: skill.id,
      name: skill.name,
      description: skill.description,
      tags: [...skill.tags],
      examples: [...(skill.examples ?? [])],
      inputModes: [...(skill.inputModes ?? [])],
      outputModes: [...(skill.outputModes ?? [])],
      securityRequirements: [],
    })),
    signatures: [],
  }
}

const KEY_SCHEME_DOCUMENT = {
  scheme: {
    $case: 'httpAuthSecurityScheme' as const,
    value: { scheme: 'Bearer', bearerFormat: '', description: 'An API key of this node' },
  },
}
