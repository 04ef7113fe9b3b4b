// The search of the site: every word has to occur; titles and headings count more than text. The index comes with the site.
const query = document.getElementById('query')
const results = document.getElementById('results')
const root = document.body.dataset.root ?? ''

function score(entry, words) {
  let sum = 0
  for (const word of words) {
    const inTitle = entry.title.toLowerCase().includes(word)
    const inHeading = entry.headings.some((heading) => heading.toLowerCase().includes(word))
    const inText = entry.text.toLowerCase().split(word).length - 1
    if (!inTitle && !inHeading && inText === 0) return 0
    sum += (inTitle ? 20 : 0) + (inHeading ? 8 : 0) + Math.min(5, inText)
  }
  return sum
}

function show() {
  const words = query.value
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word.length > 1)
  results.replaceChildren()
  results.hidden = words.length === 0
  if (words.length === 0) return
  const found = globalThis.KERNELL_SEARCH.map((entry) => ({ entry, value: score(entry, words) }))
    .filter(({ value }) => value > 0)
    .sort((left, right) => right.value - left.value)
    .slice(0, 12)
  for (const { entry } of found) {
    const item = document.createElement('li')
    const link = document.createElement('a')
    link.href = root + entry.url
    link.textContent = entry.title
    const at = entry.text.toLowerCase().indexOf(words[0])
    const around = document.createElement('p')
    around.textContent = at === -1 ? '' : `…${entry.text.slice(Math.max(0, at - 60), at + 100)}…`
    item.append(link, around)
    results.append(item)
  }
  if (found.length === 0)
    results.append(Object.assign(document.createElement('li'), { textContent: 'Nothing was found.' }))
}

query.addEventListener('input', show)
query.form.addEventListener('submit', (event) => event.preventDefault())
