/** What API Extractor writes of a declaration into its model, as far as pages and checks read it. */
export type ApiItem = {
  readonly kind:
    | 'Package'
    | 'EntryPoint'
    | 'Namespace'
    | 'Class'
    | 'Interface'
    | 'TypeAlias'
    | 'Function'
    | 'Variable'
    | 'Constructor'
    | 'Method'
    | 'MethodSignature'
    | 'Property'
    | 'PropertySignature'
    | 'ConstructSignature'
    | 'CallSignature'
    | 'IndexSignature'
  readonly name?: string
  readonly docComment?: string
  /** The declaration in pieces; those that name another declaration say which. */
  readonly excerptTokens?: readonly ExcerptToken[]
  readonly fileUrlPath?: string
  readonly isStatic?: boolean
  readonly members?: readonly ApiItem[]
}

export type ExcerptToken = {
  readonly kind: 'Content' | 'Reference'
  readonly text: string
  readonly canonicalReference?: string
}
