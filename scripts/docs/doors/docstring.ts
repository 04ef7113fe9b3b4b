/** A docstring as Markdown: its prose, and what its tags say as a list behind that. */
export function docstringOf(comment: string | undefined): string {
  if (comment === undefined) return ''
  const text = comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/\s*$/, '')
    .split('\n')
    .map((line) => line.replace(/^ *\* ?/, ''))
    .join('\n')
  const [prose = '', ...tags] = text.split(/^(?=@[a-z]+\b)/im)
  const said = tags.map((tag) => tagLine(tag.trim())).filter((line) => line !== '')
  return [prose.trim(), said.join('\n')].filter((part) => part !== '').join('\n\n')
}

function tagLine(tag: string): string {
  const [, name = '', body = ''] = /^@([a-z]+)\s*([\s\S]*)$/i.exec(tag) ?? []
  const text = body.replaceAll(/\s*\n\s*/g, ' ')
  switch (name) {
    case 'param':
      return `- ${text.replace(/^(\S+) - /, '`$1`: ')}`
    case 'returns':
      return `- Returns ${text}`
    case 'throws':
      return `- Throws ${text}`
    case 'see':
      return `- See ${text}`
    default:
      return text === '' ? '' : `- ${name}: ${text}`
  }
}

/** What a docstring begins with, in one line. */
export function firstSentenceOf(docstring: string): string {
  const [paragraph = ''] = docstring.split(/\n\s*\n|\n```/)
  const line = paragraph.replaceAll(/\s+/g, ' ').trim()
  const [sentence = line] = /^.*?[.](?= [A-Z`]|$)/.exec(line) ?? []
  return sentence
}
