import { element, fromTemplate } from './element.js'

const tokens =
  /(?<comment>\/\/.*|\/\*[\s\S]*?\*\/)|(?<string>'[^'\n]*'|`[^`]*`)|(?<keyword>\b(?:as|async|await|catch|const|else|export|finally|for|function|if|let|new|of|return|throw|try|type|void|yield)\b)|(?<number>\b\d[\d_.]*\b)/g

const docs = 'https://github.com/downstream-sse/downstream/blob/main/docs/'
const dialog = element('source')

async function view(panel, title) {
  const response = await fetch(`source/${panel}`)
  if (!response.ok) return
  const excerpts = await response.json()
  element('source-title').textContent = title
  element('excerpts').replaceChildren(...excerpts.map(show))
  dialog.showModal()
  element('excerpts').scrollTop = 0
}

function show({ file, line, code }) {
  const excerpt = fromTemplate('excerpt', { file, line: `from line ${line}` })
  const scroller = excerpt.querySelector('.scrolls')
  scroller.ariaLabel = file
  scroller.tabIndex = 0
  excerpt.querySelector('code').append(...highlight(code))
  return excerpt
}

function* highlight(code) {
  let end = 0
  for (const { index, 0: text, groups } of code.matchAll(tokens)) {
    yield code.slice(end, index)
    const span = document.createElement('span')
    span.className = Object.keys(groups).find((name) => groups[name] !== undefined)
    span.textContent = text
    yield span
    end = index + text.length
  }
  yield code.slice(end)
}

for (const button of document.querySelectorAll('[data-source]')) {
  const title = button.closest('section').querySelector('h2').textContent
  button.onclick = () => view(button.dataset.source, title)
  const link = document.createElement('a')
  link.href = docs + button.dataset.docs
  link.target = '_blank'
  link.className = 'docs'
  link.append(
    'Docs',
    Object.assign(document.createElement('span'), { className: 'unseen', textContent: ` of ${title}` }),
  )
  button.after(link)
}
element('source-close').onclick = () => dialog.close()
// A click outside it.
dialog.onclick = (event) => {
  if (event.target === dialog) dialog.close()
}
